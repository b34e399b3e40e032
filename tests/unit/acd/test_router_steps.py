"""Requirements that relax while a contact waits, and contacts that are changed while they wait."""

from __future__ import annotations

import json

import pytest

from acd.effects import ContactChanged, Decided, MakeOffer
from acd.model import ContactState, Has, OfferOutcome, OneOf, QueuePolicy, RoutingStep
from acd.refusals import UnknownEntity
from acd.router import Router
from tests.unit.acd.floorplan import Center, policy

EXPERT = RoutingStep(Has("tax", 4), 20)
GOOD = RoutingStep(Has("tax", 2), 30)
AGENTS = {"ann": {"tax": 1}, "bob": {"tax": 3}, "cyd": {"tax": 5}}


def center_with(*steps: RoutingStep) -> Center:
    return Center(policy([QueuePolicy("q", steps=steps)], AGENTS))


def offered_to(center: Center) -> list[str]:
    return [offer.agent for offer in center.heard(MakeOffer)]


def test_a_step_holds_for_its_time_and_then_gives_way_to_the_next_and_at_last_to_anyone() -> None:
    center = center_with(EXPERT, GOOD)
    for agent in AGENTS:
        center.log_in(agent)
    center.ready("ann", "bob")
    center.queue("c1")
    center.wait(19.9)
    assert not offered_to(center)
    center.wait(0.1)
    assert offered_to(center) == ["bob"]
    assert center.heard(Decided)[0].step == "skill tax of 2 or more"
    center.end(center.offer().offer)
    center.wait(29.9)
    assert not offered_to(center)
    center.wait(0.1)
    assert offered_to(center) == ["ann"]
    assert center.heard(Decided)[0].step == "any agent of the queue"


def test_a_step_that_nobody_logged_in_can_serve_is_passed_at_once() -> None:
    center = center_with(EXPERT, GOOD)
    center.ready("ann", "bob")
    center.queue("c1")
    assert offered_to(center) == ["bob"]


def test_a_passed_step_is_taken_up_again_when_somebody_logs_in_in_its_time() -> None:
    center = center_with(EXPERT)
    center.ready("bob")
    center.engage("bob")
    center.queue("c1")
    center.wait(10)
    center.log_in("cyd")
    center.release("bob")
    assert not offered_to(center)
    center.wait(9.9)
    assert not offered_to(center)
    center.wait(0.1)
    assert offered_to(center) == ["bob"]


def test_a_passed_step_whose_time_is_over_is_not_taken_up_again() -> None:
    center = center_with(EXPERT)
    center.log_in("bob")
    center.queue("c1")
    center.wait(21)
    center.log_in("cyd")
    center.ready("bob")
    assert offered_to(center) == ["bob"]


def test_a_step_is_passed_when_the_last_who_could_serve_it_logs_out() -> None:
    center = center_with(EXPERT)
    center.log_in("cyd")
    center.ready("bob")
    center.queue("c1")
    assert not offered_to(center)
    center.log_out("cyd")
    assert offered_to(center) == ["bob"]


def test_several_for_whom_a_step_is_passed_at_once_are_offered_to_as_many_agents() -> None:
    center = center_with(EXPERT)
    center.log_in("cyd")
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c2", queued_at=center.now - 1)
    center.queue("c1", queued_at=center.now - 2)
    center.log_out("cyd")
    assert [(offer.contact, offer.agent) for offer in center.heard(MakeOffer)] == [
        ("c1", "ann"),
        ("c2", "bob"),
    ]


def test_the_time_of_a_step_begins_when_the_one_before_it_is_passed() -> None:
    center = center_with(EXPERT, GOOD)
    center.log_in("bob")
    center.ready("ann")
    center.queue("c1")
    center.wait(29.9)
    assert not offered_to(center)
    center.wait(0.1)
    assert offered_to(center) == ["ann"]


def test_preferred_agents_are_a_step_of_the_contacts_own_before_the_queues() -> None:
    center = center_with(EXPERT)
    center.ready("ann", "cyd")
    owner = RoutingStep(OneOf(("bob", "ann")), 10)
    center.queue("c1", steps=(owner,))
    assert offered_to(center) == ["ann"]
    center.log_in("bob")
    center.queue("c2", steps=(RoutingStep(OneOf(("bob",)), 10),))
    center.wait(9.9)
    assert not offered_to(center)
    center.wait(0.1)
    assert offered_to(center) == ["cyd"]


def test_the_owner_of_a_work_order_may_be_outside_the_queue() -> None:
    center = Center(policy([QueuePolicy("law", required_skills={"law": 1})], AGENTS))
    center.ready("bob")
    center.queue("c1", "law", steps=(RoutingStep(OneOf(("bob",)), 10, beyond_queue=True),))
    assert offered_to(center) == ["bob"]


