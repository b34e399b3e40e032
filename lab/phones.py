"""The agents' phones: real softphones (baresip) that register, ring, answer, hold and dial when told.

Each seat says a tone of its own (`PhonePool.tones`), so that whoever hears it knows which seat speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from lab.baresip import Account, Baresip, PhoneError
from lab.network import LOOPBACK
from lab.tones import seat_tone_hz

__all__ = ["Answerer", "EventStream", "PhoneError", "PhoneEvent", "PhonePool", "What"]

# Long enough for the far end to see two presses of the same key.
_BETWEEN_KEYS_S: Final = 0.25


class What(StrEnum):
    """What happened at a phone."""

    REGISTERED = "registered"
    REGISTRATION_FAILED = "registration_failed"
    UNREGISTERED = "unregistered"
    INCOMING = "incoming"
    """It rings."""
    ESTABLISHED = "established"
    CLOSED = "closed"
    """A call ended, answered or not, whoever ended it."""


_KINDS: Final = {
    "REGISTER_OK": What.REGISTERED,
    "REGISTER_FAIL": What.REGISTRATION_FAILED,
    "UNREGISTERING": What.UNREGISTERED,
    "CALL_INCOMING": What.INCOMING,
    "CALL_ESTABLISHED": What.ESTABLISHED,
    "CALL_CLOSED": What.CLOSED,
}


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    at: datetime
    seat: str
    what: What
    call_id: str = ""
    """The SIP Call-ID. Empty for a registration, and for a dialled call that got no answer at all."""
    outgoing: bool = False
    """The seat dialled."""
    peer: str = ""
    """The other party's SIP address."""
    reason: str = ""
    """Why a call was closed or a registration failed."""


