"""A service that stood still believes nothing that it has not read: Asterisk's log has it with its times."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.model import AgentState
from cti.calls import facts as f
from cti.calls.actions import Beat, RingSeat
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
        [body] = [e.body for e in rig.journal.journal.read(0, 1000) if e.kind == "call"][-1:]
        assert body["started_at"] == "1970-01-01T00:01:32.000000Z"


async def reconnecting(rig: Rig) -> None:
    async with asyncio.timeout(10):
        while not rig.telephony.reconnects:  # noqa: ASYNC110 - the fake tells nobody
            await asyncio.sleep(0.01)
