"""Free ports on the loopback address, so that a lab stands beside whatever else the machine runs."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
_RTP_LOW, _RTP_HIGH = 20_000, 32_000
"""Below the range that the kernel hands out by itself (32768 and up)."""


def free_ports(count: int) -> list[int]:
    """Ports that are free for TCP and UDP at this moment, all different."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            tcp.bind((LOOPBACK, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((LOOPBACK, port))
            except OSError:
                continue
            ports.append(port)
        return ports


def rtp_range(size: int) -> tuple[int, int]:
    """A range of `size` ports for RTP, somewhere that no range of the same moment is likely to be."""
    low = random.randrange(_RTP_LOW, _RTP_HIGH - size, 2)  # noqa: S311 - not a secret
    return low, low + size - 1
