"""The archive in memory, and a call as it stands there."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from acd.effects import Candidate, Decided
from acd.model import AttemptOutcome, CallbackMode, OfferOutcome
from cti.audit import AuditEntry, ChainReport, Verifier
from cti.callbacks.records import CallbackEntry
from cti.calls.outputs import CallbackReason
from cti.calls.records import (
    CallOutcome,
    CallRecord,
    Direction,
    EndedBy,
    LegRecord,
    OfferRecord,
    Route,
    SegmentRecord,
)
from cti.database import BadCursor, DatabaseAway
from recording.archive import ArchivedCall, CallPage
from recording.audit import AuditPage
from recording.callbacks import CallbackPage
from recording.model import RecordingRecord
from workorder.model import WorkOrder, WorkOrderState
from workorder.store import WorkOrderPage

NUMBER, MASKED_NUMBER = "13812341234", "138****1234"
START = datetime(2026, 3, 2, 1, 14, 56, tzinfo=UTC).timestamp()


class FakeArchive:
    """A `CallArchive`. `away` makes every question fail, `stuck` makes it hang."""

    def __init__(self) -> None:
        self.records: dict[str, ArchivedCall] = {}
        self.recordings: dict[str, RecordingRecord] = {}
        self.away = False
        self.stuck = False
        self.asked: dict[str, object] = {}

    async def _answer(self) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        if self.away:
            raise DatabaseAway("connection refused")

    async def call(self, call_id: str) -> ArchivedCall | None:
        await self._answer()
        return self.records.get(call_id)

    async def calls(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        queue: str | None,
        agent: str | None,
        outcome: CallOutcome | None,
        work_order: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> CallPage:
        await self._answer()
        self.asked = {
            "since": since,
            "until": until,
            "queue": queue,
            "agent": agent,
            "outcome": outcome,
            "work_order": work_order,
        }
        found = [
            archived.record
            for archived in sorted(self.records.values(), key=lambda each: -each.record.started_at)
            if (queue is None or archived.record.queue == queue)
            and (agent is None or archived.record.agent == agent)
            and (outcome is None or archived.record.outcome == outcome)
            and (work_order is None or archived.record.work_order == work_order)
            and (since is None or archived.record.started_at >= since.timestamp())
            and (until is None or archived.record.started_at < until.timestamp())
        ]
        begin = place(before_cursor)
        more = len(found) > begin + limit
        return CallPage(found[begin : begin + limit], str(begin + limit) if more else None)

    async def recording(self, recording_id: str) -> RecordingRecord | None:
        await self._answer()
        return self.recordings.get(recording_id)


class FakeWorkOrders:
    """`WorkOrders` in memory."""

    def __init__(self) -> None:
        self.orders: dict[str, WorkOrder] = {}
        self.away = False

    def _answer(self) -> None:
        if self.away:
            raise DatabaseAway("connection refused")

    async def get(self, work_order_id: str) -> WorkOrder | None:
        self._answer()
        return self.orders.get(work_order_id)

    async def known(self, named: Collection[str]) -> set[str]:
        self._answer()
        return set(named) & set(self.orders)

    async def list(
        self, *, state: WorkOrderState | None, agent: str | None, limit: int, before_cursor: str | None
    ) -> WorkOrderPage:
        self._answer()
        found = [
            order
            for order in self.orders.values()
            if (state is None or order.state is state) and (agent is None or order.agent == agent)
        ]
        begin = place(before_cursor)
        more = len(found) > begin + limit
        return WorkOrderPage(found[begin : begin + limit], str(begin + limit) if more else None)

    async def for_call(self, call_id: str) -> Sequence[WorkOrder]:
        self._answer()
        return [order for order in self.orders.values() if order.call == call_id]


class FakeCallbacks:
    """`Callbacks` in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, CallbackEntry] = {}
        self.away = False

    async def get(self, callback: str) -> CallbackEntry | None:
        if self.away:
            raise DatabaseAway("connection refused")
        return self.entries.get(callback)

    async def campaign(self, campaign: str) -> dict[str, int]:
        stands = [str(e.state or e.end) for e in self.entries.values() if e.campaign == campaign]
        return {name: stands.count(name) for name in stands}

    async def list(
        self,
        *,
        open_only: bool,
        queue: str | None,
        owner: str | None,
        work_order: str | None,
        campaign: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> CallbackPage:
        if self.away:
            raise DatabaseAway("connection refused")
        found = [
            entry
            for entry in self.entries.values()
            if (not open_only or entry.state is not None)
            and (queue is None or entry.queue == queue)
            and (owner is None or entry.owner == owner)
            and (work_order is None or entry.work_order == work_order)
            and (campaign is None or entry.campaign == campaign)
        ]
        begin = place(before_cursor)
        more = len(found) > begin + limit
        return CallbackPage(found[begin : begin + limit], str(begin + limit) if more else None)


def callback_entry(callback: str, owner: str | None = None) -> CallbackEntry:
    """A callback of a missed call, open and tried once in vain."""
    return CallbackEntry(
        callback=callback,
        number=NUMBER,
        hotline="12345",
        reason=CallbackReason.MISSED,
        origin="hotline-1.1",
        work_order=None,
        requested_by="system",
        requested_at=START + 60,
        queue="general",
        priority=0,
        queued_at=START + 5,
        owner=owner,
        mode=CallbackMode.AGENT_FIRST,
        latest_at=START + 86_460,
        due_at=START + 1_860,
        attempts=1,
        last_outcome=AttemptOutcome.NO_ANSWER,
        calls=[f"{callback}-o1-0"],
        version=3,
    )


def place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if cursor.isascii() and cursor.isdigit():
        return int(cursor)
    raise BadCursor("this is not a cursor of this list")


DIALLED = {Direction.INBOUND: "12345", Direction.OUTBOUND: NUMBER, Direction.INTERNAL: "8002"}


def archived_call(call: str, agent: str, direction: Direction = Direction.INBOUND) -> ArchivedCall:
    """A call with two legs, answered by `agent`, with its decision and one recording."""
    seat_leg = f"{call}-a"
    inbound = direction is Direction.INBOUND
    record = CallRecord(
        call=call,
        direction=direction,
        hotline="12345",
        queue="general" if inbound else None,
        priority=0,
        number=NUMBER,
        dialled=DIALLED[direction],
        started_at=START,
        queued_at=START + 5,
        offered_at=START + 5.25,
        answered_at=START + 9,
        ended_at=START + 106,
        ended_by=EndedBy.CALLER,
        outcome=CallOutcome.ANSWERED,
        route=Route.ACD if inbound else Route.DIRECT,
        agent=agent,
        seat="s01",
        legs=[
            LegRecord(
                call, "PJSIP/trunk-00000001", "trunk", None, None, NUMBER, START, None, START, START + 106, 16
            ),
            LegRecord(
                seat_leg,
                "PJSIP/s01-00000002",
                "s01",
                "s01",
                agent,
                NUMBER,
                START + 5,
                START + 6,
                START + 9,
                START + 106,
            ),
        ],
        segments=[
            SegmentRecord(f"{call}/1", (call, seat_leg), agent, "s01", seat_leg, START + 9, START + 106)
        ],
        offers=[OfferRecord(seat_leg, agent, "s01", START + 5.25, START + 9, OfferOutcome.ACCEPTED)],
        version=9,
    )
    decided = Decided(
        at=START + 5.25,
        cause="ami-1",
        decision=seat_leg,
        contact=call,
        queue="general",
        agent=agent,
        criterion="only_candidate",
        waited_s=0.25,
        eligible=1,
        candidates=(Candidate(agent, None),),
        passed_over=(),
    )
    return ArchivedCall(record, [decided], [], [])


def stored_recording(root: Path, recording: str, call: str, content: bytes) -> RecordingRecord:
    """A recording whose file is under `root`."""
    path = root / "2026" / f"{recording}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return RecordingRecord(
        recording=recording,
        call=call,
        segment=f"{call}/1",
        path=f"2026/{recording}.wav",
        size_bytes=len(content),
        duration_s=len(content) / 32000,
        sha256=hashlib.sha256(content).hexdigest(),
        sample_rate_hz=8000,
        channels=2,
        stored_at=datetime(2026, 3, 2, 1, 16, 52, tzinfo=UTC),
    )


