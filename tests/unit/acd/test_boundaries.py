"""Thresholds at their very value, settings below one second, and rules in an unusual order."""

from __future__ import annotations

from math import sqrt

import pytest

from acd.effects import ContactDiverted, MakeOffer
from acd.estimate import GAPS_KEPT, Estimate, Pace, worth_announcing
from acd.hours import next_change
from acd.model import (
    AgentState,
    AnyOf,
    Calendar,
    Diversion,
    Has,
    Limit,
    NoneOf,
    OfferOutcome,
    OpeningHours,
    OverflowRule,
    QueuePolicy,
    RoutingStep,
)
from acd.policy import InvalidPolicy, problems
from acd.refusals import InvalidTransition, UnknownEntity
from acd.requirement import described, need_of
from acd.router import Router
from tests.unit.acd.floorplan import START, Center, policy
from tests.unit.acd.test_router_choice import extend, wrapping_up

EVERY_DAY = tuple(range(7))


def served_in_turn(center: Center, *, callers: int, answers: int) -> None:
    """Callers c0, c1 and so on wait; ann answers so many of them, ten seconds after one another."""
    for number in range(callers):
        center.queue(f"c{number}")
    center.ready("ann")
    for _ in range(answers):
        center.answer(center.offer().offer)
        center.wait(10)
        center.release("ann")


def diverted(center: Center) -> list[tuple[str, Limit]]:
    return [(each.contact, each.limit) for each in center.heard(ContactDiverted)]


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


@pytest.mark.parametrize("offset_s", [-36_000.0, 0.0, 28_800.0])
def test_the_next_change_is_found_whatever_the_offset_and_the_hour(offset_s: float) -> None:
    calendar = Calendar((OpeningHours(EVERY_DAY, 3600.0, 7200.0),), utc_offset_s=offset_s)
    midnight = 20_000 * 86_400.0 - offset_s
    for hour in range(24):
        at = midnight + hour * 3600.0 + 1.0
        expected = 3600.0 if hour < 1 else 7200.0 if hour < 2 else 90_000.0
        assert next_change(calendar, at) == midnight + expected


def test_a_limit_reached_exactly_is_not_exceeded() -> None:
    rules = (OverflowRule(Limit.EXPECTED_WAIT, Diversion.BUSY, 30.0),)
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0, overflow=rules)], {"ann": {}}))
    served_in_turn(center, callers=8, answers=6)
    center.queue("exactly")
    assert not diverted(center)
    center.queue("more than that")
    assert diverted(center) == [("more than that", Limit.EXPECTED_WAIT)]


def test_limits_look_at_their_own_queue_alone() -> None:
    full = (OverflowRule(Limit.SIZE, Diversion.BUSY, 1.0),)
    center = Center(policy([QueuePolicy("q", overflow=full), QueuePolicy("p")]))
    center.queue("c1", "p")
    center.queue("c2", "p")
    center.queue("c3")
    assert not diverted(center)
    center.queue("c4")
    assert diverted(center) == [("c4", Limit.SIZE)]


def test_of_several_limits_of_time_each_is_followed_in_its_time_whatever_their_order() -> None:
    rules = (
        OverflowRule(Limit.SIZE, Diversion.BUSY, 99.0),
        OverflowRule(Limit.WAITED, Diversion.MESSAGE, 60.0, "sorry"),
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 20.0),
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 40.0),
    )
    center = Center(policy([QueuePolicy("q", overflow=rules)]))
    center.log_in("ann")
    center.queue("c1")
    begin = center.now
    for due in (20.0, 40.0, 60.0):
        assert center.router.next_deadline() == begin + due
        center.wait(20)
        assert diverted(center) == [("c1", Limit.WAITED)]
    assert center.router.contact("c1") is None


def test_that_nobody_is_logged_in_is_looked_for_also_behind_a_limit_of_time() -> None:
    rules = (
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 10.0),
        OverflowRule(Limit.WAITED, Diversion.CALLBACK, 50.0),
        OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.BUSY),
    )
    center = Center(policy([QueuePolicy("q", overflow=rules)]))
    center.log_in("ann")
    center.queue("c1")
    center.wait(10)
    assert center.router.next_deadline() == center.now + 40, "somebody is logged in"
    center.log_out("ann")
    center.wait(0)
    assert diverted(center) == [("c1", Limit.NOBODY_LOGGED_IN)]


def test_while_a_step_can_still_be_served_somebody_is_logged_in() -> None:
    rules = (OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.BUSY),)
    step = RoutingStep(Has("law"), 30.0, beyond_queue=True)
    center = Center(
        policy([QueuePolicy("q", {"tax": 1}, overflow=rules, steps=(step,))], {"ann": {"law": 1}})
    )
    center.log_in("ann")
    center.queue("c1")
    center.wait(29)
    assert not diverted(center)
    center.wait(1)
    assert diverted(center) == [("c1", Limit.NOBODY_LOGGED_IN)]


