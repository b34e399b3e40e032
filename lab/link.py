"""TCP links to the programs that the lab drives."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from lab.processes import ChildProcess

_AGAIN_S: Final = 0.02


def acknowledge_at_once(writer: asyncio.StreamWriter) -> None:
    """To be called after each write and read: the kernel keeps to it for some packets only.

    Programs that write small messages one by one send the next only when the last is acknowledged, and the
    kernel would put that off by 40 ms.
    """
    link: socket.socket = writer.get_extra_info("socket")
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


async def connect_to_child(
    child: ChildProcess, host: str, port: int, *, within_s: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connects to a port that a child process is about to open.

    Raises ConnectionRefusedError when the child ends or has not opened it in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        try:
            return await asyncio.open_connection(host, port)
        except ConnectionRefusedError:
            if not child.running or loop.time() > deadline:
                raise
            await asyncio.sleep(_AGAIN_S)
