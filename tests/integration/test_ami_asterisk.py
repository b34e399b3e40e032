"""Facts and actions with a real Asterisk, real SIP signalling and the dialplan of docs/dialplan.md."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from cti.ami.cel import CEL_CONF, cel_custom_conf
from cti.ami.client import AmiSettings
from cti.ami.needs import MANAGER_USER_LINES
from cti.calls.actions import ActionDone, ActionFailed, AnswerFeature, Beat, HangUp, RingSeat, TakeOver
from cti.calls.facts import (
    CallArrived,
    CallerFellBack,
    CallerQueued,
    Fact,
    FeatureDialled,
    LegAnswered,
    LegEnded,
    LegJoined,
    LegLeaving,
    LegRinging,
    LegStarted,
    OriginateFailed,
    PbxLost,
    PhoneChanged,
    RecordingFinished,
    RecordingStarted,
    SeatDialled,
)
from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import asterisk_site, secrets_for
from tests.support.sip_party import SipParty
from tests.support.small_site import SEAT
from tests.support.watched_telephony import WatchedTelephony, telephony

CITIZEN = "13800001111"
WITHIN_S = 30.0
NOT_IN_THE_LOG = LegRinging | LegLeaving | PhoneChanged | OriginateFailed | ActionFailed | ActionDone
Meaning: TypeAlias = tuple[object, ...]


@pytest.fixture(scope="module")
def pbx(asterisk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskProcess]:
    """One Asterisk for all these tests; each ends the calls it made."""
    directory = tmp_path_factory.mktemp("ami")
    site = asterisk_site(directory)
    with AsteriskProcess(site, secrets_for(site), directory / "asterisk") as running:
        yield running


def settings_of(pbx: AsteriskProcess) -> AmiSettings:
    at = pbx.site.asterisk
    return AmiSettings(at.ami_host, at.ami_port, at.ami_user, pbx.secrets.ami.get_secret_value())


def event_log_of(pbx: AsteriskProcess) -> Path:
    return pbx.site.asterisk.spool / "cel" / "hotline.csv"


@pytest.fixture
async def phone(pbx: AsteriskProcess) -> AsyncIterator[WatchedTelephony]:
    """The service's telephony, with a heartbeat that stays fresh for the test."""
    async with telephony(settings_of(pbx), event_log_of(pbx), time.time) as watch:
        watch.pbx.perform(Beat("c", int(time.time()) + 3600))
        yield watch
        for told in watch.of(LegStarted):
            watch.pbx.perform(HangUp("c", told.leg))
        await watch.until(lambda: ended(watch) >= {told.leg for told in watch.of(LegStarted)})


def ended(phone: WatchedTelephony) -> set[str]:
    return {told.leg for told in phone.of(LegEnded)}


@pytest.fixture
async def seat(pbx: AsteriskProcess) -> AsyncIterator[SipParty]:
    """The first seat's phone, registered."""
    at = pbx.site.asterisk
    party = SipParty(SEAT, (at.sip_bind, at.sip_port), pbx.secrets.seats[SEAT].get_secret_value())
    await party.open()
    await party.register()
    yield party
    await party.register(0)
    party.close()


@pytest.fixture
async def citizen(pbx: AsteriskProcess) -> AsyncIterator[SipParty]:
    """A caller and callee behind the carrier."""
    at = pbx.site.asterisk
    party = SipParty("carrier", (at.sip_bind, at.sip_port), local_port=pbx.site.trunk.port)
    await party.open()
    yield party
    party.close()


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), WITHIN_S)


async def queued_call(phone: WatchedTelephony, citizen: SipParty) -> CallerQueued:
    """A citizen calls and reaches the waiting loop, the greeting cut short."""
    before = len(phone.of(CallerQueued))
    legs = len(phone.of(LegAnswered))
    citizen.call("12345", CITIZEN)
    await phone.until(lambda: len(phone.of(LegAnswered)) > legs)
    answered = phone.of(LegAnswered)[-1]
    phone.pbx.perform(TakeOver("c", await channel_of(phone, answered.leg)))
    await phone.until(lambda: len(phone.of(CallerQueued)) > before)
    return phone.of(CallerQueued)[-1]


async def channel_of(phone: WatchedTelephony, leg: str) -> str:
    return (await phone.first(LegStarted, lambda told: told.leg == leg)).channel


