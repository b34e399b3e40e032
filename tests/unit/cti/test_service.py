"""The one inbox and its one writer, with Asterisk played by the test and a real journal."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from acd.model import AgentPolicy, AgentState, Instant, Policy, QueuePolicy
from cti.calls import facts as f
from cti.calls.actions import Beat, RingSeat, TakeOver
from cti.calls.outputs import RecordingDue, RecordingVoid
from cti.journal import Journal, JournalError
from cti.plan import Plan
from cti.records_json import JSON, Draft
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.service import Service
from cti.views import Refused
from tests.support.conversation import caller_arrives, shown, snapshot
from tests.support.fake_telephony import FakeTelephony

CALL = "hotline-1.1"


class NoRecordings:
    def __init__(self) -> None:
        self.removed: asyncio.Queue[str] = asyncio.Queue()

    def submit(self, due: RecordingDue) -> None: ...

    def void(self, void: RecordingVoid) -> None:
        self.removed.put_nowait(void.leg)

    def confirm(self, recording: str) -> None:
        self.removed.put_nowait(recording)


class NoWorkOrders:
    async def filled(
        self,
        work_order: str,
        category: str,
        summary: str,
        disposition: str,
        by: str,
        supervisor: bool,
        at: Instant,
    ) -> dict[str, JSON]:
        raise Refused("unknown_work_order", "There is none.")


class SlowJournal:
    """The real journal on a disk behind a door that the test opens, or that refuses."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.door = threading.Event()
        self.door.set()
        self.refuses = False
        self.entered = asyncio.Event()
        """A sync stands before the shut door; what earlier ones made durable is told."""
        self.on_write: Callable[[Sequence[Draft]], None] = lambda _: None
        self._loop = asyncio.get_running_loop()

    @property
    def last_seq(self) -> int:
        return self.journal.last_seq

    def write(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int:
        if self.refuses:
            raise JournalError("no space left")
        self.on_write(drafts)
        return self.journal.write(drafts, state)

    def sync(self) -> None:
        if not self.door.is_set():
            self._loop.call_soon_threadsafe(self.entered.set)
        self.door.wait(10)
        if self.refuses:
            raise JournalError("input/output error")
        self.journal.sync()

    def latest(self, kind: str, key: str) -> dict[str, JSON] | None:
        return self.journal.latest(kind, key)


class Rig:
    def __init__(self, path: Path) -> None:
        self.telephony = FakeTelephony()
        self.recordings = NoRecordings()
        self.journal = SlowJournal(Journal.open(path / "journal.sqlite"))
        self.time = 100.0
        policy = Policy({"general": QueuePolicy("general")}, {"1001": AgentPolicy("1001")})
        self.runtime = Runtime(
            Plan(("seat-01",), "trunk", {}, lambda _at: (0.0, float("inf"))), policy, Resume(), self.time
        )
        self.written: asyncio.Queue[int] = asyncio.Queue()
        self.told: list[str] = []
        self.service = Service(
            runtime=self.runtime,
            telephony=self.telephony,
            journal=self.journal,
            recordings=self.recordings,
            work_orders=NoWorkOrders(),
            now=lambda: self.time,
            last_seen=self.time,
            journaled=self._journaled,
        )
        self.telephony.on_fact = self.service.on_fact
        self.telephony.on_connected = self.service.on_connected

    def _journaled(self, seq: int, drafts: Sequence[Draft]) -> None:
        self.told += [draft.kind for draft in drafts]
        self.written.put_nowait(seq)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.service.run())
        try:
            yield
        finally:
            self.journal.door.set()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self.journal.journal.close()

    async def log_in(self) -> None:
        await self.service.log_in("1001", "seat-01", "t")
        await self.service.ready("1001", "t")

    def failing(self) -> bool:
        return self.service.journal.failing

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.journal.journal.read(0, 1000)]


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_the_heartbeat_begins_once_asterisk_has_shown_what_is_there(rig: Rig) -> None:
    rig.telephony.log_may_be_read.clear()
    async with rig.running():
        await rig.telephony.reading_log.wait()
        assert not rig.service.routing
        assert rig.telephony.performed == []
        rig.telephony.log_may_be_read.set()
        await rig.telephony.wait_for(Beat)
        assert rig.service.routing


