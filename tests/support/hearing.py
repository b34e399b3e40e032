"""Who hears whom just now, by tone, at phones whose hearing is kept (`staffed(..., listening=True)`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lab.callers import Caller
from lab.tones import RATE_HZ, TONES, WINDOW, tones_in
from tests.support.staffed import WITHIN_S, Staffed

_HEADER_BYTES = 44
_WINDOWS = 5
"""Half a second on end."""
_CITIZEN_HEARS_S = 0.4
_AUDIBLE = 200
"""A sample as loud as this is no silence."""
_FAR = 3.0
"""How much more of its energy than any other's a window must have of each of the loudest tones."""
Hear: TypeAlias = Callable[[NDArray[np.int16]], NDArray[np.bool_]]
"""Which of TONES is there in each window, as `tones_in`."""


class Hearing:
    """What seats and a citizen hear, in the tones of seats and citizens."""

    def __init__(self, place: Staffed) -> None:
        self._place = place

    async def seat_hears(self, seat: str, *tones: int) -> None:
        """Returns once the seat has heard exactly these tones for half a second from now on."""
        await self._seat(seat, tones, tones_in)

    async def seat_hears_all(self, seat: str, *tones: int) -> None:
        """As `seat_hears`, of the loudest by far, where more speak than a telephone carries undistorted."""
        await self._seat(seat, tones, lambda windows: _loudest(windows, len(tones)))

    async def _seat(self, seat: str, tones: tuple[int, ...], hear: Hear) -> None:
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
                    there = hear(samples[-_WINDOWS * WINDOW :].reshape(_WINDOWS, WINDOW))
                    heard = {int(hz) for hz in TONES[there.any(axis=0)]}
                    if heard == set(tones) and there[:, np.isin(TONES, tones)].all():
                        return
        except TimeoutError:
            raise AssertionError(f"{seat} hears {sorted(heard)}, not {sorted(tones)}") from None

    async def seat_hears_music(self, seat: str) -> None:
        """Returns once the seat hears something that is nobody's tone."""
        await self.seat_hears(seat)
        async with asyncio.timeout(WITHIN_S):
            while np.abs(_samples(self._place.phones.heard(seat)[-1])[-_WINDOWS * WINDOW :]).max() < _AUDIBLE:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

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

    async def citizen_hears_music(self, caller: Caller) -> None:
        """Returns once the citizen hears something that is nobody's tone, and no seat."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                before = caller.line.other_s
                await self.citizen_hears(caller)
                if caller.line.other_s - before >= _CITIZEN_HEARS_S:
                    return


def _loudest(windows: NDArray[np.int16], count: int) -> NDArray[np.bool_]:
    """The `count` loudest of TONES in each window; none where the next one is nearly as loud."""
    energy = np.abs(np.fft.rfft(windows.astype(np.float32), axis=1)) ** 2
    known = energy[:, TONES * WINDOW // RATE_HZ]
    ordered = np.sort(known, axis=1)[:, ::-1]
    far = ordered[:, count - 1] > _FAR * ordered[:, count]
    return np.asarray((known >= ordered[:, count - 1 : count]) & far[:, None])


def _samples(path: Path) -> NDArray[np.int16]:
    """What is in a WAV that is still being written: its header does not say yet."""
    content = path.read_bytes()[_HEADER_BYTES:]
    return np.frombuffer(content[: len(content) // 2 * 2], "<i2")
