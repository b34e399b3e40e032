"""A citizen whose own phone or exchange puts the hotline on hold (re-INVITE): the service follows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lab.network import LOOPBACK
from lab.tones import caller_tone_hz
from tests.support.commanding import commanded, current_call
from tests.support.dialplan import happens
from tests.support.hearing import Hearing
from tests.support.staffed import WITHIN_S, Staffed, staffed
from tests.support.talking_party import TalkingParty


@asynccontextmanager
async def citizen_calls(place: Staffed) -> AsyncIterator[TalkingParty]:
    server = (LOOPBACK, place.center.lab.site.asterisk.sip_port)
    citizen = TalkingParty("citizen", server, tone_hz=caller_tone_hz(0))
    await citizen.open()
    try:
        citizen.call("12345", "13900000001")
        await happens(citizen.up, WITHIN_S)
        citizen.talk()
        yield citizen
    finally:
        citizen.close()


async def test_the_citizens_own_hold_is_shown_and_kept_and_is_no_hold_of_the_hotlines(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 1, listening=True, wrap_up_s=0.0) as place, citizen_calls(place) as citizen:
        [(seat, agent)] = place.agents.items()
        hearing, api = Hearing(place), place.center.api()
        await place.answer_next()
        await hearing.seat_hears(seat, citizen.tone_hz)
        call = await current_call(place, agent)

        async def is_so(state: str) -> None:
            async def look() -> bool:
                return bool((await api.get(f"/v1/calls/{call}"))["state"] == state)

            await place.until(look)

        await is_so("talking")
        citizen.hold()
        citizen.hush()
        await is_so("held")
        await hearing.seat_hears_music(seat)
        refused = await commanded(place, f"agent-{agent}", f"/v1/calls/{call}/retrieve")
        assert (refused["state"], refused["reason"]) == ("refused", "connected"), "it is the citizen's to end"

        citizen.resume()
        citizen.talk()
        await is_so("talking")
        await hearing.seat_hears(seat, citizen.tone_hz)
        citizen.hang_up()

        async def archived() -> dict[str, Any] | None:
            found: dict[str, Any] = await api.get(f"/v1/calls/{call}")
            return found if found["complete"] and found["recordings"] else None

        kept = await place.until(archived)
        [hold] = kept["holds"]
        assert (hold["leg"], hold["kind"], hold["agent"]) == (call, "phone", None)
        assert hold["ended_at"] is not None
        assert len(kept["segments"]) == len(kept["recordings"]) == 1
        assert kept["times"]["hold_s"] == 0.0
        assert kept["ended_by"] == "caller"
