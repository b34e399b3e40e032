"""The router's offers in the call model: the phone that rings for each, and how it ended."""

from __future__ import annotations

from collections.abc import Callable

from acd import events as acd
from acd.effects import MakeOffer, OfferClosed
from acd.model import AgentId, AttemptOutcome, Instant, OfferOutcome, SeatId
from cti.calls import facts as f
from cti.calls.facts import CallId, LegId
from cti.calls.outcome import HELD_AGAINST_AGENTS, offer_outcome, settle_offer
from cti.calls.outputs import Output
from cti.calls.records import OfferRecord
from cti.calls.state import Changed, Leg, LiveState, Offer, OpenCall


class Offers:
    """The part of the call model that follows offers. `changed` is told of each call that it alters."""

    def __init__(self, state: LiveState, changed: Changed, tell: Callable[[Output], None]) -> None:
        self._state = state
        self._changed = changed
        self._tell = tell
        self._unsettled: dict[CallId, OpenCall] = {}
        """Calls that are over while the router has not said yet how an offer of theirs ended."""

    def made(self, offer: MakeOffer, at: Instant) -> None:
        """The router decided to ring a seat: its leg will have the offer's id."""
        self._state.offers[offer.offer] = Offer(offer)
        call = self._state.calls.get(offer.contact)
        if call is not None:
            call.record.offers.append(OfferRecord(offer.offer, offer.agent, offer.seat, at))
            if call.record.offered_at is None:
                call.record.offered_at = at
            self._changed(call, at, offer.cause)

    def closed(self, closed: OfferClosed) -> None:
        """The router says how an offer ended."""
        if closed.outcome is not OfferOutcome.ACCEPTED and closed.offer not in self._state.legs:
            self._state.offers.pop(closed.offer, None)
        ids = (closed.contact, closed.offer)  # a callback's call is its offer's leg
        found = (known.get(each) for known in (self._state.calls, self._unsettled) for each in ids)
        call = next((each for each in found if each is not None), None)
        if call is not None:
            for offer in call.record.offers:
                if offer.offer == closed.offer and offer.outcome is None:
                    offer.ended_at, offer.outcome = closed.at, closed.outcome
                    self._changed(call, closed.at, closed.cause)
            if all(offer.outcome is not None for offer in call.record.offers):
                self._unsettled.pop(call.record.call, None)

    def leg_ended(self, leg: Leg, call: OpenCall | None, fact: f.LegEnded) -> None:
        """A seat's leg ended: if it rang for an offer that is not answered, so did the offer."""
        offer = self._state.offers.pop(fact.leg, None)
        if offer is not None and offer.answered:
            return
        assert leg.record.seat is not None
        outcome = offer_outcome(
            fact.hangup_cause,
            fact.hung_up_by_peer,
            answered=leg.record.answered_at is not None,
            seat_engaged=self._state.is_engaged(leg.record.seat),
        )
        if leg.clock_set and outcome is OfferOutcome.NO_ANSWER:
            outcome = OfferOutcome.CANCELLED
        if offer is not None:
            self._tell(acd.OfferEnded(fact.at, fact.cause, fact.leg, outcome))
        elif call is not None:
            self._lapsed(call, leg, fact, outcome)
        elif leg.callback:
            self._lapsed_callback(leg, fact, outcome)

    def originate_failed(self, fact: f.OriginateFailed) -> None:
        """No leg came of an offer."""
        offer = self._state.offers.get(fact.leg)
        if offer is None or offer.answered:
            return
        del self._state.offers[fact.leg]
        outcome = OfferOutcome(fact.reason) if fact.reason in set(OfferOutcome) else OfferOutcome.FAILED
        self._tell(acd.OfferEnded(fact.at, fact.cause, fact.leg, outcome))

    def lose_sight(self, at: Instant, cause: str) -> None:
        """Takes back every offer that is not answered."""
        for offer_id, offer in list(self._state.offers.items()):
            if not offer.answered:
                del self._state.offers[offer_id]
                self._tell(acd.OfferEnded(at, cause, offer_id, OfferOutcome.CANCELLED))

    def found(self, snapshot: f.PbxSnapshot) -> None:
        """Phones that ring for callbacks by offers from before a restart or a loss of sight.

        Until such a phone stops nobody else is to be asked for its callback: to the router it is an attempt.
        """
        for shown in snapshot.legs:
            leg = self._state.legs.get(shown.leg)
            if (
                shown.callback
                and leg is not None
                and leg.call is None
                and shown.leg not in self._state.offers
            ):
                leg.callback = shown.callback
                self._tell(acd.CallbackTaken(snapshot.at, snapshot.cause, shown.callback))

    def settle(self, call: OpenCall, at: Instant, cause: str) -> None:
        """Offers from before a restart whose phone does not ring: nobody will tell of them any more."""
        for offer in call.record.offers:
            if offer.outcome is None and not self._rings(call, offer.offer):
                settle_offer(call, offer.offer, OfferOutcome.CANCELLED, at)
                self._changed(call, at, cause)

    def call_over(self, call: OpenCall, at: Instant, cause: str) -> None:
        """The call is over; what the router still has to say of its offers is kept."""
        self.settle(call, at, cause)
        if any(offer.outcome is None for offer in call.record.offers):
            self._unsettled[call.record.call] = call

    def _rings(self, call: OpenCall, offer: LegId) -> bool:
        return offer in self._state.offers or offer in call.live

    def _lapsed(self, call: OpenCall, leg: Leg, fact: f.LegEnded, outcome: OfferOutcome) -> None:
        """A ring is over that the router knows nothing of any more: from before a restart or a loss of sight.

        Whoever did not take it is told of, unless it stopped because the caller left, or fell back.
        """
        waits = call.caller in call.live and call.place == "waiting"
        offer = settle_offer(call, fact.leg, outcome if waits else OfferOutcome.CANCELLED, fact.at)
        if offer is not None and offer.outcome is not None and not leg.was_connected:
            self._hold_against(offer.agent, offer.seat, offer.outcome, fact)

    def _lapsed_callback(self, leg: Leg, fact: f.LegEnded, outcome: OfferOutcome) -> None:
        """Such a ring for a callback is over, and its citizen was not dialled: it may be offered again."""
        if leg.record.agent is not None and leg.record.seat is not None:
            self._hold_against(leg.record.agent, leg.record.seat, outcome, fact)
        self._tell(acd.CallbackAttemptEnded(fact.at, fact.cause, leg.callback, AttemptOutcome.CANCELLED))

    def _hold_against(self, agent: AgentId, seat: SeatId, outcome: OfferOutcome, fact: f.LegEnded) -> None:
        """The agent did not take an offer, or their phone did not, that the router knows nothing of."""
        unknown = fact.hangup_cause == 0  # Asterisk's log does not have it: only that it is gone is known
        if not unknown and outcome in HELD_AGAINST_AGENTS and not self._state.is_engaged(seat):
            self._tell(acd.OfferLapsed(fact.at, fact.cause, agent, outcome))