@pytest.mark.parametrize(("keep_place_s", "kept"), [(0.0, False), (0.5, True)])
def test_a_place_is_kept_for_any_time_above_none(keep_place_s: float, kept: bool) -> None:
    center = Center(policy(keep_place_s=keep_place_s))
    center.queue("c1", caller="them")
    center.leave("c1", cut_off=True)
    assert bool(center.router.snapshot()["kept_places"]) is kept


def test_a_wrap_up_below_a_second_is_one() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.5)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    assert center.agent("ann").until == center.now + 0.5


def test_a_wrap_up_can_be_extended_by_less_than_a_second_and_not_by_less_than_nothing() -> None:
    center = wrapping_up(None)
    end = center.agent("ann").until
    assert end is not None
    extend(center, 0.5)
    assert center.agent("ann").until == end + 0.5
    extend(center, -3)
    assert center.agent("ann").until == end + 0.5


def test_who_is_occupied_exactly_as_much_as_allowed_does_not_rest() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.5))
    center.ready("ann")
    center.wait(10)
    center.connect("c1", "ann")
    center.wait(10)
    center.release("ann")
    assert center.agent("ann").reason is None


def test_a_restored_wrap_up_goes_on_and_restored_agents_keep_their_idle_rank() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.restore_agent("ann", AgentState.WRAP_UP, until=center.now + 5)
    center.wait(4.9)
    assert center.agent("ann").state is AgentState.WRAP_UP
    center.now += 100
    center.restore_agent("bob", AgentState.READY)
    center.now -= 50
    center.restore_agent("cyd", AgentState.READY)
    center.queue("c1")
    assert center.offer().agent == "cyd", "ready since 50 s earlier"


def test_a_call_that_a_restored_agent_was_on_costs_the_idle_rank() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.restore_agent("ann", AgentState.BUSY)
    center.ready("bob")
    center.wait(5)
    center.release("ann")
    center.queue("c1")
    assert center.offer().agent == "bob"


def test_a_router_that_starts_with_a_restored_agent_not_at_work_keeps_their_rank() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.restore_agent("ann", AgentState.READY)
    center.ready("bob")
    center.engage("ann")
    center.wait(5)
    center.release("ann")
    center.queue("c1")
    assert center.offer().agent == "bob", "a call of their own was work"


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"calendar": Calendar((OpeningHours((0,), 60, 60),))}, "open from 60 to 60"),
        ({"calendar": Calendar((OpeningHours((0,), 0, 50), OpeningHours((0,), 50, 60)))}, None),
        ({"steps": (RoutingStep(NoneOf((Has("law"),)), 5),)}, "step 1: there is no skill law"),
        ({"requirement": Has("tax", 1, 5)}, None),
        ({"offer_backoff_s": 0.0, "wrap_up_s": 0.0, "required_skills": {"tax": 5}}, None),
        ({"max_offers_per_agent": 1}, None),
    ],
)
def test_settings_at_the_edge_of_what_is_right(terms: dict[str, object], problem: str | None) -> None:
    found = problems(policy([QueuePolicy("q", **terms)], skills=("tax",)))  # type: ignore[arg-type]
    assert found == () if problem is None else problem in found[0]


def test_a_refused_policy_says_all_that_is_wrong_in_one_line() -> None:
    wrong = policy([QueuePolicy("q", weight=0, timely_s=-1)])
    with pytest.raises(InvalidPolicy) as refused:
        Router(wrong)
    assert str(refused.value) == "; ".join(problems(wrong))


def test_alternatives_hold_at_their_bounds_and_are_told_in_words() -> None:
    either = AnyOf((Has("tax", 2, 4), Has("law", 3)))
    need = need_of(QueuePolicy("q"), either)
    center = Center(policy(agents={f"a{level}": {"tax": level} for level in range(1, 6)}))
    accepted = [name for name, terms in center.router._floor.policy.agents.items() if need.accepts(terms)]
    assert accepted == ["a2", "a3", "a4"]
    assert described(NoneOf((Has("tax"), Has("law", 2)))) == (
        "none of (skill tax of 1 or more; skill law of 2 or more)"
    )


def test_an_error_names_what_is_unknown_and_an_entity_without_a_story() -> None:
    unknown = UnknownEntity("queue", "x")
    assert (unknown.kind, unknown.name) == ("queue", "x")
    assert str(InvalidTransition("agent ann", "ready", "log_in", ())).endswith("(before: nothing)")


def test_a_caller_who_comes_back_at_the_very_end_of_the_time_has_lost_the_place() -> None:
    center = Center(policy(keep_place_s=60.0))
    center.now = START
    center.queue("c1", caller="them")
    center.leave("c1", cut_off=True)
    center.wait(60)
    center.queue("between", queued_at=center.now - 1)
    center.queue("again", caller="them")
    center.ready("ann")
    assert [offer.contact for offer in center.heard(MakeOffer)] == ["between"]


