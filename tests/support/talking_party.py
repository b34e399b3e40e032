"""A SIP party that speaks a tone, presses keys and keeps what it hears, from the moment its call is up."""

from __future__ import annotations

import asyncio
import re
import secrets
import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.support.sip_party import SipParty, _SipMessage
from tests.support.tones import RATE_HZ, alaw, from_alaw, share, tone

_FRAME_S = 0.02
_FRAME_BYTES = round(RATE_HZ * _FRAME_S)
_PCMA = 8
_EVENT = 101
"""The payload type of keys (RFC 4733)."""
_KEYS = "0123456789*#"
_KEY_FRAMES, _KEY_ENDS = 5, 3
"""A key is held for so many frames; its end is told so often, as the RFC asks for."""


@dataclass
class TalkingParty(SipParty):
    """Its tone should have a whole number of periods in a second, so that it repeats without a click."""

    tone_hz: int = 500
    heard_alaw: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._voice = alaw(tone(self.tone_hz, 1.0))
        self._media: tuple[str, int] | None = None
        self._source = secrets.randbits(32)
        self._frames_sent = 0
        self._timer: asyncio.TimerHandle | None = None
        self._frame_came = asyncio.Event()
        self._keys: list[bytes] = []
        self._key_since = 0

    @property
    def invitation(self) -> _SipMessage:
        """The call that came in, as it was asked for."""
        assert self._dialog
        assert self._dialog.invite
        return self._dialog.invite

    @property
    def heard(self) -> NDArray[np.int16]:
        """Everything heard so far, gaps closed."""
        return from_alaw(bytes(self.heard_alaw))

    def heard_lately(self, seconds: float = 0.5) -> NDArray[np.int16]:
        return from_alaw(bytes(self.heard_alaw[-round(seconds * RATE_HZ) :]))

    async def hears_for(self, seconds: float, within_s: float = 20.0) -> None:
        """Returns once it has heard so much since `heard_alaw` was last cleared."""
        async with asyncio.timeout(within_s):
            while len(self.heard_alaw) < seconds * RATE_HZ:
                self._frame_came.clear()
                await self._frame_came.wait()

    async def hears(self, hz: int, seconds: float = 0.5, within_s: float = 20.0) -> None:
        """Returns once so many seconds on end were that tone and nothing else to speak of."""
        async with asyncio.timeout(within_s):
            while len(self.heard_alaw) < seconds * RATE_HZ or share(self.heard_lately(seconds), hz) < 0.95:
                self._frame_came.clear()
                await self._frame_came.wait()

    def talk(self) -> None:
        """Starts sending; goes on until `close` or `hush`."""
        if self._timer is None:
            self._started = asyncio.get_running_loop().time() - self._frames_sent * _FRAME_S
            self._send_frame()

    def press(self, keys: str) -> None:
        """Presses the keys one after the other, in place of what it says meanwhile. It must be talking."""
        assert self._timer is not None
        for key in keys:
            for frame in range(1, _KEY_FRAMES + _KEY_ENDS + 1):
                over = frame > _KEY_FRAMES
                duration = min(frame, _KEY_FRAMES) * _FRAME_BYTES
                self._keys.append(struct.pack("!BBH", _KEYS.index(key), 0x8A if over else 0x0A, duration))
            self._keys += [b""] * _KEY_FRAMES

    def hush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self.hush()
        super().close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[:1] >= b"\x80":
            if len(data) > 12 and data[1] & 0x7F == _PCMA:
                self.heard_alaw += data[12:]
                self._frame_came.set()
            return
        if offered := re.search(rb"c=IN IP4 (\S+).*?m=audio (\d+)", data, re.DOTALL):
            self._media = (offered[1].decode(), int(offered[2]))
        super().datagram_received(data, addr)

    def _send_frame(self) -> None:
        if self._media is not None:
            at = self._frames_sent * _FRAME_BYTES
            key = self._keys.pop(0) if self._keys else b""
            if not key:
                self._key_since = at + _FRAME_BYTES
                begin = at % len(self._voice)
                self._send_rtp(_PCMA, at, self._voice[begin : begin + _FRAME_BYTES])
            else:
                self._send_rtp(_EVENT, self._key_since, key)
            self._frames_sent += 1
        loop = asyncio.get_running_loop()
        due = self._started + (self._frames_sent + 1) * _FRAME_S
        self._timer = loop.call_at(max(due, loop.time() + 0.001), self._send_frame)

    def _send_rtp(self, kind: int, at: int, payload: bytes) -> None:
        assert self._media is not None
        number = self._frames_sent & 0xFFFF
        header = struct.pack("!BBHII", 0x80, kind, number, at & 0xFFFFFFFF, self._source)
        self._transport.sendto(header + payload, self._media)
