"""Today's figures of each queue, counted from calls' records in constant time for each change.

They count calls whoever found the agent, our router or the fallback queue, and so agree with the archive.
Service level and abandonment follow ISO 18295-1 and COPC usage: a caller who gives up sooner than the queue's
short-abandon time is abandoned and counted apart as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from acd.model import Instant, Policy, QueueId
from cti.calls.facts import CallId
from cti.calls.records import CallOutcome, CallRecord, Direction


@dataclass(slots=True)
class Counts:
    """Contacts of one queue on one local day, each counted on the day on which it happened."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    timely: int = 0

    def add(self, other: Counts) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


class Figures:
    """`day_of` gives an instant's local date; an earlier day's figures are dropped when the next begins."""

    def __init__(self, policy: Policy, day_of: Callable[[Instant], str]) -> None:
        self._policy = policy
        self._day_of = day_of
        self._day = ""
        self._queues: dict[QueueId, Counts] = {}
        self._queued: set[CallId] = set()
        self._answered: set[CallId] = set()

    def change_policy(self, policy: Policy) -> None:
        self._policy = policy

    def restore(self, body: Mapping[str, Any], open_calls: list[CallRecord]) -> None:
        """Takes up what `to_json` gave, with the calls that were open in the same transaction."""
        self._day = body["day"]
        self._queues = {queue: Counts(**counts) for queue, counts in body["queues"].items()}
        self._queued = {r.call for r in open_calls if r.queued_at is not None}
        self._answered = {r.call for r in open_calls if r.answered_at is not None}

    def to_json(self) -> dict[str, Any]:
        return {"day": self._day, "queues": {queue: asdict(counts) for queue, counts in self._queues.items()}}

    def note(self, record: CallRecord, at: Instant) -> bool:
        """Counts what is new in the record of a call and says whether anything was."""
        if record.direction is not Direction.INBOUND or record.queue is None or record.queued_at is None:
            return False
        changed = False
        counts = self._counts(record.queue, at)
        queue = self._policy.queues.get(record.queue)
        if record.call not in self._queued:
            self._queued.add(record.call)
            counts.offered += 1
            changed = True
        if record.answered_at is not None and record.call not in self._answered:
            self._answered.add(record.call)
            counts.answered += 1
            changed = True
            if queue is not None and record.answered_at - record.queued_at <= queue.timely_s:
                counts.timely += 1
        if record.ended_at is not None and record.call in self._queued:
            self._queued.discard(record.call)
            self._answered.discard(record.call)
            changed = True
            if record.outcome is CallOutcome.ABANDONED:
                counts.abandoned += 1
                if queue is not None and record.ended_at - record.queued_at <= queue.short_abandon_s:
                    counts.short_abandoned += 1
        return changed

    def of(self, queue: QueueId, at: Instant) -> Counts:
        return self._counts(queue, at)

    def total(self, at: Instant) -> Counts:
        total = Counts()
        for queue in self._queues:
            total.add(self._counts(queue, at))
        return total

    def _counts(self, queue: QueueId, at: Instant) -> Counts:
        day = self._day_of(at)
        if day != self._day:
            self._day = day
            for counts in self._queues:
                self._queues[counts] = Counts()
        return self._queues.setdefault(queue, Counts())
