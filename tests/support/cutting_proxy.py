"""A way to PostgreSQL that loses an answer: the server commits, and the client never hears of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy.engine import make_url


class CuttingProxy:
    """Stands on a unix socket between a client and a server."""

    def __init__(self, server_socket: str) -> None:
        self._server_socket = server_socket
        self._armed = False
        self.cut = asyncio.Event()
        """A commit's answer was lost."""

    def lose_the_next_commits_answer(self) -> None:
        self._armed = True

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server_socket)
        losing = asyncio.Event()

        async def ask() -> None:
            while data := await client.read(65536):
                if self._armed and b"COMMIT" in data:
                    self._armed = False
                    losing.set()
                to_server.write(data)
                await to_server.drain()

        async def answer() -> None:
            while data := await server.read(65536):
                if losing.is_set():
                    self.cut.set()
                    return
                to_client.write(data)
                await to_client.drain()

        tasks = [asyncio.create_task(ask()), asyncio.create_task(answer())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer in (to_client, to_server):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


@contextlib.asynccontextmanager
async def cutting_proxy(url: str, directory: Path) -> AsyncIterator[tuple[CuttingProxy, str]]:
    """The proxy to the database at `url`, and the database's URL through it."""
    target = make_url(url)
    proxy = CuttingProxy(f"{target.query['host']}/.s.PGSQL.5432")
    listener = await asyncio.start_unix_server(proxy.serve, str(directory / ".s.PGSQL.5432"))
    try:
        yield proxy, target.set(query={"host": str(directory)}).render_as_string()
    finally:
        listener.close()
