"""An offer from its making to its end, and what each end does to contact and agent."""

from __future__ import annotations

import re

import pytest

from acd.effects import AgentChanged, ContactChanged, Decided, MakeOffer, OfferClosed
from acd.events import OfferEnded
from acd.floor import base36
from acd.model import AgentState, ContactState, OfferOutcome, QueuePolicy
from acd.refusals import InvalidTransition
from tests.unit.acd.floorplan import START, TAKES_OUT, TWO_QUEUES, Center, policy


def test_a_contact_is_offered_to_a_ready_agent_at_once_and_every_step_is_told_in_order() -> None:
    center = Center(policy([QueuePolicy("q", ring_timeout_s=20)]))
    center.ready("ann")
    said = center.queue("c1")
    assert [type(effect) for effect in said] == [
        ContactChanged,
        Decided,
        MakeOffer,
        AgentChanged,
        ContactChanged,
    ]
    offer = center.offer()
    assert (offer.contact, offer.agent, offer.seat, offer.ring_timeout_s) == ("c1", "ann", "seat-ann", 20)
    assert center.heard(Decided)[0].decision == offer.offer
    assert center.agent("ann").state is AgentState.RESERVED
    assert center.contact("c1").state is ContactState.OFFERED
    assert center.contact("c1").agent == "ann"


def test_an_accepted_offer_connects_contact_and_agent() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    made = center.now
    offer = center.offer().offer
    center.wait(4)
    center.answer(offer)
    closed = center.heard(OfferClosed)
    assert [(one.outcome, one.made_at, one.at) for one in closed] == [(OfferOutcome.ACCEPTED, made, made + 4)]
    assert center.agent("ann").state is AgentState.BUSY
    assert center.agent("ann").contact == "c1"
    assert center.contact("c1").state is ContactState.CONNECTED


@pytest.mark.parametrize(("outcome", "reason"), TAKES_OUT)
def test_an_unanswered_offer_takes_the_agent_out_and_leaves_the_contact_its_place(
    outcome: OfferOutcome, reason: str
) -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("first")
    offer = center.offer().offer
    center.wait(2)
    center.queue("second")
    center.end(offer, outcome)
    assert center.agent("ann").state is AgentState.NOT_READY
    assert center.agent("ann").reason == reason
    center.ready("bob")
    assert center.offer().contact == "first"


def test_a_caller_who_hangs_up_while_it_rings_ends_the_ringing_and_costs_the_agent_nothing() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    offer = center.offer()
    assert offer.agent == "ann"
    center.wait(3)
    center.leave("c1")
    assert center.cancelled() == [offer.offer]
    center.end(offer.offer, OfferOutcome.NO_ANSWER)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.CANCELLED
    assert center.agent("ann").state is AgentState.READY
    center.queue("c2")
    assert center.offer().agent == "ann"


def test_neither_is_offered_again_before_a_cancelled_offer_has_ended() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.leave("c1")
    assert not [effect for effect in center.queue("c2") if isinstance(effect, MakeOffer)]
    center.end(offer, OfferOutcome.CANCELLED)
    assert center.offer().contact == "c2"


def test_an_offer_that_rings_past_its_timeout_is_cancelled_by_the_router() -> None:
    center = Center(policy([QueuePolicy("q", ring_timeout_s=15)]))
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    assert center.router.next_deadline() == center.now + 18
    center.wait(18)
    assert center.cancelled() == [offer]
    assert center.contact("c1").state is ContactState.OFFERED
    center.end(offer, OfferOutcome.FAILED)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.NO_ANSWER
    assert center.agent("ann").reason == "rona"
    assert center.contact("c1").state is ContactState.WAITING


def test_an_offer_is_cancelled_once_whatever_else_happens_before_it_has_ended() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.leave("c1")
    center.engage("ann")
    assert center.cancelled() == []
    center.end(offer, OfferOutcome.BUSY)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.CANCELLED, "the caller was the first to go"


