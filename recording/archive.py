"""The archive of calls: how the journal's entries are written into PostgreSQL, and how they are read back.

The writers are the projection's handlers: each takes entries of its kind in their order, on the projection's
connection, and leaves things as they were for an entry that is no newer than what is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    DateTime,
    RowMapping,
    Select,
    Table,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

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
    RatingOutcome,
    RatingRecord,
    Route,
    SegmentRecord,
    VoicemailRecord,
    WrapUpRecord,
)
from cti.database import cursor_after, cursor_place, reading
from cti.records_json import Entry, decode, decode_call
from cti.statements import deletion_by_call, first_stays, insertion, newer_wins
from recording.model import RecordingRecord
from recording.rows import fields_of, row_of, time_of
from recording.tables import (
    agent_states,
    calls,
    decisions,
    holds,
    legs,
    offers,
    ratings,
    recordings,
    segments,
    voicemails,
)


@dataclass(frozen=True, slots=True)
class ArchivedCall:
    """A call with all that was kept about it."""

    record: CallRecord
    decisions: Sequence[Decided]
    """In the order they were made."""
    recordings: Sequence[RecordingRecord]
    """In the order of the segments."""
    wrap_ups: Sequence[WrapUpRecord]
    """In the order in which they began."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls, latest first."""

    calls: Sequence[CallRecord]
    next_cursor: str | None
    """Where the next page begins; None on the last."""


