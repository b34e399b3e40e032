"""The lab itself: real phones, citizens and Asterisk. The service is absent, so the fallback queue rings."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lab.asterisk import AsteriskProcess
from lab.callers import CallerPool
from lab.carrier import TrunkPeer
from lab.network import LOOPBACK
from lab.phones import Answerer, PhoneError, PhonePool, What
from lab.site import LabSite, make_lab_site
from lab.tones import dominant_tones

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabSite]:
    """The example hotline's Asterisk, and how to reach it."""
    directory = tmp_path_factory.mktemp("lab")
    lab = make_lab_site(directory)
    asterisk = AsteriskProcess(lab.site, lab.secrets, directory / "asterisk")
    asterisk.start()
    try:
        yield lab
    finally:
        asterisk.stop()


def registrar(place: LabSite) -> tuple[str, int]:
    return LOOPBACK, place.site.asterisk.sip_port


def phones_at(place: LabSite, directory: Path, count: int, *, record_to: Path | None = None) -> PhonePool:
    passwords = {
        seat.id: place.secrets.seats[seat.id].get_secret_value() for seat in place.site.seats[:count]
    }
    return PhonePool(passwords, registrar(place), directory / "phones", record_to=record_to)


def callers_to(place: LabSite, directory: Path, phones: PhonePool | None = None) -> CallerPool:
    tones = phones.tones if phones else {}
    return CallerPool(place.trunk_peer, registrar(place), directory / "callers", tones)


async def until(true: Callable[[], bool]) -> None:
    """For what is measured and nobody announces, such as how long a tone was heard."""
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_forty_phones_register_and_go_when_the_pool_ends(place: LabSite, tmp_path: Path) -> None:
    phones = phones_at(place, tmp_path, 40)
    async with phones:
        assert len(phones.registered) == 40
        assert len(set(phones.tones.values())) == 40
        [pid] = phones.pids
    assert not psutil.pid_exists(pid)


async def test_a_caller_and_a_phone_hear_each_other(place: LabSite, tmp_path: Path) -> None:
    phones = phones_at(place, tmp_path, 1, record_to=tmp_path / "heard")
    async with phones, callers_to(place, tmp_path, phones) as callers:
        with phones.events() as events:
            caller, task = callers.begin("13900000001", "12345")
            ringing = await events.next(What.INCOMING, within_s=WITHIN_S)
            assert phones.calls(ringing.seat) == {ringing.call_id: What.INCOMING}
            await phones.answer(ringing.seat)
            await until(lambda: sum(caller.line.heard_s.values()) >= 1.0)
            await phones.hang_up(ringing.seat)
            report = await task
            await events.next(What.CLOSED)
    assert (report.outcome, report.hung_up_by, report.reason) == ("answered", "far_end", "")
    assert report.seats == (ringing.seat,) == (report.seat,)
    assert report.connected_at is not None
    assert report.heard_at is not None
    assert report.called_at <= report.connected_at <= report.heard_at < report.ended_at
    [heard] = phones.heard(ringing.seat)
    assert {span.hz for span in dominant_tones(heard)} == {report.tone_hz}


async def test_an_answerer_serves_one_caller_after_the_other(place: LabSite, tmp_path: Path) -> None:
    phones = phones_at(place, tmp_path, 2)
    async with (
        phones,
        callers_to(place, tmp_path, phones) as callers,
        Answerer(phones, rings_s=lambda _: 0.1, talks_s=lambda _: 1.0),
    ):
        reports = await asyncio.gather(*(callers.call(f"1390000000{i}", "12345") for i in range(5)))
    assert {(report.outcome, report.hung_up_by) for report in reports} == {("answered", "far_end")}
    assert {report.seat for report in reports} == set(phones.seats)


async def test_a_caller_leaves_after_their_patience_or_after_what_they_had_to_say(
    place: LabSite, tmp_path: Path
) -> None:
    phones = phones_at(place, tmp_path, 1)
    async with phones, callers_to(place, tmp_path, phones) as callers:
        with phones.events() as events:
            _, task = callers.begin("13900000001", "12345", talks_s=0.5)
            await phones.answer((await events.next(What.INCOMING, within_s=WITHIN_S)).seat)
            report = await task
            await events.next(What.CLOSED)
        assert (report.outcome, report.hung_up_by) == ("answered", "caller")
        impatient = await callers.call("13900000002", "12345", patience_s=0.5)
    assert (impatient.outcome, impatient.hung_up_by) == ("abandoned", "caller")
    assert (impatient.seat, impatient.heard_at) == (None, None)


async def test_a_number_that_is_not_served_fails_with_its_reason(place: LabSite, tmp_path: Path) -> None:
    async with callers_to(place, tmp_path) as callers:
        report = await callers.call("13900000001", "99999")
    assert (report.outcome, report.connected_at, report.hung_up_by) == ("failed", None, None)
    assert report.reason.startswith("404 ")


