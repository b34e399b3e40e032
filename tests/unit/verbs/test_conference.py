"""A conference as its parties leave it, one after the other, in any order."""

from __future__ import annotations

import pytest

from cti.calls import facts as f
from cti.calls.actions import HangUp, RingParty
from cti.calls.records import CallOutcome, EndedBy
from cti.verbs.conference import Confer
from cti.verbs.consult import Consult
from cti.verbs.parties import Party, To
from cti.verbs.records import CommandRecord, CommandState
from tests.support.conversation import leg_started
from tests.support.telling import CALL, Telling

EXPERT = Party(To.AGENT, "1002")


@pytest.fixture
def told() -> Telling:
    told = Telling()
    told.ready()
    told.talk()
    told.ready("1002", "seat-02", 8.0)
    return told


def leg_at(told: Telling, seat: str) -> str:
    return next(leg.leg for leg in told.record().legs if leg.seat == seat)


def confer(told: Telling, *, joins: bool = True) -> CommandRecord:
    """1001 has 1002 rung into a conference with the citizen; they are in it at 21, 1002 at 25."""
    record = told.order(Confer(CALL, EXPERT), 20.0)
    [ring] = told.actions(RingParty)
    agent = leg_at(told, "seat-01")
    told.tell(
        f.LegParted(20.9, "t", CALL, "b1"),
        f.LegParted(20.9, "t", agent, "b1"),
        f.LegJoined(21.0, "t", agent, "b9"),
        f.LegJoined(21.0, "t", CALL, "b9"),
        leg_started(ring.leg, "seat-02", 20.2, call=CALL, dialled="s"),
    )
    if joins:
        told.tell(
            f.LegAnswered(24.9, "t", ring.leg),
            f.RecordingStarted(24.9, "t", ring.leg, CALL),
            f.LegJoined(25.0, "t", ring.leg, "b9"),
        )
    return record


def leaves(told: Telling, leg: str, at: float, *, by_itself: bool = True) -> None:
    told.tell(f.LegParted(at, "t", leg, "b9"), f.LegEnded(at, "t", leg, 16, by_itself))


def test_the_citizen_leaves_first_the_agents_talk_on_and_the_last_ones_end_closes_the_call(
    told: Telling,
) -> None:
    record = confer(told)
    assert told.command(record.command).state is CommandState.DONE
    agent, expert = leg_at(told, "seat-01"), leg_at(told, "seat-02")
    leaves(told, CALL, 40.0)
    assert told.record().segments[-1].legs == (agent, expert)
    assert (told.record().ended_at, told.record().ended_by) == (None, EndedBy.CALLER)
    assert (told.agent("1001"), told.agent("1002")) == ("busy", "busy")

    leaves(told, expert, 50.0)
    leaves(told, agent, 50.1, by_itself=False)
    # The expert, who never had the citizen in hand, has nothing to wrap up.
    assert (told.agent("1001"), told.agent("1002")) == ("wrap_up", "ready")
    ended = told.record()
    assert (ended.ended_at, ended.ended_by, ended.outcome) == (50.1, EndedBy.CALLER, CallOutcome.ANSWERED)


def test_who_made_it_leaves_first_and_is_done_while_the_others_talk_on(told: Telling) -> None:
    confer(told)
    agent, expert = leg_at(told, "seat-01"), leg_at(told, "seat-02")
    leaves(told, agent, 40.0)
    assert (told.agent("1001"), told.agent("1002")) == ("wrap_up", "busy")
    assert told.record().segments[-1].legs == (CALL, expert)
    assert (told.record().ended_at, told.record().ended_by) == (None, None)

    leaves(told, CALL, 50.0)
    leaves(told, expert, 50.1, by_itself=False)
    assert told.agent("1002") == "wrap_up"
    assert told.record().ended_by is EndedBy.CALLER


def test_who_is_rung_for_a_conference_that_is_over_is_rung_no_more(told: Telling) -> None:
    record = confer(told, joins=False)
    leaves(told, CALL, 22.0)
    assert told.actions(HangUp) == [HangUp(record.command, leg_at(told, "seat-02"))]
    failed = told.command(record.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "party_gone")


def test_the_one_who_is_rung_does_not_answer_and_the_others_talk_on(told: Telling) -> None:
    record = confer(told, joins=False)
    told.tell(f.LegEnded(50.0, "t", leg_at(told, "seat-02"), 19, False))
    assert told.command(record.command).reason == "party_gone"
    assert told.actions(HangUp) == []
    assert told.record().segments[-1].ended_at is None


def test_while_somebody_is_rung_one_of_three_may_leave(told: Telling) -> None:
    confer(told)
    told.ready("1003", "seat-03", 26.0)
    record = told.order(Confer(CALL, Party(To.AGENT, "1003")), 30.0)
    ring = told.actions(RingParty)[-1]
    told.tell(leg_started(ring.leg, "seat-03", 30.2, call=CALL, dialled="s"))
    leaves(told, leg_at(told, "seat-02"), 35.0)
    assert told.command(record.command).state is CommandState.ACCEPTED
    told.tell(f.LegAnswered(36.0, "t", ring.leg), f.LegJoined(36.1, "t", ring.leg, "b9"))
    assert told.command(record.command).state is CommandState.DONE


def test_who_is_rung_into_a_conference_that_goes_on_rings_on_when_it_is_asked_for_again(
    told: Telling,
) -> None:
    confer(told)
    told.ready("1003", "seat-03", 26.0)
    asked = told.order(Confer(CALL, Party(To.AGENT, "1003")), 30.0)
    ring = told.actions(RingParty)[-1]
    told.tell(leg_started(ring.leg, "seat-03", 30.2, call=CALL, dialled="s"))
    assert told.command(told.order(Confer(CALL), 31.0).command).state is CommandState.DONE
    assert told.actions(HangUp) == []
    told.tell(f.LegAnswered(36.0, "t", ring.leg), f.LegJoined(36.1, "t", ring.leg, "b9"))
    assert told.command(asked.command).state is CommandState.DONE


def test_whom_the_agent_had_rung_on_a_second_line_is_called_off_when_the_held_ones_are_taken_up(
    told: Telling,
) -> None:
    agent = leg_at(told, "seat-01")
    told.order(Consult(CALL, EXPERT), 10.0)
    told.set_aside(10.1)
    [ring] = told.actions(RingParty)
    second, third = "hotline-2.5", "hotline-2.6"
    told.tell(
        leg_started(ring.leg, "seat-02", 10.2, call=CALL, dialled="s"),
        f.LegAnswered(12.0, "t", ring.leg),
        f.LegJoined(12.1, "t", ring.leg, "b2"),
        f.LegJoined(12.1, "t", agent, "b2"),
        f.LegHeld(15.0, "t", agent),
        leg_started(second, "seat-01", 15.1, dialled="8003"),
        f.SeatDialled(15.2, "t", second, CALL, "seat-01", "8003", to_seat="seat-03"),
        f.LegStarted(15.3, "t", third, f"PJSIP/{third}", "seat-03", None, second, "8001", ""),
        f.LegRinging(15.4, "t", third),
    )
    record = told.order(Confer(CALL), 20.0)
    assert {hang_up.leg for hang_up in told.actions(HangUp)} == {second, third}
    told.tell(
        *(f.LegEnded(20.1, "t", leg, 16, False) for leg in (second, third)),
        *(f.LegJoined(20.5, "t", leg, "b9") for leg in (agent, ring.leg, CALL)),
    )
    assert told.command(record.command).state is CommandState.DONE
    assert told.record().segments[-1].legs == (agent, ring.leg, CALL)
