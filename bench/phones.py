"""How fast an agent is out whose phone dies: `make bench-phones`.

Real softphones are killed (SIGKILL), as a power cut would, on a real Asterisk that asks each phone as often
as the example configuration says. Idle: each of twelve phones in turn. Ringing: one caller, whose phone is
killed as it rings, until nobody is left. `found` is from the kill to Asterisk's word that the phone does not
answer, `out` from that word to the agent's new state as the API tells it, journaled; `rings on` from the same
word to the next agent's phone ringing. Prints a table, writes var/bench/phones.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from lab.callers import CallerPool
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.phones import PhonePool, What
from lab.report import spread
from lab.site import REPOSITORY, make_lab_site

PHONES = 12
IN_TURN_S = (0.0, 3.0)
WITHIN_S = 60.0
LOST = "phone_unreachable"


class AgentStates:
    """What the API tells of agents' states, each with when it came."""

    def __init__(self) -> None:
        self.told: list[tuple[float, dict[str, Any]]] = []
        self._came = asyncio.Event()

    async def follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = json.loads(message.data)
            if event["kind"] == "agent_state":
                self.told.append((time.time(), event["body"]))
                self._came.set()

    async def lost(self, center: CallCenter, seat: str, agent: str) -> tuple[float, float]:
        """When Asterisk's word came that the phone is gone, and when the API told that its agent is."""
        told_at = await self._out(agent)
        seats = (await center.api().get("/v1/seats"))["seats"]
        since = next(each["since"] for each in seats if each["seat"] == seat)
        return datetime.fromisoformat(since).timestamp(), told_at

    async def _out(self, agent: str) -> float:
        async with asyncio.timeout(WITHIN_S):
            while True:
                for came_at, body in self.told:
                    if (body["agent"], body["reason"]) == (agent, LOST):
                        return came_at
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def following(center: CallCenter) -> AsyncIterator[AgentStates]:
    states = AgentStates()
    headers = {"Authorization": f"Bearer {center.lab.tokens['supervisor']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.ws_connect(f"{center.lab.api_url}/v1/events") as socket,
    ):
        task = asyncio.create_task(states.follow(socket))
        try:
            yield states
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def kill(pool: PhonePool) -> float:
    at = time.time()
    for pid in pool.pids:
        os.kill(pid, signal.SIGKILL)
    return at


async def idle(
    center: CallCenter, states: AgentStates, pools: dict[str, PhonePool], agents: dict[str, str]
) -> list[list[float]]:
    """Kills every phone; seconds from the kill to the word, and from the word to the state, for each."""
    chance = random.Random(1)  # noqa: S311 - moments, not secrets

    async def one(seat: str) -> list[float]:
        killed_at = kill(pools[seat])
        word_at, told_at = await states.lost(center, seat, agents[seat])
        return [word_at - killed_at, told_at - word_at]

    found = []
    for seat in pools:
        await asyncio.sleep(chance.uniform(*IN_TURN_S))
        found.append(asyncio.create_task(one(seat)))
    return list(await asyncio.gather(*found))


async def ringing(
    center: CallCenter,
    states: AgentStates,
    pools: dict[str, PhonePool],
    agents: dict[str, str],
    callers: CallerPool,
) -> list[list[float]]:
    """Kills each phone as it rings; beside the times of `idle` the one to the next phone's ringing."""
    rang: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    async def watch(seat: str, pool: PhonePool) -> None:
        with pool.events() as events:
            event = await events.next(What.INCOMING, within_s=3600)
            await rang.put((seat, event.at.timestamp()))

    watching = [asyncio.create_task(watch(seat, pool)) for seat, pool in pools.items()]
    caller, call = callers.begin("13900000001", "12345")
    found = []
    seat, _ = await asyncio.wait_for(rang.get(), WITHIN_S)
    for _ in range(len(pools) - 1):
        killed_at = kill(pools[seat])
        word_at, told_at = await states.lost(center, seat, agents[seat])
        seat, rang_at = await asyncio.wait_for(rang.get(), WITHIN_S)
        found.append([word_at - killed_at, told_at - word_at, rang_at - word_at])
    caller.hang_up()
    await call
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return found


async def measured(directory: Path, name: str) -> list[list[float]]:
    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    routing: dict[str, object] = {"reserves": [], "max_occupancy": 1.0}
    lab = make_lab_site(directory, queues={"ring_timeout_s": 120.0}, routing=routing)
    async with CallCenter(directory, lab) as center, AsyncExitStack() as stack:
        pools = {}
        for seat in lab.site.seats[:PHONES]:
            password = lab.secrets.seats[seat.id].get_secret_value()
            registrar = (LOOPBACK, lab.site.asterisk.sip_port)
            pool = PhonePool({seat.id: password}, registrar, directory / "phones" / seat.id)
            pools[seat.id] = await stack.enter_async_context(pool)
        tones = next(iter(pools.values())).tones
        callers = await stack.enter_async_context(
            CallerPool(lab.trunk_peer, registrar, directory / "callers", tones)
        )
        agents = await center.seat_agents(PHONES)
        states = await stack.enter_async_context(following(center))
        if name == "idle":
            return await idle(center, states, pools, agents)
        return await ringing(center, states, pools, agents, callers)


def main() -> int:
    console = Console()
    table = Table("phone was", "figure, ms", "n", "p50", "p99", "max")
    report: dict[str, dict[str, Any]] = {}
    for name in ("idle", "ringing"):
        rows = asyncio.run(measured(REPOSITORY / "var" / "bench" / f"phones-{name}", name))
        for figure, values in zip(("found", "out", "rings on"), zip(*rows, strict=True), strict=False):
            spent = spread(1000 * value for value in values)
            report.setdefault(name, {})[f"{figure.replace(' ', '_')}_ms"] = asdict(spent)
            table.add_row(name, figure, *(str(each) for each in asdict(spent).values()))
    console.print(table)
    out = REPOSITORY / "var" / "bench" / "phones.json"
    out.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"{out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
