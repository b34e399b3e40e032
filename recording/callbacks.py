"""Callbacks in the archive: how the journal's entries are written into PostgreSQL, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import DateTime, RowMapping, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.model import AttemptOutcome, CallbackEnd, CallbackMode, CallbackState
from cti.callbacks.records import CallbackEntry
from cti.calls.outputs import CallbackReason
from cti.database import cursor_after, cursor_place, reading
from cti.records_json import Entry, decode
from cti.statements import newer_wins
from recording.rows import fields_of, row_of, time_of
from recording.tables import callbacks


@dataclass(frozen=True, slots=True)
class CallbackPage:
    """Callbacks, latest request first."""

    callbacks: Sequence[CallbackEntry]
    next_cursor: str | None
    """Where the next page begins; None on the last."""


async def write_callbacks(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`callback` entries: the newest version of each."""
    newest: dict[str, CallbackEntry] = {}
    for entry in entries:
        record = decode(CallbackEntry, entry.body)
        known = newest.get(record.callback)
        if known is None or known.version < record.version:
            newest[record.callback] = record
    await connection.execute(
        newer_wins(callbacks, "version"), [row_of(callbacks, record) for record in newest.values()]
    )


HANDLERS = {"callback": write_callbacks}


class CallbackArchive:
    """Reads callbacks, open ones too. Every method raises `DatabaseAway`, an `OSError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, callback: str) -> CallbackEntry | None:
        async with reading(self._engine) as connection:
            found = await connection.execute(select(callbacks).where(callbacks.c.callback == callback))
            row = found.mappings().one_or_none()
        return _entry(row) if row is not None else None

    async def campaign(self, campaign: str) -> dict[str, int]:
        """How many of a list's callbacks are in each state, or were over in each way; empty for no list."""
        stands = func.coalesce(callbacks.c.state, callbacks.c.end)
        query = select(stands, func.count()).where(callbacks.c.campaign == campaign).group_by(stands)
        async with reading(self._engine) as connection:
            rows = await connection.execute(query)
            return {str(name): int(count) for name, count in rows}

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
        """Callbacks, latest request first. Raises `BadCursor` for what is no page's `next_cursor`."""
        query = select(callbacks).order_by(callbacks.c.requested_at.desc(), callbacks.c.callback.desc())
        if open_only:
            query = query.where(callbacks.c.state.is_not(None))
        for column, value in (
            (callbacks.c.queue, queue),
            (callbacks.c.owner, owner),
            (callbacks.c.work_order, work_order),
            (callbacks.c.campaign, campaign),
        ):
            if value is not None:
                query = query.where(column == value)
        if before_cursor is not None:
            time, name = cursor_place(before_cursor)
            place = tuple_(literal(time, DateTime(timezone=True)), literal(name))
            query = query.where(tuple_(callbacks.c.requested_at, callbacks.c.callback) < place)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.limit(limit + 1))).mappings().all()
        page = [_entry(row) for row in rows[:limit]]
        last = page[-1] if len(rows) > limit else None
        return CallbackPage(page, cursor_after(time_of(last.requested_at), last.callback) if last else None)


def _entry(row: RowMapping) -> CallbackEntry:
    entry = CallbackEntry(**fields_of(row))
    entry.reason, entry.mode = CallbackReason(entry.reason), CallbackMode(entry.mode)
    entry.state = None if entry.state is None else CallbackState(entry.state)
    entry.end = None if entry.end is None else CallbackEnd(entry.end)
    entry.last_outcome = None if entry.last_outcome is None else AttemptOutcome(entry.last_outcome)
    return entry
