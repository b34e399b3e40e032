"""A supervisor's phone beside an agent's call: who hears whom, by tone, on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from lab.asterisk import AsteriskProcess
from tests.support.dialplan import connect, happens, reach_waiting, recorded
from tests.support.manager import Manager, heartbeat
from tests.support.small_site import OTHER_SEAT
from tests.support.talking_party import TalkingParty
from tests.support.tones import RATE_HZ, share

SUPERVISOR_HZ = 1100
LEG = "supervision-1"


@pytest.fixture
async def supervisor(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """The registered phone of the second seat; it speaks 1100 Hz."""
    at = asterisk.site.asterisk
    password = asterisk.secrets.seats[OTHER_SEAT].get_secret_value()
    phone = TalkingParty(OTHER_SEAT, (at.sip_bind, at.sip_port), password, tone_hz=SUPERVISOR_HZ)
    await phone.open()
    await phone.register()
    yield phone
    phone.close()


async def hears_only(party: TalkingParty, *tones: int, seconds: float = 0.5) -> None:
    """Returns once so many seconds on end hold each of these tones and nothing else to speak of."""
    party.heard_alaw.clear()
    everything = 0.95 if tones else 0.0
    shares: list[float] = []
    try:
        async with asyncio.timeout(20):
            while True:
                await party.hears_for(seconds, 20)
                lately = party.heard_lately(seconds)
                shares = [share(lately, hz) for hz in tones]
                if sum(shares) >= everything and all(each > 0.1 for each in shares):
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"of {tones} Hz it heard {shares}, {len(party.heard_alaw) / RATE_HZ:.1f} s in 20 s")


async def ring_supervisor(manager: Manager, phone: TalkingParty) -> str:
    """Rings the supervisor's phone as the service does; returns its channel."""
    await manager.act(
        "Originate", ChannelId=LEG, Channel=f"PJSIP/{OTHER_SEAT}", Context="hl-supervise", Exten="wait",
        Priority="1", Timeout="20000", Async="true",
    )  # fmt: skip
    await happens(phone.ringing)
    phone.answer()
    phone.talk()
    answered = await manager.event("OriginateResponse", Uniqueid=LEG)
    await manager.user_event("HotlineSupervising", Uniqueid=LEG, Doing="wait")
    return answered["Channel"]


async def send_to(manager: Manager, channel: str, doing: str, **variables: str) -> None:
    """Sends the phone there as the service does, and returns when it has come."""

    def arrivals() -> int:
        told = manager.user_events("HotlineSupervising")
        return sum((one["Uniqueid"], one["Doing"]) == (LEG, doing) for one in told)

    before = arrivals()
    for name, value in variables.items():
        await manager.act("Setvar", Channel=channel, Variable=name, Value=value)
    await manager.act("Redirect", Channel=channel, Context="hl-supervise", Exten=doing, Priority="1")
    await manager.message(lambda _: arrivals() > before)


async def test_listen_whisper_barge_and_take_over(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    caller: TalkingParty,
    supervisor: TalkingParty,
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        channel = await ring_supervisor(manager, supervisor)
        await send_to(manager, channel, "listen", HL_SPIED="offer-1")
        await hears_only(supervisor, agent.tone_hz, caller.tone_hz)
        await hears_only(agent, caller.tone_hz)
        await hears_only(caller, agent.tone_hz)
        await send_to(manager, channel, "whisper")
        await hears_only(agent, caller.tone_hz, supervisor.tone_hz)
        await hears_only(supervisor, agent.tone_hz, caller.tone_hz)
        await hears_only(caller, agent.tone_hz)
        await send_to(manager, channel, "barge", HL_CALL=queued["Call"])
        await hears_only(agent, caller.tone_hz, supervisor.tone_hz)
        await hears_only(supervisor, agent.tone_hz, caller.tone_hz)
        await hears_only(caller, agent.tone_hz, supervisor.tone_hz)
        await send_to(manager, channel, "listen")
        await hears_only(agent, caller.tone_hz)
        await hears_only(caller, agent.tone_hz)
        await hears_only(supervisor, agent.tone_hz, caller.tone_hz)
        await send_to(manager, channel, "take", HL_PEER=queued["Channel"])
        await happens(agent.ended)
        await hears_only(caller, supervisor.tone_hz)
        await hears_only(supervisor, caller.tone_hz, seconds=1.0)
        caller.hang_up()
        await happens(supervisor.ended)
        await manager.user_event("HotlineRecordingFinished", Uniqueid=LEG, Call=queued["Call"])
    taken_over = recorded(asterisk, f"{LEG}_r2")
    said, heard = taken_over[:, 0], taken_over[:, 1]
    assert share(said[RATE_HZ // 2 : -RATE_HZ // 2], supervisor.tone_hz) > 0.95
    assert share(heard[-RATE_HZ : -RATE_HZ // 5], caller.tone_hz) > 0.95


async def test_the_phone_waits_when_the_agents_leg_is_gone(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    caller: TalkingParty,
    supervisor: TalkingParty,
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        channel = await ring_supervisor(manager, supervisor)
        await send_to(manager, channel, "listen", HL_SPIED="offer-1")
        await hears_only(supervisor, agent.tone_hz, caller.tone_hz)
        agent.hang_up()
        await manager.event("Hangup", Uniqueid="offer-1")
        await manager.variable_becomes(channel, "HL_DOING", "wait")
        assert not supervisor.ended.is_set()
