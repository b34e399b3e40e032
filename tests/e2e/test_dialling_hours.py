"""Nobody is called outside of the hours for dialling, and who waits is called when they begin."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from tests.support.called_back import CITIZEN, WITHIN_S, Place, place
from tests.support.until import given

AHEAD_S = 10.0
"""The hours begin no sooner than this: by then the callback has been asked for."""
A_MINUTE_AND_MORE_S = WITHIN_S + AHEAD_S + 60.0
"""Hours begin on the minute."""


async def quiet_until_the_next_minute(here: Place) -> datetime:
    """From now on nobody may be called, until the time that this gives."""
    begins = datetime.now(UTC) + timedelta(seconds=AHEAD_S + 60)
    begins = begins.replace(second=0, microsecond=0)
    opens = f"{begins.astimezone(ZoneInfo(here.center.lab.site.timezone)):%H:%M}"
    # Just before midnight the hours of the new day must not hold for the old one's last minute.
    closes = "12:00" if opens == "00:00" else "24:00"
    path = here.center.service.config / "queues.yaml"
    yaml = YAML(typ="safe")
    document = yaml.load(path)
    [dialling] = [each for each in document["calendars"] if each["id"] == "dialling"]
    dialling["hours"] = [{**dialling["hours"][0], "opens": opens, "closes": closes}]
    yaml.dump(document, path)
    await here.center.api("operations").post("/v1/configuration/apply")
    return begins


@pytest.mark.parametrize("mode", ["agent_first", "customer_first"])
async def test_a_callback_in_quiet_hours_is_scheduled_and_dialled_as_they_end(
    tmp_path: Path, mode: str
) -> None:
    async with place(tmp_path, {"mode": mode, "calendar": "dialling"}) as here:
        begins = await quiet_until_the_next_minute(here)
        callback = await here.request(CITIZEN)
        assert datetime.now(UTC) < begins, "the machine is too slow for this test"
        entry = await here.stands(callback, state="scheduled")
        assert datetime.fromisoformat(entry["due_at"]) == begins
        assert await here.seats_where(state="ready", reason=None) == [here.seat], "nobody is kept for it"

        async def rang() -> bool:
            return bool(here.log.calls())

        if mode == "agent_first":
            await given(rang, A_MINUTE_AND_MORE_S)
            await here.answer()
        citizen = await here.peer.next_call(within_s=A_MINUTE_AND_MORE_S)
        assert citizen.called_at >= begins.timestamp()
        if mode == "customer_first":
            await here.answer()
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        await here.phones.hang_up(here.seat)
        await here.stands(callback, end="reached")
        assert [call.began_at >= begins.timestamp() for call in here.log.calls()] == [True]
        assert len(here.peer.calls) == 1


async def test_who_answers_a_callback_after_its_time_while_the_link_is_lost_dials_nobody(
    tmp_path: Path,
) -> None:
    """The service cannot stop the phone then; its answer comes after the time as after the hours' end."""
    async with place(tmp_path, {}, ring_timeout_s=2 * WITHIN_S) as here:
        latest = datetime.now(UTC) + timedelta(seconds=6)
        callback = await here.request(CITIZEN, latest_at=latest.isoformat())
        seat = await here.ringing()
        here.ami.refusing = True
        here.ami.cut()

        async def too_late() -> bool:
            return time.time() > latest.timestamp() + 1.0

        await given(too_late, WITHIN_S)
        await here.phones.answer(seat)
        await here.stopped_ringing(seat)
        [rang] = here.log.calls()
        assert rang.answered_at is not None
        here.ami.heal()
        await here.stands(callback, end="expired")
        assert await here.seats_where(state="ready", reason=None) == [seat]
        assert here.peer.calls == []
