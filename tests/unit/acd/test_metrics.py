from __future__ import annotations

import json
from dataclasses import replace

import pytest

from acd.effects import MakeOffer
from acd.events import ContactServedElsewhere
from acd.intervals import INTERVALS_KEPT
from acd.model import (
    AnyOf,
    AttemptOutcome,
    Diversion,
    Has,
    Limit,
    OfferOutcome,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)
from acd.refusals import UnknownEntity
from tests.unit.acd.floorplan import START, Center, policy

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
    assert center.router.figures_snapshot()["day"]["day_began"] == center.now
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


SKILLED = policy(
    [
        QueuePolicy("tax", {"tax": 1}, wrap_up_s=10),
        QueuePolicy("either", requirement=AnyOf((Has("tax"), Has("english"))), wrap_up_s=0),
    ],
    {"ann": {"tax": 3}, "bob": {"english": 2}},
    interval_s=100.0,
)


def served_elsewhere(center: Center, contact: str, waited_s: float, answered: bool, **rest: str) -> None:
    queued_at = center.now - waited_s
    answered_at = center.now if answered else None
    queue = rest.pop("queue", "q")
    center.tell(
        ContactServedElsewhere(center.now, center.cause, contact, queue, queued_at, answered_at, **rest)
    )


def test_handling_time_is_talk_and_wrap_up_of_the_contacts_that_are_over() -> None:
    center = Center(SKILLED)
    center.ready("ann")
    center.connect("c1", "ann", "tax")
    center.wait(50)
    assert center.router.queue_figures("tax").handling_time_s is None
    center.leave("c1")
    center.release("ann")
    center.wait(4)
    center.engage("ann")
    center.wait(1000)
    center.release("ann")
    center.wait(60)
    figures = center.router.queue_figures("tax")
    assert (figures.handled, figures.handling_time_s) == (1, 54)
    assert center.router.queue_figures(None).handling_time_s == 54


def test_a_skill_counts_the_queues_that_name_it_and_the_agents_who_have_it() -> None:
    center = Center(SKILLED)
    center.wait(17)
    center.ready("bob")
    center.connect("c1", "bob", "either")
    center.queue("c2", "tax")
    center.wait(5)
    center.queue("c3", "either")
    tax, english = center.router.skill_figures("tax"), center.router.skill_figures("english")
    assert (tax.offered, tax.answered, tax.waiting, tax.talking) == (3, 1, 2, 1)
    assert (english.offered, english.answered, english.waiting) == (2, 1, 1)
    assert tax.longest_wait_s(center.now) == 5
    assert (tax.work.occupancy, english.work.occupancy) == (None, 1.0)
    assert center.router.queue_figures("tax").work.handled_s == 0
    assert center.router.queue_figures("either").work.handled_s == 5
    assert center.router.skill_figures("nobody's").offered == 0
    assert center.router.skill_intervals("nobody's") == []


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


def test_intervals_of_another_length_are_not_taken_over() -> None:
    center = Center(SKILLED)
    center.queue("c1", "tax")
    other = Center(policy([QueuePolicy("tax")], {"ann": {}}))
    other.router.restore_figures(center.router.figures_snapshot())
    assert other.router.queue_intervals(None) == []
    assert other.router.queue_figures("tax").offered == 1
    changes = other.router.figures_changes()
    assert [part.split("/")[0] for part, body in changes.items() if body is None] == ["interval"]
    assert other.router.figures_changes() == {}


def test_a_contact_that_waits_elsewhere_is_counted_once_whatever_becomes_of_it() -> None:
    center = Center(RULES)
    for contact in ("comes back", "answered", "gives up", "moved"):
        center.queue(contact)
        center.leave_for_elsewhere(contact)
    assert center.router.queue_figures("q").waiting == 0
    center.queue("comes back")
    center.queue("moved", "p")
    served_elsewhere(center, "answered", 3, answered=True, agent="ann")
    served_elsewhere(center, "gives up", 3, answered=False)
    served_elsewhere(center, "never known", 30, answered=True, agent="stranger")
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.timely, figures.abandoned) == (5, 2, 1, 1)
    assert (figures.short_abandoned, figures.moved_away, figures.waiting) == (1, 1, 1)
    assert center.router.queue_figures("p").offered == 1
    assert center.router.queue_figures(None).offered == 5
    ann = center.router.agent_figures("ann")
    assert ann is not None
    assert ann.answered == 1


