"""The projection: what the journal holds, brought into PostgreSQL in order, once.

Each batch of entries is one transaction together with the number that it reached (`journal_position`), so an
entry's effect is there exactly once however often either side dies. While PostgreSQL is away the projector
tries again, for ever. An entry that PostgreSQL would refuse at every attempt is put whole into
`rejected_entries`, with the reason, so it neither blocks the others nor is lost.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
from sqlalchemy import BigInteger, Column, DateTime, Executable, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cti.database import never_accepted, sqlstate
from cti.journal import Journal, JournalError
from cti.records_json import Entry

log = structlog.get_logger(__name__)

Handler: TypeAlias = Callable[[AsyncConnection, Sequence[Entry]], Awaitable[None]]
"""Writes entries of one kind, in their order. An older version than the one that is there changes nothing."""

BATCH = 500
LINGER_S = 0.5
"""Between reading and reading again, so that what is busy becomes one transaction instead of twenty: a call's
entries cost a tenth of processor time in batches of a hundred of what they cost in batches of four.
"""
IDLE_S = 2.0
"""With nothing to do, PostgreSQL is asked this often whether it is there."""
ATTEMPT_S = 60.0
FIRST_DELAY_S, LONGEST_DELAY_S = 0.1, 10.0

metadata = MetaData()

journal_position = Table(
    "journal_position",
    metadata,
    Column("journal_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, comment="The last entry whose effect is here."),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

rejected_entries = Table(
    "rejected_entries",
    metadata,
    Column("journal_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", Text, nullable=False, comment="JSON as text: it may hold what jsonb refuses."),
    Column("reason", Text, nullable=False),
    Column("rejected_at", DateTime(timezone=True), nullable=False),
)


class _Refused(Exception):
    """An entry, or one of several, that no later attempt could write."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = type(error).__name__
        self.sqlstate = sqlstate(error)


class _DatabaseWentBack(Exception):
    """The database is behind where it was: it was put back to an older copy while we were connected."""


class _NoHandler(Exception):
    """Nobody knows what to do with entries of this kind."""


async def leave_out(_connection: AsyncConnection, _entries: Sequence[Entry]) -> None:
    """For entries of a kind that is told live and not kept in the archive."""


