"""What a killed service must get right when it reads on: sequences that SIGKILLs under load brought up."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from acd.model import OfferOutcome
from cti.calls import facts as f
from cti.calls.facts import Fact
from cti.calls.model import CallModel
from tests.support.conversation import agent_hangs_up, seat_answers, seat_rings, shown, snapshot
from tests.unit.cti.calls.told import CALL, OFFER, SEAT, Told, answer, arrival


def restarted(before: Told) -> Told:
    """The model of a new process, with the call as the journal has it. Asterisk is out of sight."""
    model = CallModel(seats=frozenset({SEAT, "seat-02"}), trunk="trunk")
    model.restore(copy.deepcopy(before.record))
    return Told(model, sees=False)


def talking(at: float) -> f.PbxSnapshot:
    return snapshot(
        shown(CALL, "trunk", CALL, place="waiting", bridge="b1"),
        shown(OFFER, SEAT, CALL, place="agent", bridge="b1", started_at=5.0),
        at=at,
    )


def earlier(facts: Sequence[Any], by_s: float = 0.01) -> list[Fact]:
    """As Asterisk's log has them: it writes an event before the service hears of it."""
    return [replace(fact, at=fact.at - by_s) for fact in facts]


def test_a_connection_that_the_log_tells_again_begins_no_second_segment() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer())
    again = restarted(told)
    again.tell(*earlier([*arrival(), *answer()]), talking(at=20.0), *agent_hangs_up(OFFER, CALL, 30.0))

    assert [(s.started_at, s.ended_at) for s in again.record.segments] == [(6.0, 30.0)]


def test_earlier_connections_that_are_told_again_do_not_end_the_present_one() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer())
    moved: list[Fact] = [
        f.LegParted(10.0, "t", OFFER, "b1"),
        f.LegParted(10.1, "t", CALL, "b1"),
        f.LegJoined(10.2, "t", CALL, "b2"),
        f.LegJoined(10.3, "t", OFFER, "b2"),
    ]
    told.tell(*moved)
    kept = copy.deepcopy(told.record.segments)
    told.tell(*earlier([*answer(), *moved]))
    again = restarted(told)
    again.tell(*earlier([*answer(), *moved]))

    assert told.record.segments == again.model.calls[CALL].record.segments == kept
    assert [segment.ended_at for segment in kept] == [10.0, None]


def test_who_parted_while_nobody_watched_parted_when_the_log_says() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer())
    again = restarted(told)
    again.tell(f.LegParted(12.0, "t", OFFER, "b1"), f.LegParted(12.1, "t", CALL, "b1"))

    assert [segment.ended_at for segment in again.record.segments] == [12.0]


def test_a_clock_that_was_set_forth_meanwhile_begins_no_second_segment() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*answer())
    again = restarted(told)
    an_hour_later = earlier([*arrival(), *answer()], by_s=-3600.0)
    again.tell(*an_hour_later, talking(at=3620.0), *agent_hangs_up(OFFER, CALL, 3630.0))

    assert [(s.started_at, s.ended_at) for s in again.record.segments] == [(6.0, 3630.0)]


def test_a_clock_that_was_set_back_meanwhile_hides_no_connection() -> None:
    told = Told()
    told.tell(*arrival(4000.0))
    told.offer(4004.9)
    told.tell(*answer(4005.0))
    again = restarted(told)
    again.tell(talking(at=420.0), *agent_hangs_up(OFFER, CALL, 430.0))

    assert [segment.ended_at for segment in again.record.segments] == [430.0]


def test_an_offer_that_was_answered_after_the_restart_was_accepted() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*seat_rings(OFFER, SEAT, CALL, 5.0))
    again = restarted(told)
    again.tell(*seat_answers(OFFER, CALL, 9.0), talking(at=10.0), *agent_hangs_up(OFFER, CALL, 30.0))

    assert [(o.outcome, o.ended_at) for o in again.record.offers] == [(OfferOutcome.ACCEPTED, 9.0)]


def test_an_offer_that_nobody_answered_after_the_restart_says_so() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*seat_rings(OFFER, SEAT, CALL, 5.0))
    again = restarted(told)
    again.tell(f.LegEnded(20.0, "t", OFFER, 19, False))

    assert [(o.outcome, o.ended_at) for o in again.record.offers] == [(OfferOutcome.NO_ANSWER, 20.0)]


def test_an_offer_whose_caller_left_before_the_restart_was_cancelled() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    told.tell(*seat_rings(OFFER, SEAT, CALL, 5.0))
    again = restarted(told)
    again.tell(f.LegEnded(6.0, "t", CALL, 16, True), f.LegEnded(6.1, "t", OFFER, 16, False))

    assert [o.outcome for o in again.record.offers] == [OfferOutcome.CANCELLED]


def test_an_offer_that_never_reached_asterisk_was_cancelled() -> None:
    told = Told()
    told.tell(*arrival())
    told.offer()
    again = restarted(told)
    again.tell(snapshot(shown(CALL, "trunk", CALL, place="waiting"), at=10.0))

    assert [(o.outcome, o.ended_at) for o in again.record.offers] == [(OfferOutcome.CANCELLED, 10.0)]


def test_a_caller_whom_the_plain_queue_has_just_connected_is_not_taken_out_of_it() -> None:
    """Between the answer and the connection no phone rings any more, and yet the caller is served."""
    told = Told()
    told.tell(*arrival(), f.CallerFellBack(5.0, "t", CALL, CALL))
    told.tell(*seat_rings("leg", SEAT, CALL, 6.0), f.LegAnswered(7.0, "t", "leg"))
    assert list(told.model.in_fallback()) == []
    told.tell(*seat_answers("leg", CALL, 7.1))
    assert list(told.model.in_fallback()) == []
