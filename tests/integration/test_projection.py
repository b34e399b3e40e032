"""What is in the journal gets into PostgreSQL in order and once, whatever happens to PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from cti import projection
from cti.database import create_engine
from cti.journal import Draft, Journal, JournalError
from cti.projection import Projector, journal_position, rejected_entries
from lab.postgres import Postgres
from recording import archive
from recording.tables import agent_states, calls, recordings
from tests.support.archive_records import NOON, agent_changed, decided, draft, ended, ringing, spawned, stored
from tests.support.cutting_proxy import cutting_proxy
from tests.support.postgres_fixtures import TEMPLATE
from tests.support.until import until
from workorder import store
from workorder.tables import work_orders

HANDLERS = {**archive.HANDLERS, **store.HANDLERS}
NUMBER = "13812341234"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path / "journal.db")) as opened:
        yield opened


@pytest.fixture
def more() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times between attempts, not the attempts."""
    monkeypatch.setattr(projection, "IDLE_S", 0.1)
    monkeypatch.setattr(projection, "LINGER_S", 0.02)
    monkeypatch.setattr(projection, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(projection, "LONGEST_DELAY_S", 0.1)


@asynccontextmanager
async def projecting(journal: Journal, engine: AsyncEngine, more: asyncio.Event) -> AsyncIterator[Projector]:
    projector = Projector(journal, engine, HANDLERS, more)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(projector.run())
        yield projector
        running.cancel()


async def rows(engine: AsyncEngine, query: Executable) -> list[Any]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


def a_whole_call(call: str) -> list[Draft]:
    """A call as it is journaled, each thing when it happens: the recording before the last version."""
    return [
        draft(ringing(call)),
        draft(decided(call, f"{call}-a")),
        draft(agent_changed("1001", call)),
        draft(stored(call, f"{call}-b", f"{call}/1")),
        draft(spawned(call)),
        draft(ended(call)),
    ]


async def test_everything_a_call_leaves_behind_is_there(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    last = journal.append([*a_whole_call("c.1"), *a_whole_call("c.2")])

    async with projecting(journal, database, more) as projector:
        await projector.wait_applied(last, 30)
        assert (projector.backlog(), projector.applied_seq, projector.reachable) == (0, last, True)

    for table, expected in ((calls, 2), (recordings, 2), (work_orders, 2), (agent_states, 2)):
        assert await rows(database, select(func.count()).select_from(table)) == [(expected,)]
    found = await archive.CallArchive(database).call("c.2")
    assert found is not None
    assert (found.record, len(found.decisions), len(found.recordings)) == (ended("c.2"), 1, 1)
    assert await rows(database, select(journal_position.c.journal_id, journal_position.c.seq)) == [
        (journal.journal_id, last)
    ]


async def test_an_entry_is_there_well_within_a_second(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    taken = []
    async with projecting(journal, database, more) as projector:
        for number in range(20):
            begun = time.monotonic()
            last = journal.append(a_whole_call(f"c.{number}"))
            more.set()
            await projector.wait_applied(last, 30)
            taken.append(time.monotonic() - begun)

    assert statistics.median(taken) < 0.5


async def test_an_append_that_nobody_announced_is_found_too(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    async with projecting(journal, database, more) as projector:
        await until(lambda: projector.reachable)
        last = journal.append([draft(ringing())])
        await projector.wait_applied(last, 30)


async def test_a_long_backlog_is_worked_off_batch_by_batch(
    journal: Journal, database: AsyncEngine, more: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "BATCH", 7)
    changes = [agent_changed("1001", str(number)) for number in range(100)]
    last = journal.append([draft(change) for change in changes])

    async with projecting(journal, database, more) as projector:
        await projector.wait_applied(last, 30)

    kept = await rows(database, select(agent_states.c.contact).order_by(agent_states.c.id))
    assert kept == [(str(number),) for number in range(100)]


async def test_a_new_projector_goes_on_where_the_last_one_stopped(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    for number in range(5):
        last = journal.append([draft(agent_changed("1001", str(number)))])
        async with projecting(journal, database, more) as projector:
            await projector.wait_applied(last, 30)

    assert len(await rows(database, select(agent_states.c.id))) == 5


async def test_two_journals_into_one_database_do_not_disturb_each_other(
    journal: Journal, database: AsyncEngine, more: asyncio.Event, tmp_path: Path
) -> None:
    journal.append([draft(agent_changed("1001"))] * 3)
    async with projecting(journal, database, more) as projector:
        await projector.wait_applied(3, 30)
    with closing(Journal.open(tmp_path / "other.db")) as other:
        other.append([draft(agent_changed("1002"))])
        async with projecting(other, database, more) as projector:
            await projector.wait_applied(1, 30)

    assert len(await rows(database, select(agent_states.c.id))) == 4


async def test_a_server_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    journal: Journal, mortal_postgres_server: Postgres, more: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small batches: the kills meet the projector in a transaction, not between two.
    monkeypatch.setattr(projection, "BATCH", 3)
    monkeypatch.setattr(projection, "LINGER_S", 0.0)
    engine = create_engine(mortal_postgres_server.url(TEMPLATE))
    last = 0

    def append(number: int) -> int:
        # An agent's states are a history: one too many or too few is seen.
        changed = draft(agent_changed("1001", str(number)))
        last = journal.append([changed, draft(ended(f"c.{number}"))])
        more.set()
        return last

    with capture_logs() as logs:
        async with projecting(journal, engine, more) as projector:
            for kill in range(3):
                begun_at = projector.applied_seq
                for number in range(100 * kill, 100 * (kill + 1)):
                    last = append(number)
                await until(lambda at=begun_at: projector.applied_seq > at + 20)  # type: ignore[misc]
                assert projector.backlog() > 0
                await asyncio.to_thread(mortal_postgres_server.kill)
                await until(lambda: not projector.reachable)
                assert projector.backlog() > 0, "PostgreSQL is away, and the journal goes on"
                await asyncio.to_thread(mortal_postgres_server.start_again)
            await projector.wait_applied(last, 120)
            assert (projector.reachable, projector.rejected) == (True, 0)

    kept = await rows(engine, select(agent_states.c.contact).order_by(agent_states.c.id))
    assert kept == [(str(number),) for number in range(300)]
    assert await rows(engine, select(func.count()).select_from(calls)) == [(300,)]
    await engine.dispose()
    said = [log["event"] for log in logs if log["event"].startswith("database_")]
    assert said.count("database_unreachable") >= 3
    assert said[-1] == "database_reachable"


async def test_a_commit_whose_answer_got_lost_is_not_done_again(
    journal: Journal, database: AsyncEngine, database_url: str, more: asyncio.Event
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with cutting_proxy(database_url, Path(directory)) as (proxy, url):
            engine = create_engine(url)
            async with projecting(journal, engine, more) as projector:
                await until(lambda: projector.reachable)
                proxy.lose_the_next_commits_answer()
                last = journal.append([draft(agent_changed("1001", "once"))])
                more.set()
                await proxy.cut.wait()
                await projector.wait_applied(last, 30)
            await engine.dispose()

    assert await rows(database, select(agent_states.c.contact)) == [("once",)]


async def test_a_server_that_comes_later_gets_everything(
    journal: Journal, mortal_postgres_server: Postgres, more: asyncio.Event
) -> None:
    mortal_postgres_server.stop()
    last = journal.append(a_whole_call("c.1"))
    engine = create_engine(mortal_postgres_server.url(TEMPLATE))

    async with projecting(journal, engine, more) as projector:
        with pytest.raises(TimeoutError):
            await projector.wait_applied(last, 0.2)
        assert (projector.reachable, projector.backlog()) == (False, last)
        await asyncio.to_thread(mortal_postgres_server.start_again)
        await projector.wait_applied(last, 60)
        assert (projector.reachable, projector.backlog()) == (True, 0)
    await engine.dispose()


BAD = {
    "a NUL": draft(replace(ended("bad"), number=f"{NUMBER}\0")),
    "half a surrogate pair": draft(replace(ended("bad"), number=f"{NUMBER}\ud800")),
    "a number out of range": draft(replace(ended("bad"), priority=2**40)),
    "no call it belongs to": draft(stored("unknown", "bad")),
    "a value nobody knows": Draft(NOON, "call", "bad", {**draft(ended("bad")).body, "outcome": NUMBER}),
    "a part missing": Draft(NOON, "call", "bad", {"call": "bad"}),
    "two parts with one id": draft(replace(ended("bad"), legs=ended("bad").legs[:1] * 2)),
    "a kind nobody handles": Draft(NOON, "weather", "bad", {"sky": "blue"}),
    "an id too long for an index": draft(replace(ended("bad"), call="".join(map(chr, range(1000, 9000))))),
}


@pytest.mark.parametrize("what", BAD)
async def test_an_entry_that_can_never_be_written_is_set_aside_and_blocks_nobody(
    journal: Journal, database: AsyncEngine, more: asyncio.Event, what: str
) -> None:
    journal.append([*a_whole_call("c.1"), BAD[what], *a_whole_call("c.2")])

    with capture_logs() as logs:
        async with projecting(journal, database, more) as projector:
            await projector.wait_applied(13, 30)
            assert projector.rejected == 1

    assert await rows(database, select(calls.c.call).order_by(calls.c.call)) == [("c.1",), ("c.2",)]
    assert len(await rows(database, select(agent_states.c.id))) == 2
    ((seq, kind, body, reason),) = await rows(
        database,
        select(
            rejected_entries.c.seq,
            rejected_entries.c.kind,
            rejected_entries.c.body,
            rejected_entries.c.reason,
        ),
    )
    assert (seq, kind) == (7, BAD[what].kind)
    (entry,) = journal.read(6, 1)
    assert json.loads(body) == entry.body, "nothing of it is lost"
    assert reason
    errors = [log for log in logs if log["log_level"] == "error"]
    assert [(log["event"], log["seq"]) for log in errors] == [("entry_rejected", 7)]
    assert NUMBER not in str(logs)


async def test_a_rejected_entry_is_rejected_once(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    journal.append([BAD["a kind nobody handles"]])
    async with projecting(journal, database, more) as projector:
        await projector.wait_applied(1, 30)
    last = journal.append([draft(ringing())])
    async with projecting(journal, database, more) as projector:
        await projector.wait_applied(last, 30)
        assert projector.rejected == 0

    assert await rows(database, select(rejected_entries.c.seq)) == [(1,)]


async def test_trouble_of_the_database_is_never_held_against_an_entry(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    async def do(statement: str) -> None:
        async with database.begin() as connection:
            await connection.execute(text(statement))

    await do("ALTER TABLE agent_states RENAME TO elsewhere")
    last = journal.append([draft(agent_changed())])
    with capture_logs() as logs:
        async with projecting(journal, database, more) as projector:
            await until(lambda: bool(logs))
            assert not projector.reachable
            await do("ALTER TABLE elsewhere RENAME TO agent_states")
            await projector.wait_applied(last, 30)
            assert projector.rejected == 0

    assert logs[0] == {
        "event": "database_unreachable",
        "error": "ProgrammingError",
        "sqlstate": "42P01",
        "log_level": "warning",
    }
    assert len(await rows(database, select(agent_states.c.id))) == 1


async def test_a_journal_put_back_to_an_older_copy_skips_none_of_its_new_entries(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    async with database.begin() as connection:
        await connection.execute(
            journal_position.insert().values(journal_id=journal.journal_id, seq=1000, updated_at=func.now())
        )
    journal.append([draft(ringing("old"))])

    with capture_logs() as logs:
        async with projecting(journal, database, more) as projector:
            await until(lambda: projector.reachable)
            last = journal.append([draft(ringing("new"))])
            await projector.wait_applied(last, 30)

    assert await rows(database, select(calls.c.call)) == [("new",)]
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["journal_older_than_database"]


async def test_a_database_put_back_to_an_older_copy_gets_again_what_the_journal_still_has(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    journal.append([draft(ringing(f"c.{number}", version=1)) for number in range(4)])
    async with projecting(journal, database, more) as projector:
        await projector.wait_applied(4, 30)
        async with database.begin() as connection:
            await connection.execute(journal_position.update().values(seq=1))
            await connection.execute(text("DELETE FROM offers"))
            await connection.execute(text("DELETE FROM legs"))
            await connection.execute(text("DELETE FROM calls"))
        last = journal.append([draft(ringing("c.4"))])
        more.set()
        await projector.wait_applied(last, 30)

    kept = await rows(database, select(calls.c.call).order_by(calls.c.call))
    assert kept == [("c.1",), ("c.2",), ("c.3",), ("c.4",)]


async def test_what_neither_side_has_any_more_is_said_aloud(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    journal.append([draft(decided(offer=f"o.{number}")) for number in range(5)])
    journal.trim(3)

    with capture_logs() as logs:
        async with projecting(journal, database, more) as projector:
            assert projector.backlog() == 2, "what was trimmed was there once"
            await projector.wait_applied(5, 30)

    missing = [log for log in logs if log["log_level"] == "error"]
    assert [(log["event"], log["after_seq"], log["upto_seq"]) for log in missing] == [
        ("entries_missing_in_journal", 0, 3)
    ]


async def test_a_cancelled_projector_leaves_no_connection_in_use(
    journal: Journal, database: AsyncEngine, more: asyncio.Event
) -> None:
    entered = asyncio.Event()

    async def stuck(connection: Any, entries: Any) -> None:
        await connection.execute(text("LOCK TABLE calls"))
        entered.set()
        await asyncio.Event().wait()

    journal.append([draft(ringing())])
    task = asyncio.create_task(Projector(journal, database, {"call": stuck}, more).run())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(30):
        assert await rows(database, select(calls.c.call)) == [], "the lock went with the transaction"


async def test_a_journal_that_cannot_be_read_for_a_while_does_not_end_the_projection(
    journal: Journal, database: AsyncEngine, more: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = journal.append([draft(ringing())])
    read = Journal.read
    failures = [JournalError("disk I/O error")] * 3

    def failing(self: Journal, after: int, limit: int) -> Any:
        if failures:
            raise failures.pop()
        return read(self, after, limit)

    monkeypatch.setattr(Journal, "read", failing)
    with capture_logs() as logs:
        async with projecting(journal, database, more) as projector:
            await projector.wait_applied(last, 30)

    assert [log["event"] for log in logs] == ["journal_unreadable", "database_reachable"]