class EventStream:
    """What happens at one phone, or at all, from the moment it was asked for. To be closed: use `with`."""

    def __init__(self, leave: Callable[[EventStream], None], seat: str | None) -> None:
        self._leave = leave
        self._seat = seat
        self._events: asyncio.Queue[PhoneEvent | PhoneError] = asyncio.Queue()

    async def next(self, *kinds: What, within_s: float = 30.0) -> PhoneEvent:
        """The next event, or the next of `kinds`; others before it are dropped.

        Raises PhoneError when the phones end, TimeoutError after `within_s`.
        """
        async with asyncio.timeout(within_s):
            while True:
                event = await anext(self)
                if not kinds or event.what in kinds:
                    return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> PhoneEvent:
        event = await self._events.get()
        if isinstance(event, PhoneError):
            raise event
        return event

    def taken(self) -> list[PhoneEvent]:
        """What has happened since this was last asked, without waiting; the end of the phones is left out."""
        events = [self._events.get_nowait() for _ in range(self._events.qsize())]
        return [event for event in events if isinstance(event, PhoneEvent)]

    def put(self, event: PhoneEvent | PhoneError) -> None:
        if isinstance(event, PhoneError) or self._seat in (None, event.seat):
            self._events.put_nowait(event)

    def close(self) -> None:
        self._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PhonePool:
    """A phone for each seat, registered to `registrar`.

    All phones share one process, which is lightest. With `record_to` each has a process of its own, and what
    seat S says and hears is written below `record_to`/S: see `heard`.
    """

    def __init__(
        self,
        seats: Mapping[str, str],
        registrar: tuple[str, int],
        directory: Path,
        *,
        address: str = LOOPBACK,
        record_to: Path | None = None,
        registers_every_s: int = 120,
    ) -> None:
        """`seats`: seat -> SIP password. `directory` keeps the phones' configuration and logs; `address` is
        where their SIP and RTP come from. Raises ValueError for more seats than there are tones.
        """
        self.tones: dict[str, int] = {seat: seat_tone_hz(place) for place, seat in enumerate(seats)}
        """Seat -> the tone it says, in Hz."""
        self._registrar = "{}:{}".format(*registrar)
        self._accounts = {
            seat: Account(seat, password, self._registrar, self.tones[seat], registers_every_s)
            for seat, password in seats.items()
        }
        self._record_to = record_to
        self._streams: list[EventStream] = []
        self._registered: set[str] = set()
        self._dialling: set[str] = set()
        self._calls: dict[str, dict[str, What]] = {seat: {} for seat in seats}
        groups = [[seat] for seat in seats] if record_to else [list(seats)]
        self._processes: dict[str, Baresip] = {}
        for group in groups:
            process = Baresip(
                directory / group[0] if record_to else directory,
                address=address,
                on_event=self._take,
                on_end=self._publish,
                record_to=record_to / group[0] if record_to else None,
            )
            self._processes |= dict.fromkeys(group, process)

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(self._accounts)

    @property
    def registered(self) -> frozenset[str]:
        return frozenset(self._registered)

    @property
    def pids(self) -> list[int]:
        return sorted({process.pid for process in self._processes.values()})

    def calls(self, seat: str) -> dict[str, What]:
        """Call id -> `What.INCOMING` while it rings, `What.ESTABLISHED` afterwards."""
        return dict(self._calls[seat])

    async def start(self, *, within_s: float = 30.0) -> None:
        """On return every phone is registered. Raises PhoneError naming one that is not and why."""
        try:
            async with asyncio.TaskGroup() as starts:
                for process in self._each_process():
                    starts.create_task(process.start())
            async with asyncio.TaskGroup() as registrations:
                for seat in self.seats:
                    registrations.create_task(self.register(seat, within_s=within_s))
        except ExceptionGroup as failures:
            await self.stop()
            raise failures.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Hangs up and unregisters every phone; no process is left on return."""
        await asyncio.gather(*(process.stop() for process in self._each_process()))
        self._registered.clear()
        for calls in self._calls.values():
            calls.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def events(self, seat: str | None = None) -> EventStream:
        """What happens from now on, at `seat` or at every phone."""
        stream = EventStream(self._streams.remove, seat)
        self._streams.append(stream)
        return stream

    async def answer(self, seat: str, call_id: str | None = None) -> None:
        """Answers what rings at `seat`. Raises PhoneError when nothing rings there."""
        await self._command(seat, "accept", self._find(seat, call_id, What.INCOMING))

    async def reject(self, seat: str, call_id: str | None = None) -> None:
        """Refuses what rings at `seat` (486). Raises PhoneError when nothing rings there."""
        await self._command(seat, "hangup", self._find(seat, call_id, What.INCOMING))

    async def hang_up(self, seat: str, call_id: str | None = None) -> None:
        """Ends a call, by default the one that talks, or gives up the one that the seat dials.

        Raises PhoneError when there is none.
        """
        if call_id is None and seat in self._dialling and What.ESTABLISHED not in self._calls[seat].values():
            await self._command(seat, "hangup")
        else:
            await self._command(seat, "hangup", self._find(seat, call_id, What.ESTABLISHED))

    async def dial(self, seat: str, digits: str) -> None:
        """Dials a number or a feature code; established or closed follows as an event."""
        user = digits.replace("#", "%23")
        self._dialling.add(seat)
        await self._command(seat, f"dial sip:{user}@{self._registrar}")

    async def hold(self, seat: str) -> None:
        """The phone's hold key: the other party hears music. Raises PhoneError when nobody talks there."""
        await self._command(seat, "hold", self._find(seat, None, What.ESTABLISHED))

    async def resume(self, seat: str) -> None:
        await self._command(seat, "resume", self._find(seat, None, What.ESTABLISHED))

    async def dtmf(self, seat: str, digits: str) -> None:
        """Presses keys (`0`-`9`, `*`, `#`) during a call."""
        call_id = self._find(seat, None, What.ESTABLISHED)
        for digit in digits:
            await self._command(seat, f"sndcode {digit}", call_id)
            await asyncio.sleep(_BETWEEN_KEYS_S)

    async def feature(self, seat: str, code: str, keys: str = "") -> None:
        """Dials a feature code, presses `keys` once it is answered, and returns when the call is over."""
        with self.events(seat) as events:
            await self.dial(seat, code)
            if keys:
                await events.next(What.ESTABLISHED)
                await self.dtmf(seat, keys)
            await events.next(What.CLOSED)

    async def transfer(self, seat: str, digits: str) -> None:
        """The phone's blind transfer (REFER) of the call that talks."""
        call_id = self._find(seat, None, What.ESTABLISHED)
        await self._command(seat, f"transfer sip:{digits}@{self._registrar}", call_id)

    async def unregister(self, seat: str) -> None:
        """Switches the phone off: its calls end and it leaves the registrar."""
        await self._processes[seat].run(f"uadel {self._accounts[seat].aor}")
        self._registered.discard(seat)

    async def die(self, seat: str) -> None:
        """The phone's power is cut: nobody is told. For pools with `record_to`: one process is one phone."""
        await self._processes[seat].kill()
        self._registered.discard(seat)
        self._calls[seat].clear()

    async def revive(self, seat: str) -> None:
        """A phone that died is switched on again."""
        await self._processes[seat].start()
        await self.register(seat)

    async def register(self, seat: str, *, within_s: float = 30.0) -> None:
        """Switches a phone on, as `start` does and after `unregister`; on return it is registered."""
        with self.events(seat) as events:
            await self._processes[seat].run(f"uanew {self._accounts[seat].line}")
            try:
                event = await events.next(What.REGISTERED, What.REGISTRATION_FAILED, within_s=within_s)
            except TimeoutError:
                raise PhoneError(f"{seat}: {self._registrar} does not answer its registration") from None
        if event.what is What.REGISTRATION_FAILED:
            raise PhoneError(f"{seat} cannot register with {self._registrar}: {event.reason}")

    def heard(self, seat: str) -> list[Path]:
        """What the seat heard, a mono WAV for each of its calls, oldest first. A file is complete when its
        call is closed. Only with `record_to`.
        """
        assert self._record_to is not None
        return sorted((self._record_to / seat).glob("dump-*-dec.wav"))

    def _each_process(self) -> Iterable[Baresip]:
        return dict.fromkeys(self._processes.values())

    async def _command(self, seat: str, command: str, call_id: str | None = None) -> None:
        commands = [f"uafind {self._accounts[seat].aor}"]
        if call_id is not None:
            commands.append(f"callfind {call_id}")
        try:
            await self._processes[seat].run(*commands, command)
        except PhoneError as error:
            raise PhoneError(f"{seat}: {error}") from error

    def _find(self, seat: str, call_id: str | None, state: What) -> str:
        calls = self._calls[seat]
        found = next((each for each in calls if call_id in (None, each) and calls[each] is state), None)
        if found is None:
            asked = f"call {call_id}" if call_id else "no call"
            raise PhoneError(f"{seat}: {asked} is {state}")
        return found

    def _take(self, message: dict[str, Any]) -> None:
        what = _KINDS.get(message["type"])
        if what is None:
            return
        seat = message["accountaor"].removeprefix("sip:").partition("@")[0]
        if what is What.REGISTERED:
            if seat in self._registered:
                return
            self._registered.add(seat)
        elif what in (What.REGISTRATION_FAILED, What.UNREGISTERED):
            self._registered.discard(seat)
        call_id = message.get("id", "")
        outgoing = message.get("direction") == "outgoing"
        if outgoing:
            self._dialling.discard(seat)
        if what is What.CLOSED:
            self._calls[seat].pop(call_id, None)
        elif what in (What.INCOMING, What.ESTABLISHED):
            self._calls[seat][call_id] = what
        event = PhoneEvent(
            at=datetime.now(UTC),
            seat=seat,
            what=what,
            call_id=call_id,
            outgoing=outgoing,
            peer=message.get("peeruri", ""),
            reason=message.get("param", "") if what in (What.CLOSED, What.REGISTRATION_FAILED) else "",
        )
        self._publish(event)

    def _publish(self, event: PhoneEvent | PhoneError) -> None:
        for stream in tuple(self._streams):
            stream.put(event)


