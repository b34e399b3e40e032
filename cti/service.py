"""The running service: one inbox, one writer.

Everything that happens is put into the inbox. One task takes it out, steps the pure `Runtime`, writes what
came of it to the journal, and only then acts on the telephones. `cti.journal_writer` has what waits for the
disk; why the telephones need not: docs/architecture.md, "What waits for what".
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from acd import events as acd
from acd.model import AgentId, Instant, Policy, SeatId
from cti.calls import facts as f
from cti.calls.actions import ActionDone, ActionFailed, Beat
from cti.calls.facts import Fact
from cti.calls.outputs import RecordingDue
from cti.commands import (
    BeNotReady,
    BeReady,
    Command,
    ExtendWrapUp,
    FillWorkOrder,
    LogIn,
    LogOut,
    MoveSeat,
    UnlockPin,
)
from cti.journal_writer import JournalWriter
from cti.pin_desk import PinDesk
from cti.plan import Plan
from cti.ports import JournalPort, Recordings, Telephony, TelephonyError, WorkOrderDesk
from cti.records_json import JSON, Draft, instant_text
from cti.runtime import Runtime
from cti.step import InboxEvent, Reconfigured, RecordingGone, RecordingStored, Step
from cti.verbs.model import Order

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0
MISSED_MARGIN_S = 10.0
"""How much further back than the last sight of Asterisk its log is read."""
HUNG_S = 5.0
"""A service that did not run for so long looks at Asterisk anew: callers have begun to fall back, and what
waits to be read from the link is old.
"""
RESYNC_RETRY_S = 1.0
AT_ONCE = 500
"""What is stepped in one turn: between two the heartbeat has its own, however long Asterisk's log is."""
LOOK_AT_PHONES_S = 30.0
"""How long after all phones were asked for their details they are asked again."""
MEASURE_EVERY_S = 10.0
"""How long after all calls were asked for their sound they are asked again."""
MEASURE_PAUSE_S = 0.1
"""Between two of them: 40 take four seconds, and more of them are no more questions a second."""
LISTEN_EVERY_S = 1.0

T = TypeVar("T")


@dataclass(slots=True)
class _Item:
    event: InboxEvent
    done: asyncio.Future[str] | None = None
    """Gets the id of the command that an order began; '' of anything else."""