async def test_hold_takes_the_agents_voice_away_and_resume_brings_it_back(
    place: LabSite, tmp_path: Path
) -> None:
    phones = phones_at(place, tmp_path, 1)
    [seat] = phones.seats
    async with phones, callers_to(place, tmp_path, phones) as callers:
        with phones.events() as events:
            caller, _ = callers.begin("13900000001", "12345")
            await events.next(What.INCOMING, within_s=WITHIN_S)
            await phones.answer(seat)
            await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
            await phones.hold(seat)
            await until(lambda: not speaks(caller.line.last_heard_at, for_s=1.0))
            held = dict(caller.line.heard_s)
            await phones.resume(seat)
            await until(lambda: sum(caller.line.heard_s.values()) >= sum(held.values()) + 0.5)


def speaks(last_heard_at: float | None, *, for_s: float) -> bool:
    """Whether an agent was heard within the last `for_s` seconds."""
    return last_heard_at is not None and time.time() - last_heard_at < for_s


async def test_a_rejected_call_is_offered_again_and_stops_ringing_when_the_caller_leaves(
    place: LabSite, tmp_path: Path
) -> None:
    phones = phones_at(place, tmp_path, 1)
    [seat] = phones.seats
    async with phones, callers_to(place, tmp_path, phones) as callers:
        with phones.events(seat) as events:
            caller, task = callers.begin("13900000001", "12345")
            first = await events.next(What.INCOMING, within_s=WITHIN_S)
            await phones.reject(seat)
            closed = await events.next(What.CLOSED)
            assert closed.call_id == first.call_id
            second = await events.next(What.INCOMING, within_s=WITHIN_S)
            caller.hang_up()
            closed = await events.next(What.CLOSED)
            assert (closed.call_id, phones.calls(seat)) == (second.call_id, {})
            assert (await task).outcome == "abandoned"
            with pytest.raises(PhoneError, match=f"{seat}: no call is incoming"):
                await phones.answer(seat)


async def test_an_outbound_call_reaches_the_citizen_with_the_agents_voice(
    place: LabSite, tmp_path: Path
) -> None:
    phones = phones_at(place, tmp_path, 1)
    [seat] = phones.seats
    busy = "13900000009"
    peer = TrunkPeer(
        place.trunk_peer,
        registrar(place),
        tmp_path / "carrier",
        phones.tones,
        rings_s=lambda number: None if number == busy else 0.1,
    )
    async with phones, peer:
        with phones.events(seat) as events:
            await phones.dial(seat, "13900000008")
            citizen = await peer.next_call(within_s=WITHIN_S)
            assert (citizen.number, citizen.shown) == ("13900000008", place.site.trunk.caller_number)
            await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
            assert peer.seats_heard(citizen) == (seat,)
            await phones.hang_up(seat)
            await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
            assert citizen.hung_up_by == "hotline"
            await events.next(What.CLOSED)

            await phones.dial(seat, busy)
            refused = await peer.next_call(within_s=WITHIN_S)
            await asyncio.wait_for(refused.ended.wait(), WITHIN_S)
            assert (refused.answered_at, refused.hung_up_by) == (None, None)


async def test_a_phone_that_cannot_register_is_named_with_the_reason(place: LabSite, tmp_path: Path) -> None:
    wrong = PhonePool({"seat-01": "not-its-password"}, registrar(place), tmp_path)
    with pytest.raises(PhoneError, match=r"seat-01 cannot register .*: 401"):
        await wrong.start()


async def test_a_phone_switched_off_and_on_registers_again(place: LabSite, tmp_path: Path) -> None:
    phones = phones_at(place, tmp_path, 2)
    async with phones:
        await phones.unregister("seat-01")
        assert phones.registered == {"seat-02"}
        await phones.register("seat-01")
        assert phones.registered == {"seat-01", "seat-02"}


async def test_phones_that_die_are_an_error_where_somebody_waits_for_them(
    place: LabSite, tmp_path: Path
) -> None:
    phones = phones_at(place, tmp_path, 1)
    async with phones:
        with phones.events() as events:
            os.kill(phones.pids[0], signal.SIGKILL)
            with pytest.raises(PhoneError, match="ended by itself"):
                await events.next(What.INCOMING, within_s=WITHIN_S)
        with pytest.raises(PhoneError, match="does not run"):
            await phones.dial("seat-01", "*13")


async def test_callers_fail_when_their_telephone_dies(place: LabSite, tmp_path: Path) -> None:
    async with callers_to(place, tmp_path) as callers:
        caller, task = callers.begin("13900000001", "12345")
        await asyncio.wait_for(caller.connected.wait(), WITHIN_S)
        os.kill(callers.pid, signal.SIGKILL)
        report = await asyncio.wait_for(task, WITHIN_S)
    assert report.outcome == "failed"
    assert report.reason.startswith("SIPp ended by itself")
