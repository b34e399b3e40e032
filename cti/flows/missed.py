"""Which calls were missed, so that their callers are called back."""

from __future__ import annotations

from acd.model import Instant
from cti.calls.outputs import CallbackReason, CallbackWanted
from cti.calls.records import CallOutcome, CallRecord


def is_missed(record: CallRecord, short_abandon_s: float) -> bool:
    """Whether the caller of a call that is over gave up, after more than the queue's short-abandon time."""
    return (
        record.outcome is CallOutcome.ABANDONED
        and record.queued_at is not None
        and record.ended_at is not None
        and record.ended_at - record.queued_at > short_abandon_s
    )


def callback_for(
    record: CallRecord, short_abandon_s: float, at: Instant, cause: str
) -> CallbackWanted | None:
    """The callback of a missed call, which keeps the place; None for a call that was not missed."""
    if not is_missed(record, short_abandon_s) or record.queue is None or record.queued_at is None:
        return None
    return CallbackWanted(
        at=at,
        cause=cause,
        callback=f"cb-{record.call}",
        number=record.number,
        queue=record.queue,
        reason=CallbackReason.MISSED,
        queued_at=record.queued_at,
        by="system",
        hotline=record.hotline,
        origin=record.call,
        priority=record.priority,
    )