class Projector:
    """Brings a journal's entries into PostgreSQL. `run` does the work, for as long as it is not cancelled."""

    def __init__(
        self, journal: Journal, engine: AsyncEngine, handlers: Mapping[str, Handler], more: asyncio.Event
    ) -> None:
        """`handlers`: by kind of entry, those first whose rows the others refer to. Within a batch the
        entries of one kind are written together, in that order.

        `more` is to be set, on this event loop, after each append.
        """
        self._journal = journal
        self._engine = engine
        self._handlers = dict(handlers)
        self._more = more
        # What was trimmed had been applied; the database's own word replaces this when it is reached.
        self._applied = journal.trimmed_upto
        self._advanced = asyncio.Event()
        self._reachable = False
        self._rejected = 0
        self._delay_s = FIRST_DELAY_S
        self._trouble: tuple[str, str | None] | None = None
        self._gap: tuple[int, int] | None = None

    @property
    def applied_seq(self) -> int:
        """The last entry that is known to be in PostgreSQL; the journal may be trimmed up to it."""
        return self._applied

    @property
    def reachable(self) -> bool:
        """Whether PostgreSQL answered at the last attempt, which is at most a few seconds ago."""
        return self._reachable

    @property
    def rejected(self) -> int:
        """How many entries went to `rejected_entries` since the start."""
        return self._rejected

    def backlog(self) -> int:
        """How many entries are not in PostgreSQL yet. Raises `JournalError`."""
        return max(0, self._journal.last_seq - self._applied)

    async def wait_applied(self, seq: int, timeout_s: float) -> None:
        """Returns once entry `seq` is in PostgreSQL. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while self._applied < seq:
                await self._advanced.wait()

    async def run(self) -> None:
        """Projects until it is cancelled; no failure of PostgreSQL or of the journal's disk ends it."""
        while True:
            try:
                async with asyncio.timeout(ATTEMPT_S):
                    await self._load_position()
                await self._follow()
            except Exception as error:
                self._troubled(error)
            # Half of the delay is left to chance, so that several services do not knock all at once.
            await asyncio.sleep(self._delay_s * (0.5 + random.random() / 2))  # noqa: S311 - no secret
            self._delay_s = min(2 * self._delay_s, LONGEST_DELAY_S)

    async def _follow(self) -> None:
        while True:
            self._more.clear()
            batch = await asyncio.to_thread(self._journal.read, self._applied, BATCH)
            if batch:
                async with asyncio.timeout(ATTEMPT_S):
                    await self._apply(batch)
            elif not await self._appended():
                async with asyncio.timeout(ATTEMPT_S):
                    await self._load_position()
            self._works()
            if len(batch) < BATCH:
                await asyncio.sleep(LINGER_S)

    async def _appended(self) -> bool:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._more.wait()
        except TimeoutError:
            return False
        return True

    async def _apply(self, batch: Sequence[Entry]) -> None:
        try:
            async with self._engine.begin() as connection:
                await self._write_together(connection, await self._claim(connection, batch))
                await self._set_position(connection, batch[-1].seq)
            rejected: list[tuple[Entry, _Refused]] = []
        except _Refused:
            async with self._engine.begin() as connection:
                rejected = await self._write_one_by_one(connection, await self._claim(connection, batch))
                await self._set_position(connection, batch[-1].seq)
        for entry, why in rejected:
            # Not the message: PostgreSQL quotes the row in it, numbers and all.
            log.error(
                "entry_rejected",
                seq=entry.seq, kind=entry.kind, key=entry.key, error=why.error, sqlstate=why.sqlstate,
            )  # fmt: skip
        self._rejected += len(rejected)
        self._move_to(batch[-1].seq)

    async def _claim(self, connection: AsyncConnection, batch: Sequence[Entry]) -> list[Entry]:
        """Those of the batch that are not there yet: a commit may have worked though its answer got lost."""
        position = await self._position(connection, lock=True)
        if position < self._applied:
            raise _DatabaseWentBack(f"it is at {position} and was at {self._applied}")
        return [entry for entry in batch if entry.seq > position]

    async def _write_together(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        by_kind: dict[str, list[Entry]] = {kind: [] for kind in self._handlers}
        for entry in entries:
            by_kind.setdefault(entry.kind, []).append(entry)
        for kind, some in by_kind.items():
            if some:
                await self._write(connection, kind, some)

    async def _write_one_by_one(
        self, connection: AsyncConnection, entries: Sequence[Entry]
    ) -> list[tuple[Entry, _Refused]]:
        rejected = []
        for entry in entries:
            try:
                async with connection.begin_nested():
                    await self._write(connection, entry.kind, [entry])
            except _Refused as refused:
                await connection.execute(self._rejection(entry, str(refused)))
                rejected.append((entry, refused))
        return rejected

    async def _write(self, connection: AsyncConnection, kind: str, entries: Sequence[Entry]) -> None:
        try:
            if kind not in self._handlers:
                raise _NoHandler(f"no handler for entries of kind {kind}")
            await self._handlers[kind](connection, entries)
        except Exception as error:
            if never_accepted(error):
                raise _Refused(error) from error
            raise

    def _rejection(self, entry: Entry, reason: str) -> Executable:
        return insert(rejected_entries).values(
            journal_id=self._journal.journal_id,
            seq=entry.seq,
            at=datetime.fromtimestamp(entry.at, UTC),
            kind=_plain(entry.kind),
            key=_plain(entry.key),
            body=json.dumps(entry.body),
            reason=_plain(reason),
            rejected_at=func.now(),
        )

    async def _position(self, connection: AsyncConnection, *, lock: bool = False) -> int:
        query = select(journal_position.c.seq).where(
            journal_position.c.journal_id == self._journal.journal_id
        )
        seq = await connection.scalar(query.with_for_update() if lock else query)
        return int(seq) if seq is not None else 0

    async def _set_position(self, connection: AsyncConnection, seq: int) -> None:
        values = {"seq": seq, "updated_at": func.now()}
        await connection.execute(
            insert(journal_position)
            .values(journal_id=self._journal.journal_id, **values)
            .on_conflict_do_update(index_elements=[journal_position.c.journal_id], set_=values)
        )

    async def _load_position(self) -> None:
        """Learns from the database how far it is, and checks that the journal can go on from there."""
        async with self._engine.begin() as connection:
            position = await self._position(connection)
            last, trimmed = self._journal.last_seq, self._journal.trimmed_upto
            if position > last:
                # The journal was put back to an older copy. Its next entries are new ones with numbers that
                # were used before: going on from its end skips none of them.
                log.error("journal_older_than_database", database_seq=position, journal_seq=last)
                await self._set_position(connection, last)
                position = last
        if position < trimmed and self._gap != (position, trimmed):
            # The database was put back to an older copy, or is a new one.
            log.error("entries_missing_in_journal", after_seq=position, upto_seq=trimmed)
            self._gap = (position, trimmed)
        self._move_to(position)

    def _move_to(self, seq: int) -> None:
        self._applied = seq
        self._advanced.set()
        self._advanced = asyncio.Event()

    def _works(self) -> None:
        self._delay_s = FIRST_DELAY_S
        self._trouble = None
        if not self._reachable:
            self._reachable = True
            log.info("database_reachable", applied_seq=self._applied)

    def _troubled(self, error: Exception) -> None:
        trouble = (type(error).__name__, sqlstate(error))
        new, self._trouble = trouble != self._trouble, trouble
        if isinstance(error, JournalError):
            if new:
                log.error("journal_unreadable", reason=str(error))
            return
        self._reachable = False
        if new and sqlstate(error) is None and never_accepted(error):
            log.error("projection_failed", exc_info=error)
        elif new:
            log.warning("database_unreachable", error=trouble[0], sqlstate=trouble[1])


def _plain(text: str) -> str:
    """The text as PostgreSQL can keep it: without NUL and halves of surrogate pairs."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
