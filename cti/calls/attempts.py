"""Attempts of callbacks: the call that an agent's phone makes for one, and what came of any of them."""

from __future__ import annotations

from typing import Final

from acd import events as acd
from acd.model import AttemptOutcome, Instant
from cti.calls.belief import RouterBelief
from cti.calls.facts import DialEnded
from cti.calls.outputs import Output
from cti.calls.records import OfferRecord
from cti.calls.state import Leg, LiveState, OpenCall

_BY_STATUS: Final = {
    "BUSY": AttemptOutcome.BUSY,
    "NOANSWER": AttemptOutcome.NO_ANSWER,
    "TOOLATE": AttemptOutcome.CANCELLED,  # the dialplan's own: nobody was dialled
}
_BY_CAUSE: Final = {
    1: AttemptOutcome.INVALID_NUMBER,  # unallocated number
    22: AttemptOutcome.INVALID_NUMBER,  # number changed
    28: AttemptOutcome.INVALID_NUMBER,  # invalid number format
    17: AttemptOutcome.BUSY,
    21: AttemptOutcome.BUSY,  # call rejected: somebody is there and does not want to talk now
    18: AttemptOutcome.NO_ANSWER,  # no user responding
    19: AttemptOutcome.NO_ANSWER,  # alerting, no answer
    20: AttemptOutcome.NO_ANSWER,  # subscriber absent: a mobile phone that is switched off
}
"""By the cause that the network gave (ITU-T Q.850), where Asterisk's own status says no more than refused."""


def outcome_of(fact: DialEnded) -> AttemptOutcome:
    """What came of dialling a citizen who was not reached."""
    return _BY_STATUS.get(fact.status) or outcome_of_cause(fact.hangup_cause)


def outcome_of_cause(hangup_cause: int) -> AttemptOutcome:
    """The same from the cause alone, with which the citizen's side ended."""
    return _BY_CAUSE.get(hangup_cause, AttemptOutcome.FAILED)


def began(
    state: LiveState, belief: RouterBelief, call: OpenCall, leg: Leg, at: Instant, cause: str
) -> list[Output]:
    """The agent answered: their phone dials the citizen of the callback that the call's record names.

    Without an offer of the router's, from before a restart, it learns at least that somebody is dialled.
    """
    callback = call.record.callback
    assert callback is not None
    offer = state.offers.get(leg.record.leg)
    if offer is None:
        return [acd.CallbackTaken(at, cause, callback)]
    call.record.queue = offer.made.queue
    call.record.offered_at = leg.record.started_at
    call.record.offers.append(
        OfferRecord(offer.made.offer, offer.made.agent, offer.made.seat, leg.record.started_at)
    )
    offer.answered = call.agent_known = True
    belief.offer_answered(callback, offer.made.seat, offer.made.agent)
    return [acd.OfferAnswered(at, cause, leg.record.leg)]


def ended(
    call: OpenCall | None, outcome: AttemptOutcome, at: Instant, cause: str, *, by_agent: bool = False
) -> list[Output]:
    """What came of the attempt that a call is, the first time that it is known; nothing for other calls.

    `by_agent`: the agent who dialled hung up.
    """
    if call is None or call.record.callback is None or call.attempt_over:
        return []
    call.attempt_over = True
    return [acd.CallbackAttemptEnded(at, cause, call.record.callback, outcome, by_agent)]
