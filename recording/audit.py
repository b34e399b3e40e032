"""The audit in PostgreSQL: written by the projection, read by auditors, and recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import DateTime, RowMapping, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cti.audit import KIND, AuditEntry, ChainReport, Verifier
from cti.database import BadCursor, cursor_after, cursor_place, reading
from cti.records_json import Entry, decode
from cti.statements import first_stays
from recording.tables import audit

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, latest first."""

    entries: Sequence[AuditEntry]
    next_cursor: str | None
    """Where the next page begins; None on the last."""


async def write_audit(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`audit` entries. One that is there stays as it is."""
    rows = []
    for entry in entries:
        record = decode(AuditEntry, entry.body)
        values = {column.name: getattr(record, column.name) for column in audit.columns}
        rows.append(values | {"at": datetime.fromtimestamp(record.at, UTC)})
    await connection.execute(first_stays(audit), rows)


HANDLERS = {KIND: write_audit}


class AuditLog:
    """Reads the audit. Every method raises `DatabaseAway`, an `OSError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        who: str | None = None,
        action: str | None = None,
        whom: str | None = None,
        call: str | None = None,
        limit: int = 50,
        before_cursor: str | None = None,
    ) -> AuditPage:
        """Entries for which all that is given holds. Raises `BadCursor`."""
        columns = audit.c
        query = select(audit).order_by(columns.at.desc(), columns.chain.desc(), columns.number.desc())
        for column, value in ((columns.who, who), (columns.action, action), (columns.whom, whom)):
            if value is not None:
                query = query.where(column == value)
        if call is not None:
            query = query.where(columns.call == call)
        if since is not None:
            query = query.where(columns.at >= since)
        if until is not None:
            query = query.where(columns.at < until)
        if before_cursor is not None:
            time, identifier = cursor_place(before_cursor)
            chain, _, number = identifier.rpartition("/")
            if not number.isdecimal():
                raise BadCursor("this is not a cursor of this list; take `next_cursor` from the page before")
            place = tuple_(literal(time, DateTime(timezone=True)), literal(chain), literal(int(number)))
            query = query.where(tuple_(columns.at, columns.chain, columns.number) < place)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.limit(limit + 1))).mappings().all()
        last = rows[limit - 1] if len(rows) > limit else None
        return AuditPage(
            [_entry(row) for row in rows[:limit]],
            cursor_after(last["at"], f"{last['chain']}/{last['number']}") if last else None,
        )

    async def verify(self) -> tuple[ChainReport, ...]:
        """Recomputes every chain from what is stored, in one reading."""
        verifier = Verifier()
        async with reading(self._engine) as connection:
            rows = await connection.stream(select(audit).order_by(audit.c.chain, audit.c.number))
            async for some in rows.mappings().partitions(_AT_ONCE):
                verifier.take(_entry(row) for row in some)
        return verifier.reports()


def _entry(row: RowMapping) -> AuditEntry:
    values = {name: row[name] for name in AuditEntry.__dataclass_fields__}
    return AuditEntry(**values | {"at": row["at"].timestamp()})
