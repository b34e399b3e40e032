"""Flows in the dialplan, with nothing but Asterisk: menu, hours, message, callback by key, announcements."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import secrets_for
from tests.support.dialplan import NUMBER, event_log, happens, logged, recorded
from tests.support.flow_site import CLOSED, MENU, TOLD, VOICEMAIL, flow_site
from tests.support.manager import Manager, Message, heartbeat
from tests.support.short_sounds import LONG
from tests.support.talking_party import TalkingParty
from tests.support.tones import RATE_HZ, share


@pytest.fixture
def asterisk(asterisk_root: Path, short_prompts: None, tmp_path: Path) -> Iterator[AsteriskProcess]:
    site = flow_site(tmp_path)
    process = AsteriskProcess(site, secrets_for(site), tmp_path / "asterisk")
    process.start()
    try:
        yield process
    finally:
        process.stop()


async def dial(caller: TalkingParty, hotline: str, number: str = NUMBER) -> None:
    caller.call(hotline, number)
    await happens(caller.up)
    caller.talk()


async def reads_keys(manager: Manager, channel: str, times: int = 1) -> None:
    """Returns once the prompt was begun so often at which a key may be pressed."""
    await manager.variable_becomes(channel, "HL_TRY", str(times))


async def arrived(manager: Manager) -> Message:
    return await manager.user_event("HotlineArrived")


# -- menu ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "choice", "queue", "priority", "language"),
    [
        ("1", "menu.law", "consumer", "7", ""),
        ("52", "menu.english", "general", "0", "-en"),
    ],
)
async def test_a_key_of_the_menu_chooses_queue_priority_and_language(
    manager: Manager, caller: TalkingParty, keys: str, choice: str, queue: str, priority: str, language: str
) -> None:
    await dial(caller, MENU)
    channel = (await arrived(manager))["Channel"]
    async with heartbeat(manager):
        for number, key in enumerate(keys, 1):
            await reads_keys(manager, channel, number)
            caller.press(key)
        chosen = await manager.user_event("HotlineChosen")
        queued = await manager.user_event("HotlineQueued")
    assert chosen["Choice"] == choice
    assert (queued["Queue"], queued["Priority"]) == (queue, priority)
    assert await manager.variable(channel, "HL_LANG") == language
    assert await manager.variable(channel, "HL_KEY") == ""


@pytest.mark.parametrize("keys", ["", "5#"])
async def test_who_presses_nothing_or_wrong_keys_gets_the_default_after_the_last_try(
    manager: Manager, caller: TalkingParty, keys: str
) -> None:
    await dial(caller, MENU)
    channel = (await arrived(manager))["Channel"]
    async with heartbeat(manager):
        for number, key in enumerate(keys, 1):
            await reads_keys(manager, channel, number)
            caller.press(key)
        chosen = await manager.user_event("HotlineChosen")
        queued = await manager.user_event("HotlineQueued")
    assert (chosen["Choice"], queued["Queue"]) == ("menu.back", "general")
    assert await manager.variable(channel, "HL_TRY") == "2"


# -- hours --------------------------------------------------------------------------------------------------


async def test_an_open_line_goes_to_its_queue(manager: Manager, caller: TalkingParty) -> None:
    async with heartbeat(manager):
        await dial(caller, TOLD)
        await manager.user_event("HotlineQueued")
    assert manager.user_events("HotlineClosed") == []


async def test_a_closed_line_takes_a_callback_for_another_number(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    await dial(caller, CLOSED, "anonymous")
    closed = await manager.user_event("HotlineClosed")
    await reads_keys(manager, closed["Channel"], 1)
    caller.press("02088887777#")
    await reads_keys(manager, closed["Channel"], 2)
    await manager.variable_becomes(closed["Channel"], "HL_NUMBER", "02088887777")
    caller.press("1")
    asked = await manager.user_event("HotlineCallback")
    assert (asked["Number"], asked["Queue"]) == ("02088887777", "general")
    assert float(asked["QueuedAt"]) > 0
    await happens(caller.ended)
    assert len(logged(asterisk, "HotlineCallback")) == 1


async def test_a_closed_line_records_a_message_until_the_hash_key(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    await dial(caller, VOICEMAIL)
    began = await manager.user_event("HotlineVoicemail")
    await seconds_recorded(asterisk, began["Uniqueid"], 2.0)
    caller.press("#")
    await manager.user_event("HotlineVoicemailEnded", within_s=5.0)
    await happens(caller.ended)
    said = recorded(asterisk, began["Uniqueid"])[:, 0]
    assert share(said[RATE_HZ // 2 : round(1.8 * RATE_HZ)], caller.tone_hz) > 0.95


async def test_a_message_ends_with_the_call(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    await dial(caller, VOICEMAIL)
    began = await manager.user_event("HotlineVoicemail")
    await seconds_recorded(asterisk, began["Uniqueid"], 1.0)
    caller.hang_up()
    await manager.event("Hangup", Uniqueid=began["Uniqueid"])
    said = recorded(asterisk, began["Uniqueid"])[:, 0]
    assert np.abs(said[: RATE_HZ // 2].astype(int)).max() > 1000


async def seconds_recorded(asterisk: AsteriskProcess, leg: str, seconds: float) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                if len(recorded(asterisk, leg)) >= seconds * RATE_HZ:
                    return
            except FileNotFoundError:
                pass
            await asyncio.sleep(0.05)


# -- while waiting ------------------------------------------------------------------------------------------


async def test_a_waiting_caller_takes_a_callback_by_key_and_keeps_the_place(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        await dial(caller, "12345")
        queued = await manager.user_event("HotlineQueued")
        channel = queued["Channel"]
        caller.press("1")
        await manager.variable_becomes(channel, "HL_NUMBER", NUMBER)
        caller.press("1")
        asked = await manager.user_event("HotlineCallback")
    assert asked["Number"] == NUMBER
    assert asked["QueuedAt"] == queued["QueuedAt"]
    await happens(caller.ended)


async def test_who_takes_no_callback_after_all_waits_on_to_music(
    manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        await dial(caller, "12345")
        queued = await manager.user_event("HotlineQueued")
        caller.press("1")
        await manager.variable_becomes(queued["Channel"], "HL_NUMBER", NUMBER)
        caller.press("3")
        await manager.variable_becomes(queued["Channel"], "HL_NUMBER", "")
        caller.heard_alaw.clear()
        await caller.hears_for(3)
        assert np.abs(caller.heard.astype(int)).max() > 500
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
    assert manager.user_events("HotlineCallback") == []


async def test_the_service_can_have_callback_offered_and_the_place_told(
    manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        await dial(caller, TOLD)
        queued = await manager.user_event("HotlineQueued")
        channel = queued["Channel"]
        await manager.act("Setvar", Channel=channel, Variable="HL_SAY", Value="position-3&wait-5")
        await manager.variable_becomes(channel, "HL_SAID", "wait-5")
        await manager.variable_becomes(channel, "HL_SAID", "")
        await manager.act("Setvar", Channel=channel, Variable="HL_OFFER", Value="1")
        await manager.variable_becomes(channel, "HL_OFFER", "")
        await manager.variable_becomes(channel, "HL_TEXT", "0")
        assert await manager.variable(channel, "HL_PLACE") == "waiting"


async def test_the_key_leads_to_the_callback_from_a_text_and_another_key_only_ends_it(
    manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        await dial(caller, TOLD)
        channel = (await manager.user_event("HotlineQueued"))["Channel"]
        await manager.variable_becomes(channel, "HL_TEXT", "0")
        due = await manager.variable(channel, "HL_TEXT_AT")
        caller.press("7")
        while await manager.variable(channel, "HL_TEXT_AT") == due:  # noqa: ASYNC110 - it waits for Asterisk
            await asyncio.sleep(0.05)
        assert await manager.variable(channel, "HL_NUMBER") == ""

        # The next text is due now.
        await manager.act("Setvar", Channel=channel, Variable="HL_TEXT", Value="")
        await manager.act("Setvar", Channel=channel, Variable="HL_TEXT_AT", Value="1")
        await manager.variable_becomes(channel, "HL_TEXT", "0")
        caller.press("1")
        await manager.variable_becomes(channel, "HL_NUMBER", NUMBER)
        caller.press("1")
        assert (await manager.user_event("HotlineCallback"))["Number"] == NUMBER
    await happens(caller.ended)


async def test_the_key_leads_to_the_callback_while_place_and_wait_are_told(
    manager: Manager, caller: TalkingParty
) -> None:
    async with heartbeat(manager):
        await dial(caller, TOLD)
        channel = (await manager.user_event("HotlineQueued"))["Channel"]
        say = "&".join(["position-1", LONG, "wait-1", LONG])
        await manager.act("Setvar", Channel=channel, Variable="HL_SAY", Value=say)
        await manager.variable_becomes(channel, "HL_SAID", f"{LONG}&wait-1&{LONG}")
        caller.press("1")
        await manager.variable_becomes(channel, "HL_NUMBER", NUMBER)
        assert await manager.variable(channel, "HL_SAID") == ""
        caller.press("1")
        await manager.user_event("HotlineCallback")
    await happens(caller.ended)


async def test_no_key_is_in_any_log_of_asterisk(
    asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty
) -> None:
    await dial(caller, MENU)
    channel = (await arrived(manager))["Channel"]
    await reads_keys(manager, channel, 1)
    caller.press("1")
    await manager.user_event("HotlineChosen")
    caller.hang_up()
    await manager.event("Hangup")
    assert all(row.exten in ("s", MENU) for row in event_log(asterisk))
    for line in manager.raw:
        assert "DTMF" not in line
