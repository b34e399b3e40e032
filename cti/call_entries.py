"""Calls as the journal gets them, and what of a call is kept for its caller's next one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from acd.model import Instant
from cti.callbacks.book import CallbackBook
from cti.calls.facts import CallId
from cti.calls.records import CallRecord
from cti.plan import InForce
from cti.preferred import PreferredAgents
from cti.records_json import Draft, encode
from cti.step import Step
from cti.work_order_entries import WorkOrderEntries

CALLS_OVER_KEPT = 2_000
"""The last calls that ended, so that what is still said of one is not its end once more."""


class CallEntries:
    """The calls that changed in the step under way, and which calls were over before."""

    def __init__(
        self,
        callbacks: CallbackBook,
        preferred: PreferredAgents,
        work_orders: WorkOrderEntries,
        in_force: InForce,
    ) -> None:
        self._callbacks = callbacks
        self._preferred = preferred
        self._work_orders = work_orders
        self._in_force = in_force
        self._updated: dict[CallId, CallRecord] = {}
        self._over: dict[CallId, None] = {}

    def updated(self, record: CallRecord) -> None:
        """The call changed; it is written when the step ends.

        The attempt of a callback whose offer is not known gets its queue from the callback.
        """
        entry = self._callbacks.entry(record.callback or "")
        if entry is not None and record.queue is None:
            record.queue = entry.queue
        self._updated[record.call] = record

    def just_over(self) -> Iterator[CallRecord]:
        """Calls that ended in the step under way."""
        for record in list(self._updated.values()):
            if record.ended_at is not None and record.call not in self._over:
                yield record

    def write(self, at: Instant, step: Step) -> list[CallId]:
        """Writes each call that changed, once, as it stands at the end of the step; gives those now over."""
        ended: list[CallId] = []
        for call_id, record in self._updated.items():
            body = encode(record)
            step.drafts.append(Draft(at, "call", call_id, body))
            if call_id in self._over:
                continue  # an offer of a call that is over has ended: nothing else about the call is new
            over = record.ended_at is not None
            step.state[f"call/{call_id}"] = None if over else body
            if record.callback is not None:
                work = self._callbacks.tried(record)
                step.keep(work.drafts, work.state)
            self._work_orders.follow(record, at, step)
            if over:
                self._ended(record, step)
                ended.append(call_id)
        self._updated.clear()
        return ended

    def _ended(self, record: CallRecord, step: Step) -> None:
        step.state |= self._preferred.spoke(record, self._in_force.plan.caller_key)
        self._callbacks.call_over(record.call)
        self._work_orders.forget(record.call)
        self._over[record.call] = None
        while len(self._over) > CALLS_OVER_KEPT:
            del self._over[next(iter(self._over))]
