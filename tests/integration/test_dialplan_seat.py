"""What agents dial: feature codes, which the service answers, and numbers outside."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.ami.encode import encode
from cti.calls.actions import DialFromSeat
from lab.asterisk import AsteriskProcess
from tests.support.dialplan import happens, logged, recorded, recording_file
from tests.support.manager import Manager, heartbeat
from tests.support.small_site import SEAT
from tests.support.talking_party import TalkingParty
from tests.support.tones import RATE_HZ, share

OUTSIDE = "13900002222"

FEATURES = {
    "*12": ("logout", ""),
    "*13": ("ready", ""),
    "*141": ("not_ready", "1"),
}


@pytest.fixture
async def outsider(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """Whoever is called through the trunk: it is where the carrier's SIP peer would be."""
    at, trunk = asterisk.site.asterisk, asterisk.site.trunk
    party = TalkingParty("outsider", (at.sip_bind, at.sip_port), local_port=trunk.port, tone_hz=800)
    await party.open()
    yield party
    party.close()


@pytest.mark.parametrize(("dialled", "result"), [*((code, "ok") for code in FEATURES), ("*12", "refused")])
async def test_a_feature_code_is_told_to_the_service_and_answered_with_a_prompt(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, dialled: str, result: str
) -> None:
    feature, argument = FEATURES[dialled]
    agent.call(dialled, SEAT)
    told = await manager.user_event("HotlineFeature")
    assert (told["Seat"], told["Feature"], told["Argument"]) == (SEAT, feature, argument)
    agent.heard_alaw.clear()
    await manager.act("Setvar", Channel=told["Channel"], Variable="HL_FEATURE_RESULT", Value=result)
    await happens(agent.ended)
    assert agent.heard.size > RATE_HZ // 2, "a prompt of more than half a second"
    assert f"Seat={SEAT}&Feature={feature}&Argument={argument}" in logged(asterisk, "HotlineFeature")[0]


PIN = "48291357"
"""As long as may be, so that it stands in no time and no id by chance."""


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("dialled", "number"), [("*111001", "1001"), ("*1110010001", "10010001")])
async def test_a_log_in_asks_for_the_pin_and_leaves_it_on_the_channel_for_the_service_alone(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, dialled: str, number: str
) -> None:
    digits = asterisk.site.login.pin_digits
    async with heartbeat(manager):
        agent.call(dialled, SEAT)
        await happens(agent.up)
        agent.talk()
        agent.press(PIN[:digits])
        told = await manager.user_event("HotlineFeature")
        assert (told["Seat"], told["Feature"], told["Argument"]) == (SEAT, "login", number)
        # Nothing that Asterisk says by itself has the PIN, though this is all that the service is told.
        assert not any(PIN[:digits] in line for line in manager.raw)
        assert await manager.variable(told["Channel"], "HL_PIN") == PIN[:digits]
        await manager.act("Setvar", Channel=told["Channel"], Variable="HL_FEATURE_RESULT", Value="locked")
        agent.heard_alaw.clear()
        await happens(agent.ended)
    assert agent.heard.size > RATE_HZ // 2, "a prompt of more than half a second"
    kept = [asterisk.log, *files_below(asterisk.site.asterisk.spool)]
    assert {"messages.log", "hotline.csv"} <= {file.name for file in kept}
    assert not any(PIN[:digits].encode() in file.read_bytes() for file in kept)


async def test_nobody_is_asked_for_a_pin_that_nobody_would_look_at(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty
) -> None:
    agent.call("*111001", SEAT)
    await happens(agent.up)
    await happens(agent.ended)
    assert agent.heard.size > RATE_HZ
    assert manager.user_events("HotlineFeature") == []


async def test_a_pin_does_not_stay_on_the_channel_when_the_service_does_not_answer(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty
) -> None:
    async with heartbeat(manager):
        agent.call("*111001", SEAT)
        await happens(agent.up)
        agent.talk()
        agent.press(PIN[: asterisk.site.login.pin_digits])
        told = await manager.user_event("HotlineFeature")
        await manager.variable_becomes(told["Channel"], "HL_PIN", "")
        await happens(agent.ended)


async def test_a_feature_code_that_nobody_answers_ends_with_a_prompt_after_three_seconds(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty
) -> None:
    agent.call("*13", SEAT)
    await manager.user_event("HotlineFeature")
    await happens(agent.ended)
    assert agent.heard.size > RATE_HZ


@pytest.mark.parametrize("dialled", ["99", "*119"])
async def test_a_number_that_cannot_be_dialled_gets_a_prompt_and_ends(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, outsider: TalkingParty, dialled: str
) -> None:
    agent.call(dialled, SEAT)
    await happens(agent.up)
    await happens(agent.ended)
    assert agent.heard.size > RATE_HZ
    assert not outsider.ringing.is_set()
    assert manager.user_events("HotlineDialled") == []


