"""An agent answers the phone that rings for a callback as the hours for dialling end: nobody is dialled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd import events as acd
from acd.model import (
    AgentState,
    AttemptOutcome,
    Calendar,
    CallbackMode,
    CallbackState,
    CallbackTerms,
    OpeningHours,
    Policy,
)
from cti.callbacks.records import CallbackEntry
from cti.calls import facts as f
from cti.calls.actions import DialFromSeat, HangUp
from cti.resuming import Resume
from cti.step import InboxEvent
from tests.support.conversation import leg_started, snapshot
from tests.unit.cti import rig as rigs
from tests.unit.cti.rig import DAY_S, Rig
from tests.unit.cti.test_callbacks import asked, kept, taken

OPEN_UNTIL = 3600.0
OPEN_AGAIN = DAY_S


@pytest.fixture(autouse=True)
def hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue's citizens may be dialled in the first hour of each day."""
    rules: Policy = rigs.policy()
    calendar = Calendar((OpeningHours(tuple(range(7)), 0.0, OPEN_UNTIL),), utc_offset_s=0.0)
    queue = replace(rules.queues["general"], callbacks=CallbackTerms(hours=calendar, expires_s=2 * DAY_S))
    rules = replace(rules, queues={**rules.queues, "general": queue})
    monkeypatch.setattr(rigs, "policy", lambda: rules)


def rings(rig: Rig) -> DialFromSeat:
    """The phone of an agent, who rings it long before the hours end."""
    rig.ready_agent(at=OPEN_UNTIL - 20.0)
    asked(rig, OPEN_UNTIL - 10.0)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    return dial


def entry_of(rig: Rig, callback: str) -> CallbackEntry:
    entry = rig.runtime.callbacks.entry(callback)
    assert entry is not None
    return entry


def waits_for_the_next_hours(rig: Rig, callback: str) -> None:
    entry = entry_of(rig, callback)
    assert (entry.state, entry.due_at, entry.attempts) == (CallbackState.SCHEDULED, OPEN_AGAIN, 0)
    assert (entry.queued_at, entry.mode) == (OPEN_UNTIL - 10.0, CallbackMode.AGENT_FIRST)
    agent = rig.runtime.agents["1001"]
    assert (agent.state, agent.reason) == (AgentState.READY, None)


@pytest.mark.parametrize("latest_at", [None, OPEN_UNTIL - 2.0, OPEN_UNTIL + 2.0])
def test_the_phone_is_told_from_when_on_it_may_not_dial(latest_at: float | None) -> None:
    rig = Rig()
    rig.ready_agent(at=OPEN_UNTIL - 20.0)
    asked(rig, OPEN_UNTIL - 10.0, latest_at=latest_at)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    assert dial.until == min(OPEN_UNTIL, latest_at or OPEN_UNTIL)


@pytest.mark.parametrize("heard_at", [OPEN_UNTIL - 0.01, OPEN_UNTIL + 0.01, OPEN_UNTIL + 3.0])
@pytest.mark.parametrize("withdrawn", [True, False])
def test_who_answers_too_late_dials_nobody_and_stays_ready(heard_at: float, withdrawn: bool) -> None:
    """The dialplan says so. It may be a moment ahead of the service, or be heard late."""
    rig = Rig()
    dial = rings(rig)
    over = acd.TimePassed(OPEN_UNTIL, "t")
    answer: list[InboxEvent] = [
        *taken(dial.leg, dial.callback, heard_at),
        f.DialEnded(heard_at + 0.001, "t", dial.leg, dial.leg, "TOOLATE", 0),
    ]
    gone = f.LegEnded(heard_at + 0.02, "t", dial.leg, 16, False)
    rig.tell(*([over, *answer, gone] if withdrawn else [*answer, over, gone]))
    waits_for_the_next_hours(rig, dial.callback)
    assert len(rig.actions(rig.steps, DialFromSeat)) == 1


def test_who_answered_just_in_time_but_is_heard_of_too_late_is_hung_up_and_stays_ready() -> None:
    rig = Rig()
    dial = rings(rig)
    steps = rig.tell(
        acd.TimePassed(OPEN_UNTIL, "t"),
        *taken(dial.leg, dial.callback, OPEN_UNTIL + 0.01),
        f.LegEnded(OPEN_UNTIL + 0.1, "t", dial.leg, 16, False),
    )
    assert [each.leg for each in rig.actions(steps, HangUp) if isinstance(each, HangUp)] == [dial.leg]
    waits_for_the_next_hours(rig, dial.callback)


def test_who_answered_too_late_while_the_service_was_away_dials_nobody_either() -> None:
    rig = Rig()
    dial = rings(rig)
    saved: dict[str, Any] = kept(rig.steps)
    again = Rig(Resume(callbacks=saved), now=OPEN_UNTIL + 30.0, sees=False)
    again.ready_agent(at=OPEN_UNTIL + 30.0)
    missed: list[InboxEvent] = [
        leg_started(dial.leg, "seat-01", OPEN_UNTIL - 9.0, call=dial.leg, dialled="s"),
        *taken(dial.leg, dial.callback, OPEN_UNTIL + 5.0),
        f.DialEnded(OPEN_UNTIL + 5.0, "t", dial.leg, dial.leg, "TOOLATE", 0),
        f.LegEnded(OPEN_UNTIL + 5.0, "t", dial.leg, 16, False),
        snapshot(at=OPEN_UNTIL + 31.0),
    ]
    again.tell(*missed)
    waits_for_the_next_hours(again, dial.callback)
    assert entry_of(again, dial.callback).last_outcome is AttemptOutcome.CANCELLED
    assert not again.actions(again.steps, DialFromSeat)
