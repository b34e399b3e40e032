"""Figures of each interval."""

from __future__ import annotations

from dataclasses import replace

from acd.intervals import INTERVALS_KEPT
from tests.unit.acd.counting import RULES, SKILLED, served_elsewhere
from tests.unit.acd.floorplan import START, TWO_QUEUES, Center, policy


def test_a_contact_counts_in_the_interval_in_which_each_thing_happened_to_it() -> None:
    center = Center(SKILLED)
    begins = center.now - center.now % 100
    center.now = begins + 90
    center.ready("ann")
    center.queue("c1", "tax")
    center.wait(20)
    center.answer(next(iter(center.router._floor.offers)))
    center.wait(250)
    center.queue("c2", "either")
    first, second, third, fourth = center.router.queue_intervals("tax")
    assert (first.begins, first.ends, first.offered, first.answered) == (begins, begins + 100, 1, 0)
    assert (second.offered, second.answered, second.longest_waited_s) == (0, 1, 20)
    assert (first.work.available_s, second.work.available_s, second.work.handled_s) == (10, 10, 90)
    assert (third.work.occupancy, fourth.work.handled_s) == (1, 60)
    [mine] = [each for each in center.router.agent_intervals("ann") if each.begins == begins + 100]
    assert (mine.answered, mine.handled_s, mine.occupancy) == (1, 90, 0.9)
    assert [each.offered for each in center.router.queue_intervals(None)] == [1, 0, 0, 1]
    assert [each.offered for each in center.router.skill_intervals("tax")] == [1, 0, 0, 1]
    assert center.router.agent_intervals("nobody") == []
    assert center.router.queue_intervals("no such queue") == []


def test_a_move_between_two_queues_is_nothing_to_the_whole() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.alter("c1", queue="p")
    [whole] = center.router.queue_intervals(None)
    [left] = center.router.queue_intervals("q")
    assert (whole.offered, whole.moved_away, left.moved_away) == (1, 0, 1)


def test_no_more_intervals_are_kept_than_memory_is_meant_for() -> None:
    center = Center(SKILLED)
    center.ready("bob")
    center.wait(100_050)
    center.queue("c1", "tax")
    assert len(center.router.agent_intervals("bob")) == INTERVALS_KEPT
    center.not_ready("bob")
    assert len(center.router.agent_intervals("bob")) == INTERVALS_KEPT
    stored = center.router.figures_changes()
    center.wait(100.0 * 1000)
    for number in range(2 * INTERVALS_KEPT):
        center.queue(f"d{number}", "tax")
        center.wait(100)
        stored |= center.router.figures_changes()
    stored = {part: body for part, body in stored.items() if body is not None}
    assert len(center.router.queue_intervals(None)) == INTERVALS_KEPT
    assert len([part for part in stored if part.startswith("interval/")]) == INTERVALS_KEPT
    served_elsewhere(center, "long ago", 900_000, answered=True, queue="tax")
    assert len(center.router.queue_intervals(None)) == INTERVALS_KEPT


def test_intervals_begin_anew_when_configuration_changes_their_length() -> None:
    center = Center(SKILLED)
    center.ready("ann")
    center.wait(250)
    center.apply(replace(SKILLED, interval_s=50.0))
    assert center.router.queue_intervals(None) == []
    center.wait(20)
    center.queue("c2", "either")
    [interval] = center.router.queue_intervals("either")
    assert (interval.ends - interval.begins, interval.offered) == (50, 1)
    assert interval.work.available_s == 20


def test_work_up_to_the_end_of_an_interval_is_not_in_the_next() -> None:
    center = Center(policy(interval_s=900.0))
    assert START % 900 == 0
    center.ready("ann")
    center.wait(900)
    center.not_ready("ann")
    assert [each.begins for each in center.router.agent_intervals("ann")] == [START]


def test_an_interval_in_which_nobody_worked_has_no_work_and_is_told_all_the_same() -> None:
    center = Center(TWO_QUEUES)
    center.queue("c1")
    center.leave("c1")
    [interval] = center.router.queue_intervals("q")
    assert (interval.abandoned, interval.work.handled_s, interval.work.occupancy) == (1, 0.0, None)
