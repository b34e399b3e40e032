"""The journal's entries as they come, for whoever follows the service live.

The newest ones are kept in memory; who is further behind reads the journal. So a follower that comes back
goes on where it was, across a restart of the service too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from cti.records_json import Draft, Entry

KEPT = 5000
PAGE = 500


class Readable(Protocol):
    """The journal, for reading."""

    @property
    def last_seq(self) -> int: ...
    @property
    def trimmed_upto(self) -> int: ...
    def read(self, after: int, limit: int) -> list[Entry]: ...


class EventFeed:
    """Used on one event loop."""

    def __init__(self, journal: Readable) -> None:
        self._journal = journal
        self._recent: deque[Entry] = deque(maxlen=KEPT)
        self._last = journal.last_seq
        self._grown = asyncio.Event()

    @property
    def last(self) -> int:
        """The newest entry's number."""
        return self._last

    @property
    def first(self) -> int:
        """Entries up to this number may be gone."""
        return self._journal.trimmed_upto

    def publish(self, last: int, drafts: Sequence[Draft]) -> None:
        """The journal has these, the last of them under the number `last`."""
        first = last - len(drafts) + 1
        for seq, draft in enumerate(drafts, first):
            self._recent.append(Entry(seq, draft.at, draft.kind, draft.key, draft.body))
        self._last = last
        self._grown.set()
        self._grown = asyncio.Event()

    async def after(self, seq: int) -> Sequence[Entry]:
        """The next entries after that number, at most a page of them; waits until there is one.

        Raises `JournalError`.
        """
        while seq >= self._last:
            await self._grown.wait()
        if self._recent and self._recent[0].seq <= seq + 1:
            behind = self._recent[-1].seq - seq
            start = len(self._recent) - behind
            return [self._recent[place] for place in range(start, min(start + PAGE, len(self._recent)))]
        return await asyncio.to_thread(self._journal.read, seq, PAGE)
