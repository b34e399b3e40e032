"""PINs are taken off the phone's channel, looked at one at a time, and told as right or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cti.commands import PinTried
from cti.pin_desk import PinDesk
from cti.pins import PinAsked
from tests.support.fake_telephony import FakeTelephony

CHANNEL = "PJSIP/s01-1"
ASKED = PinAsked("t", CHANNEL, "s01", "1001")


class Watched:
    def __init__(self) -> None:
        self.telephony = FakeTelephony()
        self.told: asyncio.Queue[PinTried] = asyncio.Queue()
        self.looked_at: list[tuple[str, str]] = []
        self.desk = PinDesk(self.telephony, self._is_right, lambda: 5.0, self.told.put_nowait)

    def _is_right(self, agent: str, pin: str) -> bool:
        self.looked_at.append((agent, pin))
        return (agent, pin) == ("1001", "482913")


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    yield made
    made.desk.close()


@pytest.mark.parametrize(("pressed", "right"), [("482913", True), ("482914", False)])
async def test_what_a_phone_pressed_is_taken_off_the_channel_and_told_as_right_or_wrong(
    watched: Watched, pressed: str, right: bool
) -> None:
    watched.telephony.pressed[CHANNEL] = pressed
    watched.desk.look_at(ASKED)
    told = await asyncio.wait_for(watched.told.get(), 10)
    assert told == PinTried(5.0, "t", "1001", right, "s01", CHANNEL)
    assert watched.telephony.pressed == {}


async def test_nothing_pressed_is_wrong_without_being_looked_at(watched: Watched) -> None:
    watched.telephony.pressed[CHANNEL] = ""
    watched.desk.look_at(ASKED)
    assert not (await asyncio.wait_for(watched.told.get(), 10)).right
    assert watched.looked_at == []


async def test_who_hung_up_meanwhile_made_no_try(watched: Watched) -> None:
    watched.desk.look_at(ASKED)
    watched.telephony.pressed["PJSIP/s02-1"] = "1"
    watched.desk.look_at(PinAsked("t", "PJSIP/s02-1", "s02", "1002"))
    told = await asyncio.wait_for(watched.told.get(), 10)
    assert told.seat == "s02"
    assert watched.told.empty()


async def test_a_pin_over_the_api_is_looked_at_too(watched: Watched) -> None:
    assert await watched.desk.tried("1001", "482913", "c") == PinTried(5.0, "c", "1001", True)
    assert not (await watched.desk.tried("1001", "000000", "c")).right
