"""Agents at their screens: the work order of each call is written down and settled, as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from lab.center import ApiFailed, CallCenter

WITHIN_S = 30.0


class Desks:
    """What was written, and what the API would not take."""

    def __init__(self, center: CallCenter) -> None:
        self.written = 0
        self.failures: list[str] = []
        self._center = center
        self._over: set[str] = set()
        self._wrote = asyncio.Event()
        self._writing: set[asyncio.Task[None]] = set()

    async def follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Writes the work order of every call that the stream of events says was answered and is over."""
        async for message in socket:
            event = json.loads(message.data)
            call = event["body"]
            if event["kind"] != "call" or call["answered_at"] is None or call["ended_at"] is None:
                continue
            if call["call"] in self._over:
                continue
            self._over.add(call["call"])
            task = asyncio.create_task(self._write(call["call"], call["agent"]))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        self.failures.append("the stream of events ended")

    async def caught_up(self, calls: int) -> None:
        """Returns once the work orders of so many calls are written, or refused, or after 30 s."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WITHIN_S):
                while self.written + len(self.failures) < calls:
                    self._wrote.clear()
                    await self._wrote.wait()

    async def _write(self, call: str, agent: str) -> None:
        try:
            await self._center.api(f"agent-{agent}").patch(
                f"/v1/work-orders/wo-{call}",
                category=self._center.lab.site.work_orders.categories[0],
                summary="市民来电咨询，已当场答复。",
                disposition="resolved_at_once",
            )
            self.written += 1
        except (ApiFailed, aiohttp.ClientError) as error:
            self.failures.append(f"work order of call {call}: {error}")
        self._wrote.set()


@asynccontextmanager
async def at_their_desks(center: CallCenter) -> AsyncIterator[Desks]:
    """Agents write their work orders while the `async with` lasts."""
    desks = Desks(center)
    headers = {"Authorization": f"Bearer {center.lab.tokens['supervisor']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.ws_connect(f"{center.lab.api_url}/v1/events") as socket,
    ):
        following = asyncio.create_task(desks.follow(socket), name="desks")
        try:
            yield desks
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
