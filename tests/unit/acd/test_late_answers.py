"""Answers that cross the end of their offer, and those that come when it was given up."""

from __future__ import annotations

import pytest

from acd.effects import OfferClosed
from acd.model import AgentState, ContactState, OfferOutcome, QueuePolicy
from tests.unit.acd.floorplan import Center, policy


def test_an_answer_that_crosses_the_hang_up_keeps_the_agent_busy_until_the_phone_is_free() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.leave("c1")
    center.answer(offer)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.CANCELLED
    assert center.agent("ann").state is AgentState.BUSY
    center.wait(2)
    center.release("ann")
    assert center.agent("ann").state is AgentState.READY


def test_an_agent_who_answers_as_the_router_cancels_gets_the_call() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.wait(18)
    center.answer(offer)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.ACCEPTED
    assert center.contact("c1").state is ContactState.CONNECTED
    assert center.router.next_deadline() is None


def test_an_offer_whose_end_is_never_heard_of_is_given_up_as_failed() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1")
    center.wait(18)
    center.wait(5)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.FAILED
    assert center.agent("ann").reason == "phone_unreachable"
    center.ready("bob")
    assert center.offer().contact == "c1"


def given_up() -> tuple[Center, str]:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.wait(23)
    return center, offer


def test_a_late_answer_to_an_offer_given_up_connects_the_waiting_contact() -> None:
    center, offer = given_up()
    center.answer(offer)
    assert center.contact("c1").state is ContactState.CONNECTED
    assert center.contact("c1").agent == "ann"
    assert center.agent("ann").state is AgentState.BUSY
    center.leave("c1")
    center.release("ann")
    center.wait(10)
    assert center.agent("ann").state is AgentState.READY, "a phone that was answered can be reached"


def test_a_late_answer_takes_the_contact_from_the_agent_it_is_being_offered_to() -> None:
    center, offer = given_up()
    center.ready("bob")
    second = center.offer().offer
    center.answer(offer)
    assert center.cancelled() == [second]
    assert center.contact("c1").agent == "ann"
    center.end(second, OfferOutcome.CANCELLED)
    assert center.agent("bob").state is AgentState.READY
    assert center.contact("c1").state is ContactState.CONNECTED


def test_a_late_answer_for_a_contact_that_talks_already_keeps_the_agent_busy_alone() -> None:
    center, offer = given_up()
    center.ready("bob")
    center.answer(center.offer().offer)
    center.answer(offer)
    assert center.contact("c1").agent == "bob"
    assert center.agent("ann").state is AgentState.BUSY
    assert center.agent("ann").contact is None


def test_a_late_answer_for_nobody_leaves_an_agent_who_talks_with_another_contact_with_that_contact() -> None:
    center, offer = given_up()
    center.leave("c1")
    center.ready("ann")
    center.connect("c2", "ann")
    center.answer(offer)
    assert (center.agent("ann").state, center.agent("ann").contact) == (AgentState.BUSY, "c2")
    center.wait(5)
    center.release("ann")
    assert center.agent("ann").contact == "c2"
    center.wait(10)
    assert center.router.queue_figures("q").handling_time_s == 15


def test_a_late_answer_of_an_agent_with_a_new_offer_withdraws_that_and_leaves_time_to_wrap_up() -> None:
    center, offer = given_up()
    center.ready("bob")
    center.answer(center.offer().offer)
    center.leave("c1")
    center.queue("c2")
    center.ready("ann")
    second = center.offer().offer
    center.queue("c1")
    center.answer(offer)
    assert center.cancelled() == [second]
    assert center.contact("c1").agent == "ann"
    assert center.contact("c2").state is ContactState.OFFERED
    center.release("ann")
    assert center.agent("ann").state is AgentState.RESERVED, "the other offer has not ended"
    center.end(second, OfferOutcome.BUSY)
    assert center.agent("ann").state is AgentState.WRAP_UP
    assert center.contact("c2").state is ContactState.WAITING


def test_a_late_answer_of_someone_who_went_home_connects_the_contact_all_the_same() -> None:
    center, offer = given_up()
    center.log_out("ann")
    center.answer(offer)
    assert center.contact("c1").state is ContactState.CONNECTED
    assert center.agent("ann").state is AgentState.LOGGED_OUT


def test_the_late_end_of_an_offer_given_up_changes_nothing() -> None:
    center, offer = given_up()
    assert center.end(offer) == ()
    assert center.contact("c1").state is ContactState.WAITING


def test_an_offer_given_up_is_forgotten_after_a_minute() -> None:
    center, offer = given_up()
    center.wait(60)
    assert center.router.next_deadline() is None
    assert center.answer(offer) == ()


def test_who_talks_with_another_than_the_one_it_rang_for_may_hang_up() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.restore_contact("c1", "bob")
    assert center.cancelled() == [offer]
    center.leave("c1")
    assert center.cancelled() == []
    assert center.router.contact("c1") is None


@pytest.mark.parametrize("wrapped_up", [False, True])
def test_who_answers_when_the_caller_has_hung_up_keeps_the_idle_rank(wrapped_up: bool) -> None:
    """Also one who ended a wrap-up to be ready."""
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    if wrapped_up:
        center.connect("c0", "ann")
        center.release("ann")
        assert center.agent("ann").state is AgentState.WRAP_UP
        center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    offer = center.offer()
    assert offer.agent == "ann"
    center.leave("c1")
    center.answer(offer.offer)
    center.wait(1)
    center.release("ann")
    center.queue("c2")
    assert center.offer().agent == "ann"


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


def test_a_late_answer_for_nobody_leaves_an_agent_who_worked_before_as_long_idle_as_they_were() -> None:
    center = Center(policy([QueuePolicy("q", wrap_up_s=0)]))
    center.ready("ann")
    center.connect("c1", "ann")
    center.wait(5)
    center.release("ann")
    idle_since = center.now
    center.wait(5)
    center.queue("c2")
    offer = center.offer().offer
    center.leave("c2")
    center.answer(offer)
    center.wait(5)
    center.release("ann")
    [ann] = center.router.snapshot()["agents"]
    assert (ann["state"], ann["idle_since"]) == (AgentState.READY, idle_since)


def test_an_offer_withdrawn_for_a_lost_phone_and_answered_after_the_caller_left_failed_for_the_phone() -> (
    None
):
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.lose_phone("ann")
    center.leave("c1")
    center.answer(offer)
    assert [each.outcome for each in center.heard(OfferClosed)] == [OfferOutcome.FAILED]