def test_an_offer_that_the_router_does_not_know_changes_nothing() -> None:
    center = Center(policy())
    assert center.answer("nobody-o1-abc") == ()
    assert center.end("nobody-o1-abc") == ()


def test_an_offer_cannot_end_as_accepted() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    with pytest.raises(InvalidTransition, match="ended as accepted"):
        center.router.handle(OfferEnded(center.now, "x", offer, OfferOutcome.ACCEPTED))


def test_an_agent_whose_phone_becomes_busy_while_it_rings_stays_busy_and_the_contact_moves_on() -> None:
    center = Center(policy(agents={"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.engage("ann")
    assert center.cancelled() == [offer]
    center.ready("bob")
    center.end(offer, OfferOutcome.BUSY)
    assert center.heard(OfferClosed)[0].outcome is OfferOutcome.BUSY
    assert center.offer().agent == "bob"
    assert center.agent("ann").state is AgentState.BUSY
    center.release("ann")
    assert center.agent("ann").state is AgentState.READY


def test_a_phone_that_is_free_again_before_its_offer_has_ended_waits_for_that_end() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    center.engage("ann")
    center.release("ann")
    assert center.agent("ann").state is AgentState.RESERVED
    center.end(offer, OfferOutcome.BUSY)
    assert center.agent("ann").state is AgentState.RESERVED, "offered the same contact anew"
    assert center.offer().contact == "c1"


def test_a_busy_phone_makes_its_agent_ready_again_once_that_call_is_over() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.BUSY)
    center.leave("c1")
    center.engage("ann")
    center.release("ann")
    assert center.agent("ann").state is AgentState.READY


@pytest.mark.parametrize("contact", ["1763942400.17", "hot_line-1763942400.17", "用户/" + "x" * 200])
def test_an_offers_id_can_name_a_channel_and_a_file(contact: str) -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue(contact)
    assert re.fullmatch(r"[A-Za-z0-9.-]{1,99}", center.offer().offer)


def test_offer_ids_do_not_repeat_across_a_restart() -> None:
    ids = set()
    for life in range(2):
        center = Center(policy())
        center.now = START + life * 0.001
        for turn in range(3):
            center.ready("ann")
            center.queue("c1")
            offer = center.offer().offer
            ids.add(offer)
            center.leave("c1")
            center.end(offer)
            assert turn < 3
    assert len(ids) == 6


def test_an_offers_id_tells_its_contact_its_number_and_its_millisecond() -> None:
    center = Center(policy())
    center.now = START + 0.5
    for number in (1, 2):
        center.ready("ann")
        center.queue("hot_line-1.7")
        offer = center.offer().offer
        contact, _, moment = offer.rpartition("-")
        assert contact == f"hot-line-1.7-o{number}"
        assert int(moment, 36) == (START + 0.5) * 1000
        center.leave("hot_line-1.7")
        center.end(offer)


def test_a_number_is_as_short_as_its_base_36_digits() -> None:
    assert [base36(number) for number in (36 * 36, 36, 35, 0)] == ["100", "10", "z", "0"]


def test_that_an_offer_cannot_end_as_accepted_is_said_of_that_offer() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer().offer
    with pytest.raises(InvalidTransition, match=f"offer {offer}"):
        center.end(offer, OfferOutcome.ACCEPTED)


def test_an_offer_that_is_over_is_told_with_its_queue_agent_and_seat() -> None:
    center = Center(TWO_QUEUES)
    center.ready("ann")
    center.queue("c1", "p")
    center.end(center.offer().offer, OfferOutcome.NO_ANSWER)
    [closed] = center.heard(OfferClosed)
    assert (closed.queue, closed.agent, closed.seat) == ("p", "ann", "seat-ann")


def test_who_was_busy_elsewhere_is_ready_after_the_call_and_without_a_reason() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    center.end(center.offer().offer, OfferOutcome.BUSY)
    assert center.agent("ann").reason == "busy_elsewhere"
    center.engage("ann")
    assert (center.agent("ann").next_state, center.agent("ann").next_reason) == (AgentState.READY, None)
