"""Scores across queues, the criteria between agents, and back-off."""

from __future__ import annotations

import pytest

from acd.effects import Candidate, Decided, MakeOffer
from acd.model import AgentPolicy, AnyOf, Criterion, Has, OfferOutcome, OneOf, QueuePolicy, RoutingStep
from tests.unit.acd.floorplan import Center, policy


def test_priority_is_worth_so_many_seconds_and_no_more() -> None:
    center = Center(policy(priority_worth_s=30.0))
    center.queue("old")
    center.wait(29)
    center.queue("urgent", priority=1)
    center.ready("ann")
    assert center.offer().contact == "urgent"
    other = Center(policy(priority_worth_s=30.0))
    other.queue("old")
    other.wait(31)
    other.queue("urgent", priority=1)
    other.ready("ann")
    assert other.offer().contact == "old"


def test_priority_is_worth_as_much_across_queues() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("p")], priority_worth_s=30.0))
    center.queue("old", "q")
    center.wait(29)
    center.queue("urgent", "p", priority=1)
    center.ready("ann")
    assert center.offer().contact == "urgent"


def test_of_equal_scores_the_earlier_start_counts_and_then_the_longer_wait() -> None:
    queues = [QueuePolicy("q"), QueuePolicy("p"), QueuePolicy("heavy", weight=2)]
    center = Center(policy(queues, priority_worth_s=10.0))
    center.queue("a", "heavy", queued_at=center.now - 10)
    center.queue("b", "q", priority=1, queued_at=center.now - 10)
    center.ready("ann")
    assert center.offer().contact == "b", "20 points each; 20 s with the priority against 10 s"
    other = Center(policy(queues, priority_worth_s=10.0))
    other.queue("a", "q", priority=1)
    other.queue("b", "p", queued_at=other.now - 10)
    other.ready("ann")
    assert other.offer().contact == "b", "10 points each, but it has waited"


def test_in_a_queue_of_more_weight_waiting_counts_more() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("heavy", weight=3)]))
    center.queue("old", "q")
    center.wait(20)
    center.queue("new", "heavy")
    center.wait(9)
    center.ready("ann")
    assert center.offer().contact == "old", "29 points against 27"
    center.answer(center.offer().offer)
    center.queue("older", "q", queued_at=center.now - 28)
    center.wait(1)
    center.release("ann")
    center.ready("ann")
    assert center.offer().contact == "new", "29 points against 30"
    assert center.heard(Decided)[0].score == 30


def test_an_agent_with_a_penalty_in_a_queue_serves_it_later_and_is_asked_last() -> None:
    agents = {"ann": AgentPolicy("ann", {}, {"p": 0.0, "q": 60.0}), "bob": AgentPolicy("bob", {}, {"q": 0.0})}
    center = Center(policy([QueuePolicy("p"), QueuePolicy("q")], agents))
    center.ready("ann")
    center.wait(10)
    center.ready("bob")
    center.queue("c1", "q")
    assert center.offer().agent == "bob"
    decided = center.heard(Decided)[0]
    assert decided.criterion == "penalty"
    assert decided.candidates[1] == Candidate("ann", "penalty of 60 s in this queue")
    center.engage("ann")
    center.queue("c2", "q")
    center.wait(59)
    center.queue("c3", "p")
    center.release("ann")
    assert center.offer().contact == "c3"


def test_whom_a_step_asks_for_from_beyond_the_queue_has_no_penalty_there() -> None:
    center = Center(policy([QueuePolicy("p"), QueuePolicy("q")], {"ann": AgentPolicy("ann", {}, {"p": 0.0})}))
    center.log_in("ann")
    center.queue("first", "q", steps=(RoutingStep(OneOf(("ann",)), 60, beyond_queue=True),))
    center.wait(0.5)
    center.queue("second", "p")
    center.ready("ann")
    assert center.offer().contact == "first"


def chosen(center: Center) -> tuple[str, str, str | None]:
    decided = center.heard(Decided)[0]
    return decided.agent, decided.criterion, decided.candidates[1].against


