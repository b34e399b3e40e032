"""An AmiTelephony whose facts a test can await."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from acd.model import Instant
from cti.ami.adapter import AmiTelephony, TelephonySettings, Told
from cti.ami.client import AmiSettings

_T = TypeVar("_T")
_WITHIN_S = 30.0
SEATS = ("seat-01", "seat-02", "seat-03", "s01", "s02")
"""Those of the scripted Asterisk, and of `small_site`."""


class WatchedTelephony:
    """Keeps what was told, in order; `until` and `next_of` wait for more."""

    def __init__(
        self,
        settings: AmiSettings,
        event_log: Path,
        clock: Callable[[], Instant],
        ahead_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.told: list[Told] = []
        self.connects = 0
        self._changed = asyncio.Event()
        self.pbx = AmiTelephony(
            TelephonySettings(settings, event_log, frozenset({"trunk"}), SEATS),
            self.tell,
            clock,
            self._connect,
            ahead_s,
        )
        self.pbx._client._chance = lambda: 0.0

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(_WITHIN_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: type[_T]) -> list[_T]:
        return [told for told in self.told if isinstance(told, kind)]

    async def first(self, kind: type[_T], holds: Callable[[_T], bool] = lambda _: True) -> _T:
        """The first fact of a kind that holds, among those told and those to come."""
        await self.until(lambda: any(holds(told) for told in self.of(kind)))
        return next(told for told in self.of(kind) if holds(told))

    def tell(self, told: Told) -> None:
        self.told.append(told)
        self._changed.set()

    def _connect(self) -> None:
        self.connects += 1
        self._changed.set()


@asynccontextmanager
async def telephony(
    settings: AmiSettings,
    event_log: Path,
    clock: Callable[[], Instant],
    ahead_s: Callable[[], float] = lambda: 0.0,
) -> AsyncIterator[WatchedTelephony]:
    """Connected on entry, closed on exit."""
    watch = WatchedTelephony(settings, event_log, clock, ahead_s)
    await watch.pbx.start()
    try:
        await watch.until(lambda: watch.connects == 1)
        yield watch
    finally:
        await watch.pbx.close()