def test_a_contact_that_the_router_holds_leaves_when_it_was_served_elsewhere() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.queue("rings")
    offer = center.offer().offer
    center.queue("waits")
    served_elsewhere(center, "rings", 3, answered=True)
    served_elsewhere(center, "waits", 3, answered=False)
    center.end(offer, OfferOutcome.CANCELLED)
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.answered, figures.abandoned, figures.waiting) == (2, 1, 1, 0)
    center.connect("talks", "ann")
    served_elsewhere(center, "talks", 3, answered=True)
    assert center.router.queue_figures("q").answered == 2
    with pytest.raises(UnknownEntity):
        served_elsewhere(center, "c9", 3, answered=True, queue="gone")


def test_who_waits_elsewhere_over_midnight_is_not_offered_again_the_next_day_but_is_the_day_after() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.leave_for_elsewhere("c1")
    center.router.reset_figures(center.now + 10)
    assert "contact/c1" in center.router.figures_snapshot()
    center.router.reset_figures(center.now + 86_410)
    assert "contact/c1" not in center.router.figures_snapshot()


def test_an_agents_figures_survive_a_restart() -> None:
    center = Center(RULES)
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(30)
    center.release("ann")
    fresh = Center(policy([QueuePolicy("q")], {"ann": {}}))
    fresh.router.restore_figures(center.router.figures_snapshot())
    ann = fresh.router.agent_figures("ann")
    assert ann is not None
    assert (ann.answered, ann.handled_s) == (1, 30)
    Center(policy([QueuePolicy("q")], {"zoe": {}})).router.restore_figures(center.router.figures_snapshot())


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


def test_what_happens_twice_is_counted_twice() -> None:
    full = (OverflowRule(Limit.SIZE, Diversion.BUSY, 0),)
    center = Center(
        policy([QueuePolicy("q", wrap_up_s=0, short_abandon_s=5), QueuePolicy("full", overflow=full)])
    )
    for number in range(2):
        center.queue(f"full{number}", "full")
        center.queue(f"hangs up {number}")
        center.leave(f"hangs up {number}")
        center.request_callback(f"reached{number}")
        center.take_callback(f"reached{number}")
        center.end_attempt(f"reached{number}", AttemptOutcome.REACHED)
        center.request_callback(f"dropped{number}")
        center.cancel_callback(f"dropped{number}")
        center.request_callback(f"expires{number}", latest_at=center.now + 1)
        center.wait(1)
    assert center.router.queue_figures("full").diverted == 2
    center.ready("ann")
    for seconds in (10, 20):
        center.connect(f"talks {seconds} s", "ann")
        center.wait(seconds)
        center.release("ann")
    figures = center.router.queue_figures("q")
    assert (figures.handled, figures.handled_s) == (2, 30)
    assert (figures.abandoned, figures.short_abandoned) == (2, 2)
    assert (figures.answered, figures.timely) == (2, 2)
    assert (figures.callbacks_requested, figures.callbacks_reached) == (6, 2)
    assert (figures.callbacks_dropped, figures.callbacks_unreached) == (2, 2)


def test_dialling_is_not_handling_even_after_a_contact_that_was_handled() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(5)
    center.release("ann")
    center.request_callback("k1")
    center.answer(center.offer().offer)
    center.wait(7)
    center.end_attempt("k1", AttemptOutcome.REACHED)
    center.wait(60)
    center.release("ann")
    assert center.router.queue_figures("q").handled_s == 65


