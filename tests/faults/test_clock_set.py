"""The machine's clock is set forth and back by an hour while calls wait, ring, talk and are on hold.

The service, Asterisk and PostgreSQL all follow it at once; phones and callers, who tell what became of each
call, have clocks of their own.
"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lab.callers import Caller
from lab.clock import LabClock
from tests.support.scene import Scene, scene
from tests.support.until import given

HOUR_S = 3600.0
FOLLOWED_S = 6.0
"""The service's clock follows a set one by 3 s a minute: so far it may have come until it is set back."""
ZONE = ZoneInfo("Asia/Shanghai")
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
both_ways = pytest.mark.parametrize("offset_s", [HOUR_S, -HOUR_S], ids=["forth_and_back", "back_and_forth"])


@both_ways
async def test_a_clock_that_is_set_by_an_hour_drops_no_call_and_costs_nobody_their_place(
    tmp_path: Path, offset_s: float
) -> None:
    clock = LabClock(tmp_path / "clock")
    async with scene(tmp_path, 3, clock=clock, ring_timeout_s=60, offer_backoff_s=0) as place:
        _, first = await place.talking()
        held, second = await place.talking()
        await place.phones.hold(second)
        rung = place.call()
        third = await place.ringing(rung)
        waiting = [await queued(place, 1)]

        await clock_set(place, clock, offset_s)
        place.center.service.reload()
        # A phone that Asterisk let ring too short, as it measures by that clock, rings again.
        assert await place.ringing(rung) == third
        await place.phones.answer(third)
        await place.heard(rung)
        waiting.append(await queued(place, 2))
        await place.phones.resume(second)
        await place.hears_on(held)

        await clock_set(place, clock, 0.0)
        place.center.service.reload()
        waiting.append(await queued(place, 3))
        # They are served in the order in which they came, whatever the clock said then.
        for seat, caller in zip((first, second, third), waiting, strict=True):
            await place.phones.hang_up(seat)
            assert await place.ringing(caller) == seat
            await place.phones.answer(seat)
            await place.hears_on(caller)
        await place.account(forgotten=place.seats, times_agree_s=FOLLOWED_S)
        assert {call["route"] for call in (await place.archive()).calls.values()} == {"acd"}, (
            "nobody fell back"
        )


@both_ways
async def test_a_service_that_dies_under_a_wrong_clock_loses_nothing_that_happened_meanwhile(
    tmp_path: Path, offset_s: float
) -> None:
    clock = LabClock(tmp_path / "clock")
    async with scene(tmp_path, 2, clock=clock) as place:
        _, first = await place.talking()
        await clock_set(place, clock, offset_s)
        await place.center.service.kill()
        gives_up = place.call()
        await place.ringing(gives_up)
        gives_up.hang_up()
        await over(place, gives_up)
        # The next service is of the same mind about the time, and no wrap-up lasts an hour.
        await place.center.service.start()
        place.center.service.reload()
        await place.phones.hang_up(first)
        await place.talking()
        await place.talking()
        await clock_set(place, clock, 0.0)
        await place.account(forgotten=place.seats, times_agree_s=FOLLOWED_S)


@both_ways
async def test_opening_hours_are_those_of_clock_and_configuration_as_both_are_set(
    tmp_path: Path, offset_s: float
) -> None:
    clock = LabClock(tmp_path / "clock")
    open_now: dict[str, object] = {
        "hours": hours_around(datetime.now(ZONE), timedelta(minutes=40)),
        "holidays": [],
    }
    closed = [{"limit": "closed", "to": "busy"}]
    async with scene(
        tmp_path, 3, clock=clock, calendars=open_now, calendar="day", night_skills=None, overflow=closed
    ) as place:
        await place.talking()
        await clock_set(place, clock, offset_s)
        turned_away = place.call()
        await over(place, turned_away)
        assert not turned_away.heard.is_set()
        place.change("calendars", hours=[{"weekdays": DAYS, "opens": "00:00", "closes": "24:00"}])
        await place.reloaded()
        await place.talking()
        await clock_set(place, clock, 0.0)
        await place.talking()
        await place.account(forgotten=place.seats, times_agree_s=FOLLOWED_S)
        calls = (await place.archive()).calls.values()
        assert [c["number"] for c in calls if c["outcome"] == "diverted"] == [turned_away.number]


async def clock_set(place: Scene, clock: LabClock, offset_s: float) -> None:
    """Sets the clock, and returns once the service noticed and every phone is registered by it.

    A clock that is set forth ends registrations, of which Asterisk keeps the time of day when they end.
    """

    async def noticed() -> int:
        return (await asyncio.to_thread(place.center.service.log.read_text)).count('"clock_set"')

    async def noticed_again() -> bool:
        return await noticed() > before

    async def registered() -> bool:
        shown = await asyncio.to_thread(place.center.asterisk.console, "database show registrar/contact")
        ends = [float(end) for end in re.findall(r'"expiration_time":"(\d+)"', shown)]
        return sum(end > time.time() + offset_s for end in ends) >= len(place.seats)

    async def reachable() -> bool:
        agents = (await place.center.api().get("/v1/agents"))["agents"]
        return all(agent["seat_reachable"] for agent in agents if agent["seat"] in place.seats)

    before = await noticed()
    await asyncio.to_thread(clock.set, offset_s)
    await place.until(noticed_again)
    await place.until(registered)
    await place.until(reachable)


async def queued(place: Scene, count: int) -> Caller:
    """A citizen who calls and waits as the last of so many."""
    caller = place.call()
    await place.waits(count)
    return caller


async def over(place: Scene, caller: Caller) -> None:
    async def ended() -> bool:
        return all(task.done() for each, task in place.begun if each is caller)

    await given(ended, 60.0)


def hours_around(now: datetime, span: timedelta) -> list[dict[str, object]]:
    """Opening hours of every day from so long before the time of day to so long after it."""
    opens, closes = (now - span).strftime("%H:%M"), (now + span).strftime("%H:%M")
    if opens < closes:
        return [{"weekdays": DAYS, "opens": opens, "closes": closes}]
    around_midnight = [("00:00", closes), (opens, "24:00")]
    return [{"weekdays": DAYS, "opens": begin, "closes": end} for begin, end in around_midnight]
