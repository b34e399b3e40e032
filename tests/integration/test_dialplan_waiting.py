"""Who routes a waiting caller: the service while its heartbeat is fresh, otherwise the plain queue."""

from __future__ import annotations

import time

import pytest

from lab.asterisk import AsteriskProcess
from tests.support.dialplan import HOTLINE, NUMBER, happens, logged, reach_waiting, recorded
from tests.support.manager import Manager, heartbeat, manager_of
from tests.support.talking_party import TalkingParty
from tests.support.tones import RATE_HZ, share

QUEUES = {"12345": ("general", "0"), "12315": ("consumer", "5")}


@pytest.mark.parametrize("hotline", QUEUES)
async def test_a_call_is_announced_with_its_hotline_and_queued_with_its_queue(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty, hotline: str
) -> None:
    before = time.time()
    async with heartbeat(manager):
        caller.call(hotline, NUMBER)
        arrived = await manager.user_event("HotlineArrived")
        queued = await manager.user_event("HotlineQueued")
    call = arrived["Uniqueid"]
    assert (arrived["Call"], arrived["Hotline"], arrived["Dialled"]) == (call, hotline, hotline)
    assert arrived["Number"] == NUMBER
    assert (queued["Call"], queued["Queue"]) == (call, QUEUES[hotline][0])
    assert queued["Priority"] == QUEUES[hotline][1]
    assert before < float(queued["QueuedAt"]) < time.time()
    assert "." in queued["QueuedAt"], "a fraction of a second"
    caller.hang_up()
    await manager.event("Hangup", Uniqueid=call)
    assert (
        f"Call={call}&Hotline={hotline}&Number={NUMBER}&Dialled={hotline}"
        in logged(asterisk, "HotlineArrived")[0]
    )
    extra = f"Call={call}&Queue={queued['Queue']}&Priority={queued['Priority']}&QueuedAt={queued['QueuedAt']}"
    assert extra in logged(asterisk, "HotlineQueued")[0]


async def test_when_a_caller_queued_is_right_on_a_machine_that_is_not_on_utc(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    asterisk.restart()
    async with manager_of(asterisk) as service, heartbeat(service):
        before = time.time()
        queued = await reach_waiting(caller, service)
        assert before < float(queued["QueuedAt"]) < time.time()


async def test_a_waiting_caller_hears_music_without_a_gap(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        await reach_waiting(caller, manager)
        caller.heard_alaw.clear()
        seconds = 4
        await caller.hears_for(seconds)
    turns = caller.heard[: seconds * RATE_HZ].reshape(-1, RATE_HZ // 4).astype(float)
    assert ((turns**2).mean(axis=1) > 100**2).all(), "a quarter of a second was silent"


async def test_a_caller_waits_on_while_the_heartbeat_is_fresh(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        caller.heard_alaw.clear()
        await caller.hears_for(6)
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
    assert manager.user_events("HotlineFallback") == []


async def test_a_caller_who_arrives_without_a_heartbeat_falls_back_at_once(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    caller.call(HOTLINE, NUMBER)
    queued = await manager.user_event("HotlineQueued")
    fallen = await manager.user_event("HotlineFallback", within_s=1.0)
    assert fallen["Call"] == queued["Call"]


async def test_a_caller_falls_back_within_eight_seconds_when_the_heartbeat_stops(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    """Older than 4 s at three turns of 1 s in a row, and whole seconds are compared."""
    await manager.beat()
    queued = await reach_waiting(caller, manager)
    await manager.beat()
    last_beat = time.time()
    await manager.user_event("HotlineFallback", Call=queued["Call"])
    assert 6 < time.time() - last_beat < 12


async def test_a_service_that_comes_back_in_time_keeps_its_callers(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    await manager.act("Setvar", Variable="HL_BEAT", Value=str(int(time.time()) - 3))
    queued = await reach_waiting(caller, manager)
    await manager.variable_becomes(queued["Channel"], "HL_STALE", "1")
    async with heartbeat(manager):
        caller.heard_alaw.clear()
        await caller.hears_for(4)
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
    assert manager.user_events("HotlineFallback") == []


async def test_a_seat_answers_and_records_a_caller_who_fell_back(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    await reach_waiting(caller, manager)
    fallen = await manager.user_event("HotlineFallback")
    await happens(agent.ringing)
    agent.answer()
    agent.talk()
    await agent.hears(caller.tone_hz)
    await caller.hears(agent.tone_hz, 2.0)
    started = await manager.user_event("HotlineRecordingStarted")
    leg = started["Uniqueid"]
    assert (started["Call"], started["AccountCode"]) == (fallen["Call"], fallen["Call"])
    assert started["Channel"].startswith("PJSIP/s01-")
    agent.hang_up()
    await manager.user_event("HotlineRecordingFinished", Uniqueid=leg, Call=fallen["Call"])
    middle = recorded(asterisk, leg)[RATE_HZ // 2 : round(1.7 * RATE_HZ)]
    assert share(middle[:, 0], agent.tone_hz) > 0.95
    assert share(middle[:, 1], caller.tone_hz) > 0.95
    await happens(caller.ended)
    assert (await manager.event("Hangup", Uniqueid=fallen["Call"]))["Context"] == "hl-after"


async def test_the_fallback_queue_skips_a_paused_seat(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    await manager.act("QueuePause", Interface="PJSIP/s01", Paused="true")
    await reach_waiting(caller, manager)
    await manager.user_event("HotlineFallback")
    caller.heard_alaw.clear()
    await caller.hears_for(3)
    assert not agent.ringing.is_set()
    await manager.act("QueuePause", Interface="PJSIP/s01", Paused="false")
    await happens(agent.ringing)


async def test_the_service_takes_a_caller_out_of_the_fallback_queue_with_its_place(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    queued = await reach_waiting(caller, manager)
    await manager.user_event("HotlineFallback")
    await happens(agent.ringing)
    async with heartbeat(manager):
        manager.messages.clear()
        await manager.act(
            "Redirect", Channel=queued["Channel"], Context="hl-waiting", Exten="s", Priority="1"
        )
        await happens(agent.ended)
        again = await manager.user_event("HotlineQueued")
        assert (again["Call"], again["QueuedAt"]) == (queued["Call"], queued["QueuedAt"])
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
    assert manager.user_events("HotlineFallback") == []


async def test_callers_stay_in_the_fallback_queue_when_no_phone_is_registered(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    await reach_waiting(caller, manager)
    fallen = await manager.user_event("HotlineFallback")
    caller.heard_alaw.clear()
    await caller.hears_for(4)
    assert await manager.variable(fallen["Channel"], "HL_PLACE") == "fallback"
    assert not caller.ended.is_set()
