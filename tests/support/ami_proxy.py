"""The way to Asterisk's manager interface, with every fault that a way can have."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ruamel.yaml import YAML

from lab.network import LOOPBACK

_EVENT = b"\r\nEvent: "
"""Begins each message that is no answer; the blank line before it ends the last one."""
_SECRET = re.compile(rb"(?im)^Secret: [^\r\n]*")


class AmiProxy:
    """A TCP proxy in front of Asterisk, of the service's own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._links: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        self._open = asyncio.Event()
        self._open.set()
        self.refusing = False
        """Who connects is turned away."""
        self.wrong_secret = False
        """Asterisk is told another secret than the service's."""
        self.attempts = 0
        """Connections so far."""
        self.events = 0
        """Events that went through to the service so far."""

    def black_hole(self) -> None:
        """From now on nothing comes through in either direction, and no connection ends."""
        self._open.clear()

    def heal(self) -> None:
        """Everything goes through again; what the black hole kept is gone, as it is with a real one."""
        self.refusing = self.wrong_secret = False
        self.cut()
        self._open.set()

    def cut(self) -> None:
        """Resets every connection."""
        for client, server in self._links.items():
            for writer in (client, server):
                writer.transport.abort()

    async def serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.attempts += 1
        if self.refusing:
            to_client.transport.abort()
            return
        from_server, to_server = await asyncio.open_connection(LOOPBACK, self._port)
        self._links[to_client] = to_server
        pumps = [
            asyncio.create_task(self._pump(from_client, to_server, self._told_to_asterisk)),
            asyncio.create_task(self._pump(from_server, to_client, self._counted())),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._links[to_client]
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in (to_client, to_server):
                writer.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, change: Callable[[bytes], bytes]
    ) -> None:
        try:
            while data := await source.read(65536):
                await self._open.wait()
                sink.write(change(data))
                await sink.drain()
        except OSError:
            pass  # the link was cut

    def _counted(self) -> Callable[[bytes], bytes]:
        """For one connection: counts its events, also one whose beginning is split between two reads."""
        end = b""

        def count(data: bytes) -> bytes:
            nonlocal end
            self.events += (end + data).count(_EVENT)
            end = (end + data)[-len(_EVENT) + 1 :]
            return data

        return count

    def _told_to_asterisk(self, data: bytes) -> bytes:
        return _SECRET.sub(b"Secret: of another time", data) if self.wrong_secret else data


@asynccontextmanager
async def ami_proxy(listen_on: int, ami_port: int) -> AsyncIterator[AmiProxy]:
    proxy = AmiProxy(ami_port)
    server = await asyncio.start_server(proxy.serve, LOOPBACK, listen_on)
    try:
        yield proxy
    finally:
        server.close()
        proxy.heal()


def config_through(config: Path, copy: Path, port: int) -> Path:
    """The configuration with another way to Asterisk."""
    shutil.copytree(config, copy)
    yaml = YAML(typ="safe")
    path = copy / "service.yaml"
    document = yaml.load(path)
    document["asterisk"]["ami_port"] = port
    with path.open("w") as file:
        yaml.dump(document, file)
    return copy