async def ring(
    phone: WatchedTelephony, seat: SipParty, call: CallerQueued, leg: str, timeout_s: float = 30.0
) -> None:
    """Offer the call to the seat, and wait until its phone rings."""
    seat.ringing.clear()
    channel = await channel_of(phone, call.leg)
    phone.pbx.perform(RingSeat("c", leg, SEAT, call.call, channel, call.queue, CITIZEN, timeout_s))
    await soon(seat.ringing)


async def connected(phone: WatchedTelephony, seat: SipParty, call: CallerQueued, leg: str) -> None:
    await ring(phone, seat, call, leg)
    seat.answer()
    await phone.first(LegJoined, lambda told: told.leg == leg)


async def end_of(phone: WatchedTelephony, leg: str) -> LegEnded:
    return await phone.first(LegEnded, lambda told: told.leg == leg)


def meaning(fact: Fact) -> Meaning:
    """A fact without its time and cause, which differ between stream and log."""
    values = (getattr(fact, name) for name in type(fact).__slots__ if name not in ("at", "cause"))
    return (type(fact), *values)


async def test_a_call_read_from_asterisks_log_is_the_call_that_was_told_live(
    phone: WatchedTelephony, seat: SipParty, citizen: SipParty
) -> None:
    since = time.time()
    call = await queued_call(phone, citizen)
    await ring(phone, seat, call, "same-1")
    seat.reject()
    await end_of(phone, "same-1")
    await ring(phone, seat, call, "same-2", timeout_s=0.3)
    await end_of(phone, "same-2")
    await connected(phone, seat, call, "same-3")
    seat.hang_up()
    await end_of(phone, call.leg)
    second = await queued_call(phone, citizen)
    await connected(phone, seat, second, "same-4")
    citizen.hang_up()
    await end_of(phone, second.leg)
    await end_of(phone, "same-4")
    third = await queued_call(phone, citizen)
    citizen.hang_up()
    await end_of(phone, third.leg)

    live = [told for told in phone.told if not isinstance(told, NOT_IN_THE_LOG)]
    log = await phone.pbx.missed(since)
    assert Counter(map(meaning, log)) == Counter(map(meaning, live))
    for leg in (call.leg, "same-1", "same-2", "same-3", second.leg, "same-4", third.leg):
        assert [meaning(fact) for fact in log if getattr(fact, "leg", "") == leg] == [
            meaning(fact) for fact in live if getattr(fact, "leg", "") == leg
        ]
    at_of = {meaning(fact): fact.at for fact in live}
    assert max(abs(fact.at - at_of[meaning(fact)]) for fact in log) < 2.0
    assert {type(fact) for fact in log} >= {
        LegStarted,
        LegAnswered,
        LegJoined,
        CallArrived,
        CallerQueued,
        RecordingStarted,
        RecordingFinished,
    }
    assert phone.pbx.unknown_events == {}


async def test_who_ended_a_leg_is_told(phone: WatchedTelephony, seat: SipParty, citizen: SipParty) -> None:
    call = await queued_call(phone, citizen)
    await ring(phone, seat, call, "who-1")
    seat.reject("486 Busy Here")
    await ring(phone, seat, call, "who-2")
    seat.reject("603 Decline")
    await ring(phone, seat, call, "who-3", timeout_s=0.3)
    await end_of(phone, "who-3")
    await ring(phone, seat, call, "who-4")
    phone.pbx.perform(HangUp("c", "who-4"))
    await soon(seat.ended)
    await connected(phone, seat, call, "who-5")
    seat.hang_up()
    ends = {}
    for leg in ("who-1", "who-2", "who-3", "who-4", "who-5", call.leg):
        end = await end_of(phone, leg)
        ends[leg] = (end.hangup_cause, end.hung_up_by_peer)
    assert ends == {
        "who-1": (17, True),
        "who-2": (21, True),
        "who-3": (19, False),
        "who-4": (16, False),
        "who-5": (16, True),
        call.leg: (16, False),
    }
    reasons = {told.leg: told.reason for told in phone.of(OriginateFailed)}
    assert reasons == {"who-1": "busy", "who-2": "rejected", "who-3": "no_answer", "who-4": "failed"}


