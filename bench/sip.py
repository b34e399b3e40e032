"""As much of SIP (RFC 3261) over UDP as a measuring telephone needs: messages, and digest authentication."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

_FIELD = re.compile(r'(\w+)="?([^",]+)"?')
_MEDIA = re.compile(r"^c=IN IP4 (\S+).*?^m=audio (\d+)", re.MULTILINE | re.DOTALL)
_USER = re.compile(r"sips?:([^@;>]+)@")


@dataclass(frozen=True, slots=True)
class Message:
    """One request or response, as it came."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Takes folded and short header names as they are: Asterisk sends neither."""
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        lines = head.split("\r\n")
        fields = (line.partition(":") for line in lines[1:] if line)
        return cls(lines[0], tuple((name.strip().lower(), value.strip()) for name, _, value in fields), body)

    def get(self, name: str) -> str:
        """A header's first value, '' without one. `name` in lower case."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def status(self) -> int:
        """A response's status; 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The request's, or that of the request which a response answers."""
        return self.get("cseq").partition(" ")[2]

    @property
    def caller(self) -> str:
        """The user in From: the number that is shown."""
        found = _USER.search(self.get("from"))
        return found[1] if found else ""

    @property
    def contact(self) -> str:
        """Where requests of this dialog go."""
        return self.get("contact").partition("<")[2].partition(">")[0]

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the other side takes audio."""
        found = _MEDIA.search(self.body)
        return (found[1], int(found[2])) if found else None


def text(start: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append("Content-Type: application/sdp")
    lines += [f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


def reply(request: Message, status: str, tag: str, contact: str, body: str = "") -> bytes:
    """The response to `request`; `tag` names this side of the dialog."""
    to = request.get("to")
    if ";tag=" not in to:
        to += f";tag={tag}"
    return text(
        f"SIP/2.0 {status}",
        [
            *(("Via", via) for via in request.all("via")),
            ("From", request.get("from")),
            ("To", to),
            ("Call-ID", request.get("call-id")),
            ("CSeq", request.get("cseq")),
            ("Contact", f"<{contact}>"),
        ],
        body,
    )


def branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


def sdp(host: str, port: int) -> str:
    """An offer, or answer, of A-law alone."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"
    )


def credentials(challenge: str, user: str, password: str, method: str, uri: str) -> str:
    """The Authorization header for a WWW-Authenticate (RFC 2617, MD5)."""
    fields = dict(_FIELD.findall(challenge.removeprefix("Digest ")))
    realm, nonce = fields["realm"], fields["nonce"]
    secret, request = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    answer = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "qop" in fields:
        own = secrets.token_hex(4)
        proof = _md5(f"{secret}:{nonce}:00000001:{own}:auth:{request}")
        answer += f', qop=auth, nc=00000001, cnonce="{own}", response="{proof}"'
    else:
        answer += f', response="{_md5(f"{secret}:{nonce}:{request}")}"'
    if "opaque" in fields:
        answer += f', opaque="{fields["opaque"]}"'
    return answer


def _md5(value: str) -> str:
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
