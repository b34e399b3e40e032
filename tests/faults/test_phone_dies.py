"""A phone's power is cut while it rings, and while its agent talks."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from tests.support.scene import Scene, scene

HEARD_S = 1.2
"""So long each must be heard after the other phone died that both are made out in the recording too."""


async def test_a_phone_that_dies_costs_its_agents_readiness_and_no_caller(tmp_path: Path) -> None:
    async with scene(tmp_path, 3, apart=True, ring_timeout_s=4.0) as place:
        died: dict[str, float] = {}
        rung = place.call()
        first = await place.ringing(rung)
        died[first] = time.time()
        await place.phones.die(first)
        place.center.service.reload()

        async def elsewhere() -> str | None:
            return next(
                (c.seat for c in place.log.calls() if c.number == rung.number and c.seat != first), None
            )

        second = await place.until(elsewhere)
        await place.phones.answer(second)
        await place.heard(rung)
        rung.hang_up()

        talks, third = await place.talking()
        await place.hears_on(talks)
        died[third] = time.time()
        await place.phones.die(third)
        place.center.service.reload()
        [alive] = set(place.seats) - set(died)

        async def rings_elsewhere() -> bool:
            return any(c.seat == alive and c.number == talks.number for c in place.log.calls())

        await place.until(rings_elsewhere)
        await place.phones.answer(alive)

        async def heard_elsewhere() -> bool:
            return talks.line.heard_s.get(place.phones.tones[alive], 0.0) >= HEARD_S

        await place.until(heard_elsewhere)
        talks.hang_up()
        agents = {a["seat"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
        assert agents[first]["state"] == "not_ready"

        # Switched on again, both are at work again once the agents say so.
        for seat in died:
            await place.phones.revive(seat)
            await place.until(partial(reachable, place, seat))
            await place.center.api().post(f"/v1/agents/{place.agents[seat]}/ready")
        await place.talking()
        await place.talking()
        await place.account(dead=died)
        calls = (await place.center.api().get("/v1/calls"))["calls"]
        [talked] = [call["call"] for call in calls if call["number"] == talks.number]
        kept = await place.center.api().get(f"/v1/calls/{talked}")
        assert [segment["seat"] for segment in kept["segments"]] == [third, alive]
        assert (await place.total())["answered"] == len(calls) == 4


async def reachable(place: Scene, seat: str) -> bool:
    agents = (await place.center.api().get("/v1/agents"))["agents"]
    return any(agent["seat"] == seat and agent["seat_reachable"] for agent in agents)
