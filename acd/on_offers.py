"""What follows from each event about an offer."""

from __future__ import annotations

from acd.consequences import answer, let_go
from acd.events import OfferAnswered, OfferEnded
from acd.floor import Floor
from acd.model import OfferOutcome
from acd.states import OFFER, InvalidTransition, OfferState, OfferTrigger


def offer_answered(floor: Floor, event: OfferAnswered) -> None:
    offer = floor.offers.get(event.offer)
    if offer is None:
        OFFER.allows(event.offer, OfferState.GONE, OfferTrigger.ANSWERED)
    else:
        OFFER.allows(offer.offer, offer.state, OfferTrigger.ANSWERED, offer.history)
        answer(floor, offer)


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