class Answerer:
    """Agents at their phones, in an `async with`: each answers what rings after a while, talks, hangs up."""

    def __init__(
        self,
        phones: PhonePool,
        *,
        rings_s: Callable[[str], float | None],
        talks_s: Callable[[str], float | None],
    ) -> None:
        """For each call at a seat: how long it rings before it is answered (None: nobody answers), and how
        long they talk until the agent hangs up (None: the agent waits for the caller to do it).
        """
        self._phones = phones
        self._rings_s = rings_s
        self._talks_s = talks_s
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._watch(self._phones.events()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running

    async def _watch(self, events: EventStream) -> None:
        at_work: dict[tuple[str, str], asyncio.Task[None]] = {}
        with events:
            async with asyncio.TaskGroup() as agents:
                async for event in events:
                    key = (event.seat, event.call_id)
                    if event.what is What.INCOMING:
                        at_work[key] = agents.create_task(self._serve(event))
                    elif event.what is What.CLOSED and key in at_work:
                        at_work.pop(key).cancel()

    async def _serve(self, call: PhoneEvent) -> None:
        rings_s = self._rings_s(call.seat)
        if rings_s is None:
            return
        with self._phones.events(call.seat) as events, suppress(PhoneError):
            # PhoneError: the call ended in the same moment, and its closing is on the way.
            await asyncio.sleep(rings_s)
            await self._phones.answer(call.seat, call.call_id)
            async for event in events:
                if event.what is What.ESTABLISHED and event.call_id == call.call_id:
                    break
            talks_s = self._talks_s(call.seat)
            if talks_s is not None:
                await asyncio.sleep(talks_s)
                await self._phones.hang_up(call.seat, call.call_id)