async def test_a_caller_who_gives_up_waiting_ended_the_call(
    phone: WatchedTelephony, citizen: SipParty
) -> None:
    call = await queued_call(phone, citizen)
    citizen.hang_up()
    end = await end_of(phone, call.leg)
    assert (end.hangup_cause, end.hung_up_by_peer) == (16, True)


async def test_a_caller_who_hangs_up_while_talking_ended_the_call(
    phone: WatchedTelephony, seat: SipParty, citizen: SipParty
) -> None:
    call = await queued_call(phone, citizen)
    await connected(phone, seat, call, "talk-1")
    citizen.hang_up()
    assert (await end_of(phone, call.leg)).hung_up_by_peer
    assert not (await end_of(phone, "talk-1")).hung_up_by_peer
    await soon(seat.ended)


async def test_a_caller_who_leaves_after_the_agent_did_not_end_the_call_for_the_log(
    phone: WatchedTelephony, seat: SipParty, citizen: SipParty
) -> None:
    since = time.time()
    call = await queued_call(phone, citizen)
    await connected(phone, seat, call, "after-1")
    seat.hang_up()
    agent_end = await end_of(phone, "after-1")
    citizen.hang_up()
    caller_end = await end_of(phone, call.leg)
    assert (agent_end.hung_up_by_peer, caller_end.hung_up_by_peer) == (True, True)
    log = [fact for fact in await phone.pbx.missed(since) if isinstance(fact, LegEnded)]
    assert [(fact.leg, fact.hung_up_by_peer) for fact in log] == [("after-1", True), (call.leg, False)]


async def test_a_hang_up_in_the_same_moment_as_the_ring_leaves_no_phone_ringing(
    phone: WatchedTelephony, seat: SipParty, citizen: SipParty
) -> None:
    call = await queued_call(phone, citizen)
    channel = await channel_of(phone, call.leg)
    for number in range(10):
        leg = f"race-{number}"
        phone.pbx.perform(RingSeat("c", leg, SEAT, call.call, channel, call.queue, CITIZEN, 60.0))
        phone.pbx.perform(HangUp("c", leg))
        await phone.first(OriginateFailed, lambda told, leg=leg: told.leg == leg)  # type: ignore[misc]
    assert phone.of(ActionFailed) == []


async def test_a_seat_is_reachable_while_its_phone_is_registered(
    phone: WatchedTelephony, pbx: AsteriskProcess
) -> None:
    at = pbx.site.asterisk
    party = SipParty(SEAT, (at.sip_bind, at.sip_port), pbx.secrets.seats[SEAT].get_secret_value())
    await party.open()
    try:
        assert (await phone.pbx.snapshot()).reachable_seats == frozenset()
        await party.register()
        await phone.first(PhoneChanged, lambda told: told.phone.seat == SEAT and not told.gone)
        assert (await phone.pbx.snapshot()).reachable_seats == {SEAT}
        await party.register(0)
        await phone.first(PhoneChanged, lambda told: told.phone.seat == SEAT and told.gone)
        assert (await phone.pbx.snapshot()).reachable_seats == frozenset()
    finally:
        party.close()


async def test_a_feature_code_is_told_and_its_answer_ends_the_wait(
    phone: WatchedTelephony, seat: SipParty
) -> None:
    seat.call("*141", SEAT)
    told = await phone.first(FeatureDialled)
    assert (told.seat, told.feature, told.argument) == (SEAT, "not_ready", "1")
    phone.pbx.perform(AnswerFeature("c", told.channel, "ok"))
    end = await end_of(phone, told.leg)
    assert not end.hung_up_by_peer
    assert phone.of(ActionFailed) == []


async def test_a_call_dialled_at_a_seat_has_the_trunks_leg_linked_to_it(
    phone: WatchedTelephony, seat: SipParty, citizen: SipParty
) -> None:
    seat.call(CITIZEN, SEAT)
    dialled = await phone.first(SeatDialled)
    assert (dialled.seat, dialled.number, dialled.call) == (SEAT, CITIZEN, dialled.leg)
    await soon(citizen.ringing)
    trunk = await phone.first(LegStarted, lambda told: told.endpoint == "trunk")
    assert trunk.linked == dialled.leg
    await phone.first(LegRinging, lambda told: told.leg == trunk.leg)
    citizen.answer()
    for leg in (trunk.leg, dialled.leg):
        await phone.first(LegJoined, lambda told, leg=leg: told.leg == leg)  # type: ignore[misc]
    citizen.hang_up()
    assert (await end_of(phone, trunk.leg)).hung_up_by_peer


