"""An AMI client whose callbacks a test can await."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from cti.ami.client import AmiClient, AmiSettings, LinkState
from cti.ami.messages import AmiMessage

_T = TypeVar("_T")
_WITHIN_S = 30.0


class Watched:
    """Keeps what the client told; `until` waits for it."""

    def __init__(self, settings: AmiSettings) -> None:
        self.events: list[AmiMessage] = []
        self.connected: list[float] = []
        self.lost: list[str] = []
        self._changed = asyncio.Condition()
        self._wakers: set[asyncio.Task[None]] = set()
        self.on_event: Callable[[AmiMessage], None] = lambda _: None
        self.client = AmiClient(
            settings,
            on_event=self._event,
            on_connected=lambda uptime_s: self._note(self.connected, uptime_s),
            on_lost=lambda reason: self._note(self.lost, reason),
            chance=lambda: 0.0,
        )

    def named(self, name: str) -> list[AmiMessage]:
        return [event for event in self.events if event.event == name]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(_WITHIN_S), self._changed:
            await self._changed.wait_for(holds)

    async def until_state(self, state: LinkState) -> None:
        async with asyncio.timeout(_WITHIN_S):
            while self.client.state is not state:  # noqa: ASYNC110 - the client calls nobody back for it
                await asyncio.sleep(0.005)

    async def until_connected(self, times: int = 1) -> None:
        await self.until(lambda: len(self.connected) >= times)

    def _event(self, event: AmiMessage) -> None:
        self._note(self.events, event)
        self.on_event(event)

    def _note(self, told: list[_T], what: _T) -> None:
        told.append(what)
        waker = asyncio.ensure_future(self._wake())
        self._wakers.add(waker)
        waker.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def settings_for(
    port: int,
    *,
    secret: str = "s3cret",
    tls: ssl.SSLContext | None = None,
    ping_interval_s: float = 60.0,
    ping_timeout_s: float = 60.0,
    connect_timeout_s: float = 30.0,
    write_limit_bytes: int = 1 << 20,
    refused_base_s: float = 600.0,
) -> AmiSettings:
    return AmiSettings(
        "127.0.0.1",
        port,
        "hotline",
        secret,
        tls=tls,
        connect_timeout_s=connect_timeout_s,
        login_timeout_s=30.0,
        ping_interval_s=ping_interval_s,
        ping_timeout_s=ping_timeout_s,
        write_limit_bytes=write_limit_bytes,
        refused_base_s=refused_base_s,
    )


@asynccontextmanager
async def watched(settings: AmiSettings) -> AsyncIterator[Watched]:
    """A started client; closed at the end, whatever happens."""
    watch = Watched(settings)
    await watch.client.start()
    try:
        yield watch
    finally:
        await watch.client.close()
