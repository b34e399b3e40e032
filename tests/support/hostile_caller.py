"""A caller who writes whatever it likes into its SIP."""

from __future__ import annotations

import secrets
from types import TracebackType
from typing import Self

from tests.support.sip_party import SipParty, _branch, _Dialog


class HostileCaller(SipParty):
    """Opened and closed as a context; one call."""

    def __init__(self, server: tuple[str, int], user: str = "citizen", password: str = "") -> None:
        super().__init__(user, server, password)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call_as(self, dialled: str, sender: str, headers: tuple[str, ...] = ()) -> None:
        """Calls with these texts as they are: the user part of the request's URI, the From header, and more
        headers. `host` in them stands for this machine.
        """
        host, port = self.server
        self._fresh()
        self.extra_headers = tuple(header.replace("@host", f"@{host}") for header in headers)
        self._dialog = _Dialog(
            secrets.token_hex(8),
            f"{sender.replace('@host', f'@{host}')};tag={secrets.token_hex(4)}",
            f"<sip:12345@{host}>",
            f"sip:{dialled}@{host}:{port}",
            branch=_branch(),
        )
        self._send_in_dialog("INVITE", self._dialog, self._dialog.branch, self._sdp())

    def info(self, body: str) -> None:
        """Sends DTMF in an INFO request with this body."""
        assert self._dialog
        self._dialog.cseq += 1
        lines = [
            f"INFO {self._dialog.target} SIP/2.0",
            self._via(_branch()),
            f"From: {self._dialog.local}",
            f"To: {self._dialog.remote}",
            f"Call-ID: {self._dialog.call_id}",
            f"CSeq: {self._dialog.cseq} INFO",
            "Content-Type: application/dtmf-relay",
            "Max-Forwards: 70",
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        self._transport.sendto("\r\n".join(lines).encode(), self.server)