async def write_calls(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`call` entries: the newest version of each call, whole, in place of what was there."""
    latest = {entry.key: entry for entry in sorted(entries, key=_version)}
    newest = {call: decode_call(entry.body) for call, entry in latest.items()}
    written = await connection.scalars(
        newer_wins(calls, "version").returning(calls.c.call),
        [row_of(calls, record) for record in newest.values()],
    )
    changed = [newest[call] for call in written]
    parts: Mapping[Table, list[tuple[CallRecord, Sequence[object]]]] = {
        legs: [(record, record.legs) for record in changed],
        segments: [(record, record.segments) for record in changed],
        offers: [(record, record.offers) for record in changed],
        holds: [(record, record.holds) for record in changed],
        ratings: [(record, [record.rating] if record.rating else []) for record in changed],
        voicemails: [(record, [record.voicemail] if record.voicemail else []) for record in changed],
    }
    if changed:
        await connection.execute(deletion_by_call(*parts), {"parents": [record.call for record in changed]})
    for table, children in parts.items():
        await _write_children(connection, table, children)


async def write_decisions(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`decision` entries. A decision is told once and never changes."""
    rows = []
    for entry in entries:
        decided = decode(Decided, entry.body)
        candidates = [{"agent": each.agent, "against": each.against} for each in decided.candidates]
        rows.append(row_of(decisions, decided, candidates=candidates, passed_over=list(decided.passed_over)))
    await connection.execute(first_stays(decisions), rows)


async def write_agent_states(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`agent_state` entries: a history, one row for each."""
    rows = [row_of(agent_states, decode(AgentChanged, entry.body)) for entry in entries]
    await connection.execute(insertion(agent_states), rows)


async def write_recordings(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`recording` entries: the one stored last of each recording."""
    newest: dict[str, RecordingRecord] = {}
    for entry in entries:
        record = decode(RecordingRecord, entry.body)
        known = newest.get(record.recording)
        if known is None or known.stored_at < record.stored_at:
            newest[record.recording] = record
    await connection.execute(
        newer_wins(recordings, "stored_at"), [row_of(recordings, record) for record in newest.values()]
    )


HANDLERS = {
    "call": write_calls,
    "decision": write_decisions,
    "agent_state": write_agent_states,
    "recording": write_recordings,
}
"""By kind of entry; calls first, because recordings refer to them."""


class CallArchive:
    """Reads calls and recordings. Every method raises `DatabaseAway`, an `OSError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def call(self, call_id: str) -> ArchivedCall | None:
        """One call with all that was kept about it."""
        async with reading(self._engine) as connection:
            records = await _records(connection, select(calls).where(calls.c.call == call_id))
            if not records:
                return None
            made = await connection.execute(
                select(decisions)
                # The decision for a callback bears the id of the call in which it was tried.
                .where(or_(decisions.c.contact == call_id, decisions.c.decision == call_id))
                .order_by(decisions.c.at)
            )
            stored = await connection.execute(
                select(recordings).where(recordings.c.call == call_id).order_by(recordings.c.stored_at)
            )
            (record,) = records
            place = {segment.segment: number for number, segment in enumerate(record.segments)}
            return ArchivedCall(
                record,
                [_decided(row) for row in made.mappings()],
                sorted(
                    (RecordingRecord(**row) for row in stored.mappings()),
                    key=lambda each: place.get(each.segment, len(place)),
                ),
                await _wrap_ups(connection, call_id),
            )

    async def calls(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        queue: str | None = None,
        agent: str | None = None,
        outcome: CallOutcome | None = None,
        work_order: str | None = None,
        limit: int = 50,
        before_cursor: str | None = None,
    ) -> CallPage:
        """Calls, latest first: begun from `since` on and before `until`, answered first by `agent`, dialled
        for `work_order`.

        Raises `BadCursor` for a `before_cursor` that is no page's `next_cursor`.
        """
        query = select(calls).order_by(calls.c.started_at.desc(), calls.c.call.desc()).limit(limit + 1)
        if since is not None:
            query = query.where(calls.c.started_at >= since)
        if until is not None:
            query = query.where(calls.c.started_at < until)
        if queue is not None:
            query = query.where(calls.c.queue == queue)
        if agent is not None:
            query = query.where(calls.c.agent == agent)
        if outcome is not None:
            query = query.where(calls.c.outcome == outcome.value)
        if work_order is not None:
            query = query.where(calls.c.work_order == work_order)
        if before_cursor is not None:
            time, call = cursor_place(before_cursor)
            place = tuple_(literal(time, DateTime(timezone=True)), literal(call))
            query = query.where(tuple_(calls.c.started_at, calls.c.call) < place)
        async with reading(self._engine) as connection:
            found = await _records(connection, query)
        page = found[:limit]
        more = len(found) > limit
        last = page[-1] if more else None
        return CallPage(page, cursor_after(time_of(last.started_at), last.call) if last else None)

    async def recording(self, recording_id: str) -> RecordingRecord | None:
        """Where one recording is, and what it is."""
        async with reading(self._engine) as connection:
            result = await connection.execute(
                select(recordings).where(recordings.c.recording == recording_id)
            )
            row = result.mappings().one_or_none()
        return RecordingRecord(**row) if row is not None else None


def _version(entry: Entry) -> int:
    version = entry.body["version"]
    assert isinstance(version, int)
    return version


async def _write_children(
    connection: AsyncConnection, table: Table, children: Iterable[tuple[CallRecord, Sequence[object]]]
) -> None:
    rows = []
    for record, parts in children:
        for position, part in enumerate(parts):
            place = {"position": position} if "position" in table.c else {}
            rows.append(row_of(table, part, call=record.call, **place))
    if rows:
        await connection.execute(insertion(table), rows)


async def _records(connection: AsyncConnection, query: Select[Any]) -> list[CallRecord]:
    rows = (await connection.execute(query)).mappings().all()
    names = [row["call"] for row in rows]
    of_legs = await _children(connection, legs, names)
    of_segments = await _children(connection, segments, names)
    of_offers = await _children(connection, offers, names)
    of_holds = await _children(connection, holds, names)
    found = [
        _call(row, of_legs[row["call"]], of_segments[row["call"]], of_offers[row["call"]]) for row in rows
    ]
    for record in found:
        for hold in of_holds[record.call]:
            held = HoldRecord(**fields_of(hold, "call", "position"))
            held.kind = HoldKind(held.kind)
            record.holds.append(held)
    of_ratings = await _children(connection, ratings, names)
    of_voicemails = await _children(connection, voicemails, names)
    for record in found:
        for rating in of_ratings[record.call]:
            record.rating = RatingRecord(**fields_of(rating, "call"))
            outcome = record.rating.outcome
            record.rating.outcome = RatingOutcome(outcome) if outcome is not None else None
        for voicemail in of_voicemails[record.call]:
            record.voicemail = VoicemailRecord(**fields_of(voicemail, "call"))
    return found


async def _children(
    connection: AsyncConnection, table: Table, names: Sequence[str]
) -> Mapping[str, list[RowMapping]]:
    found: dict[str, list[RowMapping]] = defaultdict(list)
    if names:
        order = (table.c.call, table.c.position) if "position" in table.c else (table.c.call,)
        query = select(table).where(table.c.call.in_(names)).order_by(*order)
        for row in (await connection.execute(query)).mappings():
            found[row["call"]].append(row)
    return found


def _call(
    row: RowMapping, of_legs: list[RowMapping], of_segments: list[RowMapping], of_offers: list[RowMapping]
) -> CallRecord:
    record = CallRecord(**fields_of(row))
    record.direction = Direction(record.direction)
    record.outcome = CallOutcome(record.outcome)
    record.route = Route(record.route)
    record.ended_by = EndedBy(record.ended_by) if record.ended_by is not None else None
    record.legs = [LegRecord(**fields_of(leg, "call", "position")) for leg in of_legs]
    for segment in of_segments:
        fields = fields_of(segment, "call", "position")
        record.segments.append(SegmentRecord(**{**fields, "legs": tuple(fields["legs"])}))
    for offer in of_offers:
        made = OfferRecord(**fields_of(offer, "call", "position"))
        made.outcome = OfferOutcome(made.outcome) if made.outcome is not None else None
        record.offers.append(made)
    return record


async def _wrap_ups(connection: AsyncConnection, call_id: str) -> list[WrapUpRecord]:
    """From the agents' history: each lasts until its agent's next state, or next wrap-up."""
    later = agent_states.alias()
    other = or_(later.c.state != AgentState.WRAP_UP, later.c.since != agent_states.c.since)
    ended_at = (
        select(later.c.at)
        .where(later.c.agent == agent_states.c.agent, later.c.id > agent_states.c.id, other)
        .order_by(later.c.id)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(agent_states.c.agent, agent_states.c.since, ended_at)
        .where(agent_states.c.contact == call_id, agent_states.c.state == AgentState.WRAP_UP)
        .distinct()
        .order_by(agent_states.c.since)
    )
    rows = (await connection.execute(query)).all()
    return [WrapUpRecord(agent, since.timestamp(), end and end.timestamp()) for agent, since, end in rows]


def _decided(row: RowMapping) -> Decided:
    fields = fields_of(row)
    fields["candidates"] = tuple(Candidate(**each) for each in fields["candidates"])
    fields["passed_over"] = tuple(fields["passed_over"])
    return Decided(**fields)
