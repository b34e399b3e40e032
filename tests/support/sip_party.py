"""A SIP party without audio, for tests that need real signalling with Asterisk: it registers, calls, answers,
rejects, cancels and hangs up when told, and each step can be awaited.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

_HEADER = re.compile(r"^([^:\s]+)\s*:\s*(.*)$")


@dataclass
class _SipMessage:
    start: str
    headers: list[tuple[str, str]]
    body: str

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def _parse(data: bytes) -> _SipMessage:
    head, _, body = data.decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    headers = [match.groups() for line in lines[1:] if (match := _HEADER.match(line))]
    return _SipMessage(lines[0], [(name, value) for name, value in headers], body)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class _Dialog:
    call_id: str
    local: str
    remote: str
    target: str
    cseq: int = 1
    invite: _SipMessage | None = None
    branch: str = ""
    early_tag: str = ""
    """The other side's, while it rings."""


@dataclass
class SipParty(asyncio.DatagramProtocol):
    """One user of the SIP server at `server`; one call at a time."""

    user: str
    server: tuple[str, int]
    password: str = ""
    extra_headers: tuple[str, ...] = ()
    user_agent: str = ""
    """What it calls itself when it registers."""
    local_port: int = 0
    """Its own port; 0 takes a free one."""
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    """An incoming call rings here, or the called party's phone rings."""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    """The call is answered."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """The call is over, whoever ended it."""
    registered: asyncio.Event = field(default_factory=asyncio.Event)
    answers_options: bool = True
    last_status: int = 0
    referred: int = 0
    """What became of the last REFER, as a status; 0 until it is told."""

    def __post_init__(self) -> None:
        self._dialog: _Dialog | None = None
        self._register_id = secrets.token_hex(8)
        self._register_cseq = 0
        self._expires = 0
        self._offered = 0
        self._refer_answered = asyncio.Event()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.local_port)
        )
        self._transport = transport
        self.address: tuple[str, int] = transport.get_extra_info("sockname")[:2]

    def close(self) -> None:
        self._transport.close()

    async def register(self, expires_s: int = 300) -> None:
        """Register, or unregister with 0, and wait for the server's word on it."""
        self.registered.clear()
        self._expires = expires_s
        self._register_cseq += 1
        self._send_register("")
        await self.registered.wait()

    def call(self, number: str, shown: str) -> None:
        """Start a call; `ringing`, `up` and `ended` tell how it goes."""
        self._fresh()
        host, port = self.server
        dialog = _Dialog(
            secrets.token_hex(8),
            f"<sip:{shown}@{host}>;tag={secrets.token_hex(4)}",
            f"<sip:{number}@{host}>",
            f"sip:{number}@{host}:{port}",
            branch=_branch(),
        )
        self._dialog = dialog
        self._send_in_dialog("INVITE", dialog, dialog.branch, self._sdp())

    def invited_with(self, header: str) -> str:
        """A header of the INVITE that rang here; '' when it had none."""
        assert self._dialog is not None
        assert self._dialog.invite is not None
        return self._dialog.invite.get(header)

    def answer(self) -> None:
        assert self._dialog
        assert self._dialog.invite
        self._reply(self._dialog.invite, "200 OK", self._sdp())
        self.up.set()

    def reject(self, status: str = "486 Busy Here") -> None:
        assert self._dialog
        assert self._dialog.invite
        self._reply(self._dialog.invite, status)
        self.ended.set()

    def cancel(self) -> None:
        assert self._dialog
        self._send_in_dialog("CANCEL", self._dialog, self._dialog.branch)

    def hang_up(self) -> None:
        assert self._dialog
        self._dialog.cseq += 1
        self._send_in_dialog("BYE", self._dialog, _branch())
        self.ended.set()

    def hold(self) -> None:
        """The phone's hold key: the other party is to hear nothing from here."""
        self._invite_again("sendonly")

    def resume(self) -> None:
        self._invite_again("sendrecv")

    def refer(self, extension: str, replaces: SipParty | None = None) -> None:
        """Transfers the other party there, as a phone's blind transfer does. With `replaces` attended: to the
        party of that other line of the phone, which talks or still rings.
        """
        assert self._dialog
        self._dialog.cseq += 1
        query = ""
        if replaces is not None:
            other = replaces._dialog
            assert other
            remote = _tag(other.remote) or other.early_tag
            dialog = f"{other.call_id};to-tag={remote};from-tag={_tag(other.local)}"
            query = f"?Replaces={quote(dialog, safe='')}"
        target = f"<sip:{extension}@{self.server[0]}{query}>"
        self.referred = 0
        self._refer_answered.clear()
        self._send_in_dialog("REFER", self._dialog, _branch(), "", f"Refer-To: {target}")

    async def answered_refer(self, within_s: float = 20.0) -> None:
        """Returns once `referred` says what became of it."""
        async with asyncio.timeout(within_s):
            await self._refer_answered.wait()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[:1] >= b"\x80":
            return  # RTP: the session description names this same port, nobody here listens to audio
        message = _parse(data)
        if message.start.startswith("SIP/2.0"):
            self._on_response(message)
        else:
            self._on_request(message)

    def _invite_again(self, direction: str) -> None:
        assert self._dialog
        self._dialog.cseq += 1
        self._send_in_dialog("INVITE", self._dialog, _branch(), self._sdp(direction))

    def _fresh(self) -> None:
        for event in (self.ringing, self.up, self.ended):
            event.clear()

    def _on_request(self, request: _SipMessage) -> None:
        method = request.start.split(" ", 1)[0]
        if method == "OPTIONS":
            if self.answers_options:
                self._reply(request, "200 OK")
        elif method == "INVITE":
            if self._dialog and self._dialog.call_id == request.get("Call-ID") and self.up.is_set():
                self._reply(request, "200 OK", self._sdp())
                return
            self._fresh()
            target = request.get("Contact").strip("<>").split(">")[0]
            local = request.get("To") + f";tag={secrets.token_hex(4)}"
            self._dialog = _Dialog(request.get("Call-ID"), local, request.get("From"), target, invite=request)
            self._reply(request, "180 Ringing")
            self.ringing.set()
        elif method == "CANCEL":
            self._reply(request, "200 OK")
            if self._dialog and self._dialog.invite and not self.up.is_set():
                self._reply(self._dialog.invite, "487 Request Terminated")
            self.ended.set()
        elif method == "BYE":
            self._reply(request, "200 OK")
            self.ended.set()
        elif method != "ACK":
            self._reply(request, "200 OK")
            if method == "NOTIFY" and (told := re.match(r"SIP/2\.0 (\d+)", request.body)):
                self._refer_told(int(told[1]))

    def _refer_told(self, status: int) -> None:
        if status >= 200:
            self.referred = status
            self._refer_answered.set()

    def _on_response(self, response: _SipMessage) -> None:
        status = int(response.start.split(" ")[1])
        method = response.get("CSeq").split(" ")[1]
        if method == "REGISTER":
            self._on_register_response(status, response)
        elif method == "INVITE":
            self._on_invite_response(status, response)
        elif method == "REFER" and status >= 300:
            self._refer_told(status)

    def _on_register_response(self, status: int, response: _SipMessage) -> None:
        if status == 401:
            self._register_cseq += 1
            self._send_register(self._authorization(response.get("WWW-Authenticate")))
        elif status == 200:
            self.registered.set()

    def _on_invite_response(self, status: int, response: _SipMessage) -> None:
        dialog = self._dialog
        if dialog is None or response.get("Call-ID") != dialog.call_id or status == 100:
            return
        self.last_status = status
        if status < 200:
            dialog.early_tag = _tag(response.get("To"))
            self.ringing.set()
            return
        dialog.remote = response.get("To")
        if status < 300:
            dialog.target = response.get("Contact").strip("<>").split(">")[0] or dialog.target
            self._send_in_dialog("ACK", dialog, _branch())
            self.up.set()
        elif status in (401, 407) and self.password:
            self._send_in_dialog("ACK", dialog, dialog.branch)
            dialog.cseq += 1
            dialog.branch = _branch()
            dialog.remote = re.sub(";tag=.*", "", dialog.remote)
            challenge = response.get("WWW-Authenticate") or response.get("Proxy-Authenticate")
            credentials = self._authorization(challenge, "INVITE", dialog.target)
            name = "Authorization" if status == 401 else "Proxy-Authorization"
            self._send_in_dialog("INVITE", dialog, dialog.branch, self._sdp(), f"{name}: {credentials}")
        else:
            self._send_in_dialog("ACK", dialog, dialog.branch)
            self.ended.set()

    def _authorization(self, challenge: str, method: str = "REGISTER", uri: str = "") -> str:
        uri = uri or f"sip:{self.server[0]}"
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.removeprefix("Digest ")))
        realm, nonce = fields["realm"], fields["nonce"]
        ha1, ha2 = _md5(f"{self.user}:{realm}:{self.password}"), _md5(f"{method}:{uri}")
        text = f'Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
        if "qop" in fields:
            answer = _md5(f"{ha1}:{nonce}:00000001:c:auth:{ha2}")
            text += f', qop=auth, nc=00000001, cnonce="c", response="{answer}"'
        else:
            text += f', response="{_md5(f"{ha1}:{nonce}:{ha2}")}"'
        if "opaque" in fields:
            text += f', opaque="{fields["opaque"]}"'
        return text

    def _send_register(self, authorization: str) -> None:
        host = self.server[0]
        lines = [
            f"REGISTER sip:{host} SIP/2.0",
            self._via(_branch()),
            f"From: <sip:{self.user}@{host}>;tag={self._register_id}",
            f"To: <sip:{self.user}@{host}>",
            f"Call-ID: {self._register_id}",
            f"CSeq: {self._register_cseq} REGISTER",
            f"Contact: <{self._contact()}>;expires={self._expires}",
            f"Expires: {self._expires}",
        ]
        if self.user_agent:
            lines.append(f"User-Agent: {self.user_agent}")
        if authorization:
            lines.append(f"Authorization: {authorization}")
        self._transmit(lines)

    def _send_in_dialog(self, method: str, dialog: _Dialog, branch: str, body: str = "", *extra: str) -> None:
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            self._via(branch),
            f"From: {dialog.local}",
            f"To: {dialog.remote}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {dialog.cseq} {method}",
            f"Contact: <{self._contact()}>",
            *self.extra_headers,
            *extra,
        ]
        self._transmit(lines, body)

    def _reply(self, request: _SipMessage, status: str, body: str = "") -> None:
        to = request.get("To")
        if self._dialog and request.get("Call-ID") == self._dialog.call_id and "tag=" not in to:
            to = self._dialog.local
        lines = [
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in request.all("Via")),
            f"From: {request.get('From')}",
            f"To: {to}",
            f"Call-ID: {request.get('Call-ID')}",
            f"CSeq: {request.get('CSeq')}",
            f"Contact: <{self._contact()}>",
        ]
        self._transmit(lines, body)

    def _transmit(self, lines: list[str], body: str = "") -> None:
        if body:
            lines.append("Content-Type: application/sdp")
        lines += ["Max-Forwards: 70", f"Content-Length: {len(body)}", "", body]
        self._transport.sendto("\r\n".join(lines).encode(), self.server)

    def _via(self, branch: str) -> str:
        return f"Via: SIP/2.0/UDP {self.address[0]}:{self.address[1]};branch={branch};rport"

    def _contact(self) -> str:
        return f"sip:{self.user}@{self.address[0]}:{self.address[1]}"

    def _sdp(self, direction: str = "sendrecv") -> str:
        host, port = self.address
        self._offered += 1
        return (
            f"v=0\r\no=- 1 {self._offered} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na={direction}\r\n"
        )


def _tag(address: str) -> str:
    """Of a From or To."""
    found = re.search(r";tag=([^;>\s]+)", address)
    return found[1] if found else ""


def _branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)
