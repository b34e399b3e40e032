"""Phones, a caller and the manager interface around a real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab.asterisk import AsteriskProcess
from tests.support.dialplan_desk import Desk, desk_of
from tests.support.manager import Manager, manager_of
from tests.support.small_site import SEAT
from tests.support.talking_party import TalkingParty

AGENT_HZ, CALLER_HZ = 500, 800


@pytest.fixture
async def manager(asterisk: AsteriskProcess) -> AsyncIterator[Manager]:
    """Logged in as the service."""
    async with manager_of(asterisk) as connected:
        yield connected


@pytest.fixture
async def agent(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """The registered phone of the first seat; it speaks 500 Hz once told to talk."""
    at = asterisk.site.asterisk
    password = asterisk.secrets.seats[SEAT].get_secret_value()
    phone = TalkingParty(SEAT, (at.sip_bind, at.sip_port), password, tone_hz=AGENT_HZ)
    await phone.open()
    await phone.register()
    yield phone
    phone.close()


@pytest.fixture
async def caller(asterisk: AsteriskProcess) -> AsyncIterator[TalkingParty]:
    """A citizen behind the trunk, who speaks 800 Hz once told to talk."""
    at = asterisk.site.asterisk
    citizen = TalkingParty("citizen", (at.sip_bind, at.sip_port), tone_hz=CALLER_HZ)
    await citizen.open()
    yield citizen
    citizen.close()


@pytest.fixture
async def desk(asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty) -> AsyncIterator[Desk]:
    """An agent's phone with two lines, and a caller who waits."""
    async with desk_of(asterisk, manager, caller) as found:
        yield found
