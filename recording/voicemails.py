"""Messages that callers left on closed lines, in the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import DateTime, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.database import cursor_after, cursor_place, reading
from recording.tables import calls, recordings, voicemails


@dataclass(frozen=True, slots=True)
class ArchivedVoicemail:
    """A message with its call and its recording; that comes a little later than the message."""

    call: str
    hotline: str
    queue: str | None
    number: str
    started_at: datetime
    ended_at: datetime | None
    recording: str | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class VoicemailPage:
    """Messages, latest first."""

    voicemails: Sequence[ArchivedVoicemail]
    next_cursor: str | None


class VoicemailArchive:
    """Reads messages. Every method raises `DatabaseAway`, an `OSError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def voicemails(
        self, *, since: datetime | None, until: datetime | None, limit: int, before_cursor: str | None
    ) -> VoicemailPage:
        """Messages begun from `since` on and before `until`, latest first.

        Raises `BadCursor` for a cursor that is no page's `next_cursor`.
        """
        query = (
            select(
                calls.c.call,
                calls.c.hotline,
                calls.c.queue,
                calls.c.number,
                voicemails.c.started_at,
                voicemails.c.ended_at,
                recordings.c.recording,
                recordings.c.duration_s,
            )
            .join_from(voicemails, calls, voicemails.c.call == calls.c.call)
            .outerjoin(recordings, recordings.c.recording == voicemails.c.leg)
            .order_by(voicemails.c.started_at.desc(), voicemails.c.call.desc())
            .limit(limit + 1)
        )
        if since is not None:
            query = query.where(voicemails.c.started_at >= since)
        if until is not None:
            query = query.where(voicemails.c.started_at < until)
        if before_cursor is not None:
            time, call = cursor_place(before_cursor)
            place = tuple_(literal(time, DateTime(timezone=True)), literal(call))
            query = query.where(tuple_(voicemails.c.started_at, voicemails.c.call) < place)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).mappings().all()
        page = [ArchivedVoicemail(**row) for row in rows[:limit]]
        more = len(rows) > limit
        return VoicemailPage(page, cursor_after(page[-1].started_at, page[-1].call) if more else None)
