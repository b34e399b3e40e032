"""A real PostgreSQL for tests: one server for the session, a fresh migrated database for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.database import create_engine
from lab.postgres import Postgres, PostgresError
from migrations.upgrade import upgrade

QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60"}
"""The machine will not lose power under a test. A killed server recovers: the kernel has what it wrote."""
TEMPLATE = "template_migrated"
_numbers = count(1)


def in_own_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end in another thread: a fixture's loop, if there is one, is not disturbed."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, coroutine).result()


async def execute(server: Postgres, *statements: str) -> None:
    """Runs statements that need no transaction, such as CREATE DATABASE."""
    url = make_url(server.url()).set(drivername="postgresql").render_as_string()
    try:
        connection = await asyncpg.connect(url)
    except OSError as error:
        raise PostgresError(f"the tests' PostgreSQL is gone: {error}{server.log_end()}") from error
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def migrated_server() -> Iterator[Postgres]:
    """A server with a migrated database, `TEMPLATE`; stopped and removed at the end.

    Not under pytest's own temporary directory: any other run of pytest by root closes that to other users,
    and the server is one of them.
    """
    with TemporaryDirectory(prefix="hotline-pg-") as directory:
        server = Postgres.start(Path(directory) / "data", QUICK)
        try:
            in_own_loop(execute(server, f"CREATE DATABASE {TEMPLATE}"))
            in_own_loop(upgrade(server.url(TEMPLATE)))
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The session's server. Do not stop it."""
    with migrated_server() as server:
        yield server


@pytest.fixture
def mortal_postgres_server() -> Iterator[Postgres]:
    """A server of the test's own, to be killed."""
    with migrated_server() as server:
        yield server


@pytest.fixture
def empty_database_url(postgres_server: Postgres) -> Iterator[str]:
    """A database without any table."""
    yield from _database(postgres_server, "template1")


@pytest.fixture
def database_url(postgres_server: Postgres) -> Iterator[str]:
    """A fresh database with the newest schema."""
    yield from _database(postgres_server, TEMPLATE)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a fresh database with the newest schema."""
    engine = create_engine(database_url)
    yield engine
    await engine.dispose()


def _database(server: Postgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    in_own_loop(execute(server, f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server.url(name)
    in_own_loop(execute(server, f"DROP DATABASE {name} WITH (FORCE)"))
