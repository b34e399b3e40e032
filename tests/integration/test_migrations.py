"""The database is brought to what the code needs, and one that is beyond it is left alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cti.database import create_engine
from lab.postgres import Postgres
from migrations import upgrade as module
from migrations.schema import whole_schema
from migrations.upgrade import DatabaseError, DatabaseTooNew, DatabaseUnreachable, config, upgrade

# Everything that PostgreSQL knows about the tables: columns, defaults, constraints, indexes, comments.
CATALOG = """
SELECT c.relname, 'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod),
       a.attnotnull::text || a.attidentity::text || coalesce(col_description(c.oid, a.attnum), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
UNION ALL
SELECT conrelid::regclass::text, 'constraint ' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT tablename, 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


async def catalog(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text(CATALOG))
        return [tuple(row) for row in rows if row[0] != "alembic_version"]


async def down_to(database: AsyncEngine, revision: str) -> None:
    def down(connection: Connection) -> None:
        alembic = config()
        alembic.attributes["connection"] = connection
        command.downgrade(alembic, revision)

    async with database.begin() as connection:
        await connection.run_sync(down)


@asynccontextmanager
async def dumped(database: AsyncEngine, table: str) -> AsyncIterator[None]:
    """Somebody holds the table as pg_dump does."""
    async with database.begin() as connection:
        await connection.execute(text(f"LOCK TABLE {table} IN ACCESS SHARE MODE"))
        yield


async def test_the_migrated_schema_is_the_one_that_the_code_defines(
    database: AsyncEngine, empty_database_url: str
) -> None:
    defined = create_engine(empty_database_url)
    async with defined.begin() as connection:
        await connection.run_sync(whole_schema().create_all)

    assert await catalog(database) == await catalog(defined)
    await defined.dispose()


async def test_alembic_finds_nothing_left_to_do(database: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), whole_schema()))

    async with database.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_down_to_nothing_and_up_again_leads_to_the_same_schema(database: AsyncEngine) -> None:
    before = await catalog(database)

    await down_to(database, "base")
    assert await catalog(database) == []
    await upgrade(database.url.render_as_string(hide_password=False))

    assert await catalog(database) == before


async def test_upgrading_again_changes_nothing_and_keeps_the_data(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO journal_position VALUES ('j', 7, now())"))

    await upgrade(database.url.render_as_string())

    async with database.connect() as connection:
        assert await connection.scalar(text("SELECT seq FROM journal_position")) == 7


async def test_services_that_start_at_once_take_turns(empty_database_url: str) -> None:
    await asyncio.gather(*(upgrade(empty_database_url) for _ in range(4)))

    engine = create_engine(empty_database_url)
    assert len(await catalog(engine)) > 100
    await engine.dispose()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = await catalog(database)

    with pytest.raises(DatabaseTooNew, match=r"has schema 9999, which this version .* start the newer"):
        await upgrade(database.url.render_as_string())

    async with database.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    assert await catalog(database) == before


async def test_a_step_that_fails_leaves_the_database_as_it_was(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE work_orders (somebody_elses int)"))
    before = await catalog(engine)

    with pytest.raises(DatabaseError, match=r"could not be brought up to date|may not change the schema"):
        await upgrade(empty_database_url)

    assert await catalog(engine) == before
    await engine.dispose()


async def test_a_table_that_is_dumped_is_waited_for_some_seconds_and_changed_once_it_is_free(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, url = await catalog(database), database.url.render_as_string(hide_password=False)
    await down_to(database, "0011")
    down = await catalog(database)
    monkeypatch.setattr(module, "LOCK_S", 0.5)

    async with dumped(database, "calls"):
        with pytest.raises(DatabaseUnreachable, match=r"another session, .* `ALTER TABLE calls DROP") as told:
            await asyncio.wait_for(upgrade(url), 20)
    assert "is PostgreSQL running" not in str(told.value)
    assert await catalog(database) == down

    await upgrade(url)
    assert await catalog(database) == before


async def test_an_upgrade_that_takes_longer_than_it_may_is_undone_and_keeps_nobody_waiting(
    database: AsyncEngine,
) -> None:
    before, url = await catalog(database), database.url.render_as_string(hide_password=False)
    await down_to(database, "0011")

    async with dumped(database, "calls"):
        with pytest.raises(DatabaseUnreachable, match=r"could not be brought up to date within 2 s"):
            await asyncio.wait_for(upgrade(url, within_s=2.0), 20)
        async with asyncio.timeout(2), database.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM calls")) == 0

    await upgrade(url)
    assert await catalog(database) == before


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(DatabaseUnreachable, match=r"hotline on 127\.0\.0\.1:1 does not answer") as error:
        await upgrade("postgresql://user:geheim@127.0.0.1:1/hotline")

    assert "geheim" not in str(error.value)


async def test_a_socket_that_is_not_there_is_unreachable_too(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="does not answer"):
        await upgrade(f"postgresql:///hotline?host={tmp_path}")


async def test_a_database_that_does_not_exist_is_for_the_operators(postgres_server: Postgres) -> None:
    with pytest.raises(DatabaseError, match="no such database") as error:
        await upgrade(postgres_server.url("nowhere"))

    assert not isinstance(error.value, DatabaseUnreachable)


@pytest.mark.parametrize("url", ["mysql://u@h/d", "not a url", "postgresql://u@h:port/d"])
async def test_a_url_that_cannot_be_right_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"should (look like|begin with) postgresql://"):
        await upgrade(url)


def test_alembics_own_command_works_from_the_repository(empty_database_url: str) -> None:
    root = Path(__file__).resolve().parents[2]

    def alembic(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=root,
            env={**os.environ, "DATABASE_URL": empty_database_url},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    alembic("upgrade", "head")
    assert "0013 (head)" in alembic("current")
    alembic("check")
    assert "CREATE TABLE calls" in alembic("upgrade", "head", "--sql")


async def test_plain_create_engine_and_ours_reach_the_same_database(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM calls")) == 0
    await engine.dispose()
