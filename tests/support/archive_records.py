"""Records as the service journals them, for tests of the projection and the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from acd.effects import AgentChanged, Candidate, Decided
from acd.model import AgentState, OfferOutcome
from cti.calls.records import (
    CallOutcome,
    CallRecord,
    Direction,
    EndedBy,
    HoldKind,
    HoldRecord,
    LegRecord,
    OfferRecord,
    Route,
    SegmentRecord,
)
from cti.records_json import Draft, Entry, encode
from recording.model import RecordingRecord
from workorder.lifecycle import begin
from workorder.model import WorkOrder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()


def ringing(call: str = "c.1", *, at: float = NOON, version: int = 1) -> CallRecord:
    """A citizen's call that waits, its first offer ringing."""
    return CallRecord(
        call=call,
        direction=Direction.INBOUND,
        hotline="12345",
        queue="general",
        priority=1,
        number="13812341234",
        dialled="12345",
        started_at=at,
        queued_at=at + 5,
        offered_at=at + 5.25,
        route=Route.ACD,
        legs=[LegRecord(call, "PJSIP/trunk-1", "trunk", None, None, "13812341234", at, None, at)],
        offers=[OfferRecord(f"{call}-a", "1001", "s01", at + 5.25)],
        version=version,
    )


def ended(call: str = "c.1", *, at: float = NOON, version: int = 5) -> CallRecord:
    """The same call: the first agent did not answer, the second one did; a transfer made two segments."""
    record = ringing(call, at=at, version=version)
    record.answered_at, record.ended_at = at + 25, at + 125.5
    record.ended_by, record.outcome = EndedBy.CALLER, CallOutcome.ANSWERED
    record.agent, record.seat = "1002", "s02"
    record.holds = [HoldRecord(call, HoldKind.SERVICE, "1002", at + 60, at + 70)]
    record.legs = [
        replace(
            record.legs[0],
            ended_at=at + 125.5,
            hangup_cause=16,
            said_loss=0.01,
            said_jitter_s=0.002,
            said_mos=4.1,
            heard_loss=0.02,
            heard_jitter_s=0.003,
            heard_mos=3.9,
            rtt_s=0.04,
        ),
        LegRecord(f"{call}-a", "PJSIP/s01-2", "s01", "s01", "1001", "", at + 5.25, at + 6, None, at + 20, 19),
        LegRecord(
            f"{call}-b", "PJSIP/s02-3", "s02", "s02", "1002", "", at + 20, at + 21, at + 25, at + 125.5
        ),
    ]
    record.segments = [
        SegmentRecord(f"{call}/1", (call, f"{call}-b"), "1002", "s02", f"{call}-b", at + 25, at + 100),
        SegmentRecord(f"{call}/2", (call, f"{call}-b"), "1002", "s02", None, at + 100, at + 125.5),
    ]
    record.offers = [
        OfferRecord(f"{call}-a", "1001", "s01", at + 5.25, at + 20, OfferOutcome.NO_ANSWER),
        OfferRecord(f"{call}-b", "1002", "s02", at + 20, at + 25, OfferOutcome.ACCEPTED),
    ]
    return record


def decided(call: str = "c.1", offer: str = "c.1-a", *, at: float = NOON + 5.25) -> Decided:
    return Decided(
        at=at,
        cause="ami-7",
        decision=offer,
        contact=call,
        queue="general",
        agent="1001",
        criterion="longest_idle",
        waited_s=0.25,
        eligible=2,
        candidates=(Candidate("1001", None), Candidate("1002", "idle for less long")),
        passed_over=("c.0: skill",),
    )


def agent_changed(agent: str = "1001", contact: str | None = None, *, at: float = NOON) -> AgentChanged:
    return AgentChanged(at, "api-1", agent, "s01", AgentState.READY, None, at, None, contact)


def stored(call: str = "c.1", recording: str = "c.1-b", segment: str = "c.1/1") -> RecordingRecord:
    return RecordingRecord(
        recording=recording,
        call=call,
        segment=segment,
        path=f"2026/03/02/{call}/{recording}.wav",
        size_bytes=32044,
        duration_s=1.0,
        sha256="0f" * 32,
        sample_rate_hz=8000,
        channels=2,
        stored_at=datetime(2026, 3, 2, 12, 3, tzinfo=UTC),
    )


def spawned(call: str = "c.1", agent: str | None = "1001", *, at: float = NOON) -> WorkOrder:
    return begin(call, agent, datetime.fromtimestamp(at, UTC))


def draft(record: CallRecord | Decided | AgentChanged | RecordingRecord | WorkOrder) -> Draft:
    """The record as the service hands it to the journal."""
    match record:
        case CallRecord():
            kind, key = "call", record.call
        case Decided():
            kind, key = "decision", record.decision
        case AgentChanged():
            kind, key = "agent_state", record.agent
        case RecordingRecord():
            kind, key = "recording", record.recording
        case WorkOrder():
            kind, key = "work_order", record.work_order
    return Draft(NOON, kind, key, encode(record))


def entries(
    records: Sequence[CallRecord | Decided | AgentChanged | RecordingRecord | WorkOrder],
) -> list[Entry]:
    """The records as the projection hands them to their handler."""
    drafts = map(draft, records)
    return [Entry(seq, each.at, each.kind, each.key, each.body) for seq, each in enumerate(drafts, start=1)]
