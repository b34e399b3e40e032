"""How fast a queue is served, and the wait that is expected from it."""

from __future__ import annotations

from math import sqrt

import pytest

from acd.estimate import GAPS_KEPT, Estimate, Pace, worth_announcing
from acd.model import QueuePolicy
from tests.unit.acd.floorplan import Center, policy, served_in_turn


def test_the_expected_wait_is_the_position_times_the_pace_with_its_error() -> None:
    pace = Pace()
    assert pace.estimate(1) is None
    for number in range(7):
        pace.answered(queued_at=0.0, at=100.0 + 10 * number)
    assert pace.estimate(3) == Estimate(3, 30.0, 0.0)
    pace.answered(queued_at=0.0, at=180.0)
    estimate = pace.estimate(2)
    assert estimate is not None
    assert estimate.wait_s == pytest.approx(2 * 80 / 7)
    assert estimate.error_s > 0


def test_an_answer_to_somebody_who_just_came_says_nothing_about_the_pace() -> None:
    pace = Pace()
    for number in range(20):
        pace.answered(queued_at=100.0 * number + 50, at=100.0 * number + 60)
    assert pace.estimate(1) is None


def test_an_estimate_is_announced_only_when_it_got_better() -> None:
    said = Estimate(5, 50.0, 5.0)
    assert worth_announcing(None, said)
    assert worth_announcing(said, Estimate(4, 40.0, 5.0))
    assert not worth_announcing(said, Estimate(4, 60.0, 5.0))
    assert not worth_announcing(said, Estimate(5, 40.0, 5.0))


def test_who_talks_has_no_estimate() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0)]))
    for number in range(9):
        center.queue(f"c{number}")
    center.ready("ann")
    for number in range(8):
        center.answer(center.offer().offer)
        center.wait(10)
        if number < 7:
            center.release("ann")
    assert center.router.estimate("c8") is not None
    assert center.router.estimate("c7") is None


def test_answers_at_one_instant_have_no_time_between_them() -> None:
    pace = Pace()
    for _ in range(8):
        pace.answered(queued_at=0.0, at=100.0)
    assert pace.estimate(3) == Estimate(3, 0.0, 0.0)


def test_five_gaps_are_enough_for_an_estimate_and_its_error_is_that_of_the_formula() -> None:
    pace = Pace()
    at = 100.0
    pace.answered(0.0, at)
    gaps = (6.0, 10.0, 14.0, 8.0, 12.0)
    for gap in gaps:
        assert pace.estimate(1) is None
        at += gap
        pace.answered(0.0, at)
    estimate = pace.estimate(3)
    assert estimate is not None
    variance = (16 + 0 + 16 + 4 + 4) / 4
    assert (estimate.position, estimate.wait_s) == (3, 30.0)
    assert estimate.error_s == pytest.approx(1.96 * sqrt(3 * variance + 9 * variance / 5))


def test_an_estimate_rests_on_the_last_gaps_also_after_a_restart() -> None:
    pace = Pace()
    for number in range(GAPS_KEPT + 20):
        pace.answered(0.0, 100.0 * number)
    again = Pace.of(pace.saved())
    assert again.saved() == pace.saved()
    for each in (pace, again):
        each.answered(0.0, 1e6)
        assert len(each.gaps) == GAPS_KEPT


def test_an_estimate_is_of_the_contacts_own_queue() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0), QueuePolicy("p")], {"ann": {}}))
    served_in_turn(center, callers=9, answers=6)
    center.queue("first of all", "p", queued_at=center.now - 100)
    estimate = center.router.estimate("c8")
    assert estimate is not None
    assert estimate.position == 3


def test_nothing_is_estimated_where_nobody_was_ever_answered() -> None:
    center = Center(policy())
    center.queue("c1")
    assert center.router.estimate("c1") is None


def test_a_better_position_alone_is_not_worth_announcing() -> None:
    said = Estimate(5, 50.0, 5.0)
    assert not worth_announcing(said, Estimate(4, 50.0, 5.0))


def test_a_callback_that_came_after_the_last_answer_says_nothing_about_the_pace() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0)], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(10)
    center.ready("bob")
    center.request_callback("k1", queued_at=center.now - 100)
    center.answer(center.offer().offer)
    assert center.router.snapshot()["paces"]["q"]["gaps"] == []


def paced() -> Center:
    """Five callers were answered, ten seconds after one another: one answer short of an estimate."""
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0)], {"ann": {}}, keep_place_s=60.0))
    served_in_turn(center, callers=7, answers=4)
    center.answer(center.offer().offer)
    center.leave("c5")
    center.leave("c6")
    return center


def served(center: Center) -> Estimate | None:
    """What is told to the next caller, after the one who waits was answered."""
    center.release("ann")
    center.answer(center.offer().offer)
    center.queue("next")
    return center.router.estimate("next")


def test_the_pace_is_taken_from_who_waited_at_the_last_answer() -> None:
    center = paced()
    center.queue("waited at it", queued_at=center.now)
    center.wait(10)
    assert served(center) == Estimate(1, 10.0, 0.0)


def test_a_kept_place_is_no_wait_for_the_pace() -> None:
    center = paced()
    center.queue("cut off", queued_at=center.now - 5, caller="of c")
    center.leave("cut off", cut_off=True)
    center.wait(10)
    center.queue("dials again", caller="of c")
    assert served(center) is None


def test_who_waits_once_more_did_not_wait_while_talking() -> None:
    center = paced()
    center.wait(10)
    center.queue("c", queued_at=center.now - 60, returned=True)
    assert served(center) is None


def test_how_fast_a_removed_queue_was_served_is_forgotten_with_its_last_contact() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("old")]))
    center.ready("ann")
    center.connect("c1", "ann", "old")
    center.apply(policy([QueuePolicy("q")]))
    assert "old" in center.router.snapshot()["paces"]
    center.leave("c1")
    assert "old" not in center.router.snapshot()["paces"]
