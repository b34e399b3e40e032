"""Citizens who are called: the trunk's far end for outbound calls, by SIPp, with real audio by `lab.rtp`."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lab.rtp import Line, Media
from lab.sipp import Sipp, SippError, Told
from lab.tones import CALLER_TONES, caller_tone_hz

_LEAVING_S: Final = 5.0
_DIALLED: Final = re.compile(r"INVITE sips?:([^@;> ]+)")
_SHOWN: Final = re.compile(r"^From:.*?sips?:([^@;>]+)", re.MULTILINE | re.IGNORECASE)


@dataclass(slots=True)
class CalledCitizen:
    """A call to a citizen, under way or over. Times are seconds since the epoch."""

    call_id: str
    number: str
    """Whom the hotline called."""
    shown: str
    """The number that it showed."""
    line: Line
    """What the citizen says (`tone_hz`) and hears (`heard_s`)."""
    called_at: float
    heard: asyncio.Event
    """Set once an agent is heard."""
    answered_at: float | None = None
    ended_at: float | None = None
    hung_up_by: str | None = None
    """`citizen` or `hotline`; None: the citizen did not answer."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class TrunkPeer:
    """The carrier's SIP peer. Use it with `async with`; `calls` has every call since, oldest first."""

    def __init__(
        self,
        trunk_peer: tuple[str, int],
        asterisk: tuple[str, int],
        directory: Path,
        seats: Mapping[str, int],
        *,
        rings_s: Callable[[str], float | None] = lambda _number: 0.5,
        talks_s: Callable[[str], float | None] = lambda _number: None,
        unknown: Collection[str] = (),
    ) -> None:
        """For each number called: how long it rings until it is answered (None: it is busy), and how long the
        citizen talks until they hang up (None: the hotline does it). `unknown` numbers do not exist. `seats`
        gives each seat's tone in Hz.
        """
        self.calls: list[CalledCitizen] = []
        self._seat_of = {hz: seat for seat, hz in seats.items()}
        self._rings_s = rings_s
        self._talks_s = talks_s
        self._unknown = unknown
        self._media = Media(trunk_peer[0])
        self._places = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals: asyncio.Queue[CalledCitizen | SippError] = asyncio.Queue()
        self._sipp = Sipp(
            "called.xml",
            directory,
            address=trunk_peer,
            remote=asterisk,
            role="master",
            on_told=self._told,
            on_end=self._over,
        )

    async def __aenter__(self) -> Self:
        await self._sipp.start()
        self._media.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        up = [call for call in self.calls if call.answered_at is not None and call.ended_at is None]
        for call in up:
            self._sipp.command(call.call_id, Do="hang_up")
        if up:
            await asyncio.wait([asyncio.ensure_future(call.ended.wait()) for call in up], timeout=_LEAVING_S)
        await self._sipp.stop()
        await asyncio.to_thread(self._media.close)

    async def next_call(self, *, within_s: float = 30.0) -> CalledCitizen:
        """The next citizen who is called, as it begins to ring. Raises TimeoutError, SippError."""
        async with asyncio.timeout(within_s):
            call = await self._arrivals.get()
        if isinstance(call, SippError):
            raise call
        return call

    def seats_heard(self, call: CalledCitizen) -> tuple[str, ...]:
        """Whose tones the citizen heard, in the order in which they spoke first."""
        return tuple(self._seat_of[hz] for hz in dict(call.line.heard_s) if hz in self._seat_of)

    def _told(self, told: Told) -> None:
        if told.what == "called":
            self._begin(told)
            return
        call = next((call for call in reversed(self.calls) if call.call_id == told.call_id), None)
        if call is None:
            return
        if told.what == "answered":
            call.answered_at = time.time()
        else:
            who = {"ended": "hotline", "hung_up": "citizen"}.get(told.what)
            self._end(call, who)

    def _over(self, error: SippError) -> None:
        self._arrivals.put_nowait(error)
        for call in self.calls:
            if call.ended_at is None:
                self._end(call, None)

    def _end(self, call: CalledCitizen, who: str | None) -> None:
        call.ended_at, call.hung_up_by = time.time(), who
        call.ended.set()
        self._media.remove(call.line)

    def _begin(self, told: Told) -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        # From the other end of the tones, away from those of citizens who call.
        hz = caller_tone_hz(len(CALLER_TONES) - next(self._places))

        def on_heard() -> None:
            loop.call_soon_threadsafe(heard.set)

        line = self._media.add(hz, on_heard)
        dialled, shown = _DIALLED.search(told.text), _SHOWN.search(told.text.partition("INVITE")[2])
        call = CalledCitizen(
            call_id=told.call_id,
            number=dialled[1] if dialled else "",
            shown=shown[1] if shown else "",
            line=line,
            called_at=time.time(),
            heard=heard,
        )
        self.calls.append(call)
        self._arrivals.put_nowait(call)
        task = loop.create_task(self._live(call, told.media), name=f"called {call.call_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, call: CalledCitizen, remote: tuple[str, int] | None) -> None:
        rings_s = self._rings_s(call.number)
        if rings_s is None or call.number in self._unknown:
            status = "404" if call.number in self._unknown else "486"
            self._sipp.command(call.call_id, Do="refuse", Status=status)
            return
        if await _ended(call, rings_s):
            return
        if remote is not None:
            call.line.send_to(remote)
        self._sipp.command(call.call_id, Do="answer", Media=str(call.line.port))
        if not await _ended(call, self._talks_s(call.number)):
            self._sipp.command(call.call_id, Do="hang_up")


async def _ended(call: CalledCitizen, within_s: float | None) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await call.ended.wait()
    except TimeoutError:
        return False
    return True
