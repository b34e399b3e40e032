"""Who hears whom just now, by tone, at phones whose hearing is kept (`staffed(..., listening=True)`)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.callers import Caller
from lab.tones import TONES, WINDOW, tones_in
from tests.support.staffed import WITHIN_S, Staffed

_HEADER_BYTES = 44
_WINDOWS = 5
"""Half a second on end."""
_CITIZEN_HEARS_S = 0.4


class Hearing:
    """What seats and a citizen hear, in the tones of seats and citizens."""

    def __init__(self, place: Staffed) -> None:
        self._place = place

    async def seat_hears(self, seat: str, *tones: int) -> None:
        """Returns once the seat has heard exactly these tones for half a second from now on."""
        phones = self._place.phones
        begun = _samples(phones.heard(seat)[-1]).size if phones.heard(seat) else 0
        heard: set[int] = set()
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    await asyncio.sleep(0.05)
                    files = phones.heard(seat)
                    samples = _samples(files[-1])[begun:] if files else np.zeros(0, np.int16)
                    if samples.size < _WINDOWS * WINDOW:
                        continue
                    windows = samples[-_WINDOWS * WINDOW :].reshape(_WINDOWS, WINDOW)
                    there = tones_in(windows)
                    heard = {int(hz) for hz in TONES[there.any(axis=0)]}
                    if heard == set(tones) and there[:, np.isin(TONES, tones)].all():
                        return
        except TimeoutError:
            raise AssertionError(f"{seat} hears {sorted(heard)}, not {sorted(tones)}") from None

    async def citizen_hears(self, caller: Caller, *seats: str) -> None:
        """Returns once the citizen hears each of these seats, and no other."""
        tones, heard = self._place.phones.tones, caller.line.heard_s
        wanted = {tones[seat] for seat in seats}
        async with asyncio.timeout(WITHIN_S):
            while True:
                before = {hz: heard.get(hz, 0.0) for hz in tones.values()}
                await asyncio.sleep(2 * _CITIZEN_HEARS_S)
                grown = {hz: heard.get(hz, 0.0) - before[hz] for hz in tones.values()}
                if all(grown[hz] >= _CITIZEN_HEARS_S if hz in wanted else grown[hz] == 0.0 for hz in grown):
                    return


def _samples(path: Path) -> NDArray[np.int16]:
    """What is in a WAV that is still being written: its header does not say yet."""
    content = path.read_bytes()[_HEADER_BYTES:]
    return np.frombuffer(content[: len(content) // 2 * 2], "<i2")