def test_nothing_is_estimated_where_nobody_was_ever_answered() -> None:
    center = Center(policy())
    center.queue("c1")
    assert center.router.estimate("c1") is None


def test_a_better_position_alone_is_not_worth_announcing() -> None:
    said = Estimate(5, 50.0, 5.0)
    assert not worth_announcing(said, Estimate(4, 50.0, 5.0))


def test_agents_of_a_queue_are_counted_each() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}, "cyd": {}}))
    center.ready("ann", "bob")
    counts = center.router.agents_of("q")
    assert (counts[AgentState.READY], counts[AgentState.LOGGED_OUT]) == (2, 1)


def test_a_change_later_today_is_found_west_of_greenwich_too() -> None:
    calendar = Calendar((OpeningHours(EVERY_DAY, 72_000.0, 75_600.0),), utc_offset_s=-36_000.0)
    midnight = 20_000 * 86_400.0 + 36_000.0
    assert next_change(calendar, midnight + 36_000.0) == midnight + 72_000.0


def test_a_removed_queue_that_has_drained_does_not_watch_its_hours_any_more() -> None:
    hours = Calendar((OpeningHours(EVERY_DAY, 0.0, 40_000.0),))
    center = Center(policy([QueuePolicy("old", calendar=hours), QueuePolicy("q")]))
    center.queue("c1", "old")
    center.apply(policy([QueuePolicy("q")]))
    center.leave("c1")
    assert center.router.next_deadline() is None


@pytest.mark.parametrize("most", [1, 2, 3])
def test_one_contact_is_offered_to_one_agent_exactly_as_often_as_allowed(most: int) -> None:
    center = Center(policy([QueuePolicy("q", max_offers_per_agent=most)]))
    center.queue("c1")
    for _ in range(most):
        center.ready("ann")
        center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.ready("ann")
    assert not center.heard(MakeOffer)


def test_a_callback_that_came_after_the_last_answer_says_nothing_about_the_pace() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0.0)], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(10)
    center.ready("bob")
    center.request_callback("k1", queued_at=center.now - 100)
    center.answer(center.offer().offer)
    assert center.router.snapshot()["paces"]["q"]["gaps"] == []


def test_a_wrap_up_that_ran_out_while_a_lost_caller_was_on_the_phone_was_work_to_its_end() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("lost")
    late = center.offer().offer
    center.wait(23)
    center.leave("lost")
    center.ready("ann")
    center.connect("c1", "ann")
    center.release("ann")
    center.answer(late)
    center.wait(5)
    center.ready("bob")
    center.wait(10)
    center.release("ann")
    center.queue("c2")
    assert center.offer().agent == "bob"


def test_a_story_names_seats_rests_and_other_queues_as_they_came() -> None:
    overflow = (OverflowRule(Limit.SIZE, Diversion.QUEUE, 0, "spill"),)
    center = Center(policy([QueuePolicy("q", wrap_up_s=0, overflow=overflow), QueuePolicy("spill")]))
    center.ready("ann")
    center.move("ann", "window")
    with pytest.raises(InvalidTransition, match="moved -> ready"):
        extend(center, 5)
    center.not_ready("ann")
    center.queue("c1")
    story = center.router.snapshot()["contacts"][0]["history"]
    assert [trigger for _, trigger, _ in story] == ["queued", "altered"]
    tired = Center(policy([QueuePolicy("q", wrap_up_s=0)], max_occupancy=0.5, max_rest_s=5))
    tired.ready("ann")
    tired.connect("c1", "ann")
    tired.wait(30)
    tired.release("ann")
    tired.wait(5)
    with pytest.raises(InvalidTransition, match="rested -> ready"):
        extend(tired, 5)


def test_who_was_at_lunch_as_a_late_answer_came_is_at_lunch_again_and_an_own_call_excuses_nothing() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    late = center.offer().offer
    center.wait(23)
    center.not_ready("ann", "lunch")
    center.answer(late)
    center.release("ann")
    center.wait(10)
    assert (center.agent("ann").state, center.agent("ann").reason) == (AgentState.NOT_READY, "lunch")
    other = Center(policy())
    other.ready("ann")
    other.queue("c1")
    other.end(other.offer().offer, OfferOutcome.NO_ANSWER)
    other.engage("ann")
    other.release("ann")
    assert (other.agent("ann").state, other.agent("ann").reason) == (AgentState.NOT_READY, "rona")


def test_the_expected_wait_counts_those_of_its_own_queue_alone() -> None:
    rules = (OverflowRule(Limit.EXPECTED_WAIT, Diversion.BUSY, 30.0),)
    center = Center(
        policy([QueuePolicy("q", wrap_up_s=0.0, overflow=rules), QueuePolicy("p", {"law": 1})], {"ann": {}})
    )
    center.queue("other", "p")
    served_in_turn(center, callers=8, answers=6)
    center.queue("exactly")
    assert not diverted(center)


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
