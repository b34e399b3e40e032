"""A seat's leg that the service originates: it is connected with its caller and recorded."""

from __future__ import annotations

from lab.asterisk import AsteriskProcess
from tests.support.dialplan import (
    NUMBER,
    connect,
    happens,
    logged,
    reach_waiting,
    recorded,
    recording_file,
    ring_seat,
)
from tests.support.manager import Manager, heartbeat
from tests.support.talking_party import TalkingParty
from tests.support.tones import RATE_HZ, share

TALK_S = 2.0


async def test_agent_and_caller_hear_each_other_without_the_music(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        await caller.hears(agent.tone_hz)
        await agent.hears(caller.tone_hz)


async def test_the_recording_holds_both_parties_apart_at_8_khz(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        await caller.hears(agent.tone_hz, TALK_S)
        agent.hang_up()
        await manager.user_event("HotlineRecordingFinished", Uniqueid="offer-1", Call=queued["Call"])
        samples = recorded(asterisk, "offer-1")
    said, heard = samples[:, 0], samples[:, 1]
    middle = slice(RATE_HZ // 2, round((TALK_S - 0.2) * RATE_HZ))
    assert share(said[middle], agent.tone_hz) > 0.95
    assert share(heard[middle], caller.tone_hz) > 0.95
    assert share(said[middle], caller.tone_hz) < 0.01
    assert share(heard[middle], agent.tone_hz) < 0.01


async def test_recording_events_are_on_the_seats_leg_live_and_in_the_event_log(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        started = await manager.user_event("HotlineRecordingStarted")
        agent.hang_up()
        finished = await manager.user_event("HotlineRecordingFinished")
        await manager.event("Hangup", Uniqueid="offer-1")
    for event in (started, finished):
        assert (event["Uniqueid"], event["AccountCode"]) == ("offer-1", queued["Call"])
    for name in ("HotlineRecordingStarted", "HotlineRecordingFinished"):
        assert [extra for extra in logged(asterisk, name) if f"Call={queued['Call']}&" in extra]


async def test_the_caller_hears_a_farewell_when_the_agent_hangs_up_first(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        await caller.hears(agent.tone_hz)
        agent.hang_up()
        left = await manager.event("BridgeLeave", Uniqueid=queued["Uniqueid"])
        await manager.variable_becomes(left["Channel"], "HL_PLACE", "after")
        caller.heard_alaw.clear()
        await happens(caller.ended)
    assert len(caller.heard) > RATE_HZ, "a prompt of more than a second"
    hangup = await manager.event("Hangup", Uniqueid=queued["Uniqueid"])
    assert hangup["Cause"] == "16"


async def test_the_seats_leg_ends_with_its_caller(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await connect(agent, manager, queued)
        caller.hang_up()
        await happens(agent.ended)
        await manager.event("Hangup", Uniqueid="offer-1")


async def test_a_seat_that_answers_when_its_caller_is_gone_is_hung_up_unrecorded(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await ring_seat(manager, queued)
        await happens(agent.ringing)
        # As when the answer crosses: the ringing is not stopped.
        await manager.act("Setvar", Channel=queued["Channel"], Variable="SHARED(HL_RINGS)", Value="")
        caller.hang_up()
        await manager.event("Hangup", Uniqueid=queued["Uniqueid"])
        agent.answer()
        await happens(agent.ended)
        hangup = await manager.event("Hangup", Uniqueid="offer-1")
    assert hangup["Cause"] == "16"
    assert not recording_file(asterisk, "offer-1").exists()
    assert manager.user_events("HotlineRecordingStarted") == []


async def test_a_caller_goes_on_waiting_while_a_seat_rings_in_vain(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await ring_seat(manager, queued)
        await happens(agent.ringing)
        agent.reject()
        await manager.event("Hangup", Uniqueid="offer-1")
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
        assert not caller.ended.is_set()


async def test_every_leg_of_the_call_carries_its_id(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        assert queued["Call"] == queued["Uniqueid"]
        await connect(agent, manager, queued)
        joined = [await manager.event("BridgeEnter", Uniqueid=leg) for leg in ("offer-1", queued["Call"])]
        assert {leg["AccountCode"] for leg in joined} == {queued["Call"]}
        assert await manager.variable(queued["Channel"], "HL_CALL") == queued["Call"]
    assert queued["CallerIDNum"] == NUMBER
