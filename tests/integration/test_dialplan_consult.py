"""What an agent's own phone does with two lines: it dials a colleague's seat, and transfers (SIP REFER).

Real signalling, real audio, and the call model over what Asterisk told, live and in its event log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from cti.calls.facts import LegEnded
from cti.calls.records import CallOutcome, CallRecord, Direction, EndedBy
from lab.asterisk import AsteriskProcess
from tests.support.dialplan import happens, reach_waiting, recorded, ring_seat
from tests.support.manager import Manager, Message, heartbeat
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, SEAT
from tests.support.talking_party import TalkingParty
from tests.support.told_twice import live_facts, logged_facts, records, story
from tests.support.tones import share
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


@pytest.fixture
async def desk(asterisk: AsteriskProcess, manager: Manager, caller: TalkingParty) -> AsyncIterator[Desk]:
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


async def test_an_attended_transfer_connects_the_caller_with_the_colleague(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    await desk.phone.transfer(COLLEAGUES)
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.colleague.hears(desk.caller.tone_hz, 1.0)
    await desk.phone.is_free()
    desk.colleague.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}, {None, OTHER_SEAT}]
    assert [segment.agent for segment in record.segments] == [AGENT, AGENT, OTHER_AGENT]
    assert (record.call, record.outcome, record.ended_by) == (desk.call, CallOutcome.ANSWERED, EndedBy.AGENT)
    assert [(hold.agent, hold.kind.value, hold.ended_at is not None) for hold in record.holds] == [
        (AGENT, "phone", True)
    ]
    _, asked, taken = record.segments
    assert asked.recorded_leg == taken.recorded_leg
    assert asked.recorded_leg is not None
    heard = recorded(desk.asterisk, asked.recorded_leg)[:, 1]
    assert share(heard[2400:6400], PHONE_HZ) > 0.9
    assert share(heard[-6400:-2400], desk.caller.tone_hz) > 0.9


async def test_an_attended_transfer_from_a_phone_that_holds_both_lines(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    desk.phone.second.hold()
    await desk.manager.event("Hold", Channel=(await desk.second_leg())["Channel"])
    await desk.phone.transfer(COLLEAGUES)
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.phone.is_free()
    desk.caller.hang_up()
    await happens(desk.colleague.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}, {None, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER
    assert all(hold.ended_at is not None for hold in record.holds)


async def test_two_lines_held_and_taken_up_in_turn_connect_the_agent_with_one_party_at_a_time(
    desk: Desk,
) -> None:
    await desk.takes()
    await desk.consults()
    for _ in range(3):
        desk.phone.turn_to(desk.phone.first)
        desk.caller.heard_alaw.clear()
        await desk.caller.hears(PHONE_HZ, 1.0)
        await desk.phone.first.hears(desk.caller.tone_hz, 1.0)
        desk.phone.turn_to(desk.phone.second)
        desk.colleague.heard_alaw.clear()
        await desk.colleague.hears(PHONE_HZ, 1.0)
        await desk.phone.second.hears(COLLEAGUE_HZ, 1.0)
        assert share(desk.caller.heard_lately(0.5), PHONE_HZ) < 0.1
    desk.caller.hang_up()
    desk.phone.second.hang_up()

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}]
    assert len({hold.leg for hold in record.holds}) == 2
    assert len(record.holds) == 7


async def test_an_attended_transfer_of_a_caller_whom_the_service_holds(desk: Desk) -> None:
    await desk.takes()
    await desk.holds()
    await desk.consults()
    await desk.phone.transfer(COLLEAGUES)
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.colleague.hears(desk.caller.tone_hz, 1.0)
    await desk.phone.is_free()
    desk.caller.hang_up()
    await happens(desk.colleague.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}, {None, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER
    _, asked, taken = record.segments
    assert None not in (asked.recorded_leg, taken.recorded_leg)
    assert asked.recorded_leg != taken.recorded_leg
    said, heard = recorded(desk.asterisk, taken.recorded_leg or "")[4000:8000].T
    assert share(said, COLLEAGUE_HZ) > 0.9
    assert share(heard, desk.caller.tone_hz) > 0.9


async def test_a_phone_cannot_transfer_a_caller_whom_the_service_holds_to_one_who_has_not_answered(
    desk: Desk,
) -> None:
    await desk.takes()
    await desk.holds()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    desk.phone.first.refer(COLLEAGUES, replaces=desk.phone.second)
    await desk.phone.first.answered_refer()
    assert desk.phone.first.referred >= 400
    desk.colleague.answer()
    desk.colleague.talk()
    await desk.phone.asked()
    await desk.phone.second.hears(COLLEAGUE_HZ)
    assert not desk.caller.ended.is_set()
    desk.caller.hang_up()
    desk.phone.second.hang_up()
    await happens(desk.phone.first.ended)
    assert list(await desk.over()) == [desk.call]


async def test_who_lets_the_colleague_go_takes_the_caller_up_again(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    desk.phone.second.hang_up()
    await happens(desk.colleague.ended)
    desk.phone.first.resume()
    await desk.caller.hears(PHONE_HZ)
    desk.caller.hang_up()
    await happens(desk.phone.first.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER
    [hold] = record.holds
    assert hold.ended_at is not None
    assert record.segments[0].ended_at is not None
    assert hold.ended_at < record.segments[0].ended_at


async def test_a_colleague_who_refuses_leaves_the_caller_with_the_agent(desk: Desk) -> None:
    await desk.takes()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    desk.colleague.reject()
    await happens(desk.phone.second.ended)
    assert desk.phone.second.last_status == 486
    desk.phone.first.resume()
    await desk.caller.hears(PHONE_HZ)
    desk.phone.first.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}]
    assert record.ended_by is EndedBy.AGENT


async def test_a_caller_who_hangs_up_on_hold_ends_the_call_though_the_two_go_on(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    desk.caller.hang_up()
    await happens(desk.phone.first.ended)
    await desk.phone.second.hears(COLLEAGUE_HZ)
    desk.phone.second.hang_up()
    await happens(desk.colleague.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER


async def test_a_transfer_while_the_colleagues_phone_rings_lets_the_caller_wait_for_the_answer(
    desk: Desk,
) -> None:
    await desk.takes()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    await desk.phone.transfer(COLLEAGUES)
    await desk.phone.is_free()
    desk.colleague.answer()
    desk.colleague.talk()
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.colleague.hears(desk.caller.tone_hz)
    desk.colleague.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {None, OTHER_SEAT}]
    assert record.ended_by is EndedBy.AGENT
    recorded_legs = [segment.recorded_leg for segment in record.segments]
    assert len(set(recorded_legs)) == 2
    assert None not in recorded_legs


async def test_a_transfer_to_a_phone_that_nobody_answers_brings_the_caller_back_to_the_queue(
    desk: Desk,
) -> None:
    await desk.takes()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    await desk.phone.transfer(COLLEAGUES)
    await desk.phone.is_free()
    desk.colleague.reject()
    again = await desk.queued_again()
    assert (again["Uniqueid"], again["Call"]) == (desk.queued["Uniqueid"], desk.call)
    assert again["QueuedAt"] == desk.queued["QueuedAt"]
    desk.caller.hang_up()

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}]
    assert record.ended_by is EndedBy.CALLER


async def test_a_seat_on_a_call_is_busy_to_who_dials_it_and_to_who_transfers_to_it(desk: Desk) -> None:
    await desk.takes()
    desk.colleague.call(OWN, OTHER_SEAT)
    await happens(desk.colleague.ended)
    assert desk.colleague.last_status == 486
    desk.phone.first.refer(OWN)
    again = await desk.queued_again()
    assert again["QueuedAt"] == desk.queued["QueuedAt"]
    desk.phone.first.hang_up()
    desk.caller.hang_up()

    told = await desk.over()
    internal = told.pop((await desk.second_leg())["Call"])
    assert (internal.direction, internal.outcome) == (Direction.INTERNAL, CallOutcome.UNANSWERED)
    assert (internal.number, internal.dialled, internal.agent) == ("", OWN, OTHER_AGENT)
    assert list(told) == [desk.call]


async def test_a_call_from_seat_to_seat_is_one_of_its_own_and_recorded(desk: Desk) -> None:
    desk.phone.second.call(COLLEAGUES, SEAT)
    await happens(desk.colleague.ringing)
    desk.colleague.answer()
    desk.colleague.talk()
    await desk.phone.asked()
    await desk.phone.second.hears(COLLEAGUE_HZ, 1.0)
    desk.phone.second.hang_up()
    await happens(desk.colleague.ended)
    desk.caller.hang_up()

    told = await desk.over()
    record = told[(await desk.second_leg())["Call"]]
    assert (record.direction, record.outcome, record.dialled) == (
        Direction.INTERNAL, CallOutcome.ANSWERED, COLLEAGUES,
    )  # fmt: skip
    assert (record.agent, record.seat, record.ended_by) == (AGENT, SEAT, EndedBy.AGENT)
    [segment] = record.segments
    assert segment.recorded_leg is not None
    said, heard = recorded(desk.asterisk, segment.recorded_leg)[4000:8000].T
    assert share(said, COLLEAGUE_HZ) > 0.9
    assert share(heard, PHONE_HZ) > 0.9


async def test_a_blind_transfer_to_a_number_shows_the_hotlines_own_and_is_recorded(desk: Desk) -> None:
    await desk.takes()
    desk.phone.first.refer(OUTSIDE)
    await happens(desk.outsider.ringing)
    assert f"sip:{OUTSIDE}@" in desk.outsider.invitation.start
    assert "sip:12345@" in desk.outsider.invitation.get("From")
    desk.outsider.answer()
    desk.outsider.talk()
    await desk.caller.hears(OUTSIDER_HZ, 1.0)
    desk.phone.first.hang_up()
    desk.outsider.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {None}]
    [_, outside] = record.segments
    assert outside.recorded_leg is not None
    assert share(recorded(desk.asterisk, outside.recorded_leg)[4000:8000, 0], OUTSIDER_HZ) > 0.9


async def test_an_attended_transfer_to_a_number_is_one_call_with_the_callers(desk: Desk) -> None:
    await desk.takes()
    await desk.consults(OUTSIDE, desk.outsider)
    await desk.phone.transfer(OUTSIDE)
    await desk.caller.hears(OUTSIDER_HZ)
    await desk.phone.is_free()
    desk.caller.hang_up()
    await happens(desk.outsider.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, None}, {None}]
    assert record.ended_by is EndedBy.CALLER
    assert None not in [segment.recorded_leg for segment in record.segments]


async def test_a_transfer_to_a_queue_brings_the_caller_into_it_in_the_old_place(desk: Desk) -> None:
    await desk.takes()
    desk.phone.first.refer("*182")
    again = await desk.queued_again()
    assert (again["Queue"], again["QueuedAt"]) == ("consumer", desk.queued["QueuedAt"])
    desk.phone.first.hang_up()
    desk.caller.hang_up()

    [record] = (await desk.over()).values()
    assert (record.queue, seats_of(record)) == ("consumer", [{None, SEAT}])


@pytest.mark.parametrize("to", ["99", "*181", "*13", "external_replaces", "h"])
async def test_a_transfer_to_what_is_no_number_is_refused_and_the_two_talk_on(desk: Desk, to: str) -> None:
    await desk.takes()
    desk.phone.first.refer(to)
    await desk.phone.first.answered_refer()
    assert desk.phone.first.referred == 404
    await desk.caller.hears(PHONE_HZ)


async def test_a_caller_transfers_nobody(desk: Desk) -> None:
    await desk.takes()
    desk.caller.refer(OUTSIDE)
    await desk.caller.answered_refer()
    assert desk.caller.referred == 603
    await desk.caller.hears(PHONE_HZ)
