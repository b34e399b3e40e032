"""The service's side of the journal: written at once, synced to the disk soon after, and nobody waits.

What people are told and what cannot be got back comes after the sync (docs/architecture.md, "What waits for
what"). A disk that refuses delays records, which wait in memory, and neither calls nor commands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from cti.journal import JournalError
from cti.ports import JournalPort
from cti.records_json import JSON, Draft

log = structlog.get_logger(__name__)

SYNC_PAUSE_S = 0.02
"""Between two syncs: what is written meanwhile is synced together, and writes are seldom held up by one."""
LINGER_S = 0.1
"""Between two syncs while nobody waits for an answer: each costs as much as what it writes."""
TOGETHER = 100
"""Entries that are tried in one transaction, but for those of one step, which stay together: what a disk that
refuses costs the event loop each time, however much waits."""
_TRANSACTIONS = 20
"""One `write` tries no more of them: once a disk takes what waited for it, calls are not held up by that."""


@dataclass(slots=True)
class _Waiting:
    """What is written in one transaction."""

    drafts: list[Draft] = field(default_factory=list)
    state: dict[str, JSON] = field(default_factory=dict)


class JournalWriter:
    """Its owner adds and writes in one stretch of the event loop, while `run` syncs in a thread."""

    def __init__(self, journal: JournalPort, journaled: Callable[[int, Sequence[Draft]], None]) -> None:
        """`journaled` is called after each sync with the newest durable entry's number, and what became
        durable.
        """
        self.failing = False
        """The disk refused what it was last given."""
        self._journal = journal
        self._journaled = journaled
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._unwritten: deque[_Waiting] = deque()
        self._unsynced: list[Draft] = []
        self.written_seq = journal.last_seq
        """The number of the newest entry that was written; 0 before the first."""
        self._to_sync = asyncio.Event()
        self._asked = asyncio.Event()
        """Somebody waits for an answer that the next sync brings."""
        self._answers: list[Callable[[], None]] = []
        self._removals: list[Callable[[], None]] = []

    def add(self, drafts: Sequence[Draft], state: Mapping[str, JSON]) -> None:
        """To be written next, all of it or nothing."""
        if not drafts and not state:
            return
        if not self._unwritten or len(self._unwritten[-1].drafts) >= TOGETHER:
            self._unwritten.append(_Waiting())
        self._unwritten[-1].drafts += drafts
        self._unwritten[-1].state |= state

    def write(self) -> None:
        """Writes what was added. What the disk refuses is written with what comes next, in the same order."""
        for _ in range(_TRANSACTIONS):
            if not self._unwritten or not self._write_next():
                break
        if self._unsynced or self._removals:  # also what an earlier sync did not get through
            self._to_sync.set()

    def _write_next(self) -> bool:
        waiting = self._unwritten[0]
        try:
            self.written_seq = self._journal.write(waiting.drafts, waiting.state)
        except JournalError as error:
            self._fails(error)
            return False
        self._unwritten.popleft()
        self._unsynced += waiting.drafts
        self._to_sync.set()
        return True

    def answer(self, answer: Callable[[], None]) -> None:
        """Has a command answered after the next sync, be it that the disk refuses."""
        self._answers.append(answer)
        self._to_sync.set()
        self._asked.set()

    def remove(self, remove: Callable[[], None]) -> None:
        """Has a recorder's file removed once what was written so far is durable."""
        self._removals.append(remove)
        self._to_sync.set()

    async def run(self) -> None:
        """Syncs until cancelled. What was written during one sync is synced together by the next."""
        loop = asyncio.get_running_loop()
        while True:
            await self._to_sync.wait()
            self._to_sync.clear()
            self._asked.clear()
            answers, self._answers = self._answers, []
            removals, self._removals = self._removals, []
            synced, self._unsynced = self._unsynced, []
            last, complete = self.written_seq, not self._unwritten
            try:
                await loop.run_in_executor(self._thread, self._journal.sync)
            except JournalError as error:
                self._fails(error)
                self._unsynced = synced + self._unsynced
                complete = False
            else:
                self._journaled(last, synced)
            if complete:
                self._works()
                for remove in removals:
                    remove()
            else:
                # The next write that succeeds comes back to them.
                self._removals = removals + self._removals
            for answer in answers:
                answer()
            await asyncio.sleep(SYNC_PAUSE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S - SYNC_PAUSE_S):
                    await self._asked.wait()

    def close(self) -> None:
        """Writes and syncs what is left; what is written would survive us anyhow, but for a power cut."""
        self._thread.shutdown()
        while self._unwritten and self._write_next():
            pass
        if self._unwritten:
            log.error("journal_entries_lost", entries=self._waiting())
        if not self._unsynced:
            return
        try:
            self._journal.sync()
        except JournalError as error:
            self._fails(error)

    def _fails(self, error: JournalError) -> None:
        if not self.failing:
            log.error("journal_failing", reason=str(error), waiting=self._waiting())
        self.failing = True

    def _works(self) -> None:
        if self.failing:
            log.info("journal_works_again")
        self.failing = False

    def _waiting(self) -> int:
        return sum(len(each.drafts) for each in self._unwritten)