async def test_a_snapshot_shows_who_waits_and_who_talks(
    phone: WatchedTelephony, seat: SipParty, citizen: SipParty
) -> None:
    call = await queued_call(phone, citizen)
    (waiting,) = (await phone.pbx.snapshot()).legs
    assert (waiting.leg, waiting.call, waiting.place, waiting.up) == (call.leg, call.call, "waiting", True)
    assert (waiting.hotline, waiting.queue, waiting.queued_at) == ("12345", "general", call.queued_at)
    assert waiting.number == CITIZEN
    assert waiting.bridge is None
    assert waiting.started_at is not None
    assert waiting.started_at <= call.queued_at

    await ring(phone, seat, call, "shown-1")
    await phone.first(LegRinging, lambda told: told.leg == "shown-1")
    shown = {leg.leg: leg for leg in (await phone.pbx.snapshot()).legs}
    assert (shown["shown-1"].ringing, shown["shown-1"].up, shown["shown-1"].call) == (True, False, call.call)
    seat.answer()
    joined = await phone.first(LegJoined, lambda told: told.leg == "shown-1")
    shown = {leg.leg: leg for leg in (await phone.pbx.snapshot()).legs}
    assert {leg.bridge for leg in shown.values()} == {joined.bridge}
    assert (shown["shown-1"].endpoint, shown["shown-1"].place) == (SEAT, "agent")


async def test_a_caller_is_taken_back_from_the_fallback_queue_and_keeps_its_place(
    phone: WatchedTelephony, citizen: SipParty
) -> None:
    phone.pbx.perform(Beat("c", 0))
    citizen.call("12345", CITIZEN)
    fallen = await phone.first(CallerFellBack)
    first = phone.of(CallerQueued)[-1]
    (leg,) = (await phone.pbx.snapshot()).legs
    assert leg.place == "fallback"
    phone.pbx.perform(Beat("c", int(time.time()) + 3600))
    phone.pbx.perform(TakeOver("c", leg.channel))
    await phone.until(lambda: len(phone.of(CallerQueued)) == 2)
    again = phone.of(CallerQueued)[-1]
    assert (again.leg, again.queued_at) == (fallen.leg, first.queued_at)
    assert phone.of(ActionFailed) == []


async def test_a_stretch_without_a_link_is_read_from_the_log(
    pbx: AsteriskProcess, citizen: SipParty, phone: WatchedTelephony
) -> None:
    async with telephony(settings_of(pbx), event_log_of(pbx), time.time) as other:
        await other.pbx.close()
        since = time.time()
        call = await queued_call(phone, citizen)
        citizen.hang_up()
        await end_of(phone, call.leg)
        assert other.told == []
        missed = await other.pbx.missed(since)
    of_leg = [meaning(fact) for fact in missed if getattr(fact, "leg", "") == call.leg]
    live = [told for told in phone.told if not isinstance(told, NOT_IN_THE_LOG)]
    assert of_leg == [meaning(fact) for fact in live if getattr(fact, "leg", "") == call.leg]


async def test_asterisk_that_dies_and_returns_is_lost_and_found_with_its_new_start(
    asterisk: AsteriskProcess,
) -> None:
    async with telephony(settings_of(asterisk), event_log_of(asterisk), time.time) as phone:
        died_at = time.time()
        await asyncio.to_thread(asterisk.kill)
        await phone.first(PbxLost)
        phone.pbx.perform(Beat("c", 1))
        assert (await phone.first(ActionFailed)).reason == "not_connected"
        await asyncio.to_thread(asterisk.start)
        await phone.until(lambda: phone.connects == 2)
        shown = await phone.pbx.snapshot()
        assert shown.booted_at > died_at - 2
        assert shown.legs == ()


def test_asterisk_is_configured_as_this_package_needs_it(pbx: AsteriskProcess) -> None:
    etc = pbx.log.parents[1] / "etc"
    assert set(MANAGER_USER_LINES.splitlines()) <= set((etc / "manager.conf").read_text().splitlines())
    assert settings_in(CEL_CONF) == settings_in((etc / "cel.conf").read_text())
    assert settings_in(cel_custom_conf(event_log_of(pbx))) == settings_in(
        (etc / "cel_custom.conf").read_text()
    )


def settings_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith(";")]
