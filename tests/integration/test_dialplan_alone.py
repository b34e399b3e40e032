"""What the dialplan does while no service lives: no phone rings for nobody, and callers keep their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from lab.asterisk import AsteriskProcess
from tests.integration.conftest import CALLER_HZ
from tests.support.dialplan import HOTLINE, happens, reach_waiting, ring_seat
from tests.support.manager import Manager, heartbeat
from tests.support.talking_party import TalkingParty

LATER = "13800002222"


@pytest.fixture
async def later(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """A second citizen, who calls after the first."""
    at = asterisk.site.asterisk
    citizen = TalkingParty("later", (at.sip_bind, at.sip_port), tone_hz=CALLER_HZ + 100)
    await citizen.open()
    yield citizen
    citizen.close()


async def test_a_phone_stops_ringing_when_its_caller_hangs_up(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await ring_seat(manager, queued)
        await happens(agent.ringing)
        caller.hang_up()
        await happens(agent.ended, within_s=5.0)
        await manager.event("Hangup", Uniqueid="offer-1")
        names = [m["UserEvent"] if "UserEvent" in m else m.get("Uniqueid") for m in manager.messages]
        assert names.index("HotlineLeft") < max(i for i, name in enumerate(names) if name == "offer-1")
        left = await manager.user_event("HotlineLeft")
        assert (left["Call"], left["Uniqueid"]) == (queued["Call"], queued["Uniqueid"])


async def test_another_call_at_the_seat_goes_on_when_a_caller_hangs_up(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    caller: TalkingParty,
    later: TalkingParty,
) -> None:
    async with heartbeat(manager):
        first = await reach_waiting(caller, manager)
        later.call(HOTLINE, LATER)
        second = await manager.message(
            lambda m: m.get("UserEvent") == "HotlineQueued" and m["Call"] != first["Call"]
        )
        await ring_seat(manager, second, leg="offer-2")
        await happens(agent.ringing)
        # The first caller was offered here before; the seat rings for somebody else now.
        await manager.act("Setvar", Channel=first["Channel"], Variable="SHARED(HL_RINGS)", Value="s01")
        caller.hang_up()
        await manager.event("Hangup", Uniqueid=first["Uniqueid"])
        agent.answer()
        await manager.event("BridgeEnter", Uniqueid="offer-2")
        await manager.event("BridgeEnter", Uniqueid=second["Uniqueid"])


async def test_the_phone_that_the_service_let_ring_stops_when_its_caller_falls_back(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    await manager.act("QueuePause", Interface="PJSIP/s01", Paused="true")
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await ring_seat(manager, queued)
        await happens(agent.ringing)
    await happens(agent.ended)
    await manager.event("Hangup", Uniqueid="offer-1")
    assert manager.user_events("HotlineFallback")
    assert not caller.ended.is_set()


async def test_an_agent_who_answers_for_a_caller_that_the_plain_queue_serves_gets_nobody(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await ring_seat(manager, queued)
        await happens(agent.ringing)
        await manager.act("Setvar", Channel=queued["Channel"], Variable="HL_PLACE", Value="fallback")
        agent.answer()
        await happens(agent.ended)
        assert not caller.ended.is_set()


async def test_the_plain_queue_serves_whoever_queued_first_and_not_who_fell_back_first(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    caller: TalkingParty,
    later: TalkingParty,
) -> None:
    await manager.act("QueuePause", Interface="PJSIP/s01", Paused="true")
    async with heartbeat(manager):
        first = await reach_waiting(caller, manager)
        await asyncio.sleep(1.1)  # the order is kept by whole seconds
        later.call(HOTLINE, LATER)
        second = await manager.message(
            lambda m: m.get("UserEvent") == "HotlineQueued" and m["Call"] != first["Call"]
        )
        for fallen, place in ((second, 1), (first, 2)):
            await manager.act(
                "Redirect", Channel=fallen["Channel"], Context="hl-fallback", Exten="s", Priority="1"
            )
            await in_queue(asterisk, place)
        await manager.act("QueuePause", Interface="PJSIP/s01", Paused="false")
        await happens(agent.ringing)
        assert first["CallerIDNum"] in agent.invitation.get("From")


async def test_all_fall_back_at_the_same_moment_the_longest_waiting_first(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    caller: TalkingParty,
    later: TalkingParty,
) -> None:
    await manager.act("QueuePause", Interface="PJSIP/s01", Paused="true")
    async with heartbeat(manager):
        first = await reach_waiting(caller, manager)
        later.call(HOTLINE, LATER)
        second = await manager.message(
            lambda m: m.get("UserEvent") == "HotlineQueued" and m["Call"] != first["Call"]
        )
    await manager.act("QueuePause", Interface="PJSIP/s01", Paused="false")
    await happens(agent.ringing)
    fallen = [event["Call"] for event in manager.user_events("HotlineFallback")]
    assert sorted(fallen) == sorted([first["Call"], second["Call"]])
    assert first["CallerIDNum"] in agent.invitation.get("From")


async def in_queue(asterisk: AsteriskProcess, count: int) -> None:
    async with asyncio.timeout(20):
        shown = ""
        while f"has {count} calls" not in shown:
            await asyncio.sleep(0.1)
            shown = await asyncio.to_thread(asterisk.console, "queue show hotline-fallback")
