"""What the verbs decide, from what the call model says: actions, refusals, and when a command is done."""

from __future__ import annotations

import pytest

from cti.calls import facts as f
from cti.calls.actions import DialFromSeat, HangUp, Place, PressKey, RingParty, SendLeg, SetFact
from cti.calls.records import HoldKind
from cti.records_json import JSON
from cti.verbs.conference import Confer
from cti.verbs.consult import Complete, Consult, Swap
from cti.verbs.dial import DialOut
from cti.verbs.hold import Hold, Retrieve
from cti.verbs.park import Park, PickUp
from cti.verbs.parties import Party, To
from cti.verbs.records import CommandState
from cti.verbs.sound import SendKeys
from cti.verbs.transfer import Transfer
from tests.support.conversation import leg_started
from tests.support.telling import CALL, Telling

ASKED = Party(To.AGENT, "1002")


def test_hold_sends_both_away_at_once_and_is_done_when_the_citizen_hears_music(talking: Telling) -> None:
    record = talking.order(Hold(CALL), 20.0)
    leg = talking.agent_leg()
    assert talking.actions(SetFact) == [
        SetFact(record.command, CALL, "HL_HELD_BY", leg),
        SetFact(record.command, leg, "HL_HOLDS", CALL),
    ]
    [sent] = talking.actions(SendLeg)
    assert (sent.place, sent.other_place) == (Place.HELD, Place.ASIDE)
    talking.set_aside(20.1)
    assert talking.command(record.command).state is CommandState.DONE
    [hold] = talking.record().holds
    assert (hold.kind, hold.agent, hold.leg) == (HoldKind.SERVICE, "1001", CALL)
    assert talking.agent("1001") == "busy"


def test_a_held_call_is_taken_up_in_a_new_segment(talking: Telling) -> None:
    talking.set_aside(20.0)
    record = talking.order(Retrieve(CALL), 25.0)
    leg = talking.agent_leg()
    talking.tell(
        f.RecordingStarted(25.1, "t", leg, CALL, f"{leg}_r2"),
        f.LegJoined(25.2, "t", leg, "b2"),
        f.LegJoined(25.3, "t", CALL, "b2"),
    )
    assert talking.command(record.command).state is CommandState.DONE
    first, second = talking.record().segments
    assert (first.recorded_leg, second.recorded_leg) == (leg, f"{leg}_r2")
    assert talking.record().holds[0].ended_at == 25.3


def test_a_held_citizen_whose_agent_hangs_up_waits_again_and_the_agent_wraps_up(talking: Telling) -> None:
    talking.set_aside(20.0)
    talking.tell(f.LegEnded(30.0, "t", talking.agent_leg(), 16, True))
    assert talking.agent("1001") == "wrap_up"
    talking.tell(f.CallerQueued(33.0, "t", CALL, CALL, "general", 0, 5.0))
    [offer] = [o for o in talking.record().offers if o.outcome is None]
    assert offer.agent == "1002"


@pytest.mark.parametrize(
    ("asked", "agent", "reason"),
    [
        (Retrieve(CALL), "1001", "connected"),
        (Complete(CALL), "1001", "not_consulting"),
        (Swap(CALL), "1001", "not_consulting"),
        (Confer(CALL), "1001", "too_few"),
        (Hold(CALL), "1002", "not_in_call"),
        (PickUp(CALL), "1002", "not_waiting"),
        (Transfer(CALL, Party(To.QUEUE, "none")), "1001", "unknown_queue"),
        (Transfer(CALL, Party(To.AGENT, "9999")), "1001", "unknown_agent"),
        (Transfer(CALL, Party(To.AGENT, "1003")), "1001", "not_logged_in"),
        (Consult(CALL, Party(To.SEAT, "nowhere")), "1001", "unknown_seat"),
        (Consult(CALL, Party(To.AGENT, "1001")), "1001", "agent_busy"),
        (DialOut("13800000000"), "1001", "agent_busy"),
    ],
)
def test_what_the_state_does_not_allow_is_refused(
    talking: Telling, asked: object, agent: str, reason: str
) -> None:
    before = len([a for step in talking.steps for a in step.actions])
    record = talking.order(asked, 20.0, agent)
    assert (record.state, record.reason) == (CommandState.REFUSED, reason)
    assert len([a for step in talking.steps for a in step.actions]) == before


def test_a_supervisor_who_names_no_agent_acts_as_who_has_the_citizen_in_hand(talking: Telling) -> None:
    record = talking.order(Park(CALL), 20.0, None)
    assert [action.leg for action in talking.actions(HangUp)] == [talking.agent_leg()]
    assert talking.actions(SendLeg)[0].place is Place.PARKED
    assert record.state is CommandState.ACCEPTED


def test_consult_rings_the_asked_one_for_the_agent_and_fails_when_nobody_answers(talking: Telling) -> None:
    record = talking.order(Consult(CALL, ASKED), 20.0)
    [ring] = talking.actions(RingParty)
    assert (ring.endpoint, ring.place, ring.call) == ("seat-02", Place.CONSULT, CALL)
    talking.set_aside(20.1)
    talking.tell(leg_started(ring.leg, "seat-02", 20.2, dialled="s"))
    assert {leg.seat for leg in talking.record().legs} == {None, "seat-01", "seat-02"}
    assert talking.agent("1002") == "busy"
    talking.tell(f.LegEnded(50.0, "t", ring.leg, 19, False))
    failed = talking.command(record.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "not_taken")


def test_keys_are_sent_one_by_one_and_written_down_nowhere(talking: Telling) -> None:
    record = talking.order(SendKeys(CALL, "12#"), 20.0)
    pressed = talking.actions(PressKey)
    assert [action.key for action in pressed] == ["1", "2", "#"]
    written: list[JSON] = [draft.body for step in talking.steps for draft in step.drafts]
    written += [value for step in talking.steps for value in step.state.values()]
    assert "12#" not in repr(written)
    assert record.state is CommandState.ACCEPTED


def test_dialling_out_begins_a_call_of_its_own_for_the_work_order(talking: Telling) -> None:
    record = talking.order(DialOut("13800000000", "wo-1"), 20.0, "1002")
    [dial] = talking.actions(DialFromSeat)
    assert (dial.seat, dial.number, dial.work_order, dial.auto_answer) == (
        "seat-02",
        "13800000000",
        "wo-1",
        True,
    )
    leg = dial.leg
    assert record.result == {"call": leg}
    talking.tell(
        leg_started(leg, "seat-02", 20.2, dialled="s"),
        f.LegAnswered(21.0, "t", leg),
        f.SeatDialled(21.1, "t", leg, leg, "seat-02", "13800000000", "", "wo-1"),
        leg_started("out", "trunk", 21.2, call=leg),
        f.LegAnswered(25.0, "t", "out"),
        f.LegJoined(25.1, "t", leg, "b9"),
        f.LegJoined(25.2, "t", "out", "b9"),
    )
    done = talking.command(record.command)
    assert (done.state, done.call) == (CommandState.DONE, leg)
    assert talking.record(leg).work_order == "wo-1"
