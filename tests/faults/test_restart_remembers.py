"""What a service that was killed must not forget: whose phone rings, whose place is kept, what it runs on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.scene import Scene, scene

BEAT_EVERY_S = 1.0


async def test_who_does_not_answer_is_out_though_the_service_was_killed_while_it_rang(tmp_path: Path) -> None:
    async with scene(tmp_path, 2, ring_timeout_s=20.0) as place:
        caller = place.call()
        first = await place.ringing(caller)
        async with held_up(place):
            await place.center.service.kill()
            await place.center.service.start()
        place.center.service.reload()
        assert await agent_at(place, first) != "not_ready", "it rings yet"

        async def rings_elsewhere() -> str | None:
            rung = (each for each in place.log.calls() if each.number == caller.number and each.seat != first)
            return next((each.seat for each in rung), None)

        second = await place.until(rings_elsewhere)
        assert await agent_at(place, first) == "not_ready"
        agents = {a["seat"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
        assert agents[first]["reason"] == "rona"
        await place.phones.answer(second)
        await place.hears_on(caller)
        await place.account()


async def test_who_is_cut_off_and_dials_again_has_the_old_place_though_the_service_was_killed(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, 1, routing={"keep_place_s": 0}) as place:
        _, seat = await place.talking()
        place.change("routing", keep_place_s=120)
        await place.reloaded()
        cut_off = place.call()
        await place.waits(1)
        other = place.call()
        await place.waits(2)
        cut_off.cut_off()
        await place.waits(1)
        async with held_up(place):
            await place.center.service.kill()
            await place.center.service.start()
        again = place.call(number=cut_off.number)
        await place.waits(2)
        await place.phones.hang_up(seat)
        await place.ringing(again)
        await place.phones.answer(seat)
        await place.hears_on(again)
        await place.phones.hang_up(seat)
        await place.ringing(other)
        await place.phones.answer(seat)
        await place.hears_on(other)
        await place.account(kept={cut_off.number})


async def test_a_service_that_starts_again_tells_what_it_runs_on_and_what_is_different(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, 1) as place:
        first = await configuration(place)
        assert (first["applied"]["by"], first["at_start"]["changes"]) == ("start", [])
        place.change("routing", keep_place_s=33)
        place.center.service.reload()

        async def applied() -> bool:
            return bool((await configuration(place))["applied"]["by"] == "SIGHUP")

        await place.until(applied)
        before = (await configuration(place))["applied"]
        await place.center.service.kill()
        await place.center.service.start()
        same = await configuration(place)
        assert (same["applied"], same["at_start"]["changes"]) == (before, [])

        await place.center.service.kill()
        place.change("routing", keep_place_s=44)
        await place.center.service.start()
        other = await configuration(place)
        change = {"what": "routing: keep_place_s 33.0 -> 44.0", "effect": "at once"}
        assert other["at_start"]["changes"] == other["applied"]["changes"] == [change]
        assert other["applied"]["by"] == "start"
        await place.talking()
        await place.account()


async def configuration(place: Scene) -> dict[str, Any]:
    shown: dict[str, Any] = await place.center.api("operations").get("/v1/configuration/applied")
    return shown


async def agent_at(place: Scene, seat: str) -> str:
    agents = (await place.center.api().get("/v1/agents"))["agents"]
    state: str = next(agent["state"] for agent in agents if agent["seat"] == seat)
    return state


@asynccontextmanager
async def held_up(place: Scene) -> AsyncIterator[None]:
    """Meanwhile callers wait on, however long a start takes on this machine: Asterisk sees a heartbeat."""
    beats = itertools.count(1)

    async def beat() -> None:
        while True:
            console = place.center.asterisk.console
            await asyncio.to_thread(console, f"dialplan set global HL_BEAT {next(beats)}")
            await asyncio.sleep(BEAT_EVERY_S)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
