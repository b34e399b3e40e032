"""Callbacks in PostgreSQL: each as it stood last, found by what people look for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.model import AttemptOutcome, CallbackEnd, CallbackMode
from cti.callbacks.records import CallbackEntry
from cti.database import BadCursor
from cti.records_json import Entry, encode
from recording.callbacks import CallbackArchive, write_callbacks
from tests.support.fake_archive import callback_entry

OPEN = callback_entry("cb-1", owner="1001")
OVER = replace(OPEN, state=None, end=CallbackEnd.REACHED, ended_at=OPEN.requested_at + 90, version=4)


async def write(database: AsyncEngine, *records: CallbackEntry) -> CallbackArchive:
    entries = [
        Entry(seq, record.requested_at, "callback", record.callback, encode(record))
        for seq, record in enumerate(records, start=1)
    ]
    async with database.begin() as connection:
        await write_callbacks(connection, entries)
    return CallbackArchive(database)


async def listed(archive: CallbackArchive, **more: object) -> list[str]:
    wanted = {
        "open_only": False,
        "queue": None,
        "owner": None,
        "work_order": None,
        "campaign": None,
        "limit": 10,
    } | more
    page = await archive.list(before_cursor=None, **wanted)  # type: ignore[arg-type]
    return [entry.callback for entry in page.callbacks]


async def test_a_callback_is_read_as_it_was_journaled_last(database: AsyncEngine) -> None:
    archive = await write(database, OPEN)
    assert await archive.get("cb-1") == OPEN
    await write(database, OVER)
    await write(database, OPEN)
    assert await archive.get("cb-1") == OVER
    assert await archive.get("cb-none") is None


@pytest.mark.parametrize("outcome", AttemptOutcome)
async def test_what_came_of_the_last_attempt_is_kept_whatever_it_was(
    database: AsyncEngine, outcome: AttemptOutcome
) -> None:
    entry = replace(callback_entry("cb-1"), last_outcome=outcome, mode=CallbackMode.CUSTOMER_FIRST)
    archive = await write(database, entry)
    assert await archive.get("cb-1") == entry


async def test_callbacks_are_found_by_state_queue_owner_and_work_order(database: AsyncEngine) -> None:
    later = replace(
        callback_entry("cb-2"), requested_at=OPEN.requested_at + 1, queue="law", work_order="wo-1"
    )
    archive = await write(database, OVER, later)
    assert await listed(archive) == ["cb-2", "cb-1"]
    assert await listed(archive, open_only=True) == ["cb-2"]
    assert await listed(archive, queue="general") == ["cb-1"]
    assert await listed(archive, owner="1001") == ["cb-1"]
    assert await listed(archive, work_order="wo-1") == ["cb-2"]


async def test_pages_follow_one_another_without_a_gap(database: AsyncEngine) -> None:
    records = [callback_entry(f"cb-{number}") for number in range(5)]
    archive = await write(database, *records)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await archive.list(
            open_only=False,
            queue=None,
            owner=None,
            work_order=None,
            campaign=None,
            limit=2,
            before_cursor=cursor,
        )
        found += [entry.callback for entry in page.callbacks]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [f"cb-{number}" for number in (4, 3, 2, 1, 0)]
    with pytest.raises(BadCursor):
        await archive.list(
            open_only=False,
            queue=None,
            owner=None,
            work_order=None,
            campaign=None,
            limit=2,
            before_cursor="nonsense",
        )


async def test_a_campaign_is_counted_by_what_became_of_its_citizens(database: AsyncEngine) -> None:
    listed_ones = [replace(callback_entry(f"cb-{number}"), campaign="flu") for number in range(3)]
    reached = replace(listed_ones[0], state=None, end=CallbackEnd.REACHED, version=9)
    archive = await write(database, reached, *listed_ones[1:], callback_entry("cb-apart"))
    assert await archive.campaign("flu") == {"reached": 1, "scheduled": 2}
    assert await archive.campaign("none") == {}
    assert await listed(archive, campaign="flu", open_only=True) == ["cb-2", "cb-1"]
