"""Whom a caller is kept for: the owner of their open work order, then who spoke with them last."""

from __future__ import annotations

from typing import Any

import pytest

from acd.model import OneOf, RoutingStep
from cti import preferred
from cti.calls.records import CallRecord, Direction
from cti.preferred import PreferredAgents


def call(number: str, agent: str | None) -> CallRecord:
    return CallRecord("c1", Direction.INBOUND, "12345", "q", 0, number, "12345", 0.0, agent=agent)


def key(number: str) -> str | None:
    return number or None


def step(agent: str, ttl_s: float) -> RoutingStep:
    return RoutingStep(OneOf((agent,)), ttl_s)


def test_the_owner_comes_before_the_last_agent_and_one_who_is_both_once() -> None:
    known = PreferredAgents({})
    known.spoke(call("zhang", "1002"), key)
    assert known.steps("zhang", 15.0, 10.0) == (step("1002", 10.0),)
    known.order_opened("wo-1", "zhang", "1001")
    assert known.steps("zhang", 15.0, 10.0) == (step("1001", 15.0), step("1002", 10.0))
    assert known.steps("zhang", 0.0, 10.0) == (step("1002", 10.0),)
    assert known.steps("zhang", 15.0, 0.0) == (step("1001", 15.0),)
    known.spoke(call("zhang", "1001"), key)
    assert known.steps("zhang", 15.0, 10.0) == (step("1001", 15.0),)
    assert known.steps("li", 15.0, 10.0) == known.steps(None, 15.0, 10.0) == ()


def test_who_writes_a_work_order_owns_it_until_it_is_settled() -> None:
    known = PreferredAgents({})
    known.order_opened("wo-1", "zhang", "1001")
    known.order_opened("wo-2", "zhang", "1002")
    assert known.steps("zhang", 15.0, 0.0) == (step("1002", 15.0),), "the newest"
    known.order_written("wo-2", settled=False, by="1003", is_agent=True)
    assert known.steps("zhang", 15.0, 0.0) == (step("1003", 15.0),)
    known.order_written("wo-2", settled=False, by="supervisor", is_agent=False)
    assert known.steps("zhang", 15.0, 0.0) == (step("1003", 15.0),)
    known.order_written("wo-2", settled=True, by="1003", is_agent=True)
    assert known.steps("zhang", 15.0, 0.0) == (step("1001", 15.0),)
    known.order_written("wo-1", settled=True, by="1001", is_agent=True)
    assert known.steps("zhang", 15.0, 0.0) == ()
    assert known.order_written("wo-1", settled=True, by="1001", is_agent=True) == {}


def test_a_withheld_number_and_a_call_without_an_agent_leave_nothing() -> None:
    known = PreferredAgents({})
    assert known.spoke(call("", "1001"), key) == known.spoke(call("zhang", None), key) == {}
    assert known.order_opened("wo-1", None, "1001") == known.order_opened("wo-1", "zhang", None) == {}


def test_what_the_journal_keeps_brings_everything_back() -> None:
    known = PreferredAgents({})
    state: dict[str, Any] = {}
    state |= known.spoke(call("zhang", "1002"), key)
    state |= known.order_opened("wo-1", "zhang", "1001")
    state |= known.order_opened("wo-2", "li", "1002")
    state |= known.order_written("wo-1", settled=False, by="1003", is_agent=True)
    state |= known.order_written("wo-2", settled=True, by="1002", is_agent=True)
    again = PreferredAgents(state)
    for caller in ("zhang", "li"):
        assert again.steps(caller, 15.0, 10.0) == known.steps(caller, 15.0, 10.0)


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferred, "KEPT", 2)
    known = PreferredAgents({})
    for caller in ("a", "b", "c"):
        spoken = known.spoke(call(caller, "1001"), key)
        opened = known.order_opened(f"wo-{caller}", caller, "1002")
    assert spoken["last_agent/a"] is None
    assert opened["open_order/wo-a"] is None
    assert known.steps("a", 15.0, 10.0) == ()
    assert known.steps("c", 15.0, 10.0) == (step("1002", 15.0), step("1001", 10.0))
