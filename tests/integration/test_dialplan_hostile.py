"""Nothing that a caller can send comes further than the SIP stack, but digits and a plus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import secrets_for
from tests.support.dialplan import HOTLINE, event_log, happens
from tests.support.flow_site import CLOSED, MENU, flow_site
from tests.support.hostile_caller import HostileCaller
from tests.support.manager import Manager, heartbeat
from tests.support.small_site import SEAT
from tests.support.until import until

NEW_LINE = "%0d%0a"
FORGED = (
    f"{NEW_LINE}{NEW_LINE}Event%3a%20UserEvent{NEW_LINE}UserEvent%3a%20HotlineFeature{NEW_LINE}Seat%3a%20s01"
)
MARK = "pwned"

NUMBERS = {
    "plain": ("<sip:13800001111@host>", "13800001111"),
    "international": ("<sip:+8613800001111@host>", "+8613800001111"),
    "tel": ("<tel:+8613800001111>", "+8613800001111"),
    "user parameters": ("<sip:13800001111;phone-context=+86;npdi@host:5070;user=phone>", "13800001111"),
    "no brackets": ("sip:13800001111@host", "13800001111"),
    "secure": ("<sips:13800001111@host>", "13800001111"),
    "anonymous": ('"Anonymous" <sip:anonymous@anonymous.invalid>', ""),
    "no user": ("<sip:198.51.100.7>", ""),
    "new lines": (f"<sip:1380{FORGED}@host>", "1380"),
    "new line in the name": (f'"{NEW_LINE}{MARK}" <sip:1380@host>', "1380"),
    "separators": ("<sip:1380%2c" + MARK + ",5&6=7@host>", "1380567"),
    "pipes": ("<sip:1380%7c" + MARK + "%7c@host>", "1380"),
    "expressions": (f"<sip:%24%7bSHELL(touch%20{MARK})%7d@host>", ""),
    "expressions in the name": (f'"${{SHELL(touch {MARK})}}$[1+1]" <sip:1380@host>', "1380"),
    "quotes": (f'"a\\"b,{MARK}|c\\\\" <sip:1380%22%22@host>', "1380"),
    "a number in the name": ('"<sip:999@x>;1" <sip:1380@host>', "1380"),
    "closing brackets": (f"<sip:%22%22)%2c{MARK}(%28@host>", ""),
    "very long": (f'"{"n" * 500}" <sip:{"9" * 500}@host>', "9" * 24),
}

OTHER_HEADERS = (
    f'P-Asserted-Identity: "${{EPOCH}}" <sip:77{FORGED}@host>',
    f'Remote-Party-ID: "a,b" <sip:88{FORGED}@host>;party=calling',
    f"Diversion: <sip:99{FORGED}@host>;reason=unknown",
    f'Reason: Q.850;cause=16;text="{MARK},${{EPOCH}}"',
    f"Call-Info: <sip:{MARK}>;answer-after=0",
    f"X-Hotline: {MARK},${{EPOCH}}",
)


DIALLED = ("999", "12345%2c1", f"12345{FORGED}", "h", "s", "i", f"%24%7b{MARK}%7d", "*111001", "13800001111")


@pytest.fixture(scope="module")
def asterisk(asterisk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskProcess]:
    """One for all these tests: each of them ends its calls. It writes down every application that the
    dialplan runs, with its arguments.
    """
    root = tmp_path_factory.mktemp("hostile")
    site = flow_site(root)
    with AsteriskProcess(site, secrets_for(site), root / "asterisk") as process:
        process.console("logger add channel trace.log verbose(5)")
        yield process


@pytest.fixture
async def caller(asterisk: AsteriskProcess) -> AsyncIterator[HostileCaller]:
    async with HostileCaller(sip_address(asterisk)) as hostile:
        yield hostile


def sip_address(asterisk: AsteriskProcess) -> tuple[str, int]:
    return asterisk.site.asterisk.sip_bind, asterisk.site.asterisk.sip_port


def executed(asterisk: AsteriskProcess) -> list[str]:
    """Each application that the dialplan ran so far."""
    lines = (asterisk.log.parent / "trace.log").read_text(errors="replace").splitlines()
    return [line for line in lines if "Executing [" in line]


def nothing_came_through(asterisk: AsteriskProcess, manager: Manager) -> None:
    """No application's argument, no manager event and no line of the event log holds what was sent."""
    rows = [" ".join(row) for row in event_log(asterisk)]
    ran = executed(asterisk)
    # hl-number cuts the number out of what FILTER left of the header; no other application sees even that.
    beyond = [line for line in ran if "@hl-number:" not in line]
    assert not [line for line in (*beyond, *manager.raw, *rows) if "%" in line]
    assert not [line for line in (*ran, *manager.raw, *rows) if MARK in line or "\n" in line or "nnn" in line]
    forged = [message for message in manager.messages if message.get("UserEvent") == "HotlineFeature"]
    assert not forged
    assert not [message for message in manager.messages if "Seat" in message]


async def ends(manager: Manager, caller: HostileCaller, leg: str) -> None:
    caller.hang_up()
    await manager.event("Hangup", Uniqueid=leg)


