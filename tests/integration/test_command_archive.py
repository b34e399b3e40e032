"""Commands in PostgreSQL: each as it stood last, and one that has ended never goes back."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.records_json import Entry, encode
from cti.verbs.records import CommandRecord, CommandState
from recording.commands import write_commands
from recording.tables import commands

ACCEPTED = CommandRecord("c1", "hang_up", "1001", 100.0, "request-1", agent="1001", call="call-1")
DONE = replace(ACCEPTED, state=CommandState.DONE, ended_at=100.5, result={"call": "call-2"})


def entry(seq: int, record: CommandRecord) -> Entry:
    return Entry(seq, record.accepted_at, "command", record.command, encode(record))


async def write(database: AsyncEngine, *entries: Entry) -> None:
    async with database.begin() as connection:
        await write_commands(connection, entries)


async def test_a_command_is_kept_as_it_stood_last_whatever_comes_again(database: AsyncEngine) -> None:
    refused = replace(
        ACCEPTED, command="c2", state=CommandState.REFUSED, reason="not_in_call", ended_at=101.0
    )
    await write(database, entry(1, ACCEPTED), entry(2, DONE), entry(3, refused))
    await write(database, entry(1, ACCEPTED))
    async with database.connect() as connection:
        rows = (await connection.execute(select(commands).order_by(commands.c.command))).mappings().all()
    assert [(row["command"], row["state"], row["reason"]) for row in rows] == [
        ("c1", "done", None),
        ("c2", "refused", "not_in_call"),
    ]
    assert rows[0]["ended_at"].timestamp() == 100.5
    assert (rows[0]["by"], rows[0]["agent"], rows[0]["call"]) == ("1001", "1001", "call-1")
    assert rows[0]["result"] == {"call": "call-2"}