class Service:
    """Runs the pipeline. `run` returns when it is cancelled; nothing is left behind then."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        telephony: Telephony,
        journal: JournalPort,
        recordings: Recordings,
        work_orders: WorkOrderDesk,
        is_right_pin: Callable[[AgentId, str], bool] = lambda _agent, _pin: False,
        now: Callable[[], Instant],
        last_seen: Instant,
        journaled: Callable[[int, Sequence[Draft]], None],
    ) -> None:
        """`last_seen`: until when the journal knows what happened in Asterisk.

        `journaled` is called after each sync with the newest durable entry's number, and what became durable.
        """
        self.runtime = runtime
        self.started_at = now()
        self.connected = False
        self.routing = False
        self._telephony = telephony
        self.journal = JournalWriter(journal, journaled)
        self._recordings = recordings
        self._work_orders = work_orders
        self.now = now
        self._pins = PinDesk(telephony, is_right_pin, now, lambda tried: self._inbox.put_nowait(_Item(tried)))
        self._last_seen = last_seen
        self._ran_at = now()
        self._deaf = False
        """What the link still brings is older than what Asterisk's log has."""
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._held: list[Fact | ActionFailed | ActionDone] | None = []
        """What came before Asterisk's log was read, which has older things; None once it is read."""
        self._resync: asyncio.Task[None] | None = None
        self._timer_ids = itertools.count(1)

    # -- what comes in ---------------------------------------------------------------------------------------

    def on_fact(self, fact: Fact | ActionFailed | ActionDone) -> None:
        """Given to the telephony adapter: takes a fact in the order in which it came."""
        if self._deaf and not isinstance(fact, f.PbxLost | ActionFailed):
            return
        if isinstance(fact, f.PbxLost):
            if self.routing:  # until then the log was not read, and is to be read from where it was
                self._last_seen = min(fact.at, self._ran_at)
            self.connected = self.routing = False
            if self._resync is not None:
                self._resync.cancel()
            # The log, which is still to be read, has the facts.
            for outcome in self._held or ():
                if isinstance(outcome, ActionFailed | ActionDone):
                    self._inbox.put_nowait(_Item(outcome))
            self._held = []
            self._inbox.put_nowait(_Item(fact))
        elif self._held is None or (not self.connected and isinstance(fact, ActionFailed | ActionDone)):
            self._inbox.put_nowait(_Item(fact))
        else:
            self._held.append(fact)

    def on_connected(self) -> None:
        """Given to the telephony adapter: facts flow from now on, and it can be asked."""
        self.connected = True
        self._deaf = False
        self._resync = asyncio.create_task(self._resynchronise(), name="resync")
        self._resync.add_done_callback(self._resynchronised)

    def on_stored(self, recording: str, record: dict[str, JSON], cause: str) -> None:
        """Given to the recording pipeline: a recording is in the archive's storage."""
        self._inbox.put_nowait(_Item(RecordingStored(self.now(), cause, recording, record)))

    def on_gone(self, recording: str, cause: str) -> None:
        """Given to the recording pipeline: there is no file of the recording."""
        self._inbox.put_nowait(_Item(RecordingGone(self.now(), cause, recording)))

    async def reconfigure(self, policy: Policy, plan: Plan, cause: str) -> None:
        """Puts a new configuration in force. Returns once it holds for every event that comes after."""
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Item(Reconfigured(self.now(), cause, policy, plan), done))
        await done

    async def command(self, command: Command) -> None:
        """Carries a command out. Returns once it is in the journal; raises `Refused`."""
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Item(command, done))
        await done

    async def order(self, order: Order) -> str:
        """Accepts a command and begins it. Returns its id once it is in the journal, or an earlier one's for
        a key that is known. Raises `Refused` when that key came with something else.
        """
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Item(order, done))
        return await done

    async def log_in(self, agent: AgentId, seat: SeatId, cause: str, pin: str | None = None) -> None:
        """With a PIN only if it is the agent's."""
        if pin is not None:
            await self.command(await self._pins.tried(agent, pin, cause))
        await self.command(LogIn(self.now(), cause, agent, seat))

    async def unlock_pin(self, agent: AgentId, cause: str) -> None:
        await self.command(UnlockPin(self.now(), cause, agent))

    async def move(self, agent: AgentId, seat: SeatId, cause: str) -> None:
        await self.command(MoveSeat(self.now(), cause, agent, seat))

    async def extend_wrap_up(self, agent: AgentId, seconds: float, cause: str) -> None:
        await self.command(ExtendWrapUp(self.now(), cause, agent, seconds))

    async def log_out(self, agent: AgentId, cause: str) -> None:
        await self.command(LogOut(self.now(), cause, agent))

    async def ready(self, agent: AgentId, cause: str) -> None:
        await self.command(BeReady(self.now(), cause, agent))

    async def not_ready(self, agent: AgentId, reason: str, cause: str) -> None:
        await self.command(BeNotReady(self.now(), cause, agent, reason))

    async def fill_work_order(
        self,
        work_order: str,
        category: str,
        summary: str,
        disposition: str,
        by: str,
        cause: str,
        *,
        supervisor: bool,
    ) -> None:
        at = self.now()
        record = await self._work_orders.filled(
            work_order, category, summary, disposition, by, supervisor, at
        )
        await self.command(FillWorkOrder(at, cause, work_order, record))

    # -- the pipeline ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Runs until cancelled: connects to Asterisk, takes over what is there, routes."""
        self._ran_at = self.now()
        try:
            self._complete([(_Item(acd.TimePassed(self.now(), "resume")), self.runtime.opening)])
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._work(), name="pipeline")
                tasks.create_task(self.journal.run(), name="journal")
                tasks.create_task(self._beat(), name="heartbeat")
                tasks.create_task(self._look_at_phones(), name="phones")
                tasks.create_task(self._measure_calls(), name="sound")
                tasks.create_task(self._listen_to_silent_phones(), name="silent phones")
                await self._telephony.start()
        finally:
            if self._resync is not None:
                self._resync.cancel()
            await self._telephony.close()
            self._pins.close()
            self.journal.close()

    async def _work(self) -> None:
        while True:
            items = await self._next_items()
            if self._hung():
                items = self._look_anew(items)
            # What came after a snapshot is told behind it.
            ends = self._inbox.empty() and not isinstance(items[-1].event, f.PbxSnapshot)
            newest = items[-1] if ends else None
            steps = [(item, self.runtime.step(item.event, newest=item is newest)) for item in items]
            self._complete(steps)
            if not self._inbox.empty():  # else others have their turn while it waits
                await asyncio.sleep(0)

    def _hung(self) -> bool:
        """Whether the whole process stood still: SIGSTOP, a machine that was suspended or starved."""
        return self.now() - self._ran_at > HUNG_S

    def _look_anew(self, items: Sequence[_Item]) -> list[_Item]:
        """Drops the link and what it brought: by now phones would ring for callers who are gone."""
        log.warning("hung", for_s=round(self.now() - self._ran_at, 1))
        self._deaf = True
        self.on_fact(f.PbxLost(self.now(), "hung"))
        self._ran_at = self.now()
        self._telephony.reconnect("the service hung")
        waiting = [*items, *(self._inbox.get_nowait() for _ in range(self._inbox.qsize()))]
        # What is dropped here is read from the log.
        self._last_seen = min(
            self._last_seen, *(item.event.at for item in waiting if isinstance(item.event, Fact))
        )
        lost = [item for item in waiting if isinstance(item.event, f.PbxLost)]
        return lost + [item for item in waiting if not isinstance(item.event, Fact)]

    async def _next_items(self) -> list[_Item]:
        """What is in the inbox, at most `AT_ONCE`, or the passing of time when a deadline is due first."""
        deadline = self.runtime.next_deadline()
        wait_s = None if deadline is None else max(0.0, deadline - self.now())
        try:
            async with asyncio.timeout(wait_s):
                items = [await self._inbox.get()]
        except TimeoutError:
            return [_Item(acd.TimePassed(self.now(), f"timer-{next(self._timer_ids)}"))]
        while not self._inbox.empty() and len(items) < AT_ONCE:
            items.append(self._inbox.get_nowait())
        return items

    def _complete(self, steps: Sequence[tuple[_Item, Step]]) -> None:
        """Journals what follows from the steps, then runs their effects, each in order.

        Nothing else runs in between: an offer waits for the steps that came in with it, and for no thread.
        """
        for _, step in steps:
            self.journal.add(step.drafts, step.state)
            for illegal in step.illegal:
                log.error("illegal_event", event_story=str(illegal))
            for notice in step.notices:
                tell = log.warning if notice.warning else log.info
                tell(notice.event, cause=notice.cause, **notice.fields)
        self.journal.write()
        for item, step in steps:
            if isinstance(item.event, f.PbxSnapshot):
                self._begin_routing(item.event)
            for action in step.actions:
                if self.connected:
                    self._telephony.perform(action)
            for asked in step.pins:
                self._pins.look_at(asked)
            for recording in step.recordings:
                if isinstance(recording, RecordingDue):
                    self._recordings.submit(recording)
                else:
                    self.journal.remove(partial(self._recordings.void, recording))
            for archived in step.archived:
                self.journal.remove(partial(self._recordings.confirm, archived))
            if item.done is not None:
                self.journal.answer(partial(_answer, item.done, step))

    def _begin_routing(self, snapshot: f.PbxSnapshot) -> None:
        """Beats before anything else: a caller taken over meets the heartbeat's check at once."""
        self.routing = self.connected
        if self.routing:
            self._telephony.perform(Beat("heartbeat", int(time.time())))
            log.info("routing", legs=len(snapshot.legs), cause=snapshot.cause)

    async def _beat(self) -> None:
        """Once a second: tells the dialplan that we route, and the journal until when we saw Asterisk."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not self._hung():  # otherwise the pipeline sees to that first
                self._ran_at = self.now()
            if self.routing and not self._hung():
                self._telephony.perform(Beat("heartbeat", int(time.time())))
                self.journal.add((), {"seen_until": instant_text(self.now())})
            self._pass_time("heartbeat")

    async def _look_at_phones(self) -> None:
        """Now and then: what changes about the phones without an event."""
        while True:
            await asyncio.sleep(LOOK_AT_PHONES_S)
            if self.routing:
                try:
                    self._inbox.put_nowait(_Item(await self._telephony.phones()))
                except TelephonyError as error:
                    log.info("phones_not_seen", reason=str(error))

    async def _measure_calls(self) -> None:
        """Now and then: how each call sounds."""
        while True:
            await asyncio.sleep(MEASURE_EVERY_S)
            for leg, channel in self.runtime.calls.state.talking():
                if self.routing and leg in self.runtime.calls.state.legs:
                    await self._measure([(leg, channel)])
                    await asyncio.sleep(MEASURE_PAUSE_S)

    async def _listen_to_silent_phones(self) -> None:
        """Often, for those alone that cannot be reached while they talk."""
        while True:
            await asyncio.sleep(LISTEN_EVERY_S)
            if self.routing:
                await self._measure(self.runtime.silent_phones.suspects(self.now()))

    async def _measure(self, legs: Sequence[tuple[f.LegId, str]]) -> None:
        for leg, channel in legs:
            with suppress(TelephonyError, ValueError, LookupError):  # the leg ended meanwhile
                self._inbox.put_nowait(_Item(await self._telephony.measured(leg, channel)))

    # -- taking over -----------------------------------------------------------------------------------------

    async def _resynchronise(self) -> None:
        """Reads what was missed and asks what is there.

        Facts from before the connection come from Asterisk's log, later ones from the stream, which waits
        until the log is read; the snapshot comes after all that it shows.
        """
        connected_at, since = self.now(), self._last_seen - MISSED_MARGIN_S
        missed = await self._insist(lambda: self._telephony.missed(since))
        for fact in missed:
            # Whoever dialled a feature code was told that nobody answers it.
            if fact.at < connected_at and not isinstance(fact, f.FeatureDialled):
                self._inbox.put_nowait(_Item(fact))
        # Read once: a second time it would be new to a service that has forgotten so many ended calls.
        self._last_seen = max(self._last_seen, connected_at)
        self._release_held()
        snapshot = await self._insist(self._telephony.snapshot)
        self._inbox.put_nowait(_Item(snapshot))
        # Telephony tells what came since the snapshot once the loop runs again; this comes behind that.
        asyncio.get_running_loop().call_soon(self._pass_time, snapshot.cause)
        log.info("resynchronised", missed=len(missed), legs=len(snapshot.legs))

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks Asterisk until it answers."""
        while True:
            try:
                return await ask()
            except (TelephonyError, OSError) as error:
                log.warning("resync_failed", reason=str(error))
                await asyncio.sleep(RESYNC_RETRY_S)

    def _resynchronised(self, resync: asyncio.Task[None]) -> None:
        """Nothing is routed before it is done: what nobody foresaw is told, and tried on a new link."""
        error = None if resync.cancelled() else resync.exception()
        if error is not None:
            log.error("resync_failed", reason=repr(error), exc_info=error)
            self._telephony.reconnect("the resynchronisation failed")

    def _pass_time(self, cause: str) -> None:
        self._inbox.put_nowait(_Item(acd.TimePassed(self.now(), cause)))

    def _release_held(self) -> None:
        held, self._held = self._held or [], None
        for fact in held:
            self._inbox.put_nowait(_Item(fact))


def _answer(done: asyncio.Future[str], step: Step) -> None:
    if done.done():
        return
    if step.refused is None:
        done.set_result(step.command)
    else:
        done.set_exception(step.refused)
