"""Callers hang up at each step, and agents at the same moment; the configuration is read again meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from lab.callers import Caller
from lab.phones import PhoneError
from tests.support.scene import Scene, scene

AROUND_THE_ANSWER_S = (-0.03, 0.0, 0.007, 0.012, 0.018, 0.06)
"""Some while the agent's leg takes the caller's over, when Asterisk may lose the hang-up (`LegLingers`)."""
AT_ONCE_S = (-0.02, -0.005, 0.0, 0.0, 0.005, 0.02)


async def test_callers_hang_up_in_the_greeting_while_a_phone_rings_and_as_the_agent_answers(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, 6) as place:
        place.call(patience_s=0.5)
        while_ringing = [place.call() for _ in range(3)]
        for caller in while_ringing:
            await place.ringing(caller)
            caller.hang_up()
        place.center.service.reload()
        await over(place, while_ringing)

        crossing = [place.call() for _ in AROUND_THE_ANSWER_S]
        place.center.service.reload()
        await asyncio.gather(
            *(as_the_agent_answers(place, c, s) for c, s in zip(crossing, AROUND_THE_ANSWER_S, strict=True))
        )
        await over(place, crossing)
        await place.account()


async def test_callers_hang_up_on_hold_in_the_farewell_and_at_once_with_their_agents(tmp_path: Path) -> None:
    async with scene(tmp_path, 6) as place:
        held, seat = await place.talking()
        await place.phones.hold(seat)
        held.hang_up()
        served, seat = await place.talking()
        await place.phones.hang_up(seat)
        served.hang_up()
        place.center.service.reload()
        await over(place, [held, served])

        pairs = await asyncio.gather(*(place.talking() for _ in AT_ONCE_S))
        place.center.service.reload()
        await asyncio.gather(
            *(both_at_once(place, pair, s) for pair, s in zip(pairs, AT_ONCE_S, strict=True))
        )
        await over(place, [caller for caller, _ in pairs])
        await place.account()


async def as_the_agent_answers(place: Scene, caller: Caller, after_s: float) -> None:
    """The caller hangs up so long after the agent picks up; before it, when that is negative."""
    seat = await place.ringing(caller)

    async def answer() -> None:
        await asyncio.sleep(max(0.0, -after_s))
        with suppress(PhoneError):  # the caller was quicker
            await place.phones.answer(seat)

    async def leave() -> None:
        await asyncio.sleep(max(0.0, after_s))
        caller.hang_up()

    await asyncio.gather(answer(), leave())


async def both_at_once(place: Scene, pair: tuple[Caller, str], after_s: float) -> None:
    caller, seat = pair

    async def agent() -> None:
        await asyncio.sleep(max(0.0, -after_s))
        with suppress(PhoneError):  # the caller was quicker
            await place.phones.hang_up(seat)

    async def leave() -> None:
        await asyncio.sleep(max(0.0, after_s))
        caller.hang_up()

    await asyncio.gather(agent(), leave())


async def over(place: Scene, callers: list[Caller]) -> None:
    """Returns once these callers' calls are over and every agent is ready again."""
    tasks = [task for caller, task in place.begun if caller in callers]
    await asyncio.wait(tasks)

    async def ready() -> bool:
        return bool((await place.total())["agents"]["ready"] == len(place.seats))

    await place.until(ready)
