"""A citizen who calls once."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bench import sip
from bench.endpoint import Endpoint


class Caller(Endpoint):
    """A citizen with a telephone, for one call. `on_over` is told when it has ended, and why if it failed."""

    def __init__(
        self,
        number: str,
        hotline: str,
        server: tuple[str, int],
        mark: int,
        on_heard: Callable[[Caller, int, int], None],
        on_over: Callable[[Caller, str], None],
    ) -> None:
        """`on_heard` is given the mark of the agent who is heard, and when."""
        super().__init__(number, server, mark)
        self._hotline = hotline
        self._on_heard = on_heard
        self._on_over = on_over
        self._call_id = secrets.token_hex(8)
        self._branch = sip.branch()
        self._ok: sip.Message | None = None
        self._ended = False
        self.called_ns = 0

    def call(self) -> None:
        host, port = self.server
        uri = f"sip:{self._hotline}@{host}:{port}"
        self.called_ns = self.request(
            "INVITE", uri, self._headers(f"<{uri}>", "1 INVITE"), self.sdp(), branch=self._branch
        )

    def hang_up(self) -> None:
        """Harmless when it is over; a call that is not answered yet is left."""
        if self._ok is not None and not self._ended:
            self.request("BYE", self._ok.contact, self._headers(self._ok.get("to"), "2 BYE"))
            self._end("")

    def on_request(self, request: sip.Message, at_ns: int) -> None:
        del at_ns
        if request.method == "INVITE":
            self.reply(request, "200 OK", self.sdp())
        elif request.method != "ACK":
            self.reply(request, "200 OK")
        if request.method == "BYE" and not self._ended:
            self._end("")

    def on_response(self, response: sip.Message) -> None:
        if response.method != "INVITE" or response.status < 200:
            return
        headers = self._headers(response.get("to"), "1 ACK")
        if response.status >= 300:
            host, port = self.server
            self.request("ACK", f"sip:{self._hotline}@{host}:{port}", headers, branch=self._branch)
            if not self._ended:
                self._end(response.start)
            return
        self.request("ACK", response.contact, headers)
        if self._ok is None:
            self._ok = response
            self.voice.listen(lambda mark, heard_ns: self._on_heard(self, mark, heard_ns))
            self.voice.speak_to(response.media)

    def _end(self, why: str) -> None:
        self._ended = True
        self.voice.speak_to(None)
        self.voice.stop_listening()
        self._on_over(self, why)

    def _headers(self, to: str, cseq: str) -> list[tuple[str, str]]:
        host, port = self._socket.getsockname()
        return [
            ("From", f"<sip:{self.user}@{host}:{port}>;tag={self._tag}"),
            ("To", to),
            ("Call-ID", self._call_id),
            ("CSeq", cseq),
        ]
