"""Calls to citizens who are dialled before an agent is: the citizen's leg is the call's first."""

from __future__ import annotations

from acd.model import AttemptOutcome, Instant
from cti.calls.actions import DialCitizen
from cti.calls.attempts import outcome_of_cause
from cti.calls.records import CallRecord, Direction, EndedBy, LegRecord, Route
from cti.calls.state import OpenCall

_BY_REASON = {
    "busy": AttemptOutcome.BUSY,
    "rejected": AttemptOutcome.BUSY,
    "no_answer": AttemptOutcome.NO_ANSWER,
}
_LET_RING = (0, 16, 127)
"""Causes (ITU-T Q.850) with which Asterisk ends a leg that rang as long as it was to."""
_AFTER_THE_NOTICE = ("waiting", "fallback", "diverted")


def begun(dial: DialCitizen, at: Instant) -> OpenCall:
    """The call as it is from the moment at which the service decides to dial; its leg is yet to come."""
    record = CallRecord(
        dial.leg, Direction.OUTBOUND, dial.hotline, dial.queue, dial.priority, dial.number, dial.number, at
    )
    record.callback, record.route, record.work_order = dial.callback, Route.ACD, dial.work_order or None
    return OpenCall(record, "greeting", dial.leg)


def is_unbegun(record: CallRecord) -> bool:
    """Whether no leg of the call was seen so far."""
    return not record.legs and record.callback is not None and record.direction is Direction.OUTBOUND


def give_up(call: OpenCall, at: Instant) -> None:
    """The call's leg never came about."""
    call.record.ended_at, call.record.ended_by = at, EndedBy.SYSTEM
    call.record.outcome = call.record.outcome_when_ended()


def outcome_of_failure(reason: str) -> AttemptOutcome:
    """What came of an attempt whose leg never came about, from `OriginateFailed.reason`."""
    return _BY_REASON.get(reason, AttemptOutcome.FAILED)


def outcome_of_end(call: OpenCall, leg: LegRecord, hangup_cause: int, by_peer: bool) -> AttemptOutcome:
    """What came of an attempt when the citizen's leg ended before an agent talked with them.

    Who answered and hung up during the notice does not want to talk now, as who rejects the call; who heard
    it out and left before an agent was there was abandoned, whether an agent's phone rang for them or not.
    """
    if leg.answered_at is not None:
        return AttemptOutcome.ABANDONED if call.place in _AFTER_THE_NOTICE else AttemptOutcome.BUSY
    if not by_peer and hangup_cause in _LET_RING:
        return AttemptOutcome.NO_ANSWER
    return outcome_of_cause(hangup_cause)