def test_a_contact_taken_over_after_a_restart_is_at_the_step_that_its_wait_says() -> None:
    center = center_with(EXPERT, GOOD)
    center.log_in("cyd")
    center.ready("ann", "bob")
    center.queue("c1", queued_at=center.now - 25)
    assert offered_to(center) == ["bob"]


def test_a_step_goes_on_running_while_the_contact_is_offered() -> None:
    center = center_with(EXPERT)
    center.ready("bob", "cyd")
    center.queue("c1")
    offer = center.offer()
    assert offer.agent == "cyd"
    center.wait(20)
    center.end(offer.offer, OfferOutcome.NO_ANSWER)
    assert offered_to(center) == ["bob"]


def test_a_changed_priority_takes_effect_at_once() -> None:
    center = Center(policy())
    center.queue("c1")
    center.wait(1)
    center.queue("c2")
    center.alter("c2", priority=1)
    center.ready("ann")
    assert center.offer().contact == "c2"


def test_a_contact_moved_to_another_queue_keeps_its_wait_and_is_offered_there() -> None:
    center = Center(policy([QueuePolicy("law", required_skills={"law": 1}), QueuePolicy("q")]))
    center.ready("ann")
    center.queue("c1", "law")
    queued_at = center.now
    center.wait(5)
    center.alter("c1", queue="q")
    assert center.offer().agent == "ann"
    assert center.heard(ContactChanged)[0].queue == "q"
    assert center.contact("c1").queued_at == queued_at
    law, q, whole = (center.router.queue_figures(queue) for queue in ("law", "q", None))
    assert (law.offered, law.moved_away, law.waiting) == (1, 1, 0)
    assert (q.offered, q.waiting, whole.offered, whole.waiting) == (1, 1, 1, 1)


def test_a_changed_requirement_takes_effect_at_once() -> None:
    center = center_with()
    center.log_in("cyd")
    center.ready("ann")
    center.queue("c1", steps=(EXPERT,))
    assert not offered_to(center)
    center.alter("c1", steps=())
    assert offered_to(center) == ["ann"]


def test_a_change_while_it_rings_holds_for_what_comes_after() -> None:
    center = Center(policy([QueuePolicy("q"), QueuePolicy("p")], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.alter("c1", queue="p", priority=3)
    assert center.contact("c1").state is ContactState.OFFERED
    center.end(offer)
    center.ready("bob")
    assert center.heard(Decided)[0].queue == "p"


def test_a_contact_cannot_be_moved_to_a_queue_that_is_not_configured() -> None:
    center = Center(policy())
    center.queue("c1")
    before = center.router.snapshot()
    with pytest.raises(UnknownEntity, match="queue 'nowhere' is not in the routing policy"):
        center.alter("c1", queue="nowhere", priority=7)
    assert center.router.snapshot() == before


def test_a_contact_that_talks_or_left_is_not_changed() -> None:
    center = Center(policy())
    center.ready("ann")
    center.connect("c1", "ann")
    assert center.alter("c1", priority=5) == ()
    assert center.alter("nobody", priority=5) == ()


def test_two_steps_that_ask_for_the_same_are_passed_and_taken_up_together() -> None:
    center = center_with(EXPERT, RoutingStep(Has("tax", 4), 40))
    center.ready("bob")
    center.engage("bob")
    center.queue("c1")
    center.log_in("cyd")
    center.release("bob")
    assert not offered_to(center)
    center.leave("c1")
    assert center.router.next_deadline() is None


def test_a_step_is_kept_while_another_who_could_serve_it_is_logged_in() -> None:
    center = Center(policy([QueuePolicy("q", steps=(EXPERT,))], {**AGENTS, "dan": {"tax": 5}}))
    center.log_in("cyd")
    center.log_in("dan")
    center.ready("bob")
    center.queue("c1")
    center.queue("c2")
    center.log_out("cyd")
    assert not offered_to(center)
    center.queue("c3")
    assert not offered_to(center)
    center.log_out("dan")
    assert offered_to(center) == ["bob"]


def test_a_step_goes_on_running_over_a_restart_while_the_contact_is_offered() -> None:
    center = center_with(EXPERT, GOOD)
    center.ready("bob")
    center.queue("c1")
    offer = center.offer().offer
    center.wait(10)
    rules = policy([QueuePolicy("q", steps=(EXPERT, GOOD))], AGENTS)
    center.router = Router.restore(rules, json.loads(json.dumps(center.router.snapshot())))
    center.end(offer)
    center.ready("ann")
    center.wait(19.9)
    assert not offered_to(center)
    center.wait(0.1)
    assert offered_to(center) == ["ann"]


def test_a_queued_contact_waits_since_it_came() -> None:
    center = Center(policy([QueuePolicy("q")]))
    center.queue("c1", queued_at=center.now - 30)
    assert center.contact("c1").since == center.now
