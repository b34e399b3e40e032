"""The running service: one inbox, one writer.

Everything that happens is put into the inbox. One task takes it out, steps the pure `Runtime`, writes what
came of it to the journal, and only then acts on the telephones. A second task syncs the journal to the disk,
and only then are commands answered, followers told and recorder's files removed. Why the telephones need not
wait for the disk: docs/architecture.md, "What waits for what".
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

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
from cti.journal import JournalError
from cti.pin_desk import PinDesk
from cti.plan import Plan
from cti.ports import JournalPort, Recordings, Telephony, TelephonyError, WorkOrderDesk
from cti.records_json import JSON, Draft, instant_text
from cti.runtime import Runtime
from cti.step import InboxEvent, Reconfigured, RecordingStored, Step
from cti.verbs.model import Order

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0
MISSED_MARGIN_S = 10.0
"""How much further back than the last sight of Asterisk its log is read."""
HUNG_S = 5.0
"""A service that did not run for so long looks at Asterisk anew: callers have begun to fall back, and what
waits to be read from the link is old.
"""
JOURNAL_RETRY_S = 1.0
RESYNC_RETRY_S = 1.0
SYNC_PAUSE_S = 0.02
"""Between two syncs: what is written meanwhile is synced together, and writes are seldom held up by one."""
LOOK_AT_PHONES_S = 30.0
"""How often the phones' details are asked for."""
MEASURE_EVERY_S = 10.0
"""How often the sound of each call is."""
LISTEN_EVERY_S = 1.0


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
        self.journal_failing = False
        self._telephony = telephony
        self._journal = journal
        self._recordings = recordings
        self._work_orders = work_orders
        self.now = now
        self._pins = PinDesk(telephony, is_right_pin, now, lambda tried: self._inbox.put_nowait(_Item(tried)))
        self._last_seen = last_seen
        self._ran_at = now()
        self._deaf = False
        """What the link still brings is older than what Asterisk's log has."""
        self._journaled = journaled
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._held: list[Fact | ActionFailed | ActionDone] | None = None
        self._resync: asyncio.Task[None] | None = None
        self._syncer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._unwritten: list[Draft] = []
        self._unwritten_state: dict[str, JSON] = {}
        self._write_refused = False
        self._unsynced: list[Draft] = []
        self._written = 0
        self._to_sync = asyncio.Event()
        self._answers: list[Callable[[], None]] = []
        """To commands whose outcome is not durable yet."""
        self._removals: list[Callable[[], None]] = []
        """Of recorder's files, once the journal's word about them is durable."""
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
            self._release_held()
        if self._held is not None:
            self._held.append(fact)
        else:
            self._inbox.put_nowait(_Item(fact))

    def on_connected(self) -> None:
        """Given to the telephony adapter: facts flow from now on, and it can be asked."""
        self.connected = True
        self._deaf = False
        self._held = []
        self._resync = asyncio.create_task(self._resynchronise(), name="resync")

    def on_stored(self, recording: str, record: dict[str, JSON], cause: str) -> None:
        """Given to the recording pipeline: a recording is in the archive's storage."""
        self._inbox.put_nowait(_Item(RecordingStored(self.now(), cause, recording, record)))

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
                tasks.create_task(self._keep_synced(), name="journal")
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
            self._syncer.shutdown()
            if self._unsynced:
                self._sync_at_the_end()

    async def _work(self) -> None:
        while True:
            items = await self._next_items()
            if self._hung():
                items = self._look_anew(items)
            steps = [(item, self.runtime.step(item.event)) for item in items]
            self._complete(steps)

    def _hung(self) -> bool:
        """Whether the whole process stood still: SIGSTOP, a machine that was suspended or starved."""
        return self.now() - self._ran_at > HUNG_S

    def _look_anew(self, items: Sequence[_Item]) -> list[_Item]:
        """Drops the link and what it brought: by now phones would ring for callers who are gone."""
        log.warning("hung", for_s=round(self.now() - self._ran_at, 1))
        self._held, self._deaf = None, True
        self.on_fact(f.PbxLost(self.now(), "hung"))
        self._ran_at = self.now()
        self._telephony.reconnect("the service hung")
        waiting = [*items, *(self._inbox.get_nowait() for _ in range(self._inbox.qsize()))]
        lost = [item for item in waiting if isinstance(item.event, f.PbxLost)]
        return lost + [item for item in waiting if not isinstance(item.event, Fact)]

    async def _next_items(self) -> list[_Item]:
        """What is in the inbox, or the passing of time when a deadline is due first."""
        deadline = self.runtime.next_deadline()
        wait_s = None if deadline is None else max(0.0, deadline - self.now())
        try:
            async with asyncio.timeout(wait_s):
                items = [await self._inbox.get()]
        except TimeoutError:
            return [_Item(acd.TimePassed(self.now(), f"timer-{next(self._timer_ids)}"))]
        while not self._inbox.empty():
            items.append(self._inbox.get_nowait())
        return items

    def _complete(self, steps: Sequence[tuple[_Item, Step]]) -> None:
        """Journals what follows from the steps, then runs their effects, each in order.

        Nothing else runs in between: an offer waits for the steps that came in with it, and for no thread.
        """
        for _, step in steps:
            self._unwritten += step.drafts
            self._unwritten_state |= step.state
            for illegal in step.illegal:
                log.error("illegal_event", event_story=str(illegal))
            for notice in step.notices:
                tell = log.warning if notice.warning else log.info
                tell(notice.event, cause=notice.cause, **notice.fields)
        self._write()
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
                    self._removals.append(partial(self._recordings.void, recording.leg))
            self._removals += [partial(self._recordings.confirm, archived) for archived in step.archived]
            if item.done is not None:
                self._answers.append(partial(_answer, item.done, step))
        if self._unsynced or self._answers or self._removals:
            self._to_sync.set()

    def _begin_routing(self, snapshot: f.PbxSnapshot) -> None:
        """Beats before anything else: a caller taken over meets the heartbeat's check at once."""
        self.routing = self.connected
        if self.routing:
            self._telephony.perform(Beat("heartbeat", int(time.time())))
            log.info("routing", legs=len(snapshot.legs), cause=snapshot.cause)

    def _write(self) -> None:
        """Writes to the journal. A disk that refuses delays records, which wait in memory, not calls."""
        if not self._unwritten and not self._unwritten_state:
            return
        try:
            self._written = self._journal.write(self._unwritten, self._unwritten_state)
        except JournalError as error:
            self._write_refused = True
            self._journal_fails(error)
            return
        self._write_refused = False
        self._unsynced += self._unwritten
        self._unwritten, self._unwritten_state = [], {}
        self._to_sync.set()

    async def _keep_synced(self) -> None:
        """What was written during one sync is synced together by the next."""
        loop = asyncio.get_running_loop()
        while True:
            await self._to_sync.wait()
            self._to_sync.clear()
            answers, self._answers = self._answers, []
            removals, self._removals = self._removals, []
            synced, self._unsynced = self._unsynced, []
            last, complete = self._written, not self._write_refused
            try:
                await loop.run_in_executor(self._syncer, self._journal.sync)
            except JournalError as error:
                self._journal_fails(error)
                self._unsynced = synced + self._unsynced
                complete = False
            else:
                self._journaled(last, synced)
            if complete:
                self._journal_works()
                for remove in removals:
                    remove()
            else:
                # The next write that succeeds comes back to them.
                self._removals = removals + self._removals
            # A disk that refuses delays no command either.
            for answer in answers:
                answer()
            await asyncio.sleep(SYNC_PAUSE_S)

    def _sync_at_the_end(self) -> None:
        """What is written already would survive us anyhow, but for a power cut."""
        try:
            self._journal.sync()
        except JournalError as error:
            self._journal_fails(error)

    def _journal_fails(self, error: JournalError) -> None:
        if not self.journal_failing:
            log.error("journal_failing", reason=str(error), waiting=len(self._unwritten))
        self.journal_failing = True

    def _journal_works(self) -> None:
        if self.journal_failing:
            log.info("journal_works_again")
        self.journal_failing = False

    async def _beat(self) -> None:
        """Once a second: tells the dialplan that we route, and the journal until when we saw Asterisk."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not self._hung():  # otherwise the pipeline sees to that first
                self._ran_at = self.now()
            if self.routing and not self._hung():
                self._telephony.perform(Beat("heartbeat", int(time.time())))
                self._unwritten_state["seen_until"] = instant_text(self.now())
            self._inbox.put_nowait(_Item(acd.TimePassed(self.now(), "heartbeat")))

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
            if self.routing:
                await self._measure(self.runtime.calls.talking())

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
        connected_at = self.now()
        while True:
            try:
                missed = await self._telephony.missed(self._last_seen - MISSED_MARGIN_S)
                for fact in missed:
                    if fact.at < connected_at:
                        self._inbox.put_nowait(_Item(fact))
                self._release_held()
                snapshot = await self._telephony.snapshot()
                break
            except TelephonyError as error:
                log.warning("resync_failed", reason=str(error))
                await asyncio.sleep(RESYNC_RETRY_S)
        self._inbox.put_nowait(_Item(snapshot))
        log.info("resynchronised", missed=len(missed), legs=len(snapshot.legs))

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
