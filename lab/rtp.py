"""The citizens' ears and mouths: real RTP for many calls in one thread.

Each line says its caller's tone to the address of the other side's SDP or, once it is heard, to where that
audio comes from, in its codec. It notes which seats' tones it hears and when.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from lab.g711 import PCMA, PCMU, decode, encode
from lab.network import LOOPBACK
from lab.tones import SEAT_TONES, TONES, WINDOW, WINDOW_S, tone, tones_in

PACKET_S: Final = 0.02
SAMPLES: Final = 160
_HEADER: Final = struct.Struct("!BBHII")
_EVENT: Final = 101
"""The payload type of keys (RFC 4733)."""
_KEYS: Final = "0123456789*#"
_KEY_FRAMES, _KEY_ENDS, _KEY_GAP = 5, 3, 5
"""For how many packets a key is held, its end is told, and nothing is pressed after it."""
_LOUD: Final = 200
"""A sample of a window in which there is more than the noise of a line."""
_HEARD_WINDOWS: Final = 3
"""A tone counts as heard after so many windows of 0.1 s."""
_SEATS: Final = len(SEAT_TONES)


class Line:
    """One call's media. Times are seconds since the epoch."""

    def __init__(self, sock: socket.socket, tone_hz: int, on_heard: Callable[[], None]) -> None:
        self.socket = sock
        self.port: int = sock.getsockname()[1]
        self.tone_hz = tone_hz
        self.heard_s: dict[int, float] = {}
        """How long each seat's tone was heard, by tone in Hz."""
        self.other_s = 0.0
        """How long something was heard that is no known tone: music, speech."""
        self.first_heard_at: float | None = None
        """When any seat's tone was first heard for long enough to be sure."""
        self.last_heard_at: float | None = None
        self.keys_heard = ""
        """The keys that the other side pressed."""
        self._key_at: int | None = None
        self._on_heard = on_heard
        self._windows = 0
        self._buffer = bytearray()
        self._remote: tuple[str, int] | None = None
        self._payload_type = PCMA
        self._speech = {kind: encode(tone(tone_hz, WINDOW_S), kind).tobytes() for kind in (PCMA, PCMU)}
        self._sequence = 0
        self._keys: list[bytes] = []
        self._key_since = 0

    def press(self, keys: str) -> None:
        """Presses keys one after the other, in place of the tone meanwhile."""
        for key in keys:
            for packet in range(1, _KEY_FRAMES + _KEY_ENDS + 1):
                flags = 0x8A if packet > _KEY_FRAMES else 0x0A
                held = min(packet, _KEY_FRAMES) * SAMPLES
                self._keys.append(struct.pack("!BBH", _KEYS.index(key), flags, held))
            self._keys += [b""] * _KEY_GAP

    def send_to(self, remote: tuple[str, int]) -> None:
        """Where the other side takes audio."""
        self._remote = remote

    def send(self) -> None:
        """Says the next 20 ms of the tone."""
        if self._remote is None:
            return
        self._sequence += 1
        place = self._sequence % (WINDOW // SAMPLES) * SAMPLES
        kind, said = self._payload_type, self._speech[self._payload_type][place : place + SAMPLES]
        if key := self._keys.pop(0) if self._keys else b"":
            kind, said = _EVENT, key
        else:
            self._key_since = (self._sequence + 1) * SAMPLES
        since = self._key_since if key else self._sequence * SAMPLES
        header = _HEADER.pack(0x80, kind, self._sequence & 0xFFFF, since & 0xFFFFFFFF, self.port)
        try:
            self.socket.sendto(header + said, self._remote)
        except OSError:
            self._remote = None  # the other side's port is closed: the call is over or begins anew

    def receive(self) -> None:
        """Takes in what has arrived."""
        while True:
            try:
                packet, sender = self.socket.recvfrom(2048)
            except OSError:
                return
            if len(packet) > _HEADER.size and packet[1] & 0x7F in (PCMA, PCMU):
                self._remote, self._payload_type = sender, packet[1] & 0x7F
                self._buffer += packet[_HEADER.size :]
            elif len(packet) > _HEADER.size and packet[1] & 0x7F == _EVENT:
                self._hear_key(packet)

    def _hear_key(self, packet: bytes) -> None:
        """Each key comes in many packets, all with the time at which it was pressed."""
        since, key = _HEADER.unpack_from(packet)[3], packet[_HEADER.size]
        if since != self._key_at and key < len(_KEYS):
            self._key_at = since
            self.keys_heard += _KEYS[key]

    def window(self) -> np.ndarray[tuple[int], np.dtype[np.int16]] | None:
        """The next 100 ms heard, if there are so many."""
        if len(self._buffer) < WINDOW:
            return None
        codes = np.frombuffer(bytes(self._buffer[:WINDOW]), np.uint8)
        del self._buffer[:WINDOW]
        return decode(codes, self._payload_type)

    def note(self, there: np.ndarray[tuple[int], np.dtype[np.bool_]], loud: bool, now: float) -> None:
        """Takes in which of TONES were heard in a window that ended now, and whether it was silent."""
        if loud and not there.any():
            self.other_s += WINDOW_S
        seats = np.flatnonzero(there[:_SEATS])
        if not seats.size:
            return
        for place in seats:
            hz = int(TONES[place])
            self.heard_s[hz] = self.heard_s.get(hz, 0.0) + WINDOW_S
        self._windows += 1
        self.last_heard_at = now
        if self._windows == _HEARD_WINDOWS:
            self.first_heard_at = now - _HEARD_WINDOWS * WINDOW_S
            self._on_heard()


class Media:
    """All lines, served by one thread from `start` to `close`."""

    def __init__(self, host: str = LOOPBACK) -> None:
        """`host` is the address that audio comes from and goes to."""
        self._host = host
        self._lines: dict[int, Line] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="rtp", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for line in list(self._lines.values()):
            self.remove(line)

    def add(self, tone_hz: int, on_heard: Callable[[], None]) -> Line:
        """A new line. `on_heard` is called in the media thread once a seat's tone is heard."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            sock.bind((self._host, 0))
            if sock.getsockname()[1] % 2 == 0:
                break
            sock.close()
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        line = Line(sock, tone_hz, on_heard)
        with self._lock:
            self._lines[line.port] = line
        return line

    def remove(self, line: Line) -> None:
        with self._lock:
            if self._lines.pop(line.port, None) is not None:
                line.socket.close()

    def _serve(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            with self._lock:
                lines = list(self._lines.values())
                for line in lines:
                    line.receive()
                    line.send()
            self._listen(lines)
            due = max(due + PACKET_S, time.monotonic() - 5 * PACKET_S)
            self._over.wait(max(0.0, due - time.monotonic()))

    @staticmethod
    def _listen(lines: list[Line]) -> None:
        """One Fourier transform for all lines that have a whole window."""
        ready = [(line, samples) for line in lines if (samples := line.window()) is not None]
        if not ready:
            return
        now = time.time()
        windows = np.stack([samples for _, samples in ready])
        loud = windows.max(axis=1) > _LOUD
        for (line, _), tones, sounds in zip(ready, tones_in(windows), loud, strict=True):
            line.note(tones, bool(sounds), now)
