"""Ratings (满意度) in the archive: each one, and the figures of agents and queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import DateTime, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.calls.records import RatingOutcome
from cti.database import cursor_after, cursor_place, reading
from recording.tables import calls, ratings


@dataclass(frozen=True, slots=True)
class ArchivedRating:
    """A rating with the call that it is about."""

    call: str
    hotline: str
    queue: str | None
    agent: str | None
    asked_at: datetime
    outcome: RatingOutcome | None
    score: int | None
    tries: int
    rated_at: datetime | None


@dataclass(frozen=True, slots=True)
class RatingPage:
    """Ratings, latest first."""

    ratings: Sequence[ArchivedRating]
    next_cursor: str | None


class RatingGroup(StrEnum):
    AGENT = "agent"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class RatingFigures:
    """How callers rated one agent or queue. None: nobody, or none."""

    of: str | None
    asked: int
    scores: dict[int, int]
    """How often each score was given."""

    @property
    def rated(self) -> int:
        return sum(self.scores.values())


class RatingArchive:
    """Reads ratings. Every method raises `DatabaseAway`, an `OSError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def ratings(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        agent: str | None,
        queue: str | None,
        limit: int,
        before_cursor: str | None,
    ) -> RatingPage:
        """Ratings asked for from `since` on and before `until`, latest first.

        Raises `BadCursor` for a cursor that is no page's `next_cursor`.
        """
        columns = [calls.c.hotline, calls.c.queue, *ratings.columns]
        query = (
            select(*columns)
            .join_from(ratings, calls, ratings.c.call == calls.c.call)
            .order_by(ratings.c.asked_at.desc(), ratings.c.call.desc())
            .limit(limit + 1)
        )
        if since is not None:
            query = query.where(ratings.c.asked_at >= since)
        if until is not None:
            query = query.where(ratings.c.asked_at < until)
        if agent is not None:
            query = query.where(ratings.c.agent == agent)
        if queue is not None:
            query = query.where(calls.c.queue == queue)
        if before_cursor is not None:
            time, call = cursor_place(before_cursor)
            place = tuple_(literal(time, DateTime(timezone=True)), literal(call))
            query = query.where(tuple_(ratings.c.asked_at, ratings.c.call) < place)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).mappings().all()
        page = []
        for row in rows[:limit]:
            outcome = RatingOutcome(row["outcome"]) if row["outcome"] is not None else None
            page.append(ArchivedRating(**{**row, "outcome": outcome}))
        more = len(rows) > limit
        return RatingPage(page, cursor_after(page[-1].asked_at, page[-1].call) if more else None)

    async def figures(
        self, by: RatingGroup, *, since: datetime | None, until: datetime | None
    ) -> Sequence[RatingFigures]:
        """Figures of each agent or queue, of ratings asked for from `since` on and before `until`."""
        of = ratings.c.agent if by is RatingGroup.AGENT else calls.c.queue
        query = (
            select(of.label("of"), ratings.c.score, func.count().label("count"))
            .join_from(ratings, calls, ratings.c.call == calls.c.call)
            .group_by(of, ratings.c.score)
            .order_by(of)
        )
        if since is not None:
            query = query.where(ratings.c.asked_at >= since)
        if until is not None:
            query = query.where(ratings.c.asked_at < until)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        asked: dict[str | None, int] = {}
        scores: dict[str | None, dict[int, int]] = {}
        for name, score, count in rows:
            asked[name] = asked.get(name, 0) + count
            given = scores.setdefault(name, dict.fromkeys(range(1, 6), 0))
            if score is not None:
                given[score] += count
        return [RatingFigures(name, asked[name], scores[name]) for name in asked]
