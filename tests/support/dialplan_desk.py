"""An agent's phone with two lines at Asterisk without the service, and whom it may ask or transfer to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cti.calls.facts import LegEnded
from cti.calls.records import CallRecord
from lab.asterisk import AsteriskProcess
from tests.support.dialplan import happens, reach_waiting, ring_seat
from tests.support.manager import Manager, Message, heartbeat
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, SEAT
from tests.support.talking_party import TalkingParty
from tests.support.told_twice import live_facts, logged_facts, records, story
from tests.support.two_lines import TwoLinePhone, two_line_phone
from tests.support.until import given

OWN, COLLEAGUES, OUTSIDE = "8001", "8002", "13900002222"
PHONE_HZ, COLLEAGUE_HZ, OUTSIDER_HZ = 500, 650, 1100
AGENTS = {SEAT: AGENT, OTHER_SEAT: OTHER_AGENT}


@dataclass
class Desk:
    """An agent with two lines, a colleague, and whoever is outside."""

    asterisk: AsteriskProcess
    manager: Manager
    phone: TwoLinePhone
    colleague: TalkingParty
    outsider: TalkingParty
    caller: TalkingParty
    queued: Message

    @property
    def call(self) -> str:
        return self.queued["Call"]

    async def takes(self) -> None:
        """The caller is connected with the agent; both hear each other."""
        await ring_seat(self.manager, self.queued)
        await self.phone.answer()
        await self.caller.hears(PHONE_HZ)
        await self.phone.first.hears(self.caller.tone_hz)

    async def consults(self, extension: str = COLLEAGUES, party: TalkingParty | None = None) -> None:
        """The agent asks the colleague, who answers; the caller hears neither."""
        asked = party or self.colleague
        self.phone.consult(extension)
        await happens(asked.ringing)
        asked.answer()
        asked.talk()
        await self.phone.asked()
        await self.phone.second.hears(asked.tone_hz, 1.0)
        await asked.hears(PHONE_HZ, 1.0)

    async def holds(self) -> None:
        """The service puts the caller on hold, as its verb does."""
        leg = await self.manager.event("BridgeEnter", Uniqueid="offer-1")
        await self.manager.act(
            "Setvar", Channel=self.queued["Channel"], Variable="HL_HELD_BY", Value="offer-1"
        )
        await self.manager.act(
            "Setvar", Channel=leg["Channel"], Variable="HL_HOLDS", Value=self.queued["Uniqueid"]
        )
        await self.manager.act(
            "Redirect", Channel=self.queued["Channel"], Context="hl-held", Exten="s", Priority="1",
            ExtraChannel=leg["Channel"], ExtraContext="hl-aside", ExtraExten="s", ExtraPriority="1",
        )  # fmt: skip
        await self.manager.user_event("HotlineHeld")
        await self.manager.variable_becomes(leg["Channel"], "HL_PLACE", "aside")

    async def queued_again(self) -> Message:
        """The event of the caller being back in the waiting loop."""
        return await self.manager.message(
            lambda m: m.get("UserEvent") == "HotlineQueued" and m is not self.queued
        )

    async def second_leg(self) -> Message:
        """The event of the agent's dialling."""
        return await self.manager.user_event("HotlineDialled")

    async def over(self) -> dict[str, CallRecord]:
        """All calls, once no channel is left; the event log must tell the same of them as the live events."""
        log = self.asterisk.site.asterisk.spool / "cel" / "hotline.csv"

        async def all_told() -> bool:
            console = await asyncio.to_thread(self.asterisk.console, "core show channels count")
            live = [event for event in self.manager.messages if event.get("Event") == "Hangup"]
            logged = [fact for fact in logged_facts(log) if isinstance(fact, LegEnded)]
            phones = [event for event in live if event["Channel"].startswith("PJSIP/")]
            return console.startswith("0 active channels") and len(logged) == len(phones)

        await given(all_told, 20.0)
        facts = live_facts(self.manager.messages)
        live = records(facts, AGENTS)
        logged = records(logged_facts(log), AGENTS)
        assert {call: story(record) for call, record in logged.items()} == {
            call: story(record) for call, record in live.items()
        }
        return live


@asynccontextmanager
async def desk_of(asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty) -> AsyncIterator[Desk]:
    """The caller waits, and nobody is rung."""
    at, trunk = asterisk.site.asterisk, asterisk.site.trunk
    server = (at.sip_bind, at.sip_port)
    passwords = {seat: asterisk.secrets.seats[seat].get_secret_value() for seat in AGENTS}
    colleague = TalkingParty(OTHER_SEAT, server, passwords[OTHER_SEAT], tone_hz=COLLEAGUE_HZ)
    outsider = TalkingParty("outsider", server, local_port=trunk.port, tone_hz=OUTSIDER_HZ)
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(two_line_phone(SEAT, passwords[SEAT], server, PHONE_HZ))
        for party in (colleague, outsider):
            await party.open()
            stack.callback(party.close)
        await colleague.register()
        await stack.enter_async_context(heartbeat(manager))
        queued = await reach_waiting(caller, manager)
        yield Desk(asterisk, manager, phone, colleague, outsider, caller, queued)


def seats_of(record: CallRecord) -> list[set[str | None]]:
    """Who was connected, segment after segment; None is whoever is outside."""
    seats = {leg.leg: leg.seat for leg in record.legs}
    return [{seats[leg] for leg in segment.legs} for segment in record.segments]
