"""Agents whom callers know are remembered over a restart, and not without end."""

from __future__ import annotations

from typing import Any

import pytest

from acd.model import OneOf
from cti.calls import known_callers
from cti.calls.known_callers import KnownCallers


def named(callers: KnownCallers, caller: str | None, last_s: float = 9.0, owner_s: float = 8.0) -> list[str]:
    steps = callers.steps(caller, last_s, owner_s)
    wanted = [step.requirement for step in steps]
    assert all(isinstance(each, OneOf) for each in wanted)
    return [agent for each in wanted if isinstance(each, OneOf) for agent in each.agents]


def test_the_last_agent_comes_before_the_owner_and_one_who_is_both_comes_once() -> None:
    callers = KnownCallers()
    callers.spoke("ann", "1001")
    callers.owns("ann", "wo-1", "1001")
    assert named(callers, "ann") == ["1001"]
    callers.wrote("wo-1", "1002")
    assert named(callers, "ann") == ["1001", "1002"]
    assert named(callers, "ann", owner_s=0) == ["1001"]
    assert named(callers, "ann", last_s=0) == ["1002"]
    assert named(callers, "bob") == named(callers, None) == []


def test_what_changed_is_told_and_nothing_else() -> None:
    callers = KnownCallers()
    assert callers.spoke("ann", "1001") == {"last_agent/ann": {"agent": "1001"}}
    assert callers.owns("ann", "wo-1", "1001") == {"owner/ann": {"work_order": "wo-1", "agent": "1001"}}
    nothing = (
        callers.spoke("ann", "1001"),
        callers.spoke(None, "1001"),
        callers.spoke("ann", None),
        callers.owns(None, "wo-2", "1001"),
        callers.owns("ann", "wo-2", None),
        callers.wrote("wo-1", "1001"),
        callers.wrote("wo-1", None),
        callers.wrote("wo-9", "1002"),
    )
    assert nothing == ({},) * len(nothing)


def test_the_oldest_are_forgotten_and_the_rest_comes_back_after_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_callers, "KEPT", 2)
    callers, state = KnownCallers(), dict[str, Any]()
    for number, caller in enumerate(("ann", "bob", "cyd")):
        state |= callers.spoke(caller, f"10{number}")
        state |= callers.owns(caller, f"wo-{caller}", f"20{number}")
    assert (state["last_agent/ann"], state["owner/ann"]) == (None, None)
    again = KnownCallers()
    again.restore({key: body for key, body in state.items() if body is not None})
    for caller in ("ann", "bob", "cyd"):
        assert named(again, caller) == named(callers, caller)
    assert named(again, "ann") == []
    assert named(again, "cyd") == ["102", "202"]
