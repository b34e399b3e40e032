"""Audio that says who speaks: each party's packets bear its mark, and the kernel tells when one is heard.

Asterisk hands A-law packets on as they are between two parties who both speak A-law, recorder or not. So the
first packet with another party's mark is the moment from which that party is heard. A filter in the kernel
drops everything else (music, announcements), and all of it once the mark was heard: listening costs nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

from bench.stamps import receive_stamped, stamp_arrivals

PACKET_S: Final = 0.02
_PCMA: Final = 8
_HEADER: Final = struct.Struct("!BBHII")
_MARK: Final = b"\xd5\x2a\x93\x6b"
"""Begins each payload. As sound it is a click; no music has it in this place but by a chance of 1 in 2^32."""
_SAMPLES: Final = 160
_AT: Final = 8 + _HEADER.size
"""A packet filter on a UDP socket counts from the UDP header."""
_SO_ATTACH_FILTER: Final = 26
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
"""Of the classic packet filter (linux/filter.h): word at an offset, branch, how many bytes to keep."""


class Voice:
    """One party's audio. Times are nanoseconds since the epoch, by the kernel."""

    def __init__(self, host: str, mark: int) -> None:
        """`mark` is the party's number, known to whoever hears it."""
        self._socket = _even_port(host)
        self.port: int = self._socket.getsockname()[1]
        self._speech = (_MARK + struct.pack("!I", mark)) * (_SAMPLES // 8)
        self._source = mark + 1
        self._remote: tuple[str, int] | None = None
        self._sequence = 0
        self._on_heard: Callable[[int, int], None] | None = None
        stamp_arrivals(self._socket)
        _filter(self._socket, None)

    def speak_to(self, remote: tuple[str, int] | None) -> None:
        """None: falls silent."""
        self._remote = remote

    def listen(self, on_heard: Callable[[int, int], None]) -> None:
        """Calls `on_heard` once, with the mark of the first party that is heard from now on, and when."""
        self._drain()
        self._on_heard = on_heard
        _filter(self._socket, _MARK)
        asyncio.get_running_loop().add_reader(self._socket, self._hear)

    def stop_listening(self) -> None:
        if self._on_heard is not None:
            self._on_heard = None
            asyncio.get_running_loop().remove_reader(self._socket)
            _filter(self._socket, None)

    def close(self) -> None:
        self.stop_listening()
        self._remote = None
        self._socket.close()

    def send(self) -> None:
        """The next 20 ms."""
        remote = self._remote
        if remote is None:
            return
        self._sequence += 1
        header = _HEADER.pack(
            0x80, _PCMA, self._sequence & 0xFFFF, self._sequence * _SAMPLES & 0xFFFFFFFF, self._source
        )
        try:
            self._socket.sendto(header + self._speech, remote)
        except OSError:
            self._remote = None  # the other side's port is closed: the call is over

    def _hear(self) -> None:
        try:
            packet, at_ns, _ = receive_stamped(self._socket)
        except OSError:
            return
        on_heard = self._on_heard
        if on_heard is not None and packet[_HEADER.size :].startswith(_MARK):
            self.stop_listening()
            on_heard(struct.unpack_from("!I", packet, _HEADER.size + len(_MARK))[0], at_ns)

    def _drain(self) -> None:
        while True:
            try:
                self._socket.recv(2048)
            except OSError:
                return


class Speaking:
    """Has every voice say its next packet each 20 ms, in a thread, while the `with` lasts."""

    def __init__(self) -> None:
        self._voices: tuple[Voice, ...] = ()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="voices", daemon=True)

    def add(self, voice: Voice) -> None:
        self._voices += (voice,)

    def remove(self, voice: Voice) -> None:
        self._voices = tuple(each for each in self._voices if each is not voice)

    def __enter__(self) -> Speaking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _speak(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            for voice in self._voices:
                voice.send()
            due = max(due + PACKET_S, time.monotonic() - 5 * PACKET_S)


def _even_port(host: str) -> socket.socket:
    while True:
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.setblocking(False)
        found.bind((host, 0))
        if found.getsockname()[1] % 2 == 0:
            return found
        found.close()


def _filter(sock: socket.socket, mark: bytes | None) -> None:
    """Lets in packets whose payload begins with `mark`; None: none at all."""
    nothing = (_RETURN, 0, 0, 0)
    program = [nothing]
    if mark is not None:
        (word,) = struct.unpack("!I", mark)
        program = [(_LOAD_WORD, 0, 0, _AT), (_JUMP_EQUAL, 0, 1, word), (_RETURN, 0, 0, 0xFFFF), nothing]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    described = struct.pack("HL", len(program), ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
