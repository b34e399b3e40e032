"""What hang-up causes mean (ITU-T Q.850), for offers and for calls."""

from __future__ import annotations

from acd.model import AgentId, Instant, OfferOutcome
from cti.calls.facts import LegId
from cti.calls.records import CallRecord, EndedBy, LegRecord, OfferRecord
from cti.calls.state import OpenCall

NORMAL = 16
USER_BUSY = 17
CALL_REJECTED = 21
UNREACHABLE = frozenset({1, 2, 3, 20, 22, 27, 28, 34, 38, 41, 42, 44, 47, 50, 58, 88, 95, 96, 111})
"""No route, subscriber absent, destination out of order, temporary failure and their like."""

HELD_AGAINST_AGENTS = frozenset({OfferOutcome.NO_ANSWER, OfferOutcome.REJECTED, OfferOutcome.FAILED})
"""How an offer ends that its agent, or their phone, did not take, though it was free to."""
NETWORK_FAULTS = frozenset({27, 34, 38, 41, 42, 44, 47, 111})
"""Destination or network out of order, congestion, temporary failure, protocol error: nobody wanted it."""


def offer_outcome(
    hangup_cause: int, hung_up_by_peer: bool, *, answered: bool, seat_engaged: bool
) -> OfferOutcome:
    """How an offer ended whose phone was never connected, from its leg's end.

    A phone's reject key sends either 603 (cause 21) or 486 (cause 17, as a phone does that is on another
    call), so a busy answer from a seat that is on no call is a rejection.
    """
    if answered or hangup_cause in UNREACHABLE:
        return OfferOutcome.FAILED
    if hangup_cause == CALL_REJECTED:
        return OfferOutcome.REJECTED
    if hangup_cause == USER_BUSY:
        return OfferOutcome.BUSY if seat_engaged else OfferOutcome.REJECTED
    return OfferOutcome.REJECTED if hung_up_by_peer and hangup_cause == NORMAL else OfferOutcome.NO_ANSWER


def end_of_call(leg: LegRecord) -> EndedBy:
    """Who ended a call, from the first of its parties' legs that hung up by itself."""
    return EndedBy.AGENT if leg.seat is not None else EndedBy.CALLER


def settle_offer(call: OpenCall, offer: LegId, outcome: OfferOutcome, at: Instant) -> OfferRecord | None:
    """Writes down how an offer ended that the router made before a restart and knows nothing of.

    Returns it; None when there is no such offer, or its end is known.
    """
    for made in call.record.offers:
        if made.offer == offer and made.outcome in (None, OfferOutcome.CANCELLED):
            made.outcome, made.ended_at = outcome, at
            return made
    return None


def tried_in_vain(record: CallRecord) -> tuple[tuple[AgentId, Instant], ...]:
    """Agents who did not take the call when it was offered, and when that was."""
    return tuple(
        (offer.agent, offer.ended_at)
        for offer in record.offers
        if offer.outcome in HELD_AGAINST_AGENTS and offer.ended_at is not None
    )
