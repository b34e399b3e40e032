"""Telephony for the service: facts come in order, actions go out at once, and Asterisk can be asked what is
there.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from acd.model import Instant, SeatId
from cti.ami.apart import ApartLinks
from cti.ami.cel import read_cel
from cti.ami.client import AmiClient, AmiSettings, LinkState
from cti.ami.decode import LiveDecoder
from cti.ami.encode import EncodedAction, encode, pin_actions, quality_action
from cti.ami.errors import (
    AmiDeadline,
    AmiError,
    AmiInputError,
    AmiLost,
    AmiNotConnected,
    AmiRefused,
    MissingHeader,
)
from cti.ami.messages import AmiMessage
from cti.ami.phones import ask_phones_in_turn
from cti.ami.quality import leg_quality
from cti.ami.resync import ask_snapshot
from cti.ami.times import (
    live_on_our_clock,
    logged_on_our_clock,
    on_asterisks_clock,
    snapshot_on_our_clock,
)
from cti.calls.actions import (
    Action,
    ActionDone,
    ActionFailed,
    AnswerPhone,
    DialCitizen,
    DialFromSeat,
    EndLeg,
    HangUp,
    Mute,
    PressKey,
    RingParty,
    RingSeat,
    RingSupervisor,
)
from cti.calls.facts import (
    ClockSet,
    Fact,
    LegEnded,
    LegId,
    LegMeasured,
    LegStarted,
    OriginateFailed,
    PbxLost,
    PbxSnapshot,
    PhonesSeen,
)
from cti.clock import ClockSteps

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Told: TypeAlias = Fact | ActionFailed | ActionDone

_ORIGINATES = RingSeat | DialFromSeat | DialCitizen | RingParty | RingSupervisor
"""Actions that ask for a leg."""
_SHOWN_WITHIN_S = 1.0
"""Asterisk tells of a failed Originate past the queue of its channels' events, perhaps before the leg itself.
One that is not there by then never was."""
_BOOT_ROUNDING_S = 1.0
"""Asterisk tells its uptime in whole seconds, rounded down."""


@dataclass(frozen=True, slots=True)
class TelephonySettings:
    ami: AmiSettings
    event_log: Path
    """Asterisk's event log, `<spool>/cel/hotline.csv`."""
    trunks: frozenset[str]
    """Endpoints that are no seats."""
    seats: tuple[SeatId, ...] = ()
    """Endpoints whose phones are asked for."""


