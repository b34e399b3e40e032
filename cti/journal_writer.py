"""The service's side of the journal: written at once, synced to the disk soon after, and nobody waits.

What people are told and what cannot be got back comes after the sync (docs/architecture.md, "What waits for
what"). A disk that refuses delays records, which wait in memory, and neither calls nor commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog

from cti.journal import JournalError
from cti.ports import JournalPort
from cti.records_json import JSON, Draft

log = structlog.get_logger(__name__)

SYNC_PAUSE_S = 0.02
"""Between two syncs: what is written meanwhile is synced together, and writes are seldom held up by one."""
LINGER_S = 0.1
"""Between two syncs while nobody waits for an answer: each costs as much as what it writes."""


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
        self._unwritten: list[Draft] = []
        self._unwritten_state: dict[str, JSON] = {}
        self._write_refused = False
        self._unsynced: list[Draft] = []
        self.written_seq = 0
        """The number of the newest entry that was written; 0 before the first."""
        self._to_sync = asyncio.Event()
        self._asked = asyncio.Event()
        """Somebody waits for an answer that the next sync brings."""
        self._answers: list[Callable[[], None]] = []
        self._removals: list[Callable[[], None]] = []

    def add(self, drafts: Sequence[Draft], state: Mapping[str, JSON]) -> None:
        """To be written next."""
        self._unwritten += drafts
        self._unwritten_state |= state

    def write(self) -> None:
        """Writes what was added. What the disk refuses is written with what comes next."""
        if self._unwritten or self._unwritten_state:
            try:
                self.written_seq = self._journal.write(self._unwritten, self._unwritten_state)
            except JournalError as error:
                self._write_refused = True
                self._fails(error)
            else:
                self._write_refused = False
                self._unsynced += self._unwritten
                self._unwritten, self._unwritten_state = [], {}
                self._to_sync.set()
        if self._unsynced or self._removals:  # also what an earlier sync did not get through
            self._to_sync.set()

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
            last, complete = self.written_seq, not self._write_refused
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
        """Syncs what is left; written already, it would survive us anyhow, but for a power cut."""
        self._thread.shutdown()
        if not self._unsynced:
            return
        try:
            self._journal.sync()
        except JournalError as error:
            self._fails(error)

    def _fails(self, error: JournalError) -> None:
        if not self.failing:
            log.error("journal_failing", reason=str(error), waiting=len(self._unwritten))
        self.failing = True

    def _works(self) -> None:
        if self.failing:
            log.info("journal_works_again")
        self.failing = False
