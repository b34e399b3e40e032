"""The service's link to Asterisk is cut, black-holed, refused, or its secret is wrong.

Each time it is also told to read its configuration again. Calls go on, and what waits is served.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.scene import Scene, scene


async def test_a_link_that_is_cut_is_made_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        _, first = await place.talking()
        rung = place.call()
        seat = await place.ringing(rung)
        for _ in range(3):
            place.ami.cut()
            place.center.service.reload()
            await unseen(place)
            await place.routes()
        # The ring that was under way is answered after the link is back.
        await place.phones.answer(seat)
        await place.heard(rung)
        await place.phones.hang_up(first)
        await place.talking()
        await place.account()


async def test_a_link_that_swallows_everything_is_given_up_and_callers_fall_back_meanwhile(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, 2) as place:
        await place.talking()
        place.ami.black_hole()
        waits = place.call()
        await place.fallen_back(1)
        seat = await place.ringing(waits)
        place.center.service.reload()
        await place.phones.answer(seat)
        await place.heard(waits)
        after = place.call()
        place.ami.heal()
        await place.routes()
        await place.phones.hang_up(seat)
        await place.phones.answer(await place.ringing(after))
        await place.heard(after)
        await place.account()


async def test_while_asterisk_refuses_the_link_and_then_the_secret_callers_are_served_plainly(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, 2) as place:
        await place.talking()
        place.ami.refusing = True
        place.ami.cut()
        place.center.service.reload()
        await unseen(place)
        waits = place.call()
        await place.fallen_back(1)
        await place.phones.answer(await place.ringing(waits))
        await place.heard(waits)

        place.ami.refusing, place.ami.wrong_secret = False, True
        await place.until(lambda: refused(place))
        tried = place.ami.attempts
        place.center.service.reload()
        after = place.call()
        await place.fallen_back(1)
        assert place.ami.attempts - tried <= 1, "a refused secret is not tried again and again"

        # People mend the secret and start the service again: it routes at once.
        place.ami.heal()
        await place.center.service.stop()
        await place.center.service.start()
        await place.phones.hang_up(place.seats[0])
        await place.phones.answer(await place.ringing(after))
        await place.heard(after)
        await place.account(expected_errors=["ami_secret_refused"])


async def unseen(place: Scene) -> None:
    """Returns once the service knows that it does not see Asterisk."""

    async def lost() -> bool:
        return "ami_lost" in await asyncio.to_thread(place.center.service.log.read_text)

    await place.until(lost)


async def refused(place: Scene) -> bool:
    return "ami_secret_refused" in await asyncio.to_thread(place.center.service.log.read_text)
