"""The audit in PostgreSQL: read as it was written, and not to be changed without its showing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.audit import AuditEntry, AuditHead, ToAudit, Trail
from cti.audit_check import verify_audit
from cti.database import BadCursor
from cti.records_json import Entry, decode
from recording.audit import AuditLog, write_audit

NOW = datetime.now(UTC)


def chain(count: int, at: datetime = NOW, actions: tuple[str, ...] = ("listen", "barge")) -> list[Entry]:
    trail = Trail(AuditHead("j1"))
    whats = (
        ToAudit(
            at.timestamp() + place,
            f"c-{place}",
            "supervisor",
            actions[place % len(actions)],
            whom="1001",
            call=f"call-{place}",
            detail={"座席": "s9"},
        )
        for place in range(count)
    )
    drafts = [trail.add(what)[0] for what in whats]
    return [Entry(seq, d.at, d.kind, d.key, d.body) for seq, d in enumerate(drafts, 1)]


async def write(engine: AsyncEngine, entries: list[Entry]) -> None:
    async with engine.begin() as connection:
        await write_audit(connection, entries)


async def execute_unguarded(engine: AsyncEngine, statement: str) -> None:
    """As somebody who has the database in hand."""
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(statement))


async def test_entries_are_read_as_they_were_written_in_pages_and_filtered(database: AsyncEngine) -> None:
    written = chain(5)
    log = AuditLog(database)
    await write(database, written)
    await write(database, written[:2])  # a projection that begins again
    page = await log.entries(limit=3)
    assert list(page.entries) == [decode(AuditEntry, entry.body) for entry in reversed(written[2:])]
    rest = await log.entries(limit=3, before_cursor=page.next_cursor)
    assert [entry.number for entry in rest.entries] == [2, 1]
    assert rest.next_cursor is None
    barged = await log.entries(action="barge", who="supervisor", whom="1001")
    assert [entry.number for entry in barged.entries] == [4, 2]
    assert [e.number for e in (await log.entries(call="call-3")).entries] == [4]
    assert [e.number for e in (await log.entries(since=NOW + timedelta(seconds=3))).entries] == [5, 4]
    with pytest.raises(BadCursor):
        await log.entries(before_cursor="2026-03-02T01:14:56.500000Z~nowhere")


async def test_the_database_refuses_to_change_an_entry_or_to_delete_one_within_half_a_year(
    database: AsyncEngine,
) -> None:
    await write(database, chain(3))
    for statement in (
        "UPDATE audit SET who = 'nobody'",
        "DELETE FROM audit WHERE number = 3",
        "TRUNCATE audit",
    ):
        with pytest.raises(DBAPIError, match="the audit is not changed"):
            async with database.begin() as connection:
                await connection.execute(text(statement))
    [report] = await AuditLog(database).verify()
    assert (report.entries, report.broken_at) == (3, None)


async def test_what_is_older_than_half_a_year_may_go_and_the_rest_still_holds(database: AsyncEngine) -> None:
    await write(database, chain(3, NOW - timedelta(days=190)))
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM audit WHERE number = 1"))
    [report] = await AuditLog(database).verify()
    assert (report.first, report.last, report.broken_at) == (2, 3, None)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET who = 'nobody' WHERE number = 4", (4, "changed")),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE number = 2", (2, "changed")),
        ("""UPDATE audit SET detail = '{"座席": "s1"}' WHERE number = 3""", (3, "changed")),
        ("DELETE FROM audit WHERE number = 3", (4, "missing")),
        ("UPDATE audit SET hash = repeat('0', 64) WHERE number = 5", (5, "changed")),
    ],
)
async def test_who_gets_around_that_is_found_out_by_recomputing(
    database: AsyncEngine, statement: str, found: tuple[int, str]
) -> None:
    await write(database, chain(5))
    await execute_unguarded(database, statement)
    [report] = await AuditLog(database).verify()
    assert (report.broken_at, report.reason) == found


async def test_the_command_recomputes_and_says_so_by_its_exit_status(
    database: AsyncEngine, database_url: str
) -> None:
    said = StringIO()
    assert await verify_audit(database_url, said) == 0
    assert said.getvalue() == "the audit is empty\n"
    written = chain(5)
    await write(database, written)
    said = StringIO()
    assert await verify_audit(database_url, said) == 0
    assert said.getvalue() == f"chain j1: 5 entries, 1 to 5, last {written[-1].body['hash']}: holds\n"
    await execute_unguarded(database, "DELETE FROM audit WHERE number = 3")
    said = StringIO()
    assert await verify_audit(database_url, said) == 1
    assert said.getvalue().endswith(": BROKEN at 4: missing\n")
