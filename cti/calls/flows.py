"""What a caller did in a flow, in the call's record: choice, closed line, message, callback, rating."""

from __future__ import annotations

from typing import TypeAlias

from acd.model import Instant
from cti.calls import facts as f
from cti.calls.facts import LegId
from cti.calls.outputs import CallbackReason, CallbackWanted, RecordingDue, RecordingVoid
from cti.calls.records import CallOutcome, CallRecord, RatingOutcome, RatingRecord, VoicemailRecord
from cti.calls.state import OpenCall

SHORTEST_VOICEMAIL_S = 1.0
"""Who hangs up sooner after the tone has left no message."""
VOICEMAIL_SEGMENT = "voicemail"
"""In place of a segment's number: a message is recorded while nobody is connected."""

Concluded: TypeAlias = CallbackWanted | RecordingDue | RecordingVoid


def take(call: OpenCall, fact: f.FlowFact) -> tuple[bool, list[Concluded]]:
    """Whether the record changed, and what follows. A fact that is known changes nothing."""
    record = call.record
    match fact:
        case f.MenuChosen():
            if record.choice is None:
                record.choice = fact.choice
                return True, []
        case f.LineClosed():
            if record.closed_at is None and record.queued_at is None:
                record.closed_at, record.queue = fact.at, fact.queue
                call.place = "closed"
                return True, []
        case f.VoicemailStarted():
            if record.voicemail is None:
                record.voicemail = VoicemailRecord(fact.leg, fact.at)
                call.place = "voicemail"
                return True, []
        case f.VoicemailEnded():
            return voicemail_over(record, fact.leg, fact.at, fact.cause)
        case f.CallbackAsked():
            if record.callback_at is None:
                record.callback_at = fact.at
                call.place = "callback"
                wanted = CallbackWanted(
                    at=fact.at,
                    cause=fact.cause,
                    callback=f"cb-{fact.call}",
                    number=fact.number,
                    queue=fact.queue,
                    reason=CallbackReason.REQUESTED,
                    queued_at=fact.queued_at,
                    by="caller",
                    hotline=record.hotline,
                    origin=fact.call,
                    priority=fact.priority,
                )
                return True, [wanted]
        case f.RatingAsked():
            if record.rating is None:
                talked = [segment.agent for segment in record.segments if segment.agent is not None]
                record.rating = RatingRecord(talked[-1] if talked else record.agent, fact.at)
                call.place = "after"
                return True, []
        case f.RatingGiven():
            if record.rating is not None and record.rating.outcome is None:
                rating = record.rating
                rating.outcome = RatingOutcome(fact.outcome)
                rating.score = fact.score or None
                rating.tries, rating.rated_at = fact.tries, fact.at
                return True, []
    return False, []


def caller_left(record: CallRecord, leg: LegId, at: Instant, cause: str) -> list[Concluded]:
    """The caller's leg ended: so did a message or a rating that was under way."""
    if record.rating is not None and record.rating.outcome is None:
        record.rating.outcome = RatingOutcome.HUNG_UP
    return voicemail_over(record, leg, at, cause)[1]


def voicemail_over(record: CallRecord, leg: LegId, at: Instant, cause: str) -> tuple[bool, list[Concluded]]:
    """The message is complete, and kept if it is long enough to be one."""
    message = record.voicemail
    if message is None or message.leg != leg or message.ended_at is not None:
        return False, []
    message.ended_at = at
    if at - message.started_at < SHORTEST_VOICEMAIL_S:
        record.voicemail = None
        return True, [RecordingVoid(cause, leg, known=True)]
    return True, [voicemail_due(record.call, message, cause)]


def voicemail_due(call: str, message: VoicemailRecord, cause: str) -> RecordingDue:
    """What the recording pipeline is told of a message."""
    return RecordingDue(cause, message.leg, call, f"{call}/{VOICEMAIL_SEGMENT}", message.started_at)


def place_of(record: CallRecord) -> str:
    """Where the caller of an open call is, as far as its record tells."""
    if record.callback_at is not None:
        return "callback"
    if record.outcome is CallOutcome.DIVERTED:
        return "diverted"
    if record.voicemail is not None:
        return "voicemail"
    if record.closed_at is not None:
        return "closed"
    if record.rating is not None:
        return "after"
    if record.legs and record.legs[0].seat is not None:
        return "dialling"
    return "waiting" if record.queued_at is not None else "greeting"
