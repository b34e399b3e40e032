"""What a caller hears at a limit of the queue, and a phone that is asked to answer by itself."""

from __future__ import annotations

import pytest

from cti.ami.encode import encode
from cti.calls.actions import Action, MoveToQueue, RingSeat, SendAway
from lab.asterisk import AsteriskProcess
from tests.support.dialplan import NUMBER, happens, reach_waiting
from tests.support.manager import Manager, heartbeat
from tests.support.small_site import SEAT
from tests.support.talking_party import TalkingParty


async def perform(manager: Manager, action: Action) -> None:
    """Sends what the service would send."""
    headers: dict[str, str | list[str]] = {
        name: value if isinstance(value, str) else list(value)
        for name, value in encode(action).headers.items()
        if name not in ("Action", "ActionID")
    }
    answer = await manager.act(str(encode(action).headers["Action"]), **headers)
    assert answer["Response"] == "Success", answer


@pytest.mark.parametrize(("prompt", "cause"), [("all-busy", "16"), (None, "17")])
async def test_a_caller_who_is_sent_away_hears_it_and_is_then_hung_up(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty, prompt: str | None, cause: str
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        caller.heard_alaw.clear()
        await perform(manager, SendAway("t", queued["Channel"], prompt))
        await manager.variable_becomes(queued["Channel"], "HL_PLACE", "diverted")
        await caller.hears_for(1)
        assert abs(caller.heard.astype(int)).max() > 1_000, "silence"
        ended = await manager.event("Hangup", Uniqueid=queued["Uniqueid"])
    assert ended["Cause"] == cause
    await happens(caller.ended)
    assert manager.user_events("HotlineFallback") == []


async def test_a_caller_who_is_moved_waits_on_in_the_other_queue(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        await perform(manager, MoveToQueue("t", queued["Channel"], "consumer"))
        assert await manager.variable(queued["Channel"], "HL_QUEUE") == "consumer"
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"


@pytest.mark.parametrize("auto_answer", [True, False])
async def test_a_phone_is_asked_to_answer_by_itself_when_the_queue_wants_it(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty, agent: TalkingParty, auto_answer: bool
) -> None:
    async with heartbeat(manager):
        queued = await reach_waiting(caller, manager)
        ring = RingSeat(
            "t", "offer-1", SEAT, queued["Call"], queued["Channel"], "general", NUMBER, 20.0, auto_answer
        )
        await perform(manager, ring)
        await happens(agent.ringing)
        expected = "<sip:hotline>;answer-after=0" if auto_answer else ""
        assert agent.invited_with("Call-Info") == expected
        assert agent.invited_with("Alert-Info") == ("info=alert-autoanswer" if auto_answer else "")
        agent.answer()
        await manager.event("BridgeEnter", Uniqueid="offer-1")
        await manager.event("BridgeEnter", Uniqueid=queued["Uniqueid"])