def test_by_proficiency_the_best_in_what_the_contact_needs_is_chosen() -> None:
    queue = QueuePolicy("q", {"tax": 1}, criteria=(Criterion.PROFICIENCY,))
    center = Center(policy([queue], {"ann": {"tax": 2, "law": 5}, "bob": {"tax": 4}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    assert chosen(center) == ("bob", "proficiency", "proficiency 2 against 4")


def test_by_proficiency_a_skill_that_an_agent_lacks_counts_nothing() -> None:
    either = AnyOf((Has("tax"), Has("law")))
    queue = QueuePolicy("q", requirement=either, criteria=(Criterion.PROFICIENCY,))
    center = Center(policy([queue], {"ann": {"tax": 2}, "bob": {"tax": 2, "law": 1}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    assert chosen(center) == ("bob", "proficiency", "proficiency 2 against 3")


def test_by_scarcity_generalists_are_kept_for_those_who_need_them() -> None:
    queue = QueuePolicy("q", {"tax": 1}, criteria=(Criterion.FEWEST_SCARCE,))
    center = Center(policy([queue], {"ann": {"tax": 5, "korean": 5}, "bob": {"tax": 1}, "cyd": {"tax": 1}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    assert chosen(center) == ("bob", "fewest_scarce", "has scarcer skills (1.333 against 0.333)")


def test_by_preference_the_agent_whom_the_contact_names_is_chosen_even_after_that_step() -> None:
    queue = QueuePolicy("q", criteria=(Criterion.PREFERRED,))
    center = Center(policy([queue], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1", steps=(RoutingStep(OneOf(("bob",)), 5),), queued_at=center.now - 6)
    assert chosen(center) == ("bob", "preferred", "not preferred by this contact")


def test_by_occupancy_the_one_who_worked_least_today_is_chosen() -> None:
    queue = QueuePolicy("q", criteria=(Criterion.LEAST_OCCUPIED,), wrap_up_s=0)
    center = Center(policy([queue], {"ann": {}, "bob": {}}))
    center.ready("ann", "bob")
    center.connect("c1", "ann")
    center.wait(30)
    center.release("ann")
    center.wait(10)
    center.queue("c2")
    assert chosen(center) == ("bob", "least_occupied", "occupied 100% against 0%")


def test_criteria_are_asked_in_their_order_and_equals_are_told_apart_by_idle_time() -> None:
    queue = QueuePolicy("q", {"tax": 1}, criteria=(Criterion.PROFICIENCY, Criterion.PREFERRED))
    center = Center(policy([queue], {"ann": {"tax": 4}, "bob": {"tax": 4}, "cyd": {"tax": 3}}))
    center.ready("cyd")
    center.wait(1)
    center.ready("bob")
    center.wait(1)
    center.ready("ann")
    center.queue("c1")
    assert chosen(center)[:2] == ("bob", "longest_idle")


def test_an_agent_who_did_not_take_a_contact_is_not_asked_again_for_a_while() -> None:
    center = Center(policy([QueuePolicy("q", offer_backoff_s=30)]))
    center.ready("ann")
    center.queue("c1")
    center.wait(1)
    center.queue("c2")
    offers = [effect for effect in center.all_said if isinstance(effect, MakeOffer)]
    center.end(offers[0].offer, OfferOutcome.REJECTED)
    center.ready("ann")
    assert center.offer().contact == "c2"
    assert center.heard(Decided)[0].passed_over == ("c1 in q: did not take this contact before",)
    center.answer(center.offer().offer)
    center.release("ann")
    center.ready("ann")
    assert not center.heard(MakeOffer)
    center.wait(30)
    assert center.offer().contact == "c1"


def test_one_contact_is_offered_to_the_same_agent_only_so_often() -> None:
    center = Center(policy([QueuePolicy("q", max_offers_per_agent=2)], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1")
    for _ in range(2):
        center.end(center.offer().offer, OfferOutcome.REJECTED)
        center.ready("ann")
    assert not center.heard(MakeOffer)
    center.wait(600)
    assert not center.heard(MakeOffer)
    center.ready("bob")
    assert center.offer().agent == "bob"


def test_auto_answer_is_the_queues_matter() -> None:
    center = Center(policy([QueuePolicy("q", auto_answer=True)]))
    center.ready("ann")
    center.queue("c1")
    assert center.offer().auto_answer


def test_a_step_beyond_the_queue_ranks_by_the_skills_it_names() -> None:
    queue = QueuePolicy("q", {"tax": 1}, criteria=(Criterion.PROFICIENCY,))
    center = Center(policy([queue], {"ann": {"tax": 5, "law": 1}, "bob": {"law": 3}}))
    center.ready("ann", "bob")
    center.queue("c1", steps=(RoutingStep(Has("law"), 9, beyond_queue=True),))
    assert chosen(center)[0] == "bob"


def test_the_criterion_told_is_the_one_that_set_the_closest_rival_apart() -> None:
    queue = QueuePolicy("q", criteria=(Criterion.PREFERRED,))
    agents = {
        "ann": AgentPolicy("ann", {}, {"q": 9.0}),
        **{name: AgentPolicy(name, {}, {"q": 0.0}) for name in ("bob", "cyd", "dan", "eve")},
    }
    named = (RoutingStep(OneOf(("cyd", "dan", "eve")), 1),)
    told = {}
    for staff in (("ann", "cyd"), ("ann", "bob", "cyd"), ("ann", "bob", "cyd", "dan"), ("cyd", "dan", "eve")):
        center = Center(policy([queue], agents))
        for agent in staff:
            center.ready(agent)
            center.wait(1 if agent != "dan" else 0)
        center.queue("c1", steps=named, queued_at=center.now - 2)
        decided = center.heard(Decided)[0]
        told[staff] = decided.agent, decided.criterion
    assert list(told.values()) == [
        ("cyd", "penalty"),
        ("cyd", "preferred"),
        ("cyd", "longest_idle"),
        ("cyd", "longest_idle"),
    ]
    equals = Center(policy([queue], agents))
    equals.ready("cyd")
    equals.wait(1)
    equals.ready("dan", "bob")
    equals.not_ready("cyd")
    equals.ready("cyd")
    equals.ready("eve")
    equals.queue("c1", steps=named, queued_at=equals.now - 2)
    decided = equals.heard(Decided)[0]
    assert (decided.agent, decided.criterion) == ("cyd", "agent_id"), "bob lost by preference, the rest by id"


def test_an_equal_penalty_sets_nobody_apart_and_idle_time_does_beyond_the_criteria() -> None:
    queue = QueuePolicy("q", criteria=(Criterion.PREFERRED,))
    agents = {name: AgentPolicy(name, {}, {"q": 20.0}) for name in ("ann", "bob")}
    center = Center(policy([queue], agents))
    center.ready("ann")
    center.wait(3)
    center.ready("bob")
    center.queue("c1")
    assert chosen(center) == ("ann", "longest_idle", "idle 3.0 s less")


def test_longest_idle_before_another_criterion_comes_before_it() -> None:
    queue = QueuePolicy("q", {"tax": 1}, criteria=(Criterion.LONGEST_IDLE, Criterion.PROFICIENCY))
    center = Center(policy([queue], {"ann": {"tax": 1}, "bob": {"tax": 5}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    assert chosen(center)[:2] == ("ann", "longest_idle")


def test_a_skill_that_only_somebody_who_leaves_has_is_not_scarce_as_nobody_else_is_planned_with_it() -> None:
    queue = QueuePolicy("q", criteria=(Criterion.FEWEST_SCARCE,))
    center = Center(policy([queue], {"ann": {"korean": 1}, "bob": {"tax": 1}, "cyd": {"tax": 1}}))
    center.ready("bob", "ann")
    center.apply(policy([queue], {"bob": {"tax": 1}, "cyd": {"tax": 1}}))
    center.queue("c1")
    assert chosen(center)[:2] == ("ann", "fewest_scarce")


def test_a_contact_that_is_altered_is_not_offered_sooner_to_who_did_not_take_it() -> None:
    center = Center(policy([QueuePolicy("q", offer_backoff_s=30)]))
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.ready("ann")
    center.alter("c1", priority=3)
    assert not center.heard(MakeOffer)


def test_occupancy_is_the_share_of_all_working_time() -> None:
    queue = QueuePolicy("q", criteria=(Criterion.LEAST_OCCUPIED,), wrap_up_s=0)
    center = Center(policy([queue], {"ann": {}, "bob": {}}))
    center.ready("ann", "bob")
    center.wait(20)
    center.connect("c1", "ann")
    center.wait(20)
    center.engage("bob")
    center.wait(60)
    center.release("ann")
    center.release("bob")
    center.queue("c2")
    assert chosen(center) == ("bob", "least_occupied", "occupied 80% against 60%")


@pytest.mark.parametrize("most", [1, 2, 3])
def test_one_contact_is_offered_to_one_agent_exactly_as_often_as_allowed(most: int) -> None:
    center = Center(policy([QueuePolicy("q", max_offers_per_agent=most)]))
    center.queue("c1")
    for _ in range(most):
        center.ready("ann")
        center.end(center.offer().offer, OfferOutcome.REJECTED)
    center.ready("ann")
    assert not center.heard(MakeOffer)
