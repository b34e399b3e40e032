"""A callback's call: the agent's phone is answered and dials, and what came of it is told once."""

from __future__ import annotations

import pytest

from acd import events as acd
from acd.effects import MakeOffer, OfferClosed
from acd.model import AttemptOutcome, OfferOutcome
from cti.calls import facts as f
from cti.calls.attempts import outcome_of
from cti.calls.facts import Fact, PbxSnapshot
from cti.calls.model import CallModel
from cti.calls.outputs import CallUpdated, Output
from cti.calls.records import CallRecord, Direction, Route
from tests.support.conversation import leg_started

SEAT, AGENT, CALLBACK, CALL, NUMBER = "seat-01", "1001", "cb-1", "cb-1-o1-0", "13900000001"


class Told:
    def __init__(self, offered: bool = True) -> None:
        self.model = CallModel(seats=frozenset({SEAT}), trunk="trunk")
        self.model.handle(PbxSnapshot(0.0, "t", (), (), 0.0))
        self.outputs: list[Output] = list(self.model.agent_sat(SEAT, AGENT, 0.0, "t"))
        if offered:
            made = MakeOffer("t", CALL, CALLBACK, AGENT, SEAT, 15.0, callback=True, queue="general")
            self.outputs += self.model.offer_made(made, 1.0)

    def tell(self, *facts: Fact) -> list[Output]:
        new = [output for fact in facts for output in self.model.handle(fact)]
        self.outputs += new
        return new

    def routing(self) -> list[Output]:
        return [output for output in self.outputs if not isinstance(output, CallUpdated)]

    @property
    def record(self) -> CallRecord:
        return [output.record for output in self.outputs if isinstance(output, CallUpdated)][-1]


def answered_by_the_agent(at: float = 5.0) -> list[Fact]:
    return [
        leg_started(CALL, SEAT, at - 3, call=CALL, dialled="s"),
        f.LegAnswered(at, "t", CALL),
        f.SeatDialled(at, "t", CALL, CALL, SEAT, NUMBER, CALLBACK),
    ]


def answered_by_the_citizen(at: float = 9.0) -> list[Fact]:
    return [
        leg_started("trunk-leg", "trunk", at - 3, call=CALL, dialled=NUMBER),
        f.LegAnswered(at, "t", "trunk-leg"),
        f.LegJoined(at, "t", CALL, "b1"),
        f.LegJoined(at, "t", "trunk-leg", "b1"),
    ]


def of_kind(outputs: list[Output], kind: type) -> list[Output]:
    return [output for output in outputs if isinstance(output, kind)]


def test_the_agents_answer_is_the_offers_and_the_citizens_ends_the_attempt() -> None:
    told = Told()
    told.tell(*answered_by_the_agent())
    assert of_kind(told.outputs, acd.OfferAnswered) == [acd.OfferAnswered(5.0, "t", CALL)]
    assert told.tell(*answered_by_the_citizen())
    assert of_kind(told.outputs, acd.CallbackAttemptEnded) == [
        acd.CallbackAttemptEnded(9.0, "t", CALLBACK, AttemptOutcome.REACHED)
    ]
    told.model.offer_closed(
        OfferClosed(5.0, "t", CALL, CALLBACK, "general", AGENT, SEAT, 1.0, OfferOutcome.ACCEPTED)
    )
    record = told.record
    assert (record.direction, record.route, record.queue) == (Direction.OUTBOUND, Route.ACD, "general")
    assert (record.callback, record.number, record.agent) == (CALLBACK, NUMBER, AGENT)
    assert [offer.outcome for offer in record.offers] == [OfferOutcome.ACCEPTED]


def test_a_citizen_who_is_not_reached_is_told_once_and_then_the_agent_is_free() -> None:
    told = Told()
    told.tell(*answered_by_the_agent())
    new = told.tell(f.DialEnded(20.0, "t", CALL, CALL, "BUSY", 17), f.LegEnded(21.0, "t", CALL, 16, False))
    assert of_kind(new, acd.CallbackAttemptEnded) == [
        acd.CallbackAttemptEnded(20.0, "t", CALLBACK, AttemptOutcome.BUSY)
    ]
    assert of_kind(new, acd.AgentReleased) == [acd.AgentReleased(21.0, "t", AGENT)]


def test_an_agent_who_hangs_up_while_it_rings_made_no_attempt() -> None:
    told = Told()
    told.tell(*answered_by_the_agent())
    new = told.tell(f.LegEnded(8.0, "t", CALL, 16, True))
    routed = [output for output in new if not isinstance(output, CallUpdated)]
    assert acd.CallbackAttemptEnded(8.0, "t", CALLBACK, AttemptOutcome.CANCELLED, by_agent=True) in routed
    assert acd.AgentReleased(8.0, "t", AGENT) in routed


def test_told_twice_and_late_an_attempt_ends_once() -> None:
    told = Told()
    facts = [*answered_by_the_agent(), f.DialEnded(20.0, "t", CALL, CALL, "NOANSWER", 0)]
    told.tell(*facts, *facts)
    assert len(of_kind(told.outputs, acd.CallbackAttemptEnded)) == 1
    assert len(of_kind(told.outputs, acd.OfferAnswered)) == 1


def test_an_attempt_of_which_the_router_knows_no_offer_is_told_as_taken() -> None:
    told = Told(offered=False)
    told.tell(*answered_by_the_agent())
    assert of_kind(told.outputs, acd.CallbackTaken) == [acd.CallbackTaken(5.0, "t", CALLBACK)]


def test_an_agent_who_does_not_take_the_callback_leaves_no_call() -> None:
    told = Told()
    told.tell(leg_started(CALL, SEAT, 2.0, call=CALL, dialled="s"), f.LegEnded(17.0, "t", CALL, 0, False))
    assert of_kind(told.outputs, acd.OfferEnded) == [acd.OfferEnded(17.0, "t", CALL, OfferOutcome.NO_ANSWER)]
    assert not of_kind(told.outputs, CallUpdated)


def test_a_number_that_an_agent_dials_is_no_attempt() -> None:
    told = Told(offered=False)
    told.tell(
        leg_started(CALL, SEAT, 2.0, call=CALL, dialled=NUMBER),
        f.SeatDialled(2.5, "t", CALL, CALL, SEAT, NUMBER),
        f.DialEnded(9.0, "t", CALL, CALL, "BUSY", 17),
    )
    assert not of_kind(told.outputs, acd.CallbackTaken)
    assert not of_kind(told.outputs, acd.CallbackAttemptEnded)


@pytest.mark.parametrize(
    ("status", "cause", "outcome"),
    [
        ("BUSY", 17, AttemptOutcome.BUSY),
        ("NOANSWER", 0, AttemptOutcome.NO_ANSWER),
        ("CHANUNAVAIL", 1, AttemptOutcome.INVALID_NUMBER),
        ("CONGESTION", 28, AttemptOutcome.INVALID_NUMBER),
        ("CONGESTION", 21, AttemptOutcome.BUSY),
        ("CHANUNAVAIL", 20, AttemptOutcome.NO_ANSWER),
        ("CONGESTION", 34, AttemptOutcome.FAILED),
        ("", 0, AttemptOutcome.FAILED),
    ],
)
def test_what_the_network_says_is_what_came_of_it(status: str, cause: int, outcome: AttemptOutcome) -> None:
    assert outcome_of(f.DialEnded(0.0, "t", CALL, CALL, status, cause)) is outcome
