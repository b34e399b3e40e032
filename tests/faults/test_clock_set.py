"""The clock is set forth and back by an hour under the running service, and stays wrong over its restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.scene import Scene, scene
from tests.support.shifted_clock import OFFSET_FILE

HOUR_S = 3600.0


@pytest.mark.parametrize("offset_s", [HOUR_S, -HOUR_S], ids=["forth", "back"])
async def test_a_clock_that_is_set_by_an_hour_disturbs_no_call(tmp_path: Path, offset_s: float) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    async with scene(
        tmp_path, 2, module="tests.support.shifted_clock", environment={OFFSET_FILE: str(offset)}
    ) as place:
        _, first = await place.talking()
        rung = place.call()
        second = await place.ringing(rung)
        await set_clock(offset, offset_s)
        place.center.service.reload()
        await place.phones.answer(second)
        await place.heard(rung)
        waits = place.call()
        await place.waits(1)
        # A wrap-up ends after its time, neither at once nor in an hour.
        await place.phones.hang_up(first)
        await place.phones.answer(await place.ringing(waits))
        await place.heard(waits)

        # Killed with the wrong clock, started with the right one: nobody stays in a state of another time.
        await place.phones.hang_up(second)
        await place.center.service.kill()
        await set_clock(offset, 0.0)
        await place.center.service.start()
        await place.talking()
        await quiet(place)
        await place.account()


async def set_clock(offset: Path, seconds: float) -> None:
    new = offset.with_suffix(".new")
    await asyncio.to_thread(new.write_text, str(seconds))
    await asyncio.to_thread(new.replace, offset)


async def quiet(place: Scene) -> None:
    """No caller is in the fallback queue, though beats of different clocks have been."""
    shown = await asyncio.to_thread(place.center.asterisk.console, "queue show hotline-fallback")
    assert "has 0 calls" in shown
