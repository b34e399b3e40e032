"""What follows from each event about an offer, and from whether any can be made."""

from __future__ import annotations

from acd.consequences import NOT_READY_AFTER, answer, let_go, wish
from acd.events import OfferAnswered, OfferEnded, OfferLapsed, TelephonyBack, TelephonyLost
from acd.floor import Floor
from acd.model import AgentState, OfferOutcome, OfferState
from acd.refusals import InvalidTransition
from acd.states import AGENT, OFFER
from acd.triggers import AgentTrigger, OfferTrigger


def offer_answered(floor: Floor, event: OfferAnswered) -> None:
    offer = floor.offers.get(event.offer)
    if offer is None:
        OFFER.allows(event.offer, OfferState.GONE, OfferTrigger.ANSWERED)
    else:
        OFFER.allows(offer.offer, offer.state, OfferTrigger.ANSWERED, offer.history)
        answer(floor, offer)


def offer_lapsed(floor: Floor, event: OfferLapsed) -> None:
    agent = floor.agents.get(event.agent)
    if agent is None:
        return
    reason = NOT_READY_AFTER.get(event.outcome)
    if reason is None:
        told = f"lapsed as {event.outcome}"
        raise InvalidTransition(f"agent {agent.agent}", agent.state, told, agent.history)
    if not AGENT.allows(agent.agent, agent.state, AgentTrigger.OFFER_LAPSED, agent.history):
        return
    if agent.state is AgentState.READY:
        floor.move_agent(agent, AgentTrigger.OFFER_LAPSED, AgentState.NOT_READY, reason)
    elif agent.next_state is AgentState.READY:
        wish(floor, agent, AgentTrigger.OFFER_LAPSED, AgentState.NOT_READY, reason)


def offer_ended(floor: Floor, event: OfferEnded) -> None:
    offer = floor.offers.get(event.offer)
    if offer is None:
        OFFER.allows(event.offer, OfferState.GONE, OfferTrigger.ENDED)
        return
    if event.outcome is OfferOutcome.ACCEPTED:
        raise InvalidTransition(f"offer {event.offer}", offer.state, "ended as accepted", offer.history)
    OFFER.allows(offer.offer, offer.state, OfferTrigger.ENDED, offer.history)
    if offer.state is not OfferState.GIVEN_UP:
        let_go(floor, offer, offer.outcome or event.outcome)
    floor.drop_offer(offer)


def telephony_lost(floor: Floor, _event: TelephonyLost) -> None:
    floor.can_ring = False


def telephony_back(floor: Floor, _event: TelephonyBack) -> None:
    floor.can_ring = True
    # Whoever can be served is found by looking at each agent who could.
    floor.unsettled_agents.update((agent, None) for _, agent in floor.ready.everyone)
