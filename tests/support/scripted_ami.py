"""An AMI server over TCP that does what a test tells it, so that each misfortune of a link can be played."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

Action = dict[str, str]
_WITHIN_S = 30.0
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def message(**headers: str) -> bytes:
    """One AMI message. A trailing underscore keeps a header's name from being a Python word."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"


class Link:
    """One client's connection, as the server sees it."""

    def __init__(
        self, server: ScriptedAmi, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self.actions: list[Action] = []
        """Everything received, login and pings included."""
        self.raw = b""
        self.over = asyncio.Event()
        """The client left, or was dropped."""
        self._arrived = asyncio.Condition()

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def send(self, **headers: str) -> None:
        self.write(message(**headers))

    def answer(self, action: Action, response: str = "Success", **headers: str) -> None:
        self.send(Response=response, ActionID=action["ActionID"], **headers)

    async def written(self) -> None:
        await self._writer.drain()

    async def expect(self, name: str) -> Action:
        """The first action of that name that was not expected before."""
        async with asyncio.timeout(_WITHIN_S), self._arrived:
            while True:
                for action in self.actions:
                    if action["Action"] == name and "seen" not in action:
                        action["seen"] = "yes"
                        return action
                await self._arrived.wait()

    def count(self, name: str) -> int:
        return sum(action["Action"] == name for action in self.actions)

    def drop(self) -> None:
        self._writer.transport.abort()

    async def serve(self) -> None:
        if self._server.banner:
            self.write(self._server.banner)
        try:
            while True:
                raw = await self._reader.readuntil(b"\r\n\r\n")
                self.raw += raw
                await self._take(raw)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writer.close()
            self.over.set()

    async def _take(self, raw: bytes) -> None:
        action: Action = {}
        for line in raw.decode().strip("\r\n").split("\r\n"):
            name, _, value = line.partition(": ")
            action[name] = f"{action[name]}|{value}" if name in action else value
        await self._reply(action)
        async with self._arrived:
            self.actions.append(action)
            self._arrived.notify_all()

    async def _reply(self, action: Action) -> None:
        server = self._server
        handler = server.handlers.get(action["Action"])
        if handler is not None:
            handler(self, action)
        elif action["Action"] == "Login" and server.secret is not None:
            if action["Secret"] == server.secret:
                self.answer(action, Message="Authentication accepted")
                if server.boots:
                    self.send(Event="FullyBooted", Status="Fully Booted", Uptime=str(server.uptime_s))
            else:
                self.answer(action, "Error", Message="Authentication failed")
                self._writer.close()
        elif action["Action"] == "Ping" and server.answers_pings:
            self.answer(action, Ping="Pong")


class ScriptedAmi:
    """Listens on a free port of the loopback; logs clients in and answers pings unless told otherwise."""

    secret: str | None = "s3cret"
    """What a login must have; None leaves logins unanswered."""
    boots = True
    uptime_s = 100
    answers_pings = True
    banner = BANNER

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.handlers: dict[str, Callable[[Link, Action], None]] = {}
        """By action: what to do with it, instead of the default."""
        self.links: list[Link] = []
        self._linked = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_listening()
        for link in self.links:
            link.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop_listening(self) -> None:
        self._listener.close()
        await asyncio.sleep(0)

    async def link(self, number: int = 1) -> Link:
        """The client's first connection, or a later one."""
        async with asyncio.timeout(_WITHIN_S), self._linked:
            await self._linked.wait_for(lambda: len(self.links) >= number)
        return self.links[number - 1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        async with self._linked:
            self.links.append(link)
            self._linked.notify_all()
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await link.serve()