@pytest.mark.parametrize("case", NUMBERS)
async def test_only_a_number_comes_through(
    asterisk: AsteriskProcess, manager: Manager, caller: HostileCaller, case: str
) -> None:
    sent, number = NUMBERS[case]
    async with heartbeat(manager):
        caller.call_as(HOTLINE, sent)
        await happens(caller.up)
        arrived = await manager.user_event("HotlineArrived")
        await ends(manager, caller, arrived["Uniqueid"])
    assert arrived["Number"] == number
    assert arrived["CallerIDName"] == "<unknown>"
    nothing_came_through(asterisk, manager)


async def test_the_carriers_word_on_the_number_is_taken_and_no_other_header(
    asterisk: AsteriskProcess, manager: Manager, caller: HostileCaller
) -> None:
    async with heartbeat(manager):
        caller.call_as(HOTLINE, "<sip:1380@host>", OTHER_HEADERS)
        await happens(caller.up)
        arrived = await manager.user_event("HotlineArrived")
        await ends(manager, caller, arrived["Uniqueid"])
    assert arrived["Number"] == "77"
    nothing_came_through(asterisk, manager)


@pytest.mark.parametrize("dialled", DIALLED)
async def test_a_number_that_is_no_hotline_is_refused_before_it_has_a_channel(
    asterisk: AsteriskProcess, manager: Manager, caller: HostileCaller, dialled: str
) -> None:
    caller.call_as(dialled, "<sip:1380@host>")
    await happens(caller.ended)
    assert caller.last_status == 404
    # The manager answers in order: whatever a channel would have said has come by now.
    await manager.beat()
    assert not [message for message in manager.messages if message.get("Event") == "Newchannel"]


@pytest.mark.parametrize(
    "dialled", ["12345" + FORGED, "12345%2c" + MARK, "*11" + FORGED, "*141" + FORGED, "h", "s"]
)
async def test_a_phone_that_dials_more_than_digits_is_refused_before_it_has_a_channel(
    asterisk: AsteriskProcess, manager: Manager, dialled: str
) -> None:
    password = asterisk.secrets.seats[SEAT].get_secret_value()
    async with HostileCaller(sip_address(asterisk), SEAT, password) as phone:
        phone.call_as(dialled, f"<sip:{SEAT}@host>")
        await happens(phone.ended)
        assert phone.last_status == 404
    await manager.beat()
    assert not [message for message in manager.messages if message.get("Event") == "Newchannel"]


async def test_a_seats_name_alone_opens_nothing(
    asterisk: AsteriskProcess, manager: Manager, caller: HostileCaller
) -> None:
    caller.call_as("*11" + "1001", f"<sip:{SEAT}@host>")
    await happens(caller.ended)
    assert caller.last_status == 401
    await manager.beat()
    assert not [message for message in manager.messages if message.get("Event") == "Newchannel"]


NO_KEYS = ("${EPOCH}", f"1\r\nEvent: {MARK}", MARK, f"1,{MARK}", f"2&{MARK}", f"1)\r\nSet(X={MARK}")


def press(caller: HostileCaller, *keys: str) -> None:
    for key in keys:
        caller.info(f"Signal={key}\r\nDuration=160\r\n")


@pytest.mark.parametrize("dialled", [MENU, CLOSED])
async def test_of_what_is_pressed_in_a_flow_only_digits_come_through(
    asterisk: AsteriskProcess, manager: Manager, caller: HostileCaller, dialled: str
) -> None:
    """In a menu, and where the number to call back is dialled."""
    ran = len(executed(asterisk))
    caller.call_as(dialled, '"Anonymous" <sip:anonymous@anonymous.invalid>')
    arrived = await manager.user_event("HotlineArrived")
    await manager.variable_becomes(arrived["Channel"], "HL_TRY", "1")
    press(caller, *NO_KEYS, "A", "*", *NO_KEYS, "#")
    if dialled == MENU:
        assert (await manager.user_event("HotlineChosen", Call=arrived["Call"]))["Choice"] == "menu.law"
    else:
        await manager.variable_becomes(arrived["Channel"], "HL_TRY", "2")
        press(caller, *NO_KEYS)
    assert (await manager.variable(arrived["Channel"], "HL_KEY")).strip("0123456789") == ""
    await ends(manager, caller, arrived["Uniqueid"])
    assert not [line for line in executed(asterisk)[ran:] if MARK in line or "*" in line.split("] ", 1)[-1]]
    nothing_came_through(asterisk, manager)


async def test_keys_do_nothing_to_a_waiting_caller(
    asterisk: AsteriskProcess, manager: Manager, caller: HostileCaller
) -> None:
    before = len(executed(asterisk))
    async with heartbeat(manager):
        caller.call_as("12315", "<sip:1380@host>")  # its flow has no key
        queued = await manager.user_event("HotlineQueued")
        # Asterisk writes its trace a little later than it tells events.
        await until(lambda: any(" Wait(" in line for line in executed(asterisk)[before:]))
        press(caller, *"0123456789*#ABCD", *NO_KEYS)
        ran = len(executed(asterisk))
        await until(lambda: len(executed(asterisk)) > ran + 6)
        turns = executed(asterisk)[ran:]
        assert await manager.variable(queued["Channel"], "HL_PLACE") == "waiting"
        await ends(manager, caller, queued["Uniqueid"])
    applications = {line.split(":", 4)[-1].split("] ")[1].split("(")[0] for line in turns}
    assert applications <= {"StartMusicOnHold", "Wait", "Set", "GotoIf", "Gosub", "Return"}
    nothing_came_through(asterisk, manager)
