"""Today's and the present figures of queues, skills and agents."""

from __future__ import annotations

from dataclasses import fields

from acd.model import AttemptOutcome, Diversion, Limit, OfferOutcome, OverflowRule, QueuePolicy
from acd.tallies import Tally
from tests.unit.acd.counting import RULES, SKILLED
from tests.unit.acd.floorplan import Center, policy


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


def test_figures_say_whose_they_are_and_intervals_how_long() -> None:
    center = Center(policy([QueuePolicy("q", {"tax": 1})], {"ann": {"tax": 1}}, interval_s=60.0))
    center.ready("ann")
    center.wait(61)
    center.queue("c1")
    assert (center.router.queue_figures("q").queue, center.router.skill_figures("tax").skill) == ("q", "tax")
    assert [round(each.ends - each.begins) for each in center.router.agent_intervals("ann")] == [60, 60]
    assert center.router.skill_figures("tax").queue is None


def test_sums_of_figures_are_sums_of_each_and_the_longest_of_the_longest() -> None:
    names = [field.name for field in fields(Tally) if field.name != "longest_waited_s"]
    one = Tally(**{name: 3 + place for place, name in enumerate(names)}, longest_waited_s=4.0)
    two = Tally(**{name: 50 + place for place, name in enumerate(names)}, longest_waited_s=9.0)
    whole = Tally()
    for part in (one, two, Tally(longest_waited_s=7.0)):
        whole.add(part)
    assert [getattr(whole, name) for name in names] == [53 + 2 * place for place in range(len(names))]
    assert whole.longest_waited_s == 9.0


def test_a_skill_sums_who_waits_and_talks_in_all_its_queues() -> None:
    rules = policy(
        [QueuePolicy("p", {"tax": 1}), QueuePolicy("q", {"tax": 1})],
        {"ann": {"tax": 1}, "bob": {"tax": 1}},
    )
    center = Center(rules)
    none = center.router.skill_figures("tax")
    assert (none.waiting, none.longest_waiting_since) == (0, None)
    center.ready("ann", "bob")
    for queue in ("p", "q"):
        center.queue(f"talks in {queue}", queue)
        center.answer(center.offer().offer)
    for queue in ("p", "q"):
        center.request_callback(f"callback in {queue}", queue)
        center.queue(f"waits in {queue}", queue)
    tax = center.router.skill_figures("tax")
    assert (tax.talking, tax.waiting, tax.callbacks_waiting) == (2, 2, 2)


def test_waits_below_a_second_are_counted_as_they_were() -> None:
    center = Center(policy())
    center.queue("c1")
    center.wait(0.5)
    assert center.router.queue_figures("q").longest_wait_s(center.now) == 0.5
    center.leave("c1")
    assert center.router.queue_figures("q").longest_waited_s == 0.5
    center.queue("c2")
    center.wait(0.25)
    center.ready("ann")
    center.answer(center.offer().offer)
    assert center.router.queue_figures(None).longest_waited_s == 0.5
