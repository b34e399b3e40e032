"""Commands in the archive: who told the hotline to do what with a call, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.records_json import Entry, decode
from cti.verbs.records import CommandRecord
from recording.tables import commands


async def write_commands(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`command` entries: each command as it stood last. One that has ended never goes back."""
    newest = {entry.key: decode(CommandRecord, entry.body) for entry in entries}
    await connection.execute(
        _unless_ended(),
        [
            {
                "command": record.command,
                "verb": record.verb,
                "by": record.by,
                "agent": record.agent,
                "call": record.call,
                "state": record.state.value,
                "reason": record.reason,
                "accepted_at": datetime.fromtimestamp(record.accepted_at, UTC),
                "ended_at": datetime.fromtimestamp(record.ended_at, UTC) if record.ended_at else None,
                "result": record.result,
                "cause": record.cause,
            }
            for record in newest.values()
        ],
    )


@cache
def _unless_ended() -> Insert:
    upsert = insert(commands)
    return upsert.on_conflict_do_update(
        index_elements=[commands.c.command],
        set_={name: upsert.excluded[name] for name in ("call", "state", "reason", "ended_at", "result")},
        where=commands.c.ended_at.is_(None),
    )


HANDLERS = {"command": write_commands}
