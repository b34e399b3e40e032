"""What a router is told of offers and places from before a restart, or from while it did not serve."""

from __future__ import annotations

import pytest

from acd.effects import AgentChanged, MakeOffer
from acd.events import OfferLapsed
from acd.model import AgentState, OfferOutcome, QueuePolicy
from acd.refusals import InvalidTransition
from tests.unit.acd.floorplan import TAKES_OUT, Center, policy

NO_ANSWER = OfferOutcome.NO_ANSWER


def lapse(center: Center, agent: str = "ann", outcome: OfferOutcome = NO_ANSWER) -> None:
    center.tell(OfferLapsed(center.now, center.cause, agent, outcome))


@pytest.mark.parametrize(("outcome", "reason"), TAKES_OUT)
def test_a_lapsed_offer_takes_its_agent_out_as_one_that_the_router_knows(
    outcome: OfferOutcome, reason: str
) -> None:
    center = Center(policy())
    center.ready("ann")
    lapse(center, outcome=outcome)
    assert (center.agent("ann").state, center.agent("ann").reason) == (AgentState.NOT_READY, reason)


def test_an_agent_whose_phone_was_in_use_for_a_lapsed_offer_is_out_once_it_is_free() -> None:
    center = Center(policy())
    center.ready("ann")
    center.engage("ann")
    lapse(center)
    assert center.agent("ann").state is AgentState.BUSY
    assert center.agent("ann").next_reason == "rona"
    center.release("ann")
    assert (center.agent("ann").state, center.agent("ann").reason) == (AgentState.NOT_READY, "rona")


def test_a_lapsed_offer_changes_nothing_of_what_the_agent_chose() -> None:
    center = Center(policy())
    center.ready("ann")
    center.engage("ann")
    center.not_ready("ann", "lunch")
    lapse(center)
    assert not center.heard(AgentChanged)
    center.release("ann")
    assert center.agent("ann").reason == "lunch"


def test_a_lapsed_offer_of_somebody_who_was_removed_is_nobodys() -> None:
    center = Center(policy())
    lapse(center, "zoe")
    assert center.said == ()


@pytest.mark.parametrize("outcome", [OfferOutcome.ACCEPTED, OfferOutcome.CANCELLED])
def test_an_offer_that_was_taken_or_withdrawn_does_not_lapse(outcome: OfferOutcome) -> None:
    center = Center(policy())
    center.ready("ann")
    with pytest.raises(InvalidTransition, match=f"agent ann is ready: lapsed as {outcome} is not allowed"):
        lapse(center, outcome=outcome)


def test_who_did_not_take_a_contact_before_is_not_asked_again_too_soon() -> None:
    center = Center(policy([QueuePolicy("q", offer_backoff_s=30)], {"ann": {}, "bob": {}}))
    center.ready("ann")
    center.queue("c1", tried=(("ann", center.now - 20),))
    assert not center.heard(MakeOffer)
    center.wait(9.9)
    assert not center.heard(MakeOffer)
    center.wait(0.1)
    assert [offer.agent for offer in center.heard(MakeOffer)] == ["ann"]


def test_offers_of_before_count_towards_how_often_an_agent_is_asked() -> None:
    queue = QueuePolicy("q", offer_backoff_s=1, max_offers_per_agent=2)
    center = Center(policy([queue]))
    center.ready("ann")
    center.queue("c1", tried=(("ann", center.now - 50), ("ann", center.now - 20)))
    center.wait(600)
    assert not center.heard(MakeOffer)


BREAK = (AgentState.NOT_READY, "lunch")
LOG_OUT = (AgentState.LOGGED_OUT, None)


def stands(center: Center) -> tuple[AgentState, str | None]:
    return center.agent("ann").state, center.agent("ann").reason


@pytest.mark.parametrize(("wished", "after"), [(BREAK, BREAK), (LOG_OUT, LOG_OUT)])
def test_what_an_agent_asked_for_during_a_call_comes_after_it_though_the_service_was_restarted(
    wished: tuple[AgentState, str | None], after: tuple[AgentState, str | None]
) -> None:
    center = Center(policy())
    center.restore_agent("ann", AgentState.WRAP_UP, until=center.now + 5, wished=wished)
    center.restore_contact("c", "ann")
    assert stands(center) == (AgentState.BUSY, None)
    center.release("ann")
    center.wait(60)
    assert stands(center) == after


@pytest.mark.parametrize("wished", [BREAK, LOG_OUT])
def test_it_comes_after_the_wrap_up_of_a_call_that_ended_meanwhile(
    wished: tuple[AgentState, str | None],
) -> None:
    center = Center(policy())
    center.restore_agent("ann", AgentState.WRAP_UP, until=center.now + 5, wished=wished)
    assert stands(center) == (AgentState.WRAP_UP, None)
    center.wait(6)
    assert stands(center) == wished


@pytest.mark.parametrize("wished", [BREAK, LOG_OUT])
@pytest.mark.parametrize("state", [AgentState.READY, AgentState.RESERVED])
def test_it_holds_at_once_when_there_is_no_call(
    state: AgentState, wished: tuple[AgentState, str | None]
) -> None:
    center = Center(policy())
    center.restore_agent("ann", state, wished=wished)
    assert stands(center) == wished
