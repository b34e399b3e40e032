"""The feed of journal entries: from memory, from the journal, and waiting."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cti.feed import KEPT, PAGE, EventFeed
from cti.journal import Journal
from cti.records_json import Draft


def drafts(*keys: str) -> list[Draft]:
    return [Draft(1.0, "command", key, {}) for key in keys]


def grow(journal: Journal, feed: EventFeed, *keys: str) -> None:
    feed.publish(journal.append(drafts(*keys)), drafts(*keys))


async def keys_after(feed: EventFeed, seq: int) -> list[str]:
    return [entry.key for entry in await feed.after(seq)]


async def test_entries_have_the_journals_numbers(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal")
    feed = EventFeed(journal)
    grow(journal, feed, "a", "b")
    grow(journal, feed, "c")
    assert list(await feed.after(0)) == journal.read(0, 10)
    assert await keys_after(feed, 2) == ["c"]
    journal.close()


async def test_what_came_before_the_start_is_read_from_the_journal(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal")
    journal.append(drafts("old"))
    feed = EventFeed(journal)
    assert (feed.last, feed.first) == (1, 0)
    grow(journal, feed, "new")
    assert await keys_after(feed, 0) == ["old", "new"]
    journal.close()


async def test_who_is_far_behind_gets_everything_in_pages(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal")
    feed = EventFeed(journal)
    names = [str(number) for number in range(KEPT + PAGE + 1)]
    grow(journal, feed, *names)
    seen: list[str] = []
    while len(seen) < len(names):
        seen += await keys_after(feed, len(seen))
    assert seen == names
    journal.close()


async def test_who_has_everything_waits_for_the_next(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal")
    feed = EventFeed(journal)
    waiting = asyncio.create_task(keys_after(feed, 0))
    await asyncio.sleep(0)
    assert not waiting.done()
    grow(journal, feed, "a")
    assert await waiting == ["a"]
    journal.close()
