"""Another seat in mid-shift, and a phone that cannot be rung any more."""

from __future__ import annotations

import pytest

from acd.effects import AgentChanged, CancelOffer, MakeOffer
from acd.model import AgentState, ContactState, OfferOutcome, QueuePolicy
from acd.refusals import InvalidTransition
from tests.unit.acd.floorplan import Center, policy

NOT_READY, READY, RESERVED = AgentState.NOT_READY, AgentState.READY, AgentState.RESERVED
BUSY, WRAP_UP = AgentState.BUSY, AgentState.WRAP_UP


def two(wrap_up_s: float = 10.0) -> Center:
    return Center(policy([QueuePolicy("q", wrap_up_s=wrap_up_s)], agents={"ann": {}, "bob": {}}))


def test_who_moves_keeps_state_idle_rank_and_figures() -> None:
    center = two()
    center.ready("ann")
    center.wait(5)
    center.ready("bob")
    since = center.agent("ann").since
    center.wait(20)
    center.move("ann", "window")
    [changed] = center.heard(AgentChanged)
    assert (changed.seat, changed.state, changed.since) == ("window", READY, since)
    assert (center.router.agent_at("window"), center.router.agent_at("seat-ann")) == ("ann", None)
    figures = center.router.agent_figures("ann")
    assert figures is not None
    assert figures.available_s == 25.0
    center.queue("c1")
    assert (center.offer().agent, center.offer().seat) == ("ann", "window")


def test_a_wrap_up_goes_on_at_the_other_seat_until_the_same_moment() -> None:
    center = two(wrap_up_s=30)
    center.ready("ann")
    center.connect("c1", "ann")
    center.leave("c1")
    center.release("ann")
    until = center.agent("ann").until
    center.move("ann", "window")
    assert (center.agent("ann").state, center.agent("ann").until) == (WRAP_UP, until)
    center.wait(31)
    assert center.agent("ann").state is READY


def test_nobody_moves_while_a_phone_rings_or_talks_nor_to_a_taken_seat() -> None:
    center = two()
    center.ready("ann")
    center.queue("c1")
    with pytest.raises(InvalidTransition, match="agent ann is reserved: moved is not allowed"):
        center.move("ann", "window")
    center.answer(center.offer().offer)
    with pytest.raises(InvalidTransition, match="agent ann is busy: moved is not allowed"):
        center.move("ann", "window")
    center.log_in("bob", "window")
    with pytest.raises(InvalidTransition, match="seat seat-ann is taken by agent ann"):
        center.move("bob", "seat-ann")
    assert center.move("bob", "window") == ()


def test_a_ready_agent_whose_phone_is_lost_is_out_at_once_and_put_back_with_the_old_rank() -> None:
    center = two()
    center.ready("ann")
    center.wait(5)
    center.ready("bob")
    center.lose_phone("ann")
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "phone_unreachable")
    center.wait(5)
    center.phone_back("ann")
    assert center.agent("ann").state is READY
    center.queue("c1")
    assert center.offer().agent == "ann"


def test_the_phone_of_a_break_neither_ends_nor_renames_it() -> None:
    center = two()
    center.log_in("ann")
    center.not_ready("ann", "meal")
    assert center.lose_phone("ann") == ()
    assert center.phone_back("ann") == ()
    assert center.agent("ann").reason == "meal"


def test_an_offer_to_a_lost_phone_fails_at_once_and_the_next_agent_rings() -> None:
    center = two()
    center.ready("ann")
    center.wait(1)
    center.ready("bob")
    center.queue("c1")
    offer = center.offer()
    center.lose_phone("ann")
    assert center.heard(CancelOffer)
    center.end(offer.offer, OfferOutcome.NO_ANSWER)
    [again] = center.heard(MakeOffer)
    assert again.agent == "bob"
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "phone_unreachable")


def test_a_phone_that_is_back_before_the_ringing_ended_costs_its_agent_nothing() -> None:
    center = Center(policy())
    center.ready("ann")
    center.queue("c1")
    offer = center.offer()
    center.lose_phone("ann")
    center.phone_back("ann")
    center.end(offer.offer, OfferOutcome.FAILED)
    assert center.agent("ann").state is RESERVED, "the same caller rings again"
    contact = center.router.contact("c1")
    assert contact is not None
    assert contact.state is ContactState.OFFERED


def test_during_a_call_the_loss_holds_after_it_and_the_wrap_up_stays() -> None:
    center = two(wrap_up_s=10)
    center.ready("ann")
    center.connect("c1", "ann")
    center.lose_phone("ann")
    agent = center.agent("ann")
    assert (agent.state, agent.next_state, agent.next_reason) == (BUSY, NOT_READY, "phone_unreachable")
    center.leave("c1")
    center.release("ann")
    assert center.agent("ann").state is WRAP_UP
    center.wait(11)
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "phone_unreachable")


def test_a_phone_back_within_the_call_or_the_wrap_up_leaves_the_agent_ready_after_it() -> None:
    for until_wrap_up in (False, True):
        center = two(wrap_up_s=10)
        center.ready("ann")
        center.connect("c1", "ann")
        center.lose_phone("ann")
        if not until_wrap_up:
            center.phone_back("ann")
        center.leave("c1")
        center.release("ann")
        center.phone_back("ann")
        center.wait(11)
        assert center.agent("ann").state is READY


def test_what_the_agent_asked_for_after_the_call_stays_when_the_phone_is_lost_in_it() -> None:
    center = two(wrap_up_s=0)
    center.ready("ann")
    center.connect("c1", "ann")
    center.not_ready("ann", "meal")
    center.lose_phone("ann")
    center.phone_back("ann")
    center.leave("c1")
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").reason) == (NOT_READY, "meal")
