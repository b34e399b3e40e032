"""What a citizen does in a flow, with everything real: a callback by key, a rating, a message."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller
from lab.carrier import TrunkPeer
from lab.network import LOOPBACK
from lab.tones import dominant_tones
from tests.support.staffed import WITHIN_S, Staffed, staffed

CITIZEN = "13900000008"
SECONDS = 2.0
"""What a citizen has to say on a closed line."""
RATE_HZ, FRAME_BYTES = 8000, 4


pytestmark = pytest.mark.usefixtures("short_prompts")


async def only(place: Staffed, path: str, name: str, **wanted: Any) -> dict[str, Any]:
    """The only one of a list in the API, once it is as wanted."""

    async def look() -> dict[str, Any] | None:
        listed = (await place.center.api().get(path))[name]
        right = [each for each in listed if all(each[key] == value for key, value in wanted.items())]
        return right[0] if len(listed) == 1 and right else None

    found: dict[str, Any] = await place.until(look)
    return found


async def waits(place: Staffed) -> None:
    async def look() -> bool:
        return bool((await place.total())["waiting"] == 1)

    await place.until(look)


async def until_over(caller: Caller, task: asyncio.Task[Any], keys: str) -> Any:
    """The caller's report, after pressing the keys over and over."""
    pressing = asyncio.create_task(caller.press_until_over(keys))
    try:
        async with asyncio.timeout(WITHIN_S):
            return await task
    finally:
        pressing.cancel()


async def test_a_citizen_takes_a_callback_by_key_keeps_the_place_and_is_called(tmp_path: Path) -> None:
    terms = {"priority": 0}
    async with staffed(tmp_path, 1, agents=0, flows=True, callbacks=terms, wrap_up_s=1.0) as place:
        lab = place.center.lab
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        peer = TrunkPeer(
            lab.trunk_peer, registrar, tmp_path / "carrier", place.phones.tones, rings_s=lambda _: 0.2
        )
        async with peer:
            caller, task = place.callers.begin(CITIZEN, "12345")
            await waits(place)
            report = await until_over(caller, task, "1")
            assert report.hung_up_by == "far_end", "the confirmation was heard to its end"
            callback = await only(place, "/v1/callbacks", "callbacks", reason="requested", state="waiting")
            call = await only(place, "/v1/calls", "calls", outcome="callback")
            assert callback["origin"] == call["call"]
            # Both are the dialplan's milliseconds; the service's clock may move by microseconds meanwhile.
            queued = [datetime.fromisoformat(each["queued_at"]) for each in (callback, call)]
            assert abs(queued[0] - queued[1]) < timedelta(milliseconds=1)
            assert (await place.total())["waiting"] == 0

            place.agents = await place.center.seat_agents(1)
            await place.answer_next()
            citizen = await peer.next_call(within_s=WITHIN_S)
            assert citizen.number == CITIZEN
            await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
            await place.phones.hang_up(place.seats[0])
            await only(place, "/v1/callbacks", "callbacks", end="reached")


@pytest.mark.parametrize("killed", [False, True])
async def test_a_citizen_rates_the_agent_after_the_call(tmp_path: Path, killed: bool) -> None:
    """Also while no service lives: the next one reads from Asterisk's log what the citizen did."""
    async with staffed(tmp_path, 1, wrap_up_s=1.0, flows=True) as place:
        caller, task = place.callers.begin(CITIZEN, "12345")
        [seat] = place.seats
        await place.answer_next()
        await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
        if killed:
            await place.center.service.kill()
        await place.phones.hang_up(seat)
        await until_over(caller, task, "2")
        if killed:
            await place.center.service.start()
        rating = await only(place, "/v1/ratings", "ratings", outcome="rated")
        assert (rating["score"], rating["agent"], rating["queue"]) == (4, place.agents[seat], "general")
        await only(place, "/v1/calls", "calls", outcome="answered")
        call = await place.center.api().get(f"/v1/calls/{rating['call']}")
        assert (call["rating"]["score"], call["outcome"], call["ended_by"]) == (4, "answered", "agent")
        assert [order["work_order"] for order in call["work_orders"]] == [rating["work_order"]]
        [figures] = (await place.center.api().get("/v1/ratings/figures?by=agent"))["figures"]
        assert (figures["of"], figures["rated"], figures["satisfied_rate"]) == (place.agents[seat], 1, 1.0)


async def test_a_message_on_a_closed_line_is_recorded_and_opens_a_work_order(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, agents=0, flows=True, calendars={"hours": []}) as place:
        caller, task = place.callers.begin(CITIZEN, "12313")
        api = place.center.api()

        spool = place.center.lab.site.asterisk.spool / "recording"

        async def said_enough() -> bool:
            return any(raw.stat().st_size >= SECONDS * RATE_HZ * FRAME_BYTES for raw in spool.glob("*.raw"))

        await place.until(said_enough)
        caller.hang_up()
        report = await task
        call = await only(place, "/v1/calls", "calls", outcome="voicemail")
        message = await only(
            place, "/v1/voicemails", "voicemails", work_order_state="intake", recording=call["call"]
        )
        assert (message["hotline"], message["queue"]) == ("12313", "enterprise")
        assert message["duration_s"] >= SECONDS
        wav = tmp_path / "message.wav"
        wav.write_bytes(await api.bytes(f"/v1/recordings/{message['recording']}/audio"))
        assert [span.hz for span in dominant_tones(wav, 0)] == [report.tone_hz]
