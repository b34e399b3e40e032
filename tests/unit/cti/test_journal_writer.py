"""A disk that refuses delays what is journaled: nothing is lost or reordered, and trying costs little."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from cti import bootstrap
from cti.journal import Draft, Journal, JournalError
from cti.journal_writer import TOGETHER, JournalWriter
from cti.projection import Projector
from cti.records_json import JSON


class Disk:
    """The real journal on a disk that the test fills up."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.full = False
        self.tried: list[int] = []
        """How many entries each write was given."""

    @property
    def last_seq(self) -> int:
        return self.journal.last_seq

    def write(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int:
        self.tried.append(len(drafts))
        if self.full:
            raise JournalError("no space left")
        return self.journal.write(drafts, state)

    def sync(self) -> None:
        self.journal.sync()

    def latest(self, kind: str, key: str) -> dict[str, JSON] | None:
        return self.journal.latest(kind, key)

    def keys(self) -> list[str]:
        return [entry.key for entry in self.journal.read(0, 100_000)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield Disk(journal)
    journal.close()


def _drafts(first: int, count: int) -> list[Draft]:
    return [Draft(float(n), "call", f"c-{n}", {"n": n}) for n in range(first, first + count)]


def _writer(disk: Disk) -> JournalWriter:
    return JournalWriter(disk, lambda _last, _drafts: None)


async def test_what_a_full_disk_refused_is_written_in_its_order_and_tried_in_small_parts(disk: Disk) -> None:
    writer = _writer(disk)
    disk.full = True
    for n in range(5 * TOGETHER):
        writer.add(_drafts(n, 1), {"newest": n})
        writer.write()
    assert writer.failing
    assert max(disk.tried) <= TOGETHER

    disk.full = False
    writer.write()
    disk.sync()
    assert disk.keys() == [f"c-{n}" for n in range(5 * TOGETHER)]
    assert disk.journal.state() == {"newest": 5 * TOGETHER - 1}
    writer.close()


async def test_what_belongs_to_one_step_stays_together(disk: Disk) -> None:
    writer = _writer(disk)
    writer.add(_drafts(0, 3 * TOGETHER), {})
    writer.write()
    assert disk.tried == [3 * TOGETHER]
    writer.close()


async def test_what_waits_for_a_full_disk_is_written_at_the_end_if_it_takes_it_then(disk: Disk) -> None:
    writer = _writer(disk)
    disk.full = True
    writer.add(_drafts(0, 50 * TOGETHER), {})
    writer.add(_drafts(50 * TOGETHER, 1), {})
    writer.write()
    disk.full = False
    writer.close()
    assert len(disk.keys()) == 50 * TOGETHER + 1


async def test_a_writer_goes_on_from_the_newest_entry_that_is_there(disk: Disk) -> None:
    """Else the first answer after a restart would tell followers that the newest entry is number 0."""
    disk.journal.append(_drafts(0, 10))
    told: asyncio.Queue[int] = asyncio.Queue()
    writer = JournalWriter(disk, lambda last, _drafts: told.put_nowait(last))
    running = asyncio.create_task(writer.run())
    writer.answer(lambda: None)
    assert await told.get() == 10
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    writer.close()


async def test_a_journal_that_cannot_be_trimmed_is_tried_again_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Projected:
        applied_seq = 7

    class Full:
        def __init__(self) -> None:
            self.tried = 0
            self.trimmed = asyncio.Event()
            self.loop = asyncio.get_running_loop()

        def trim(self, upto: int) -> int:
            self.tried += 1
            if self.tried == 1:
                raise JournalError("no space left")
            self.loop.call_soon_threadsafe(self.trimmed.set)
            return upto

    monkeypatch.setattr(bootstrap, "TRIM_EVERY_S", 0.0)
    full = Full()
    trimming = asyncio.create_task(bootstrap._trim(cast(Journal, full), cast(Projector, Projected())))
    await full.trimmed.wait()
    trimming.cancel()
    with suppress(asyncio.CancelledError):
        await trimming
    assert full.tried >= 2
