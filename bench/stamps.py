"""When a datagram reached its socket, by the kernel: however late this process gets to read it."""

from __future__ import annotations

import socket
import struct
from typing import Final

_SO_TIMESTAMPNS: Final = 35
"""linux/socket.h; Python's socket module does not name it."""
_TIME: Final = struct.Struct("qq")
_BUFFER_BYTES: Final = 1 << 20


def stamp_arrivals(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)


def receive_stamped(sock: socket.socket) -> tuple[bytes, int, tuple[str, int]]:
    """A datagram, when it came in nanoseconds since the epoch, and its sender. OSError when none is there."""
    data, ancillary, _, sender = sock.recvmsg(65535, socket.CMSG_SPACE(_TIME.size))
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIME.unpack(value)
            return data, seconds * 1_000_000_000 + nanoseconds, sender[:2]
    raise AssertionError("the kernel did not stamp a datagram of a socket that asked for it")