async def test_an_agent_calls_out_with_the_hotlines_number_and_both_are_recorded(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, outsider: TalkingParty
) -> None:
    agent.call(OUTSIDE, SEAT)
    await happens(outsider.ringing)
    dialled = await manager.user_event("HotlineDialled")
    leg = dialled["Uniqueid"]
    assert (dialled["Call"], dialled["Seat"], dialled["Number"]) == (leg, SEAT, OUTSIDE)
    invite = outsider.invitation
    assert f"sip:{OUTSIDE}@" in invite.start
    assert "sip:12345@" in invite.get("From")
    assert SEAT not in invite.get("From")
    outsider.answer()
    outsider.talk()
    agent.talk()
    await agent.hears(outsider.tone_hz, 2.0)
    agent.hang_up()
    await manager.user_event("HotlineRecordingFinished", Uniqueid=leg, Call=leg)
    await happens(outsider.ended)
    middle = recorded(asterisk, leg)[RATE_HZ // 2 : round(1.7 * RATE_HZ)]
    assert share(middle[:, 0], agent.tone_hz) > 0.95
    assert share(middle[:, 1], outsider.tone_hz) > 0.95
    assert f"Call={leg}&Seat={SEAT}&Number={OUTSIDE}" in logged(asterisk, "HotlineDialled")[0]


async def test_every_leg_of_a_call_out_carries_its_id(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, outsider: TalkingParty
) -> None:
    agent.call(f"+86{OUTSIDE}", SEAT)
    await happens(outsider.ringing)
    dialled = await manager.user_event("HotlineDialled")
    assert dialled["Number"] == f"+86{OUTSIDE}"
    outsider.answer()
    ours = await manager.event("BridgeEnter", Uniqueid=dialled["Call"])
    theirs = await manager.message(
        lambda m: m.get("Event") == "BridgeEnter" and m["Channel"].startswith("PJSIP/trunk-")
    )
    assert (ours["AccountCode"], theirs["AccountCode"]) == (dialled["Call"], dialled["Call"])
    assert await manager.variable(theirs["Channel"], "HL_CALL") == dialled["Call"]


@pytest.mark.parametrize(("status", "cause"), [("486 Busy Here", "17"), ("404 Not Found", "1")])
async def test_a_call_out_that_fails_ends_with_the_cause_and_nothing_recorded(
    asterisk: AsteriskProcess,
    manager: Manager,
    agent: TalkingParty,
    outsider: TalkingParty,
    status: str,
    cause: str,
) -> None:
    agent.call(OUTSIDE, SEAT)
    await happens(outsider.ringing)
    outsider.reject(status)
    await happens(agent.ended)
    dialled = await manager.user_event("HotlineDialled")
    hangup = await manager.event("Hangup", Uniqueid=dialled["Call"])
    assert hangup["Cause"] == cause
    recording = recording_file(asterisk, dialled["Call"])
    assert not recording.exists() or recording.stat().st_size == 0


CALLED_BACK = "cb-1-o1"
"""The seat's leg that dials for a callback."""


async def answers_a_callback(manager: Manager, agent: TalkingParty, until: float) -> None:
    """The phone that rings for a callback, for which nobody may be dialled from `until` on, is answered."""
    dial = DialFromSeat("c", CALLED_BACK, SEAT, OUTSIDE, 20.0, "cb-1", until=until)
    headers = dict(encode(dial).headers)
    name = str(headers.pop("Action"))
    del headers["ActionID"]
    given = {key: value if isinstance(value, str) else list(value) for key, value in headers.items()}
    await manager.act(name, **given)
    await happens(agent.ringing)
    agent.answer()
    agent.talk()


async def test_a_seat_that_answers_a_callback_in_time_dials(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, outsider: TalkingParty
) -> None:
    await answers_a_callback(manager, agent, time.time() + 60.0)
    await happens(outsider.ringing)
    outsider.answer()
    outsider.talk()
    await agent.hears(outsider.tone_hz)


async def test_a_seat_that_answers_a_callback_too_late_dials_nobody(
    asterisk: AsteriskProcess, manager: Manager, agent: TalkingParty, outsider: TalkingParty
) -> None:
    """As the hours for dialling ended while the phone rang; the service may be away, so that it rings on."""
    await answers_a_callback(manager, agent, time.time() - 1.0)
    told = await manager.user_event("HotlineDialEnded")
    assert (told["Call"], told["Status"]) == (CALLED_BACK, "TOOLATE")
    await happens(agent.ended)
    assert not outsider.ringing.is_set()
    assert "Status=TOOLATE" in logged(asterisk, "HotlineDialEnded")[0]
    assert not recording_file(asterisk, CALLED_BACK).exists()
