"""Citizens: real SIP calls over the trunk by SIPp, one process a call, with real audio by `lab.rtp`.

SIPp cannot hear. When a caller is to hang up, which depends on what they heard, SIPp is told by a request in
their own call that no carrier would send.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lab import roots
from lab.network import LOOPBACK
from lab.rtp import Line, Media
from lab.service_process import die_with_parent
from lab.tones import caller_tone_hz

SCENARIOS: Final = Path(__file__).with_name("sipp")
_HANG_UP: Final = (
    "INFO sip:caller@{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:{own};branch=z9hG4bK-hang-up\r\n"
    "From: <sip:lab@{host}>;tag=lab\r\nTo: <sip:caller@{host}>\r\n"
    "Call-ID: {call_id}\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n"
)
_TOLD_AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class CallerReport:
    """What one citizen saw. Times are seconds since the epoch."""

    number: str
    hotline: str
    tone_hz: int
    """What the citizen said."""
    outcome: str
    """`answered`: an agent was heard. `abandoned`: hung up, or was hung up on, without. `failed`: no call."""
    called_at: float
    ended_at: float
    heard_at: float | None
    """When an agent was first heard."""
    last_heard_at: float | None
    seat: str | None
    """Whose tone was heard longest."""
    heard_s: float
    """How long that tone was heard."""


class Caller:
    """A call under way."""

    def __init__(self, pool: CallerPool, number: str, hotline: str, line: Line, heard: asyncio.Event) -> None:
        self.number = number
        self.hotline = hotline
        self.line = line
        self.heard = heard
        """Set once an agent is heard."""
        self.hanging_up = asyncio.Event()
        self._pool = pool

    def hang_up(self) -> None:
        self.hanging_up.set()


class CallerPool:
    """Citizens behind a carrier's trunk. Use it with `async with`."""

    def __init__(
        self, trunk_peer: tuple[str, int], asterisk: tuple[str, int], directory: Path, seats: dict[str, int]
    ) -> None:
        """`trunk_peer` is where the carrier has its SIP, `asterisk` where the calls go; `seats` gives each
        seat's tone in Hz; `directory` keeps SIPp's messages.
        """
        self.trunk_peer = trunk_peer
        self._asterisk = asterisk
        self._directory = directory
        self._seat_of = {hz: seat for seat, hz in seats.items()}
        self._media = Media()
        self._places = itertools.count()
        self._audio_ports = random.randrange(6000, 14000, 2)  # noqa: S311 - not a secret
        self._tasks: set[asyncio.Task[CallerReport]] = set()
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    async def __aenter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._control.bind((LOOPBACK, 0))
        self._media.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._media.close)
        self._control.close()

    def begin(
        self, number: str, hotline: str, *, patience_s: float = 3600.0, talks_s: float | None = None
    ) -> tuple[Caller, asyncio.Task[CallerReport]]:
        """A citizen calls, and hangs up after `patience_s` without an agent or `talks_s` after hearing one.

        With `talks_s` None they leave the end to the agent.
        """
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        place = next(self._places)

        def on_heard() -> None:
            loop.call_soon_threadsafe(heard.set)

        line = self._media.add(caller_tone_hz(place), on_heard)
        caller = Caller(self, number, hotline, line, heard)
        task = loop.create_task(self._live(caller, place, patience_s, talks_s), name=f"caller {place}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return caller, task

    async def call(
        self, number: str, hotline: str, *, patience_s: float = 3600.0, talks_s: float | None = None
    ) -> CallerReport:
        """A whole call, from the first ring to the end."""
        return await self.begin(number, hotline, patience_s=patience_s, talks_s=talks_s)[1]

    async def _live(
        self, caller: Caller, place: int, patience_s: float, talks_s: float | None
    ) -> CallerReport:
        called_at = time.time()
        port = _free_udp_port()
        call_id = f"caller-{place}@{LOOPBACK}"
        sipp = await self._start(caller, place, port, call_id)
        ended = asyncio.create_task(sipp.wait())
        try:
            if not await _first(ended, caller.heard, caller.hanging_up, within_s=patience_s):
                caller.hang_up()
            elif caller.heard.is_set() and not ended.done():
                await _first(ended, caller.hanging_up, within_s=talks_s)
                caller.hang_up()
            while not ended.done():
                message = _HANG_UP.format(
                    host=LOOPBACK, port=port, own=self._control.getsockname()[1], call_id=call_id
                )
                self._control.sendto(message.encode(), (LOOPBACK, port))
                await asyncio.wait([ended], timeout=_TOLD_AGAIN_S)
            return self._report(caller, called_at, sipp.returncode or 0)
        finally:
            if sipp.returncode is None:
                sipp.kill()
            await ended
            self._media.remove(caller.line)

    async def _start(self, caller: Caller, place: int, port: int, call_id: str) -> asyncio.subprocess.Process:
        errors = self._directory / f"{place}.log"
        argv = roots.tool("sipp").argv(
            "{}:{}".format(*self._asterisk),
            *("-sf", SCENARIOS / "caller.xml", "-i", LOOPBACK, "-p", str(port), "-m", "1"),
            *("-cid_str", call_id, "-nostdin", "-nd", "-mp", str(self._audio_port(place))),
            *("-key", "number", caller.number, "-key", "hotline", caller.hotline),
            *("-key", "media", str(caller.line.port), "-trace_err", "-error_file", errors),
        )
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )

    def _audio_port(self, place: int) -> int:
        """SIPp binds two ports for audio of its own, even when it has none, and fails when they are taken."""
        for attempt in range(100):
            port = self._audio_ports + (place + 37 * attempt) % 900 * 6
            if _is_free(port) and _is_free(port + 2):
                return port
        raise OSError("no ports are left for another caller")

    def _report(self, caller: Caller, called_at: float, status: int) -> CallerReport:
        line = caller.line
        hz, heard_s = max(line.heard_s.items(), key=lambda item: item[1], default=(0, 0.0))
        outcome = "answered" if line.first_heard_at is not None else "abandoned"
        return CallerReport(
            number=caller.number,
            hotline=caller.hotline,
            tone_hz=line.tone_hz,
            outcome=outcome if status == 0 else "failed",
            called_at=called_at,
            ended_at=time.time(),
            heard_at=line.first_heard_at,
            last_heard_at=line.last_heard_at,
            seat=self._seat_of.get(hz),
            heard_s=heard_s,
        )


async def _first(*ends: asyncio.Task[int] | asyncio.Event, within_s: float | None) -> bool:
    """Waits for one of tasks and events; False when the time is over first."""
    waits = [asyncio.create_task(end.wait()) if isinstance(end, asyncio.Event) else end for end in ends]
    try:
        done, _ = await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for wait, end in zip(waits, ends, strict=True):
            if wait is not end:
                wait.cancel()


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