class AmiTelephony:
    """Asterisk as the service sees it.

    `on_fact` gets each fact in the order in which Asterisk told them, and an ActionFailed for each action
    that came to nothing; it is called in the event loop and must not block. `on_connected` is called when
    the link is up: then ask for `snapshot` and, if there was a time without a link, what was `missed`.
    `clock` gives epoch seconds; the machine's own clock, by which Asterisk goes, is `ahead_s` of it.
    """

    def __init__(
        self,
        settings: TelephonySettings,
        on_fact: Callable[[Told], None],
        clock: Callable[[], Instant],
        on_connected: Callable[[], None],
        ahead_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._settings = settings
        self._on_fact = on_fact
        self._clock = clock
        self._ahead_s = ahead_s
        self._clock_steps = ClockSteps(ahead_s)
        self._on_connected = on_connected
        self._decoder = LiveDecoder(settings.trunks)
        self._reported: Counter[str] = Counter()
        self._run_id = f"{int(clock())}"
        self._told = 0
        self._booted_at: Instant = 0.0
        self._held: deque[Told] | None = None
        self._unborn: set[LegId] = set()
        """Legs asked for that Asterisk has not shown yet."""
        self._doomed: dict[LegId, HangUp] = {}
        """Of these, the ones to end as soon as they are there."""
        self._overtaking: dict[LegId, asyncio.TimerHandle] = {}
        """Of these, the ones whose failure is told unless they are shown in time: then their end says it."""
        self._client = AmiClient(
            settings.ami,
            on_event=self._receive,
            on_connected=self._connected,
            on_lost=self._lost,
        )
        self._apart = ApartLinks(settings.ami)

    @property
    def connected(self) -> bool:
        return self._client.state is LinkState.CONNECTED

    @property
    def state(self) -> LinkState:
        """How the link is; `secret_refused` needs people."""
        return self._client.state

    @property
    def unknown_events(self) -> Counter[str]:
        """Events in no table, counted by name."""
        return self._decoder.unknown

    async def start(self) -> None:
        """Begin connecting; returns at once."""
        await self._client.start()

    async def close(self) -> None:
        """End the link. Asterisk and its calls go on."""
        self._forget_asked()
        await self._apart.close()
        await self._client.close()

    def reconnect(self, reason: str) -> None:
        """Drop the link, and whatever it still had to say, and make another."""
        self._client.drop(reason)

    def perform(self, action: Action) -> None:
        """Send an action now, after those before it. Never blocks and never raises; a failure comes as a
        fact.

        An action is sent once. `deadline` and `lost` leave open whether Asterisk carried it out. A HangUp
        of a leg that was asked for and is not there yet waits for it: sent at once, Asterisk would not know
        the leg, and then ring it.
        """
        if isinstance(action, HangUp) and action.leg in self._unborn:
            self._doomed[action.leg] = action
            return
        try:
            encoded = encode(on_asterisks_clock(action, self._ahead_s()))
            link = self._apart if isinstance(action, AnswerPhone) else self._client
            answer = link.post(encoded.headers, deadline_s=encoded.deadline_s)
        except AmiError as error:
            asyncio.get_running_loop().call_soon(self._fail, action, error)
        else:
            if isinstance(action, _ORIGINATES):
                self._unborn.add(action.leg)
            answer.add_done_callback(lambda future: self._answered(action, encoded, future))

    async def snapshot(self) -> PbxSnapshot:
        """Everything that is in Asterisk now. Raises AmiError when it cannot be had.

        Facts newer than the snapshot are held until the caller has it: they are told once the loop runs
        again, so hand it on before awaiting anything.
        """
        if self._held is not None:
            raise RuntimeError("a snapshot is being taken")
        try:
            shown = await ask_snapshot(
                self._client,
                seats=self._settings.seats,
                clock=self._clock,
                cause=self._next_cause(),
                booted_at=self._booted_at,
                on_complete=self._hold,
            )
            return snapshot_on_our_clock(shown, self._ahead_s())
        finally:
            asyncio.get_running_loop().call_soon(self._release)

    async def phones(self) -> PhonesSeen:
        """The registered phones; offers go out meanwhile. Raises AmiError."""
        phones = await ask_phones_in_turn(self._client, self._settings.seats)
        return PhonesSeen(self._clock(), self._next_cause(), phones)

    async def measured(self, leg: LegId, channel: str) -> LegMeasured:
        """How good a leg's sound is so far. Raises AmiError, and ValueError or LookupError for nonsense."""
        asked = quality_action(channel)
        message = await self._client.send(asked.headers, deadline_s=asked.deadline_s)
        quality = leg_quality(message.get("Value", ""))
        return LegMeasured(self._clock(), self._next_cause(), leg, quality, final=False)

    async def take_pin(self, channel: str) -> str:
        """What was pressed at a phone for a PIN; it is on the channel no more. Raises AmiError."""
        read, wipe = pin_actions(channel)
        answer = self._client.post(read.headers, deadline_s=read.deadline_s)
        await self._client.send(wipe.headers, deadline_s=wipe.deadline_s)
        message: AmiMessage = await answer
        return message.get("Value", "")

    async def missed(self, since: Instant) -> list[Fact]:
        """The facts since then that Asterisk has written down, with their own times; read in a thread."""

        ahead_s = self._ahead_s()

        def read() -> list[Fact]:
            logged = read_cel(self._settings.event_log, since + ahead_s)
            return [logged_on_our_clock(fact, ahead_s) for fact in logged]

        return await asyncio.to_thread(read)

    def _receive(self, message: AmiMessage) -> None:
        try:
            facts = self._decoder.decode(message, self._clock(), self._next_cause())
        except (MissingHeader, ValueError) as error:
            log.error("ami_event_malformed", ami_event=message.event, error=str(error))
            return
        self._report_new("ami_event_unknown", self._decoder.unknown)
        self._report_new("ami_channel_foreign", self._decoder.foreign)
        ahead_s = self._ahead_s()
        self._tell(self._clock_set())
        for fact in facts:
            if isinstance(fact, OriginateFailed) and fact.leg in self._unborn:
                self._await(fact)
                continue
            self._tell([live_on_our_clock(fact, ahead_s)])
            if isinstance(fact, LegStarted):
                self._shown(fact.leg)

    def _await(self, failed: OriginateFailed) -> None:
        if failed.leg not in self._overtaking:
            later = asyncio.get_running_loop().call_later
            self._overtaking[failed.leg] = later(_SHOWN_WITHIN_S, self._never_shown, failed)

    def _never_shown(self, failed: OriginateFailed) -> None:
        del self._overtaking[failed.leg]
        self._tell([replace(failed, at=self._clock())])
        self._settle(failed.leg)

    def _shown(self, leg: LegId) -> None:
        failure = self._overtaking.pop(leg, None)
        if failure is not None:
            failure.cancel()
            self._decoder.given_up(leg)
        self._settle(leg)

    def _forget_asked(self) -> None:
        for failure in self._overtaking.values():
            failure.cancel()
        self._overtaking.clear()
        self._unborn.clear()
        self._doomed.clear()

    def _clock_set(self) -> list[Told]:
        """Told before what Asterisk does because of it."""
        by_s = self._clock_steps.since_last_s()
        return [ClockSet(self._clock(), self._next_cause(), by_s)] if by_s else []

    def _settle(self, leg: LegId) -> None:
        self._unborn.discard(leg)
        hang_up = self._doomed.pop(leg, None)
        if hang_up is not None:
            self.perform(hang_up)

    def _report_new(self, log_event: str, counts: Counter[str]) -> None:
        for name in counts:
            if not self._reported[f"{log_event} {name}"]:
                self._reported[f"{log_event} {name}"] += 1
                log.warning(log_event, name=name)

    def _tell(self, facts: Iterable[Told]) -> None:
        if self._held is not None:
            self._held.extend(facts)
            return
        for fact in facts:
            self._on_fact(fact)

    def _hold(self) -> None:
        self._held = deque()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            self._tell(held)

    def _connected(self, uptime_s: float) -> None:
        self._booted_at = self._clock() - uptime_s - _BOOT_ROUNDING_S
        self._on_connected()

    def _lost(self, reason: str) -> None:
        self._decoder.reset()
        self._forget_asked()
        cause = self._next_cause()
        log.warning("ami_lost", reason=reason, cause=cause)
        self._tell([PbxLost(self._clock(), cause)])

    def _answered(self, action: Action, encoded: EncodedAction, answer: asyncio.Future[Any]) -> None:
        if answer.cancelled():
            return  # the service ends
        error = answer.exception()
        if isinstance(error, AmiRefused) and encoded.is_harmless(error.message):
            if isinstance(action, EndLeg):
                self._tell([LegEnded(self._clock(), action.cause, action.leg, 0, False)])
            return
        if isinstance(error, AmiRefused) and isinstance(action, _ORIGINATES):
            self._settle(action.leg)
        if error is not None:
            self._fail(action, error)
        elif isinstance(action, Mute | PressKey):
            self._tell([ActionDone(self._clock(), action.cause, action)])

    def _fail(self, action: Action, error: BaseException) -> None:
        reason = _reason(error)
        log.warning("action_failed", action=type(action).__name__, cause=action.cause, reason=reason)
        self._tell([ActionFailed(self._clock(), action.cause, action, reason)])

    def _next_cause(self) -> str:
        self._told += 1
        return f"ami-{self._run_id}-{self._told}"


def _reason(error: BaseException) -> str:
    match error:
        case AmiRefused(message=message):
            return f"refused: {message}"
        case AmiInputError():
            return f"refused: {error}"
        case AmiDeadline():
            return "deadline"
        case AmiLost():
            return "lost"
        case AmiNotConnected():
            return "not_connected"
        case _:
            return f"refused: {error}"
