"""Ten times the usual events, and commands that cross: those who talk and wait notice nothing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from lab.center import ApiFailed
from tests.support.scene import scene

FLOOD_PER_S, FLOOD_S = 22.0, 5.0
"""Forty seats at their peak take 2.2 calls a second (`make demo`)."""
OFFERED_WITHIN_S = 5.0


async def test_a_flood_of_calls_that_hang_up_at_once_delays_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        await place.talking()

        async def flood() -> None:
            for _ in range(round(FLOOD_PER_S * FLOOD_S)):
                place.call("12345", patience_s=0.4)
                await asyncio.sleep(1 / FLOOD_PER_S)

        flooding = asyncio.create_task(flood())
        place.center.service.reload()
        began = time.time()
        caller = place.call()
        seat = await place.ringing(caller)
        # The greeting of 2 s is in it.
        assert time.time() - began < 2.5 + OFFERED_WITHIN_S
        await place.phones.answer(seat)
        await place.heard(caller)
        await flooding
        await place.talking()
        await place.account()


async def test_commands_that_cross_end_in_one_state_and_one_refusal_each(tmp_path: Path) -> None:
    async with scene(tmp_path, 3) as place:
        api = place.center.api()
        name, free = place.agents[place.seats[0]], place.agents[place.seats[2]]

        async def told(path: str, **body: object) -> bool:
            try:
                await api.post(path, **body)
            except ApiFailed:
                return False
            return True

        # Two supervisors log one agent in at two seats; two agents take one seat.
        for agent in (name, free):
            await api.post(f"/v1/agents/{agent}/logout")
        both = await asyncio.gather(
            told(f"/v1/agents/{name}/login", seat=place.seats[0]),
            told(f"/v1/agents/{name}/login", seat=place.seats[2]),
        )
        assert sorted(both) == [False, True]
        seat = next(a["seat"] for a in (await api.get("/v1/agents"))["agents"] if a["agent"] == name)
        other = next(s for s in (place.seats[0], place.seats[2]) if s != seat)
        both = await asyncio.gather(
            told(f"/v1/agents/{free}/login", seat=other), told(f"/v1/agents/{free}/login", seat=other)
        )
        assert sorted(both) == [False, True]
        place.agents = {seat: name, other: free, place.seats[1]: place.agents[place.seats[1]]}

        # Ready and not ready cross with the offer of a caller.
        caller = place.call()
        await asyncio.gather(
            *(told(f"/v1/agents/{agent}/ready") for agent in (name, free, name)),
            *(told(f"/v1/agents/{free}/not-ready", reason="break") for _ in range(2)),
        )
        place.center.service.reload()
        rung = await place.ringing(caller)
        # The agent answers, goes away and the caller leaves, all at once.
        await asyncio.gather(
            place.phones.answer(rung), told(f"/v1/agents/{place.agents[rung]}/not-ready", reason="break")
        )
        await place.heard(caller)
        agents = {a["agent"]: a for a in (await api.get("/v1/agents"))["agents"]}
        willed = {
            agent: "not_ready"
            for agent in place.agents.values()
            if agent == place.agents[rung] or agents[agent]["reason"] == "break"
        }
        await place.account(willed=willed)
