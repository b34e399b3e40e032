"""Ten times the usual events, and commands that cross: those who talk and wait notice nothing."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from pathlib import Path

from lab.callers import Caller
from lab.center import ApiFailed
from tests.support.scene import Scene, scene

SEATS = 4
USUAL_EVERY_S = 40 / SEATS / 2.2
"""Forty seats at their peak take 2.2 calls a second (`make demo`); so few take a call so rarely."""
USUAL_CALLS, TALKS_S = 6, 2.0
FLOOD_PER_S, FLOOD_S = 22.0, 10.0
TIMES_THE_USUAL = 10.0
OFFERED_WITHIN_S = 5.0
MEASURED_CALLS = 5


async def test_a_flood_of_ten_times_the_usual_events_loses_no_call_and_delays_nobody(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with scene(tmp_path, SEATS) as place:
        usual = Rate(place)
        answered = [await served(place, every_s=USUAL_EVERY_S) for _ in range(USUAL_CALLS)]
        usual.stop()
        usual_s = await offer_times(place, answered)

        flooded = Rate(place)
        flooding = asyncio.create_task(flood(place))
        place.center.service.reload()
        answered = [await served(place) for _ in range(MEASURED_CALLS)]
        await flooding
        flooded.stop()
        flooded_s = await offer_times(place, answered)

        figures = {
            "usual_events_per_s": usual.per_s,
            "flood_events_per_s": flooded.per_s,
            "usual_offer_s": statistics.median(usual_s),
            "flood_offer_s": statistics.median(flooded_s),
            "flood_offer_max_s": max(flooded_s),
        }
        for name, value in figures.items():
            record_property(name, round(value, 3))
        print(figures)
        assert flooded.per_s >= TIMES_THE_USUAL * usual.per_s, figures
        assert max(flooded_s) < OFFERED_WITHIN_S, figures
        await place.account()


class Rate:
    """How many events a second came to the service between its making and `stop`."""

    def __init__(self, place: Scene) -> None:
        self._place = place
        self._before, self._began = place.ami.events, asyncio.get_running_loop().time()
        self.per_s = 0.0

    def stop(self) -> None:
        elapsed = asyncio.get_running_loop().time() - self._began
        self.per_s = (self._place.ami.events - self._before) / elapsed


async def served(place: Scene, every_s: float = 0.0) -> Caller:
    """A citizen calls, talks and is done, and the next one comes `every_s` after this one did."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    caller, seat = await place.talking()
    await asyncio.sleep(TALKS_S)
    await place.phones.hang_up(seat)
    await asyncio.sleep(max(0.0, began + every_s - loop.time()))
    return caller


async def flood(place: Scene) -> None:
    for _ in range(round(FLOOD_PER_S * FLOOD_S)):
        place.call(patience_s=0.4)
        await asyncio.sleep(1 / FLOOD_PER_S)


async def offer_times(place: Scene, callers: list[Caller]) -> list[float]:
    """From the moment at which each began to wait until a phone was asked to ring, as Asterisk noted both."""
    saw = await asyncio.to_thread(place.asterisk_saw)
    numbers = {caller.number for caller in callers}
    calls = [call for call in saw.calls.values() if call.number in numbers]
    asked = [min(saw.seat_leg_started_at[leg] for leg in call.recorded) for call in calls]
    waited = [
        at - call.queued_at for at, call in zip(asked, calls, strict=True) if call.queued_at is not None
    ]
    assert len(waited) == len(callers)
    return waited


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