async def test_the_heartbeat_comes_before_a_caller_is_taken_over(rig: Rig) -> None:
    """A caller redirected while the beat is stale falls back again at once, and is asked for only later."""
    rig.telephony.present = snapshot(shown(CALL, "trunk", CALL, place="fallback"), at=101.0)
    async with rig.running():
        await rig.telephony.wait_for(TakeOver)
        assert isinstance(rig.telephony.performed[0], Beat)


async def test_a_command_returns_when_its_outcome_is_in_the_journal(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.journal.door.clear()
        rig.journal.entered.clear()
        command = asyncio.create_task(rig.service.log_in("1001", "seat-01", "t"))
        await rig.journal.entered.wait()
        assert not command.done()
        rig.journal.door.set()
        await command
        assert rig.kinds() == ["agent_state"]


async def test_a_refused_command_raises_why(rig: Rig) -> None:
    async with rig.running():
        with pytest.raises(Refused) as refused:
            await rig.service.ready("1001", "t")
        assert refused.value.error == "not_logged_in"


async def test_no_phone_rings_before_the_decision_is_in_the_journal(rig: Rig) -> None:
    rung_before: list[bool] = []

    def on_write(drafts: Sequence[Draft]) -> None:
        if any(draft.kind == "decision" for draft in drafts):
            rung_before.append(any(isinstance(action, RingSeat) for action in rig.telephony.performed))

    rig.journal.on_write = on_write
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        for fact in caller_arrives(CALL, 100.0):
            rig.service.on_fact(fact)
        await rig.telephony.wait_for(RingSeat)
        assert rung_before == [False]


async def test_a_phone_rings_while_the_disk_is_slow(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        rig.journal.door.clear()
        for fact in caller_arrives(CALL, 100.0):
            rig.service.on_fact(fact)
        await rig.telephony.wait_for(RingSeat)
        assert "decision" not in rig.kinds(), "nobody reads what a power cut could take"


async def test_followers_are_told_of_what_is_durable_each_under_its_number(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.journal.door.clear()
        command = asyncio.create_task(rig.log_in())
        await rig.journal.entered.wait()
        while not rig.written.empty():
            rig.written.get_nowait()
        for fact in caller_arrives(CALL, 100.0):
            rig.service.on_fact(fact)
        await asyncio.sleep(0)
        assert rig.written.empty()
        rig.journal.door.set()
        await command
        while (last := await rig.written.get()) < rig.journal.journal.last_seq:
            assert [entry.seq for entry in rig.journal.journal.read(0, 1000)][:last] == [*range(1, last + 1)]
        assert rig.told == rig.kinds()


async def test_a_recorders_file_goes_once_the_journals_word_about_it_is_durable(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.journal.door.clear()
        rig.journal.entered.clear()
        rig.service.on_stored("leg-1", {"recording": "leg-1"}, "t")
        await rig.journal.entered.wait()
        assert rig.recordings.removed.empty()
        rig.journal.door.set()
        assert await rig.recordings.removed.get() == "leg-1"


async def test_a_recorders_file_stays_while_the_disk_refuses(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.journal.refuses = True
        rig.service.on_stored("leg-1", {"recording": "leg-1"}, "t")
        await rig.log_in()
        assert rig.recordings.removed.empty()
        rig.journal.refuses = False
        assert await rig.recordings.removed.get() == "leg-1"
        assert "recording" in rig.kinds()


async def test_of_a_recording_without_a_file_nothing_is_kept(rig: Rig) -> None:
    rig.journal.journal.append([], {"due/leg-1": {}})
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.service.on_gone("leg-1", "t")
        await rig.log_in()
        assert rig.journal.journal.state("due/") == {}


async def test_a_disk_that_refuses_delays_records_and_not_calls(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        rig.journal.refuses = True
        for fact in caller_arrives(CALL, 100.0):
            rig.service.on_fact(fact)
        await rig.telephony.wait_for(RingSeat)
        assert rig.failing() is True
        assert "call" not in rig.kinds()

        rig.journal.refuses = False
        while not rig.written.empty():
            rig.written.get_nowait()
        rig.service.on_fact(f.LegEnded(105.0, "t", CALL, 16, True))
        await rig.written.get()
        assert rig.failing() is False
        assert {"call", "decision"} <= set(rig.kinds())


async def test_what_comes_while_the_log_is_read_is_applied_after_the_log_and_before_the_snapshot(
    rig: Rig,
) -> None:
    rig.telephony.log_may_be_read.clear()
    rig.telephony.past = caller_arrives(CALL, 93.0)
    rig.telephony.present = snapshot(at=101.0)
    async with rig.running():
        await rig.telephony.reading_log.wait()
        rig.service.on_fact(f.LegEnded(100.5, "t", CALL, 16, True))
        rig.telephony.log_may_be_read.set()
        await rig.telephony.wait_for(Beat)

        rig.journal.journal.sync()
        [last] = [e.body for e in rig.journal.journal.read(0, 1000) if e.kind == "call"][-1:]
        assert last["outcome"] == "abandoned"
        assert last["ended_by"] == "caller"


async def test_what_comes_before_the_link_is_told_to_be_up_is_applied_after_the_log(rig: Rig) -> None:
    rig.telephony.past = caller_arrives(CALL, 93.0)
    rig.telephony.present = snapshot(at=101.0)
    rig.service.on_fact(f.LegEnded(100.5, "t", CALL, 16, True))
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.journal.journal.sync()
        [last] = [e.body for e in rig.journal.journal.read(0, 1000) if e.kind == "call"][-1:]
        assert (last["outcome"], last["ended_by"]) == ("abandoned", "caller")


async def test_what_came_by_a_link_that_was_lost_while_the_log_was_read_comes_from_the_log(rig: Rig) -> None:
    rig.telephony.log_may_be_read.clear()
    rig.telephony.past = [*caller_arrives(CALL, 93.0), f.LegEnded(100.2, "t", CALL, 16, True)]
    async with rig.running():
        await rig.telephony.reading_log.wait()
        rig.service.on_fact(f.LegEnded(100.5, "t", CALL, 16, True))
        rig.service.on_fact(f.PbxLost(100.6, "t"))
        rig.telephony.log_may_be_read.set()
        rig.time = 102.0
        rig.telephony.present = snapshot(at=102.0)
        rig.service.on_connected()
        await rig.telephony.wait_for(Beat)
        rig.journal.journal.sync()
        [last] = [e.body for e in rig.journal.journal.read(0, 1000) if e.kind == "call"][-1:]
        assert (last["outcome"], last["ended_at"]) == ("abandoned", "1970-01-01T00:01:40.200000Z")


async def test_a_caller_whom_the_fallback_queue_serves_meanwhile_is_not_taken_from_their_agent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot is older than what has been told since it was taken."""
    rings = f.LegStarted(101.1, "t", "leg-2", "PJSIP/seat-01-2", "seat-01", None, CALL, "", "")
    since = (rings, f.LegJoined(101.2, "t", "leg-2", "b1"), f.LegJoined(101.2, "t", CALL, "b1"))
    in_fallback = snapshot(shown(CALL, "trunk", CALL, place="fallback"), at=101.0)

    async def taken() -> f.PbxSnapshot:
        for fact in since:
            asyncio.get_running_loop().call_soon(rig.service.on_fact, fact)
        return in_fallback

    monkeypatch.setattr(rig.telephony, "snapshot", taken)
    async with rig.running():
        await rig.telephony.wait_for(Beat, 3)
        assert rig.runtime.open_call(CALL) is not None
        assert not [action for action in rig.telephony.performed if isinstance(action, TakeOver)]


async def test_a_snapshot_that_fails_is_asked_for_again(rig: Rig) -> None:
    rig.telephony.failures = 1
    rig.telephony.present = snapshot(shown(CALL, "trunk", CALL, place="waiting"), at=101.0)
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        assert rig.runtime.open_call(CALL) is not None


async def test_when_asterisk_is_lost_nothing_is_sent_and_commands_still_work(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.service.on_fact(f.PbxLost(101.0, "t"))
        sent = len(rig.telephony.performed)
        await rig.log_in()
        assert rig.runtime.agents["1001"].state is AgentState.READY
        assert len(rig.telephony.performed) == sent
        assert not rig.service.routing


async def test_the_journal_keeps_until_when_asterisk_was_seen(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat, 2)
        while "seen_until" not in rig.journal.journal.state(""):
            await rig.written.get()
        assert rig.journal.journal.state("seen_until") == {"seen_until": "1970-01-01T00:01:40.000000Z"}


async def test_stopping_leaves_nothing_behind(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
    assert rig.telephony.closed
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
