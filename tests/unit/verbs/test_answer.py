"""Answer by command: the phone is told once it rings, and what its leg does says what came of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.events import TimePassed
from cti.calls import facts as f
from cti.calls.actions import ActionFailed, AnswerPhone, DialFromSeat, RingParty, RingSeat
from cti.calls.outputs import CallbackReason
from cti.verbs.answer import AnswerCall
from cti.verbs.callbacks import RequestCallback
from cti.verbs.consult import Consult
from cti.verbs.dial import DialOut
from cti.verbs.parties import Party, To
from cti.verbs.records import CommandState
from tests.support.conversation import (
    caller_arrives,
    leg_started,
    phone,
    seat_answers,
    seat_rings,
    snapshot,
)
from tests.support.telling import CALL, SEATS, Telling


def desk_phones(at: float = 0.0, name: str = "Yealink SIP-T46U 108.86.0.70") -> f.PhonesSeen:
    """What each phone calls itself."""
    return f.PhonesSeen(at, "t", tuple(replace(phone(seat), user_agent=name) for seat in SEATS))


def center() -> Telling:
    """1001 is ready."""
    told = Telling()
    told.tell(desk_phones())
    told.ready()
    return told


@pytest.fixture
def offered() -> Telling:
    """A citizen is offered to 1001, whose phone is about to ring."""
    told = center()
    told.tell(*caller_arrives(CALL, 1.0))
    return told


def offer(told: Telling) -> RingSeat:
    [ring] = told.actions(RingSeat)
    return ring


def rings(told: Telling, at: float = 4.5) -> str:
    told.tell(*seat_rings(offer(told).leg, "seat-01", CALL, at))
    return offer(told).leg


def test_the_phone_that_rings_is_told_and_done_is_when_it_has_answered(offered: Telling) -> None:
    leg = rings(offered)
    record = offered.order(AnswerCall(CALL), 6.0)
    assert offered.actions(AnswerPhone) == [AnswerPhone(record.command, f"PJSIP/seat-01-{leg}")]
    assert record.state is CommandState.ACCEPTED
    offered.tell(*seat_answers(leg, CALL, 6.3))
    done = offered.command(record.command)
    assert (done.state, done.ended_at, done.call) == (CommandState.DONE, 6.3, CALL)
    assert len(offered.actions(AnswerPhone)) == 1


def test_one_that_does_not_ring_yet_is_told_as_soon_as_it_does(offered: Telling) -> None:
    offered.order(AnswerCall(CALL), 4.1)
    assert offered.actions(AnswerPhone) == []
    rings(offered)
    assert len(offered.actions(AnswerPhone)) == 1


def test_the_same_key_tells_the_phone_once(offered: Telling) -> None:
    rings(offered)
    first = offered.order(AnswerCall(CALL), 6.0, key="k", digest="d")
    assert offered.order(AnswerCall(CALL), 6.1, key="k", digest="d").command == first.command
    assert len(offered.actions(AnswerPhone)) == 1


def test_a_phone_that_does_not_react_rings_on_and_the_command_says_why(offered: Telling) -> None:
    rings(offered)
    record = offered.order(AnswerCall(CALL), 6.0)
    offered.tell(TimePassed(11.0, "timer"))
    failed = offered.command(record.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "phone_did_not_answer")
    assert failed.sentence is not None
    assert "talk event" in failed.sentence
    assert offered.agent("1001") == "reserved"


def test_a_phone_that_stops_ringing_meanwhile_is_no_answer(offered: Telling) -> None:
    leg = rings(offered)
    record = offered.order(AnswerCall(CALL), 6.0)
    offered.tell(f.LegEnded(7.0, "t", leg, 21, True))
    failed = offered.command(record.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "rang_no_more")


def test_asterisks_refusal_fails_it(offered: Telling) -> None:
    rings(offered)
    record = offered.order(AnswerCall(CALL), 6.0)
    [action] = offered.actions(AnswerPhone)
    offered.tell(ActionFailed(6.1, record.command, action, "refused: Authentication failed"))
    assert offered.command(record.command).reason == "asterisk_refused"


def test_what_does_not_ring_is_refused(offered: Telling) -> None:
    offered.ready("1002", "seat-02", 4.2)
    leg = rings(offered)
    for asked, agent, at in ((CALL, "1002", 6.0), ("none", "1001", 6.1), ("none", None, 6.2)):
        record = offered.order(AnswerCall(asked), at, agent)
        assert (record.state, record.reason) == (CommandState.REFUSED, "not_ringing")
    offered.tell(*seat_answers(leg, CALL, 7.0))
    assert offered.order(AnswerCall(CALL), 8.0).reason == "not_ringing"
    assert offered.actions(AnswerPhone) == []


@pytest.mark.parametrize("name", ["baresip v1.0.0 (x86_64/Linux)", "My Yealink"])
def test_a_phone_that_is_not_known_to_take_the_event_is_not_sent_it(offered: Telling, name: str) -> None:
    rings(offered)
    offered.tell(desk_phones(5.0, name))
    record = offered.order(AnswerCall(CALL), 6.0)
    assert (record.state, record.reason) == (CommandState.REFUSED, "phone_cannot_answer")
    assert offered.actions(AnswerPhone) == []


def test_a_phone_whose_name_is_not_known_yet_is_not_sent_it() -> None:
    told = Telling()
    told.ready()
    told.tell(*caller_arrives(CALL, 1.0))
    rings(told)
    assert told.order(AnswerCall(CALL), 6.0).reason == "phone_cannot_answer"


def test_a_supervisor_who_names_no_agent_answers_whatever_phone_rings(offered: Telling) -> None:
    leg = rings(offered)
    record = offered.order(AnswerCall(CALL), 6.0, None)
    assert record.result == {"leg": leg}


def test_an_agent_who_is_asked_by_another_answers_the_call_too(offered: Telling) -> None:
    leg = rings(offered)
    offered.tell(*seat_answers(leg, CALL, 5.0))
    offered.ready("1002", "seat-02", 5.5)
    offered.order(Consult(CALL, Party(To.AGENT, "1002")), 6.0)
    [ring] = offered.actions(RingParty)
    offered.tell(leg_started(ring.leg, "seat-02", 6.1, dialled="s"), f.LegRinging(6.2, "t", ring.leg))
    offered.order(AnswerCall(CALL), 7.0, "1002")
    assert [action.channel for action in offered.actions(AnswerPhone)] == [f"PJSIP/seat-02-{ring.leg}"]


def test_a_phone_that_rings_before_anybody_is_dialled_is_named_by_the_call_to_be() -> None:
    told = center()
    leg = told.order(DialOut("13800000000"), 5.0).result["call"]
    told.tell(leg_started(leg, "seat-01", 5.1, dialled="s"), f.LegRinging(5.2, "t", leg))
    record = told.order(AnswerCall(leg), 6.0)
    assert len(told.actions(AnswerPhone)) == 1
    told.tell(f.LegAnswered(6.5, "t", leg))
    assert told.command(record.command).state is CommandState.DONE


def test_a_callback_whose_agents_phone_rings_first_is_named_by_its_own_id() -> None:
    told = center()
    asked = told.order(RequestCallback("13800000000", "general", CallbackReason.MANUAL), 5.0, None)
    [dial] = told.actions(DialFromSeat)
    told.tell(leg_started(dial.leg, "seat-01", 6.1, dialled="s"), f.LegRinging(6.2, "t", dial.leg))
    record = told.order(AnswerCall(asked.result["callback"]), 7.0)
    assert told.actions(AnswerPhone) == [AnswerPhone(record.command, f"PJSIP/seat-01-{dial.leg}")]


def test_a_restart_does_not_tell_the_phone_again(offered: Telling) -> None:
    leg = rings(offered)
    record = offered.order(AnswerCall(CALL), 6.0)
    later = Telling(offered.resume(), now=7.0, sees=snapshot(at=7.0))
    assert later.actions(AnswerPhone) == []
    later.tell(f.LegEnded(7.5, "t", leg, 16, False))
    assert later.command(record.command).reason == "rang_no_more"
