from __future__ import annotations

import json

from acd.model import OfferOutcome, QueuePolicy
from tests.unit.acd.floorplan import Center, policy

RULES = policy([QueuePolicy("q", timely_s=15, short_abandon_s=5), QueuePolicy("p")], {"ann": {}, "bob": {}})


def test_rates_are_none_before_there_is_anything_to_divide_by() -> None:
    figures = Center(RULES).router.queue_figures("q")
    assert (figures.answer_rate, figures.timely_rate, figures.longest_wait_s(1.0)) == (None, None, 0.0)


def test_an_answered_contact_counts_in_its_queue_and_in_the_whole() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.wait(15)
    center.ready("ann")
    center.answer(center.offer().offer)
    for queue in ("q", None):
        figures = center.router.queue_figures(queue)
        assert (figures.offered, figures.answered, figures.timely, figures.talking) == (1, 1, 1, 1)
        assert figures.waiting == 0
        assert (figures.answer_rate, figures.timely_rate) == (1.0, 1.0)
    assert center.router.queue_figures("p").offered == 0
    center.leave("c1")
    assert center.router.queue_figures(None).talking == 0


def test_an_answer_after_the_threshold_is_not_timely() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.wait(15.1)
    center.ready("ann")
    center.answer(center.offer().offer)
    assert center.router.queue_figures("q").timely_rate == 0.0


def test_a_caller_who_hangs_up_first_is_abandoned_and_one_who_does_so_soon_is_a_short_abandon() -> None:
    center = Center(RULES)
    center.queue("soon")
    center.queue("late")
    center.wait(5)
    center.leave("soon")
    center.wait(0.1)
    center.leave("late")
    center.queue("ringing")
    center.wait(10)
    center.ready("ann")
    center.leave("ringing")
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.short_abandoned) == (3, 3, 1)
    assert figures.answer_rate == 0.0


def test_the_longest_wait_is_of_those_who_wait_now_those_being_offered_included() -> None:
    center = Center(RULES)
    center.queue("c1", "p")
    center.wait(4)
    center.queue("c2")
    center.ready("ann")
    assert center.router.queue_figures(None).waiting == 2
    assert center.router.queue_figures(None).longest_wait_s(center.now + 1) == 5.0
    assert center.router.queue_figures("q").longest_wait_s(center.now + 1) == 1.0
    center.answer(center.offer().offer)
    assert center.router.queue_figures(None).longest_wait_s(center.now + 1) == 1.0


def test_a_failed_offer_counts_nothing() -> None:
    center = Center(RULES)
    center.queue("c1")
    before = center.router.queue_figures(None)
    center.ready("ann")
    center.end(center.offer().offer, OfferOutcome.NO_ANSWER)
    assert center.router.queue_figures(None) == before


def test_a_new_day_starts_from_zero_with_those_who_wait_and_talk() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.connect("c1", "ann")
    center.queue("c2")
    center.router.reset_figures(center.now)
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.waiting, figures.talking) == (0, 0, 1, 1)
    assert center.router.figures_snapshot()["day_began"] == center.now
    center.leave("c1")
    assert center.router.queue_figures(None).talking == 0


def test_after_a_restart_nobody_is_counted_twice() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.connect("talks", "ann")
    center.queue("waits")
    center.queue("gets through")
    saved = json.loads(json.dumps(center.router.figures_snapshot()))
    fresh = Center(RULES)
    fresh.router.restore_figures(saved)
    fresh.queue("waits", queued_at=center.now)
    fresh.restore_contact("talks", "ann")
    fresh.restore_contact("gets through", "bob")
    fresh.queue("new")
    figures = fresh.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.waiting, figures.talking) == (4, 2, 2, 2)
    assert fresh.router.queue_figures(None).offered == 4


def test_both_definitions_of_the_service_level_are_given() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.connect("timely", "ann")
    center.queue("gave up at once")
    center.queue("gave up")
    center.wait(1)
    center.leave("gave up at once")
    center.wait(30)
    center.leave("gave up")
    figures = center.router.queue_figures("q")
    assert figures.service_level == 1 / 3
    assert figures.service_level_without_short == 1 / 2
    empty = center.router.queue_figures("p")
    assert empty.service_level is empty.service_level_without_short is None


def test_an_agents_day_is_counted_up_to_the_last_event() -> None:
    center = Center(RULES)
    figures = center.router.agent_figures("ann")
    assert figures is not None
    assert (figures.occupancy, figures.handling_time_s) == (None, None)
    center.ready("ann")
    center.wait(20)
    center.connect("c1", "ann")
    center.wait(50)
    center.release("ann")
    center.wait(10)
    center.not_ready("ann")
    center.wait(100)
    center.queue("c2")
    figures = center.router.agent_figures("ann")
    assert figures is not None
    assert (figures.answered, figures.handled_s, figures.available_s) == (1, 60, 20)
    assert (figures.occupancy, figures.handling_time_s) == (0.75, 60)
    center.router.reset_figures(center.now)
    figures = center.router.agent_figures("ann")
    assert figures is not None
    assert (figures.answered, figures.handled_s) == (0, 0)
    assert center.router.agent_figures("nobody") is None
