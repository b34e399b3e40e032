"""A service that stood still believes nothing that it has not read: Asterisk's log has it with its times."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.model import AgentState
from cti import service
from cti.calls import facts as f
from cti.calls.actions import Beat, RingSeat
from cti.step import InboxEvent, Step
from tests.support.conversation import caller_arrives, shown, snapshot
from tests.unit.cti.test_service import CALL, Rig


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_after_a_hang_nothing_is_done_before_asterisk_was_looked_at_anew(rig: Rig) -> None:
    """A caller came and left meanwhile: told one after the other, a phone would ring for nobody."""
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        rig.time += 30.0
        for fact in caller_arrives(CALL, 105.0):
            rig.service.on_fact(fact)
        await reconnecting(rig)
        rig.service.on_fact(f.LegEnded(120.0, "t", CALL, 16, True))
        rig.service.on_fact(f.PbxLost(rig.time, "t"))
        rig.telephony.past = [*caller_arrives(CALL, 105.0), f.LegEnded(120.0, "t", CALL, 16, True)]
        rig.telephony.present = snapshot(at=rig.time)
        beats = len(await rig.telephony.wait_for(Beat))
        rig.service.on_connected()
        await rig.telephony.wait_for(Beat, beats + 1)

        assert not any(isinstance(action, RingSeat) for action in rig.telephony.performed)
        rig.journal.journal.sync()
        bodies = [e.body for e in rig.journal.journal.read(0, 1000) if e.kind == "call"]
        assert bodies[-1]["ended_at"] == "1970-01-01T00:02:00.000000Z", "when it was, not when it was read"
        assert rig.runtime.agents["1001"].state is AgentState.READY


async def test_after_a_hang_whoever_still_waits_is_offered(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        rig.time += 30.0
        rig.service.on_fact(caller_arrives(CALL, 105.0)[0])
        await reconnecting(rig)
        rig.telephony.present = snapshot(shown(CALL, "trunk", CALL, place="waiting"), at=rig.time)
        rig.service.on_connected()
        assert [
            ring.call for ring in await rig.telephony.wait_for(RingSeat) if isinstance(ring, RingSeat)
        ] == [CALL]


async def test_the_log_is_read_from_before_the_hang_even_if_the_first_look_fails(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        rig.telephony.past = caller_arrives(CALL, 92.0)
        rig.telephony.present = snapshot(shown(CALL, "trunk", CALL, place="waiting"), at=100.0)
        rig.service.on_fact(f.PbxLost(100.0, "t"))
        rig.time += 4.0
        rig.telephony.log_may_be_read.clear()
        rig.telephony.reading_log.clear()
        rig.service.on_connected()
        await rig.telephony.reading_log.wait()
        rig.service.on_fact(f.PbxLost(rig.time, "t"))
        rig.telephony.log_may_be_read.set()
        rig.service.on_connected()
        await rig.telephony.wait_for(RingSeat)
        rig.journal.journal.sync()
        [body] = [e.body for e in rig.journal.journal.read(0, 1000) if e.kind == "call"][-1:]
        assert body["started_at"] == "1970-01-01T00:01:32.000000Z"


async def test_a_long_log_does_not_make_the_service_take_itself_for_hung(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of it are steps of many seconds: the heartbeat has its turn in between."""
    monkeypatch.setattr(service, "HEARTBEAT_S", 0.0)
    calls = [f"hotline-{n}.1" for n in range(800)]
    rig.telephony.past = [fact for call in calls for fact in caller_arrives(call, 92.0)]
    step, stepped = rig.runtime.step, 0

    def slow(event: InboxEvent, *, newest: bool = True) -> Step:
        nonlocal stepped
        if isinstance(event, f.CallerQueued):
            stepped += 1
            rig.time += 2 * service.HUNG_S / len(calls)
        return step(event, newest=newest)

    monkeypatch.setattr(rig.runtime, "step", slow)
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        assert stepped == len(calls)
        await rig.log_in()
        assert rig.telephony.reconnects == []


async def test_a_log_is_read_once_though_the_link_is_lost_before_asterisk_was_looked_at(rig: Rig) -> None:
    """Read twice it would be new again to a service that has forgotten so many ended calls."""
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        rig.service.on_fact(f.PbxLost(rig.time, "t"))
        rig.time += 4.0
        rig.telephony.failures = 2
        rig.service.on_connected()
        while rig.telephony.failures == 2:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0.01)
        rig.service.on_fact(f.PbxLost(rig.time, "t"))
        rig.service.on_connected()
        beats = len(await rig.telephony.wait_for(Beat))
        await rig.telephony.wait_for(Beat, beats + 1)
        assert rig.telephony.asked_since[-2:] == [90.0, 94.0]


async def test_a_feature_code_that_nobody_answered_is_not_carried_out_afterwards(rig: Rig) -> None:
    async with rig.running():
        await rig.telephony.wait_for(Beat)
        await rig.log_in()
        await rig.service.log_out("1001", "t")
        rig.service.on_fact(f.PbxLost(100.0, "t"))
        rig.telephony.past = [f.FeatureDialled(98.0, "t", "leg-f", "PJSIP/s", "seat-01", "login", "1001")]
        rig.time += 1.0
        beats = len(await rig.telephony.wait_for(Beat))
        rig.service.on_connected()
        await rig.telephony.wait_for(Beat, beats + 1)
        assert rig.runtime.agents["1001"].state is AgentState.LOGGED_OUT


async def test_what_nobody_foresaw_while_asterisk_is_looked_at_is_tried_on_a_new_link(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> f.PbxSnapshot:
        raise LookupError("what nobody foresaw")

    monkeypatch.setattr(rig.telephony, "snapshot", broken)
    async with rig.running():
        await reconnecting(rig)
        assert not rig.service.routing
        monkeypatch.undo()
        rig.service.on_connected()
        await rig.telephony.wait_for(Beat)


async def reconnecting(rig: Rig) -> None:
    async with asyncio.timeout(10):
        while not rig.telephony.reconnects:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0.01)
