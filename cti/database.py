"""What everybody who talks to PostgreSQL shares: the engine, what its errors mean, and cursors into lists."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_S = 5.0
COMMAND_S = 30.0
_DRIVER = "postgresql+asyncpg"
_ENTRYS_OWN_FAULT = ("22", "23", "54")
"""Classes of SQLSTATE (PostgreSQL manual, appendix A) that no later attempt can cure: data exception,
integrity constraint violation, program limit exceeded. The others come from the server's condition."""


class DatabaseAway(ConnectionError):
    """PostgreSQL did not answer, or cannot now. The same question may be asked again."""


class BadDatabaseUrl(ValueError):
    """The database's URL cannot be used."""


class BadCursor(ValueError):
    """The text is no cursor that a list has given out."""


def database_url(text: str) -> URL:
    """The URL of a PostgreSQL database with the driver that we use. Raises `BadDatabaseUrl`."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise BadDatabaseUrl(
            "the database's URL cannot be read; it should look like postgresql://user:password@host:5432/name"
        ) from error
    if url.drivername not in ("postgres", "postgresql", _DRIVER):
        raise BadDatabaseUrl(
            f"the database's URL begins with {url.drivername}://; it should begin with postgresql://"
        )
    query = {("ssl" if key == "sslmode" else key): value for key, value in url.query.items()}
    return url.set(drivername=_DRIVER, query=query)


def create_engine(text: str, *, pool_size: int = 5) -> AsyncEngine:
    """An engine for the database at this URL; nothing is connected yet. Raises `BadDatabaseUrl`.

    A connection is checked before it is used again, so a restarted server costs nobody an error.
    """
    return create_async_engine(
        database_url(text),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_S,
            "command_timeout": COMMAND_S,
            "server_settings": {"application_name": "hotline", "timezone": "UTC"},
        },
    )


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-character code, if the error came from the server."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlstate", None)
    return code if isinstance(code, str) else None


def never_accepted(error: Exception) -> bool:
    """Whether what was to be written is at fault, so that PostgreSQL would refuse it at every attempt."""
    code = sqlstate(error)
    if code is not None:
        return code.startswith(_ENTRYS_OWN_FAULT)
    if isinstance(error, DBAPIError):
        # asyncpg could not even send it: a number out of range, text that is not Unicode.
        return isinstance(error.orig.__cause__ if error.orig else None, asyncpg.DataError | ValueError)
    return not isinstance(error, OSError | TimeoutError | SQLAlchemyError | asyncpg.InterfaceError)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to read with, in one transaction that sees one state. Raises `DatabaseAway`."""
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
    except (OSError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        if never_accepted(error) or (sqlstate(error) or "").startswith("42"):
            raise
        raise DatabaseAway(type(error).__name__) from error


def cursor_after(time: datetime, identifier: str) -> str:
    """Where a list that is sorted by time and id, latest first, goes on after this row."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{identifier}"


def cursor_place(cursor: str) -> tuple[datetime, str]:
    """Time and id of the row that the cursor stands after. Raises `BadCursor`."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)~([^\0]+)", cursor, re.ASCII)
    try:
        if match:
            return datetime.fromisoformat(match[1]), match[2]
    except ValueError:
        pass
    raise BadCursor("this is not a cursor of this list; take `next_cursor` from the page before")
