"""Citizens: real SIP calls over the trunk, all by one SIPp, with real audio by `lab.rtp`.

SIPp cannot hear. When a caller hangs up depends on what was heard, so a call's end is a command from here.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lab.network import free_ports
from lab.rtp import Line, Media
from lab.sipp import Sipp, SippError, Told
from lab.tones import caller_tone_hz

_HANG_UP_S: Final = 35.0
"""After a BYE that nobody answers SIP gives up at 32 s."""
_CROSSING_S: Final = 0.3
"""SIP does not let a call be cancelled before the far end has said anything."""
_LEAVING_S: Final = 5.0
_NORMAL, _NETWORK_OUT_OF_ORDER = 16, 38
"""Causes of ITU-T Q.850."""


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
    seats: tuple[str, ...] = ()
    """All whose tones were heard, in the order in which they spoke first."""
    connected_at: float | None = None
    """When the call was answered at the SIP level, by whatever it was."""
    hung_up_by: str | None = None
    """`caller` or `far_end`; None: there was no call to hang up."""
    reason: str = ""
    """Why it failed."""


class Caller:
    """A call under way."""

    def __init__(self, number: str, hotline: str, line: Line, heard: asyncio.Event, call_id: str) -> None:
        self.number = number
        self.hotline = hotline
        self.line = line
        self.heard = heard
        """Set once an agent is heard."""
        self.call_id = call_id
        self.hanging_up = asyncio.Event()
        self.cause = _NORMAL
        """With which the call ends from this side."""
        self.connected = asyncio.Event()
        self.connected_at: float | None = None
        self.ended = asyncio.Event()
        self.end: Told | SippError | None = None

    def hang_up(self) -> None:
        self.hanging_up.set()

    def cut_off(self) -> None:
        """The carrier's network ends the call, through no wish of the citizen's."""
        self.cause = _NETWORK_OUT_OF_ORDER
        self.hanging_up.set()

    async def press_until_over(self, keys: str, every_s: float = 0.7) -> None:
        """Presses keys again and again, as somebody does who wants nothing else, until the call is over."""
        while not self.ended.is_set():
            self.line.press(keys)
            await asyncio.sleep(every_s)

    def take(self, told: Told | SippError) -> None:
        """What SIPp says of this call."""
        if isinstance(told, Told) and told.what == "answered":
            self.connected_at = time.time()
            self.connected.set()
            if told.media is not None:
                self.line.send_to(told.media)
        elif self.end is None:
            self.end = told
            self.ended.set()


class CallerPool:
    """Citizens behind a carrier's trunk. Use it with `async with`."""

    def __init__(
        self,
        trunk_peer: tuple[str, int],
        asterisk: tuple[str, int],
        directory: Path,
        seats: Mapping[str, int],
    ) -> None:
        """`trunk_peer` is where the carrier has its SIP; calls come from its address. `asterisk` is where
        they go; `seats` gives each seat's tone in Hz; `directory` keeps SIPp's messages.
        """
        (port,) = free_ports(1)
        self._host = trunk_peer[0]
        self._seat_of = {hz: seat for seat, hz in seats.items()}
        self._media = Media(self._host)
        self._places = itertools.count()
        self._run = secrets.token_hex(4)
        self._calls: dict[str, Caller] = {}
        self._tasks: set[asyncio.Task[CallerReport]] = set()
        self._sipp = Sipp(
            "citizen.xml",
            directory,
            address=(self._host, port),
            remote=asterisk,
            role="slave",
            on_told=self._told,
            on_end=self._over,
        )

    @property
    def pid(self) -> int:
        """SIPp's."""
        return self._sipp.pid

    async def __aenter__(self) -> Self:
        await self._sipp.start()
        self._media.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for caller in self._calls.values():
            caller.hang_up()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LEAVING_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sipp.stop()
        await asyncio.to_thread(self._media.close)

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
        caller = Caller(number, hotline, line, heard, f"{self._run}-{place}@{self._host}")
        self._calls[caller.call_id] = caller
        task = loop.create_task(self._live(caller, patience_s, talks_s), name=f"caller {place}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return caller, task

    async def call(
        self, number: str, hotline: str, *, patience_s: float = 3600.0, talks_s: float | None = None
    ) -> CallerReport:
        """A whole call, from the first ring to the end."""
        return await self.begin(number, hotline, patience_s=patience_s, talks_s=talks_s)[1]

    async def _live(self, caller: Caller, patience_s: float, talks_s: float | None) -> CallerReport:
        called_at = time.time()
        try:
            self._sipp.command(
                caller.call_id, Number=caller.number, Hotline=caller.hotline, Media=str(caller.line.port)
            )
            await _first(caller.ended, caller.heard, caller.hanging_up, within_s=patience_s)
            if caller.heard.is_set():
                await _first(caller.ended, caller.hanging_up, within_s=talks_s)
            if caller.connected_at is None:
                await _first(caller.ended, caller.connected, within_s=_CROSSING_S)
            if not caller.ended.is_set():
                self._sipp.command(caller.call_id, Do="hang_up", Cause=str(caller.cause))
                await _first(caller.ended, within_s=_HANG_UP_S)
            return self._report(caller, called_at)
        finally:
            del self._calls[caller.call_id]
            self._media.remove(caller.line)

    def _told(self, told: Told) -> None:
        caller = self._calls.get(told.call_id)
        if caller is not None:
            caller.take(told)

    def _over(self, error: SippError) -> None:
        for caller in self._calls.values():
            caller.take(error)

    def _report(self, caller: Caller, called_at: float) -> CallerReport:
        line = caller.line
        heard = dict(line.heard_s)
        hz, heard_s = max(heard.items(), key=lambda item: item[1], default=(0, 0.0))
        outcome = "answered" if line.first_heard_at is not None else "abandoned"
        hung_up_by, reason = _end(caller)
        return CallerReport(
            number=caller.number,
            hotline=caller.hotline,
            tone_hz=line.tone_hz,
            outcome="failed" if reason else outcome,
            called_at=called_at,
            ended_at=time.time(),
            heard_at=line.first_heard_at,
            last_heard_at=line.last_heard_at,
            seat=self._seat_of.get(hz),
            heard_s=heard_s,
            seats=tuple(self._seat_of[hz] for hz in heard if hz in self._seat_of),
            connected_at=caller.connected_at,
            hung_up_by=hung_up_by,
            reason=reason,
        )


def _end(caller: Caller) -> tuple[str | None, str]:
    """Who hung up, and why it was no call."""
    told = caller.end
    if told is None:
        return "caller", f"nobody took the hang-up within {_HANG_UP_S:.0f} s"
    if isinstance(told, SippError):
        return None, str(told)
    if told.what == "refused":
        return None, told.header("Message").removeprefix("SIP/2.0 ")
    return "far_end" if told.what == "ended" else "caller", ""


async def _first(*events: asyncio.Event, within_s: float | None) -> None:
    """Waits for one of the events, or until the time is over."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
