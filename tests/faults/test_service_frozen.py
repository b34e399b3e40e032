"""The service hangs for half a minute (SIGSTOP), and goes on as if nothing had been."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.scene import scene

FROZEN_S = 30.0


async def test_a_service_that_hangs_for_half_a_minute_goes_on_with_what_is_so(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        loop = asyncio.get_running_loop()
        _, first = await place.talking()
        rung = place.call()
        second = await place.ringing(rung)
        place.center.service.freeze()
        frozen_at = loop.time()
        place.center.service.reload()

        # What was offered is answered, and who comes now is served by the plain queue.
        await place.phones.answer(second)
        await place.heard(rung)
        fallen = place.call()
        third = await place.ringing(fallen)
        await place.phones.answer(third)
        await place.heard(fallen)
        leaves, waits = place.call(), place.call()
        await place.fallen_back(2)
        leaves.hang_up()
        await place.phones.hang_up(third)
        await place.phones.answer(await place.ringing(waits))
        await place.heard(waits)
        at_the_end = place.call()
        await place.fallen_back(1)
        await asyncio.sleep(frozen_at + FROZEN_S - loop.time())

        place.center.service.thaw()
        await place.fallen_back(0)
        await place.routes()
        await place.phones.hang_up(first)
        await place.phones.answer(await place.ringing(at_the_end))
        await place.heard(at_the_end)
        await place.account()
