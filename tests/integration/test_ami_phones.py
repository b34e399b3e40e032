"""The manager interface's user who asks phones to answer, on a real Asterisk: what it may, and may not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cti.ami.needs import PHONES_USER, PHONES_USER_LINES
from lab.asterisk import AsteriskProcess
from tests.support.desk_phone import DeskPhone
from tests.support.dialplan import happens
from tests.support.manager import Manager, manager_of
from tests.support.small_site import SEAT

STARTS_A_PROGRAM = {"Channel": "Local/s@hl-busy", "Application": "System", "Data": "true"}


async def refused(manager: Manager, action: str, **headers: str) -> str:
    answer = await manager.ask(action, **headers)
    assert answer["Response"] == "Error"
    return answer["Message"]


async def test_it_may_ask_a_phone_to_answer_and_the_service_itself_may_not(
    asterisk: AsteriskProcess, manager: Manager
) -> None:
    asked = {"Channel": "PJSIP/s01-00000000", "Variable": "Event=talk"}
    async with manager_of(asterisk, PHONES_USER) as phones:
        assert "not found" in (await refused(phones, "PJSIPNotify", **asked)).lower()
    assert await refused(manager, "PJSIPNotify", **asked) == "Permission denied"


@pytest.fixture
async def phone(asterisk: AsteriskProcess) -> AsyncIterator[DeskPhone]:
    at = asterisk.site.asterisk
    password = asterisk.secrets.seats[SEAT].get_secret_value()
    registered = DeskPhone(SEAT, (at.sip_bind, at.sip_port), password)
    await registered.open()
    await registered.register()
    yield registered
    registered.close()


async def rings(manager: Manager, phone: DeskPhone, leg: str) -> str:
    """The channel that rings at the phone."""
    where = {"Channel": f"PJSIP/{SEAT}", "Context": "hl-busy", "Exten": "s", "Priority": "1"}
    await manager.act("Originate", ChannelId=leg, Timeout="20000", Async="true", **where)
    await happens(phone.ringing)
    return (await manager.event("Newstate", ChannelStateDesc="Ringing", Uniqueid=leg))["Channel"]


async def test_a_phone_is_told_in_the_dialog_that_rings_and_answers(
    asterisk: AsteriskProcess, manager: Manager, phone: DeskPhone
) -> None:
    channel = await rings(manager, phone, "told")
    async with manager_of(asterisk, PHONES_USER) as phones:
        await phones.act("PJSIPNotify", Channel=channel, Variable="Event=talk")
    await manager.event("Newstate", ChannelStateDesc="Up", Uniqueid="told")
    [notify] = phone.told_to_talk
    assert (notify.get("Call-ID"), notify.get("To")) == (phone.invitation.get("Call-ID"), phone.local)
    await manager.act("Hangup", Channel=channel)
    await happens(phone.ended)


async def test_of_a_phone_that_answers_481_asterisk_ends_the_call(
    asterisk: AsteriskProcess, manager: Manager, phone: DeskPhone
) -> None:
    """Why only phones that are known to take the event are told."""
    phone.answers_talk = "481 Subscription Does Not Exist"
    channel = await rings(manager, phone, "lost")
    async with manager_of(asterisk, PHONES_USER) as phones:
        await phones.act("PJSIPNotify", Channel=channel, Variable="Event=talk")
    await happens(phone.ended)
    assert not phone.up.is_set()


@pytest.mark.parametrize("who", ["", PHONES_USER])
async def test_neither_of_them_can_have_a_program_run(asterisk: AsteriskProcess, who: str) -> None:
    async with manager_of(asterisk, who) as manager:
        assert await refused(manager, "Command", Command="core show version") == "Permission denied"
        assert await refused(manager, "Originate", **STARTS_A_PROGRAM)
        assert await manager.ask("Ping")


async def test_it_begins_and_steers_no_call_and_hears_of_nothing(
    asterisk: AsteriskProcess, manager: Manager, phone: DeskPhone
) -> None:
    async with manager_of(asterisk, PHONES_USER) as phones:
        channel = await rings(manager, phone, "untouched")
        for action in ("Redirect", "Setvar", "Getvar", "Originate"):
            said = await refused(phones, action, Channel=channel, Variable="HL_CALL", Value="1")
            assert said == "Permission denied"
        await manager.act("Hangup", Channel=channel)
        await manager.event("Hangup", Channel=channel)
        await phones.ask("Ping")
        assert [message["Event"] for message in phones.messages if "Event" in message] == []


def test_asterisk_is_configured_as_the_service_needs_it(asterisk: AsteriskProcess) -> None:
    written = (asterisk.log.parents[1] / "etc" / "manager.conf").read_text()
    section = written.partition(f"[{asterisk.site.asterisk.ami_user}{PHONES_USER}]\n")[2]
    assert set(PHONES_USER_LINES.splitlines()) <= set(section.splitlines())
