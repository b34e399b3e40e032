"""Asterisk dies (SIGKILL) with all its calls, and comes back: only those calls are lost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from lab.phones import What
from tests.support.scene import scene


async def test_after_asterisk_died_its_calls_are_archived_and_the_next_are_served(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        talks, first = await place.talking()
        rung = place.call()
        await place.ringing(rung)
        died_at = time.time()
        await asyncio.to_thread(place.center.asterisk.kill)
        place.center.service.reload()

        async def noticed() -> bool:
            return not await place.center.service.is_ready()

        await place.until(noticed)
        await asyncio.to_thread(place.center.asterisk.start)
        await place.routes()
        for seat in place.seats:
            for call_id, state in place.phones.calls(seat).items():
                end = place.phones.hang_up if state is What.ESTABLISHED else place.phones.reject
                await end(seat, call_id)
        for caller in (talks, rung):
            caller.hang_up()

        async def at_work() -> bool:
            return bool((await place.total())["agents"]["ready"] == len(place.seats))

        await place.until(at_work)
        await place.talking()
        await place.account(dead=dict.fromkeys(place.seats, died_at), cut={talks.number, rung.number})
        says = await place.archive()
        kept = [r for r in says.recordings if says.calls[r["call"]]["number"] == talks.number]
        assert [says.calls[r["call"]]["seat"] for r in kept] == [first]
        assert kept[0]["duration_s"] > 0
