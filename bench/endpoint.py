"""A telephone that measures: SIP and audio over real sockets, each step with when it was on the wire.

What arrives is stamped by the kernel, what leaves right before it is sent: how busy this process is changes
no figure. All times are nanoseconds since the epoch, of the machine's one clock.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from abc import ABC, abstractmethod

from bench import sip
from bench.stamps import receive_stamped, stamp_arrivals
from bench.voice import Voice
from lab.network import LOOPBACK

RETRANSMIT_S = 0.5
ATTEMPTS = 10
"""How often a request that nobody answers is sent again."""


class Endpoint(ABC):
    """One user agent: a SIP socket and a voice."""

    def __init__(self, user: str, server: tuple[str, int], mark: int) -> None:
        self.user = user
        self.server = server
        self.mark = mark
        self.voice = Voice(LOOPBACK, mark)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((LOOPBACK, 0))
        stamp_arrivals(self._socket)
        self._tag = secrets.token_hex(4)
        self._unanswered: dict[str, asyncio.TimerHandle] = {}
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    @property
    def contact(self) -> str:
        host, port = self._socket.getsockname()
        return f"sip:{self.user}@{host}:{port}"

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        for timer in self._unanswered.values():
            timer.cancel()
        self._socket.close()
        self.voice.close()

    @abstractmethod
    def on_request(self, request: sip.Message, at_ns: int) -> None:
        """A request came at that moment."""

    @abstractmethod
    def on_response(self, response: sip.Message) -> None:
        """A response came."""

    def send(self, data: bytes) -> int:
        """Returns when it left."""
        at_ns = time.time_ns()
        self._socket.sendto(data, self.server)
        return at_ns

    def reply(self, request: sip.Message, status: str, body: str = "") -> int:
        return self.send(sip.reply(request, status, self._tag, self.contact, body))

    def request(
        self,
        method: str,
        uri: str,
        headers: list[tuple[str, str]],
        body: str = "",
        *,
        branch: str | None = None,
    ) -> int:
        """Sends a request, and again until it is answered. ACK, which nobody answers, once."""
        branch = branch or sip.branch()
        host, port = self._socket.getsockname()
        via = ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport")
        rest = [("Max-Forwards", "70"), ("Contact", f"<{self.contact}>")]
        data = sip.text(f"{method} {uri} SIP/2.0", [via, *headers, *rest], body)
        if method != "ACK":
            self._repeat(branch, data, ATTEMPTS)
        return self.send(data)

    def sdp(self) -> str:
        return sip.sdp(LOOPBACK, self.voice.port)

    def _repeat(self, branch: str, data: bytes, left: int) -> None:
        def again() -> None:
            del self._unanswered[branch]
            if left:
                self.send(data)
                self._repeat(branch, data, left - 1)

        self._unanswered[branch] = asyncio.get_running_loop().call_later(RETRANSMIT_S, again)

    def _read(self) -> None:
        while True:
            try:
                data, at_ns, _ = receive_stamped(self._socket)
            except OSError:
                return
            message = sip.Message.parse(data)
            if not message.headers:
                continue  # a keep-alive
            if not message.status:
                self.on_request(message, at_ns)
                continue
            branch = message.get("via").partition("branch=")[2].partition(";")[0]
            timer = self._unanswered.pop(branch, None)
            if timer is not None:
                timer.cancel()
            self.on_response(message)
