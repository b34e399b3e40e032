"""Brings a database up to date. The service does so when it starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from cti.database import CONNECT_S, BadDatabaseUrl, database_url, sqlstate

log = structlog.get_logger(__name__)

_LOCK = 0x484C_0001
"""Of PostgreSQL's advisory locks, the one that whoever changes the schema holds."""
LOCK_S = 5.0
"""How long a step waits for a lock, and others for the table behind it."""
_OPERATORS_TURN = {
    "28": "it refuses the user or the password",
    "3D": "there is no such database on it; create it first",
    "42": "the user may not change the schema",
}
"""By class of SQLSTATE: what trying again will not cure."""
_IN_USE = ("55P03", "40")
"""Beginnings of SQLSTATE: a lock was not to be had in time, or two waited for each other."""


class DatabaseError(Exception):
    """The database cannot be used; the message says why and what would help."""


class DatabaseUnreachable(DatabaseError):
    """PostgreSQL did not answer, or others use what is to be changed. Trying again later may help."""


class DatabaseTooNew(DatabaseError):
    """A newer version of this software has changed the schema."""


def config() -> Config:
    """Alembic's configuration, wherever the process was started."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    alembic.set_main_option("path_separator", "os")
    return alembic


async def upgrade(url: str, within_s: float | None = None) -> None:
    """Makes the schema, or brings it to what this version needs; does nothing when it is.

    All steps are one transaction, and two who start at once take turns. What takes longer than `within_s`
    is undone, and so is what waits longer than `LOCK_S` for a lock, such as that of a dump. Raises
    `DatabaseTooNew`, `DatabaseUnreachable`, or `DatabaseError` for what only operations staff can change.
    """
    try:
        target = database_url(url)
    except BadDatabaseUrl as error:
        raise DatabaseError(str(error)) from error
    engine = create_async_engine(target, connect_args={"timeout": CONNECT_S})
    limit = asyncio.timeout(within_s)
    try:
        async with limit, engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = {round(LOCK_S * 1000)}"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade, _shown(target))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        if limit.expired():
            raise DatabaseUnreachable(
                f"the database {_shown(target)} could not be brought up to date within {within_s:g} s"
            ) from error
        raise _explained(error, _shown(target)) from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, shown: str) -> None:
    alembic = config()
    script = ScriptDirectory.from_config(alembic)
    known = {step.revision for step in script.walk_revisions()}
    present = set(MigrationContext.configure(connection).get_current_heads())
    if not present <= known:
        raise DatabaseTooNew(
            f"the database {shown} has schema {', '.join(sorted(present - known))}, which this version of the"
            f" software (schema {script.get_current_head()}) does not know: start the newer version"
            " that made it"
        )
    if present == {script.get_current_head()}:
        return
    alembic.attributes["connection"] = connection
    schemas = {"from_schema": sorted(present), "to_schema": script.get_current_head()}
    log.info("database_upgrading", **schemas, waits_for_locks_s=LOCK_S)
    command.upgrade(alembic, "head")
    log.info("database_upgraded", **schemas)


def _explained(error: Exception, shown: str) -> DatabaseError:
    code = sqlstate(error)
    for prefix, why in _OPERATORS_TURN.items():
        if code is not None and code.startswith(prefix):
            return DatabaseError(f"the database {shown} cannot be used: {why} ({error})")
    if code is not None and code.startswith(_IN_USE):
        statement = " ".join((error.statement or "").split()) if isinstance(error, DBAPIError) else ""
        return DatabaseUnreachable(
            f"the database {shown} cannot be brought up to date now: another session, such as pg_dump, holds"
            f" a lock that is needed for `{statement}`"
        )
    if code is not None and not code.startswith(("08", "53", "57")):
        return DatabaseError(f"the database {shown} could not be brought up to date: {error}")
    reason = str(error) or type(error).__name__
    return DatabaseUnreachable(
        f"the database {shown} does not answer ({reason}): is PostgreSQL running there, and is"
        " DATABASE_URL right?"
    )


def _shown(url: URL) -> str:
    """The database as a person knows it, without the password."""
    where = url.query.get("host") or url.host or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.database} on {where if isinstance(where, str) else ', '.join(where)}{port}"
