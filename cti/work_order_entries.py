"""Work orders as the journal gets them: opened with a call, and written by agents. Pure."""

from __future__ import annotations

from typing import cast

from acd.model import Instant
from cti.callbacks.book import CallbackBook
from cti.calls.facts import CallId
from cti.calls.records import CallOutcome, CallRecord, Direction
from cti.commands import FillWorkOrder
from cti.plan import InForce
from cti.preferred import PreferredAgents
from cti.records_json import JSON, Draft, instant_text
from cti.step import Step

VERSIONS_KEPT = 10_000
"""Work orders whose newest version is known here; of older ones it is long in the journal or the archive."""


class WorkOrderEntries:
    """Which open calls have their work order already."""

    def __init__(self, callbacks: CallbackBook, preferred: PreferredAgents, in_force: InForce) -> None:
        self._callbacks = callbacks
        self._preferred = preferred
        self._in_force = in_force
        self._opened: set[CallId] = set()
        self._versions: dict[str, int] = {}

    def restore(self, record: CallRecord) -> None:
        """Takes an open call up that the journal knew."""
        if record.answered_at is not None:
            self._opened.add(record.call)

    def follow(self, record: CallRecord, at: Instant, step: Step) -> None:
        """A citizen's request spawns its work order once an agent talks to them, or they left a message."""
        if record.direction is not Direction.INBOUND and not self._callbacks.spawns_work_order(record.call):
            return
        if record.answered_at is not None:
            since = record.answered_at
        elif record.voicemail is not None and record.outcome is CallOutcome.VOICEMAIL:
            since = record.voicemail.started_at
        else:
            return
        if record.call in self._opened:
            return
        self._opened.add(record.call)
        work_order, caller = f"wo-{record.call}", self._in_force.plan.caller_key(record.number)
        opened: dict[str, JSON] = {
            "work_order": work_order,
            "call": record.call,
            "agent": record.agent,
            "state": "intake",
            "category": None,
            "summary": None,
            "disposition": None,
            "created_at": instant_text(since),
            "filled_at": None,
            "filled_by": None,
            "version": 1,
        }
        step.keep(
            [Draft(at, "work_order", work_order, opened)],
            self._preferred.order_opened(work_order, caller, record.agent),
        )

    def filled(self, event: FillWorkOrder, step: Step) -> None:
        """Keeps what an agent wrote, as a newer version than any before it.

        Its own version came of what was journaled when it was asked for: what was written since, or what a
        full disk refused, was not in there. The archive takes only what is newer than what it has.
        """
        by = str(event.record.get("filled_by"))
        before = self._versions.pop(event.work_order, 0)
        version = max(cast(int, event.record["version"]), before + 1)
        self._versions[event.work_order] = version
        if len(self._versions) > VERSIONS_KEPT:
            del self._versions[next(iter(self._versions))]
        step.keep(
            [Draft(event.at, "work_order", event.work_order, event.record | {"version": version})],
            self._preferred.order_written(
                event.work_order,
                settled=event.record.get("state") == "resolved",
                by=by,
                is_agent=by in self._in_force.policy.agents,
            ),
        )

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self._opened.discard(call)
