"""Free ports on the loopback address, so that a lab stands beside whatever else the machine runs."""

from __future__ import annotations

import random
import socket
from itertools import cycle, islice

LOOPBACK = "127.0.0.1"
_SERVERS_LOW, _SERVERS_HIGH = 20_000, 23_000
_RTP_LOW, _RTP_HIGH = 23_000, 32_000
"""Both below the range that the kernel hands out by itself (32768 and up), for a connection too."""
_order = random.sample(range(_SERVERS_LOW, _SERVERS_HIGH), _SERVERS_HIGH - _SERVERS_LOW)
_servers = cycle(_order)
"""So that this process gives a port again only when it has given all others."""


def free_ports(count: int) -> list[int]:
    """Ports that are free for TCP and UDP at this moment, all different.

    Raises RuntimeError when there are none.
    """
    found = list(islice(filter(_is_free, islice(_servers, len(_order))), count))
    if len(found) < count:
        raise RuntimeError(f"no {count} free ports between {_SERVERS_LOW} and {_SERVERS_HIGH}")
    return found


def free_block(size: int) -> int:
    """The first of `size` ports that follow each other and are all free, as `free_ports`.

    Raises RuntimeError when there are none.
    """
    for first in islice(_servers, len(_order)):
        if first + size <= _SERVERS_HIGH and all(_is_free(port) for port in range(first, first + size)):
            return first
    raise RuntimeError(f"no {size} free ports in a row between {_SERVERS_LOW} and {_SERVERS_HIGH}")


def _is_free(port: int) -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        try:
            tcp.bind((LOOPBACK, port))
            udp.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def rtp_range(size: int) -> tuple[int, int]:
    """A range of `size` ports for RTP, somewhere that no range of the same moment is likely to be."""
    low = random.randrange(_RTP_LOW, _RTP_HIGH - size, 2)  # noqa: S311 - not a secret
    return low, low + size - 1