def work_order(call: str, agent: str | None, state: WorkOrderState = WorkOrderState.INTAKE) -> WorkOrder:
    """A work order as the call made it: nobody has written it yet."""
    return WorkOrder(
        work_order=f"wo-{call}",
        call=call,
        agent=agent,
        state=state,
        category=None,
        summary=None,
        disposition=None,
        created_at=datetime(2026, 3, 2, 1, 15, 5, tzinfo=UTC),
        filled_at=None,
        filled_by=None,
        version=1,
    )


class FakeAuditLog:
    """An `AuditLog` of what is put into `kept`, oldest first; no cursors."""

    def __init__(self) -> None:
        self.kept: list[AuditEntry] = []
        self.away = False

    async def entries(self, *, limit: int, before_cursor: str | None, **wanted: object) -> AuditPage:
        if self.away:
            raise DatabaseAway("connection refused")
        if before_cursor is not None:
            raise BadCursor("this is not a cursor of this list")
        same = {name: value for name, value in wanted.items() if name not in ("since", "until")}
        found = [
            entry
            for entry in reversed(self.kept)
            if all(value is None or getattr(entry, name) == value for name, value in same.items())
        ]
        return AuditPage(found[:limit], None)

    async def verify(self) -> tuple[ChainReport, ...]:
        verifier = Verifier()
        verifier.take(self.kept)
        return verifier.reports()
