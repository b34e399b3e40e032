"""A citizen who is dialled before an agent is: from the answer on their leg is a caller's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cti.ami.encode import encode
from cti.calls.actions import DialCitizen
from lab.asterisk import AsteriskProcess
from tests.support.dialplan import HOTLINE, connect, happens, logged
from tests.support.manager import Manager, Message, heartbeat
from tests.support.talking_party import TalkingParty
from tests.support.tones import RATE_HZ

CITIZEN, CALL, QUEUE = "13900002222", "cb-1-d0", "general"


@pytest.fixture
async def citizen(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """Whoever is called through the trunk: it is where the carrier's SIP peer would be."""
    at, trunk = asterisk.site.asterisk, asterisk.site.trunk
    party = TalkingParty("citizen", (at.sip_bind, at.sip_port), local_port=trunk.port, tone_hz=800)
    await party.open()
    yield party
    party.close()


async def dial(asterisk: AsteriskProcess, manager: Manager) -> None:
    trunk = asterisk.site.trunk
    action = DialCitizen("c", CALL, trunk.id, CITIZEN, trunk.caller_number, 20.0, "cb-1", HOTLINE, QUEUE, 3)
    headers = dict(encode(action).headers)
    name = headers.pop("Action")
    del headers["ActionID"]
    assert isinstance(name, str)
    await manager.act(
        name, **{key: value if isinstance(value, str) else list(value) for key, value in headers.items()}
    )


async def answered(asterisk: AsteriskProcess, manager: Manager, citizen: TalkingParty) -> Message:
    """The citizen is dialled and answers; what the dialplan says as they begin to wait."""
    await dial(asterisk, manager)
    await happens(citizen.ringing)
    assert asterisk.site.trunk.caller_number in citizen.invitation.get("From")
    citizen.answer()
    citizen.talk()
    return await manager.user_event("HotlineQueued")


async def test_the_citizen_hears_the_notice_and_waits_in_the_callbacks_queue(
    asterisk: AsteriskProcess, manager: Manager, citizen: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await answered(asterisk, manager, citizen)
        assert (queued["Uniqueid"], queued["Call"], queued["AccountCode"]) == (CALL, CALL, CALL)
        assert (queued["Queue"], queued["Priority"]) == (QUEUE, "3")
        assert citizen.heard.size > RATE_HZ, "the notice, of more than a second"
        assert await manager.variable(queued["Channel"], "HL_HOTLINE") == HOTLINE
    assert logged(asterisk, "HotlineQueued")


async def test_the_citizen_is_connected_with_an_agent_as_a_caller_is(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, citizen: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await answered(asterisk, manager, citizen)
        await connect(agent, manager, queued)
        await citizen.hears(agent.tone_hz)
        await agent.hears(citizen.tone_hz)


async def test_without_the_service_the_citizen_is_served_by_the_plain_queue(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, citizen: TalkingParty
) -> None:
    await answered(asterisk, manager, citizen)
    fallen = await manager.user_event("HotlineFallback")
    assert fallen["Call"] == CALL
    await happens(agent.ringing)
