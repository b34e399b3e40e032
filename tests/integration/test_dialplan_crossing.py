"""Two phones for one caller, as when commands cross: nobody is taken from a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab.asterisk import AsteriskProcess
from tests.support.dialplan import connect, happens, reach_waiting, recording_file, ring_seat
from tests.support.manager import Manager, Message, heartbeat
from tests.support.small_site import OTHER_SEAT
from tests.support.talking_party import TalkingParty

COLLEAGUE_HZ = 650


@pytest.fixture
async def colleague(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """The registered phone of the second seat."""
    at = asterisk.site.asterisk
    password = asterisk.secrets.seats[OTHER_SEAT].get_secret_value()
    phone = TalkingParty(OTHER_SEAT, (at.sip_bind, at.sip_port), password, tone_hz=COLLEAGUE_HZ)
    await phone.open()
    await phone.register()
    yield phone
    phone.close()


async def both_ring(manager: Manager, queued: Message, agent: TalkingParty, colleague: TalkingParty) -> None:
    """The agent's phone rings for the caller, and then the colleague's too."""
    await ring_seat(manager, queued, "earlier")
    await happens(agent.ringing)
    await ring_seat(manager, queued, "later", OTHER_SEAT)
    await happens(colleague.ringing)


async def test_who_was_rung_before_another_gets_nobody_and_the_other_gets_the_caller(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    colleague: TalkingParty,
    caller: TalkingParty,
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await both_ring(manager, queued, agent, colleague)
        agent.answer()
        await happens(agent.ended)
        assert not recording_file(asterisk, "earlier").exists()
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
        colleague.answer()
        colleague.talk()
        await caller.hears(COLLEAGUE_HZ)


async def test_who_answers_when_another_has_the_caller_does_not_take_them_away(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    colleague: TalkingParty,
    caller: TalkingParty,
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await both_ring(manager, queued, agent, colleague)
        colleague.answer()
        colleague.talk()
        await caller.hears(COLLEAGUE_HZ)
        agent.answer()
        await happens(agent.ended)
        assert not recording_file(asterisk, "earlier").exists()
        await caller.hears(COLLEAGUE_HZ, 1.0)
        assert not colleague.ended.is_set()


async def test_who_is_asked_and_answers_too_late_does_not_take_the_agent_from_the_caller(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    colleague: TalkingParty,
    caller: TalkingParty,
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        agents = (await manager.event("BridgeEnter", Uniqueid="offer-1"))["Channel"]
        await manager.act("Setvar", Channel=queued["Channel"], Variable="HL_HELD_BY", Value="offer-1")
        await manager.act("Setvar", Channel=agents, Variable="HL_HOLDS", Value=queued["Uniqueid"])
        await manager.act(
            "Redirect",
            Channel=queued["Channel"], Context="hl-held", Exten="s", Priority="1",
            ExtraChannel=agents, ExtraContext="hl-aside", ExtraExten="s", ExtraPriority="1",
        )  # fmt: skip
        await manager.variable_becomes(agents, "HL_PLACE", "aside")
        await manager.act(
            "Originate",
            ChannelId="asked", Account=queued["Call"], Channel=f"PJSIP/{OTHER_SEAT}",
            Context="hl-consult", Exten="s", Priority="1", Timeout="20000", Async="true",
            Variable=[f"HL_CALL={queued['Call']}", f"HL_PEER={agents}", "HL_PLACE=agent"],
        )  # fmt: skip
        await happens(colleague.ringing)

        # The agent takes the caller up again, and nobody stops the phone that rings.
        await manager.act("Setvar", Channel=agents, Variable="HL_PEER", Value=queued["Channel"])
        await manager.act("Setvar", Channel=agents, Variable="HL_HOLDS", Value="")
        await manager.act("Redirect", Channel=agents, Context="hl-agent", Exten="s", Priority="1")
        await caller.hears(agent.tone_hz, 1.0)
        colleague.answer()
        await happens(colleague.ended)
        assert not recording_file(asterisk, "asked").exists()
        await caller.hears(agent.tone_hz, 1.0)
        assert not agent.ended.is_set()
