"""Who comes into a conference, and whether anybody is there: the dialplan's affair, no service lives here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from lab.asterisk import AsteriskProcess
from tests.integration.conftest import AGENT_HZ, CALLER_HZ
from tests.support.dialplan import connect, happens, reach_waiting
from tests.support.manager import Manager, heartbeat
from tests.support.talking_party import TalkingParty

LEG = "offer-1"
LONGER_THAN_ANYBODY_STAYS_ALONE_S = 5.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A citizen and an agent who talk."""

    manager: Manager
    agent: TalkingParty
    caller: TalkingParty
    callers: str
    """Asterisk's name of the citizen's channel, and below of the agent's."""
    agents: str

    async def sent(self, place: str, others: str) -> None:
        """Both leave their bridge at the same moment: the agent for `place`, the citizen for `others`."""
        await self.manager.act(
            "Redirect", Channel=self.agents, Context=place, Exten="s", Priority="1",
            ExtraChannel=self.callers, ExtraContext=others, ExtraExten="s", ExtraPriority="1",
        )  # fmt: skip

    async def comes(self, channel: str) -> None:
        await self.manager.act("Redirect", Channel=channel, Context="hl-conference", Exten="s", Priority="1")


@pytest.fixture
async def pair(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> AsyncIterator[Pair]:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued, LEG)
        agents = (await manager.event("BridgeEnter", Uniqueid=LEG))["Channel"]
        await manager.act("Setvar", Channel=queued["Channel"], Variable="HL_HELD_BY", Value=LEG)
        await manager.act("Setvar", Channel=agents, Variable="HL_HOLDS", Value=queued["Uniqueid"])
        yield Pair(manager, agent, caller, queued["Channel"], agents)


async def test_two_who_come_into_a_conference_stay(pair: Pair) -> None:
    await pair.sent("hl-conference", "hl-conference")
    await pair.caller.hears(AGENT_HZ)
    for party in (pair.caller, pair.agent):
        party.heard_alaw.clear()
    await pair.caller.hears_for(LONGER_THAN_ANYBODY_STAYS_ALONE_S)
    await pair.caller.hears(AGENT_HZ)
    await pair.agent.hears(CALLER_HZ)


async def test_an_agent_who_comes_once_the_citizen_has_gone_is_let_go(pair: Pair) -> None:
    await pair.sent("hl-aside", "hl-held")
    pair.caller.hang_up()
    await pair.manager.event("Hangup", Channel=pair.callers)
    await pair.comes(pair.agents)
    await happens(pair.agent.ended)


async def test_an_agent_is_let_go_whose_citizen_hangs_up_as_both_are_on_the_way(pair: Pair) -> None:
    """The agent's recorder begins anew first, which takes 0.1 s: the citizen is there before, and gone."""
    await pair.sent("hl-conference", "hl-conference")
    pair.caller.hang_up()
    await happens(pair.agent.ended)


async def test_a_citizen_who_comes_once_the_agent_has_gone_is_let_go(pair: Pair) -> None:
    await pair.sent("hl-aside", "hl-held")
    pair.agent.hang_up()
    await pair.manager.event("Hangup", Channel=pair.agents)
    await pair.comes(pair.callers)
    await happens(pair.caller.ended)


async def test_who_stays_alone_as_another_is_sent_elsewhere_at_the_moment_one_hangs_up_is_let_go(
    pair: Pair,
) -> None:
    """Who is sent elsewhere ends no leg, so nothing of theirs looks, and were still there as one looked."""
    manager = pair.manager
    await pair.sent("hl-conference", "hl-conference")
    await pair.caller.hears(AGENT_HZ)
    conference = await manager.variable(pair.agents, "HL_CALL")
    parties, lookers = f"CONFBRIDGE_INFO(parties,{conference})", "CHANNELS(^Local/s@hl-company)"
    await manager.act(
        "Originate", Channel="Local/s@hl-conference", Async="true", Application="Wait", Data="60",
        Variable=f"__HL_CALL={conference}",
    )  # fmt: skip
    await manager.variable_becomes(pair.agents, parties, "3")
    await manager.variable_becomes(pair.agents, lookers, "")  # nobody looks any more for who has come
    await manager.act("Hangup", Channel="/^Local.s@hl-conference/")
    await manager.variable_becomes(pair.agents, "CHANNELS(^Local/s@hl-conference)", "")
    await manager.act("Redirect", Channel=pair.callers, Context="hl-parked", Exten="s", Priority="1")
    await happens(pair.agent.ended)
