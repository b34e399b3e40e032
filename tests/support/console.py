"""A console on the stream of events: what its bearer is told, and when it came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from lab.center import CallCenter

WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Told:
    at: float
    """When it came; seconds since the epoch."""
    kind: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Console:
    told: list[Told] = field(default_factory=list)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def first(self, matches: Callable[[Told], bool], since: int = 0) -> Told:
        """The first that matches among those from number `since` on; waits for it. Raises TimeoutError."""
        async with asyncio.timeout(WITHIN_S), self._more:
            looked_at = since
            while True:
                for each in self.told[looked_at:]:
                    if matches(each):
                        return each
                looked_at = max(since, len(self.told))
                await self._more.wait()

    async def follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            event = message.json()
            told = Told(time.time(), event["kind"], event["body"])
            async with self._more:
                self.told.append(told)
                self._more.notify_all()


@asynccontextmanager
async def console(center: CallCenter, token: str = "supervisor") -> AsyncIterator[Console]:
    """Told of everything from now on that the bearer of the named token is told of."""
    watching = Console()
    headers = {"Authorization": f"Bearer {center.lab.tokens[token]}"}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.ws_connect(f"{center.lab.api_url}/v1/events") as socket,
    ):
        following = asyncio.create_task(watching.follow(socket), name=f"console of {token}")
        try:
            await watching.first(lambda told: told.kind == "hello")
            yield watching
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