def test_who_waits_once_more_after_an_agent_had_them_counts_once_however_it_ends() -> None:
    center = Center(RULES)
    center.ready("ann")
    ends = "answered", "abandoned", "elsewhere", "callback"
    for number, end in enumerate(ends):
        contact = f"c{number}"
        center.connect(contact, "ann", "p")
        center.wait(30)
        center.leave(contact)
        center.release("ann")
        center.not_ready("ann")
        center.queue(contact, queued_at=center.now - 30, returned=True)
        waiting = center.router.queue_figures("q")
        assert (waiting.waiting, waiting.returned) == (1, number + 1)
        if end == "answered":
            center.ready("ann")
            center.answer(center.offer().offer)
            assert center.router.queue_figures("q").talking == 1
            center.leave(contact)
            center.release("ann")
        elif end == "abandoned":
            center.leave(contact)
        elif end == "callback":
            center.leave_for_callback(contact)
        else:
            center.tell(
                ContactServedElsewhere(center.now, "t", contact, "q", center.now - 30, center.now, "bob")
            )
        center.ready("ann")
    again = center.router.queue_figures("q")
    assert (again.offered, again.answered, again.abandoned, again.took_callback) == (0, 0, 0, 0)
    assert (again.returned, again.waiting, again.talking, again.handled) == (4, 0, 0, 1)
    whole = center.router.queue_figures(None)
    assert (whole.offered, whole.answered, whole.abandoned, whole.returned) == (4, 4, 0, 4)
    assert center.router.agent_figures("ann").answered == 5  # type: ignore[union-attr]


def test_who_waits_once_more_and_changes_the_queue_or_is_sent_away_counts_no_second_time() -> None:
    queues = [
        QueuePolicy("q"),
        QueuePolicy("p", overflow=(OverflowRule(Limit.SIZE, Diversion.MESSAGE, 0, "full"),)),
        QueuePolicy("r"),
    ]
    center = Center(policy(queues, {"ann": {}}))
    center.queue("sent away", "p", queued_at=center.now - 30, returned=True)
    center.queue("moved", "q", queued_at=center.now - 30, returned=True)
    center.alter("moved", queue="r")
    assert center.router.queue_figures("r").waiting == 1
    assert center.router.queue_figures("q").waiting == 0
    for queue, returned in (("p", 1), ("q", 1), ("r", 0), (None, 2)):
        figures = center.router.queue_figures(queue)
        assert (figures.offered, figures.moved_away, figures.diverted) == (0, 0, 0)
        assert figures.returned == returned


def test_who_waits_once_more_is_not_counted_after_a_restart_either() -> None:
    center = Center(RULES)
    center.queue("c1", queued_at=center.now - 30, returned=True)
    taken_over = Center(RULES)
    taken_over.router.restore_figures(center.router.figures_snapshot())
    taken_over.queue("c1", queued_at=taken_over.now - 30, returned=True)
    taken_over.leave("c1")
    figures = taken_over.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.waiting) == (0, 0, 0)


def test_who_waited_out_of_sight_comes_back_as_the_one_counted() -> None:
    center = Center(RULES)
    center.queue("c1")
    center.leave_for_elsewhere("c1")
    center.queue("c1", returned=True)
    center.leave("c1")
    figures = center.router.queue_figures("q")
    assert (figures.offered, figures.abandoned, figures.returned) == (1, 1, 0)


def test_the_steps_of_who_waits_once_more_begin_anew() -> None:
    steps = (RoutingStep(Has("x"), 10),)
    center = Center(policy([QueuePolicy("q", steps=steps)], {"ann": {}, "expert": {"x": 5}}))
    center.ready("ann")
    center.log_in("expert")
    center.queue("c1", queued_at=center.now - 60, returned=True)
    assert not center.heard(MakeOffer)
    center.wait(10)
    assert center.offer().agent == "ann"


def test_work_up_to_the_end_of_an_interval_is_not_in_the_next() -> None:
    center = Center(policy(interval_s=900.0))
    assert START % 900 == 0
    center.ready("ann")
    center.wait(900)
    center.not_ready("ann")
    assert [each.begins for each in center.router.agent_intervals("ann")] == [START]


def test_what_happens_at_midnight_counts_for_the_new_day() -> None:
    center = Center(RULES)
    center.router.reset_figures(center.now)
    center.queue("c1")
    assert center.router.queue_figures("q").offered == 1


def test_callbacks_are_among_the_longest_waiting_and_no_more_are_told_than_asked_for() -> None:
    center = Center(RULES)
    for number in range(3):
        center.queue(f"c{number}")
        center.now += 1
        center.request_callback(f"k{number}")
        center.now += 1
    assert center.router._floor.figures.oldest(3) == ["c0", "k0", "c1"]
