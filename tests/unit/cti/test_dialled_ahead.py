"""Customer first, step by step: agents go away who were kept free, and lists are dialled ahead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.events import TimePassed
from acd.model import AttemptOutcome, CallbackEnd, CallbackMode, CallbackState
from cti.calls import facts as f
from cti.calls.actions import HangUp, SendAway
from cti.commands import BeNotReady, BeReady, LogIn, LogOut
from cti.dialler import STATE as DIALLER
from cti.records_json import JSON
from cti.resuming import Resume
from cti.step import InboxEvent
from cti.views import DialledToday
from tests.support.conversation import (
    caller_arrives,
    leg_started,
    phone_changed,
    seat_answers,
    seat_rings,
    snapshot,
)
from tests.unit.cti.test_dialler import Dialling, answers, citizen, rings

GOES_AWAY: dict[str, InboxEvent] = {
    "logs out": LogOut(9.0, "t", "1001"),
    "is not ready": BeNotReady(9.0, "t", "1001", "break"),
    "loses the phone": phone_changed("seat-01", None, 9.0, gone=True),
    "dials somebody": leg_started("own", "seat-01", 9.0, dialled="13800000000"),
}
WHO_GOES = pytest.mark.parametrize("goes", GOES_AWAY.values(), ids=GOES_AWAY)
ANSWERED_OFTEN: JSON = {
    "day": "1970-01-01T00:00:00.000000Z",
    "dialled": 3000,
    "ended": 3000,
    "answered": 300,
    "abandoned": 0,
}


def many_answered() -> Resume:
    """What a journal tells of a day on which enough citizens answered to dial ahead."""
    return Resume(dialler={f"{DIALLER}queue/general": ANSWERED_OFTEN})


def reason(rig: Dialling, agent: str) -> str | None:
    return rig.runtime.agents[agent].reason


@WHO_GOES
def test_another_free_agent_is_kept_for_the_citizen_whose_phone_rings(goes: InboxEvent) -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.ready_agent("1002", "seat-02", at=6.0)
    rig.tell(*rings(dial.leg, 8.0))
    assert (reason(rig, "1001"), reason(rig, "1002")) == ("promised", None)
    rig.tell(goes)
    assert reason(rig, "1002") == "promised"
    rig.tell(*caller_arrives("hotline-9.9", 9.5))
    assert not rig.rings(), "a caller does not take that one away"
    rig.tell(*answers(dial.leg, 13.0))
    [ring] = rig.rings()
    assert (ring.call, ring.seat) == (dial.leg, "seat-02")
    assert len(rig.dials()) == 1


@WHO_GOES
def test_while_nobody_is_free_the_phone_rings_on_and_who_comes_is_kept_for_the_citizen(
    goes: InboxEvent,
) -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *caller_arrives("hotline-9.9", 5.5))
    steps = rig.tell(goes)
    assert not rig.actions(steps, HangUp)
    rig.tell(LogIn(11.0, "t", "1002", "seat-02"), BeReady(11.0, "t", "1002"))
    assert reason(rig, "1002") == "promised"
    assert not rig.rings(), "the caller waits until the citizen has answered or not"
    rig.tell(*answers(dial.leg, 13.0))
    assert [(ring.call, ring.seat) for ring in rig.rings()] == [(dial.leg, "seat-02")]


@WHO_GOES
def test_who_answers_while_nobody_came_hears_so_is_counted_and_called_again_with_an_agent_first(
    goes: InboxEvent,
) -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), goes, *answers(dial.leg, 10.0))
    [away] = rig.actions(rig.tell(TimePassed(14.0, "timer")), SendAway)
    assert isinstance(away, SendAway)
    assert (away.channel, away.prompt) == (f"PJSIP/trunk-{dial.leg}", "call-again")
    entry = rig.entry()
    assert (entry.last_outcome, entry.mode) == (AttemptOutcome.ABANDONED, CallbackMode.AGENT_FIRST)
    assert rig.today() == DialledToday(1, 1, 1, 1.0, None)


@WHO_GOES
def test_who_does_not_answer_either_is_tried_again_as_ever(goes: InboxEvent) -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), goes, f.LegEnded(20.0, "t", dial.leg, 17, True))
    entry = rig.entry()
    assert (entry.state, entry.last_outcome) == (CallbackState.SCHEDULED, AttemptOutcome.BUSY)
    rig.ready_agent("1002", "seat-02", at=21.0)
    assert reason(rig, "1002") is None


def test_who_hangs_up_while_there_is_no_agent_for_them_was_abandoned_and_is_counted() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), LogOut(9.0, "t", "1001"), *answers(dial.leg, 10.0))
    rig.tell(f.LegEnded(13.0, "t", dial.leg, 16, True))
    entry = rig.entry()
    assert (entry.last_outcome, entry.mode) == (AttemptOutcome.ABANDONED, CallbackMode.AGENT_FIRST)
    assert rig.today() == DialledToday(1, 1, 1, 1.0, None)


def test_who_hangs_up_while_an_agents_phone_rings_for_them_was_abandoned_too() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 10.0))
    assert len(rig.rings()) == 1
    rig.tell(f.LegEnded(13.0, "t", dial.leg, 16, True))
    entry = rig.entry()
    assert (entry.last_outcome, entry.mode) == (AttemptOutcome.ABANDONED, CallbackMode.AGENT_FIRST)
    assert (entry.state, entry.attempts) == (CallbackState.SCHEDULED, 0)
    assert rig.today() == DialledToday(1, 1, 1, 1.0, None)
    assert reason(rig, "1001") is None


def test_a_list_is_dialled_from_first_to_last() -> None:
    rig = Dialling()
    rig.campaign(12)
    rig.ready_agent(at=6.0)
    for number in range(12):
        dial = rig.dials()[-1]
        assert dial.number == f"1390000{number:04}"
        rig.tell(f.OriginateFailed(8.0 + number, "t", dial.leg, "busy"))


def test_a_list_that_grows_while_phones_ring_is_dialled_ahead_too() -> None:
    rig = Dialling(0.1, many_answered())
    rig.ready_agent()
    rig.campaign(1)
    [first] = rig.dials()
    rig.tell(*rings(first.leg, 8.0))
    rig.request(at=9.0)
    assert len(rig.dials()) == 2, "one has an agent, the other the share of answers"


def test_after_a_restart_an_agent_is_kept_again_for_the_citizen_whose_phone_rings() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.request()
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0))
    again = Dialling(resume=rig.resume(), now=50.0, sees=False)
    ringing = replace(citizen(dial.leg, ""), up=False, ringing=True, queued_at=None)
    again.tell(snapshot(ringing, at=50.0))
    assert reason(again, "1001") == "promised"
    again.tell(*caller_arrives("hotline-9.9", 51.0))
    assert not again.rings()
    again.tell(*answers(dial.leg, 55.0))
    assert [ring.call for ring in again.rings()] == [dial.leg]


def test_a_citizen_whose_agent_does_not_take_them_waits_for_another_in_the_same_attempt() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 10.0))
    [ring] = rig.rings()
    rig.ready_agent("1002", "seat-02", at=13.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", dial.leg, 12.0))
    rig.tell(f.LegEnded(20.0, "t", ring.leg, 19, False))
    assert rig.entry().state is CallbackState.DIALLING
    again = rig.rings()[-1]
    assert (again.call, again.seat) == (dial.leg, "seat-02")
    rig.tell(*seat_rings(again.leg, "seat-02", dial.leg, 20.0), *seat_answers(again.leg, dial.leg, 22.0))
    assert rig.entry().end is CallbackEnd.REACHED
    assert rig.today() == DialledToday(1, 1, 0, 0.0, None)


def test_one_whose_agent_does_not_take_them_while_nobody_else_is_there_was_abandoned() -> None:
    rig = Dialling()
    rig.ready_agent()
    rig.campaign(1)
    [dial] = rig.dials()
    rig.tell(*rings(dial.leg, 8.0), *answers(dial.leg, 10.0))
    [ring] = rig.rings()
    rig.tell(*seat_rings(ring.leg, "seat-01", dial.leg, 12.0))
    steps = rig.tell(f.LegEnded(20.0, "t", ring.leg, 19, False), TimePassed(20.0, "timer"))
    assert len(rig.actions(steps, SendAway)) == 1
    assert rig.entry().last_outcome is AttemptOutcome.ABANDONED
    assert rig.today() == DialledToday(1, 1, 1, 1.0, None)
