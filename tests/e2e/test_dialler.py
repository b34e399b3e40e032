"""Customer first, on a real Asterisk: the citizen's phone rings while an agent is kept free for them."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from lab.phones import What
from lab.tones import dominant_tones
from tests.support.called_back import BUSY, CITIZEN, WITHIN_S, Place, place
from tests.support.known_order import known_order
from tests.support.until import given

HEARD_S = 1.2
"""So long the agent must be heard that both are made out in the recording."""
UNKNOWN, ASLEEP, SLOW = "13900000010", "13900000011", "13900000012"
RINGS_S = {ASLEEP: 300.0, SLOW: 5.0}
TERMS = {
    "mode": "customer_first",
    "ring_timeout_s": 15.0,
    "busy_delay_s": 1.0,
    "no_answer_delay_s": 1.0,
    "failed_delay_s": 1.0,
    "max_attempts": 2,
}


def dialling(directory: Path) -> AbstractAsyncContextManager[Place]:
    return place(directory, TERMS, rings_s=RINGS_S, unknown=(UNKNOWN,))


async def archived(here: Place, name: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        call: dict[str, Any] = await here.center.api().get(f"/v1/calls/{name}")
        return call if call["ended_at"] and call["recordings"] else None

    return await given(look, WITHIN_S)


async def test_a_citizen_who_answers_talks_with_the_agent_who_was_kept_free(tmp_path: Path) -> None:
    async with dialling(tmp_path) as here:
        order = await known_order(here.center)
        callback = await here.request(CITIZEN, reason="visit", work_order=order)
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        assert (citizen.number, citizen.shown) == (CITIZEN, here.center.lab.site.trunk.caller_number)
        await here.answer()
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        assert here.peer.seats_heard(citizen) == (here.seat,)
        hz = here.phones.tones[here.seat]

        async def heard() -> bool:
            return dict(citizen.line.heard_s).get(hz, 0.0) >= HEARD_S

        await given(heard, WITHIN_S)
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)

        entry = await here.stands(callback, end="reached")
        assert (entry["work_order"], entry["mode"], entry["attempts"]) == (order, "customer_first", 0)
        [name] = entry["calls"]
        call = await archived(here, name)
        assert (call["direction"], call["agent"], call["outcome"]) == ("outbound", here.agent, "answered")
        assert [offer["outcome"] for offer in call["offers"]] == ["accepted"]
        [recording] = call["recordings"]
        wav = tmp_path / "call.wav"
        wav.write_bytes(await here.center.api().bytes(f"/v1/recordings/{recording['recording']}/audio"))
        assert [span.hz for span in dominant_tones(wav, 0)] == [hz]
        assert [span.hz for span in dominant_tones(wav, 1)] == [citizen.line.tone_hz]


async def test_a_busy_citizen_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    async with dialling(tmp_path) as here:
        callback = await here.request(BUSY)
        entry = await here.stands(callback, end="unreached")
        assert (entry["attempts"], entry["last_outcome"], len(entry["calls"])) == (2, "busy", 2)
        assert not here.phones.calls(here.seat), "no agent was troubled"


async def test_a_number_that_does_not_exist_is_dialled_once(tmp_path: Path) -> None:
    async with dialling(tmp_path) as here:
        entry = await here.stands(await here.request(UNKNOWN), end="invalid_number")
        assert (entry["attempts"], len(here.peer.calls)) == (1, 1)


async def test_a_phone_that_nobody_answers_rings_as_long_as_is_set_and_is_tried_again(tmp_path: Path) -> None:
    async with dialling(tmp_path) as here:
        entry = await here.stands(await here.request(ASLEEP), end="unreached")
        assert (entry["attempts"], entry["last_outcome"]) == (2, "no_answer")
        rang = [(call.ended_at or 0.0) - call.called_at for call in here.peer.calls]
        assert all(each > 14.0 for each in rang), rang


async def test_who_answers_as_the_only_agent_just_became_busy_is_counted_and_called_again(
    tmp_path: Path,
) -> None:
    async with dialling(tmp_path) as here:
        lists = here.center.api()
        command = await lists.post(
            "/v1/campaigns/flu-2026/citizens", queue="general", citizens=[{"number": SLOW}]
        )
        assert command["state"] == "done", command
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        with here.phones.events(here.seat) as events:
            await here.phones.dial(here.seat, CITIZEN)
            await events.next(What.ESTABLISHED, within_s=WITHIN_S)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
        assert (citizen.answered_at, citizen.hung_up_by) != (None, None)
        assert citizen.hung_up_by == "hotline"

        async def counted() -> dict[str, Any] | None:
            campaign = await lists.get("/v1/campaigns/flu-2026")
            today: dict[str, Any] = campaign["dialled_today"]
            return today if today and today["abandoned"] else None

        today = await given(counted, WITHIN_S)
        assert (today["dialled"], today["answered"], today["abandoned_rate"]) == (1, 1, 1.0)
        await here.phones.hang_up(here.seat)
        await here.answer()  # the next attempt has its agent first
        again = await here.peer.next_call(within_s=WITHIN_S)
        while again.number != SLOW:
            again = await here.peer.next_call(within_s=WITHIN_S)
        await asyncio.wait_for(again.heard.wait(), WITHIN_S)
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(again.ended.wait(), WITHIN_S)


async def test_a_service_killed_while_the_citizens_phone_rings_leaves_them_an_agent_and_calls_nobody_twice(
    tmp_path: Path,
) -> None:
    async with dialling(tmp_path) as here:
        callback = await here.request(SLOW)
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        await here.center.service.kill()
        await here.answer()  # the plain queue rings the agent
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        await here.center.service.start()
        await here.stands(callback, end="reached")
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
        assert len(here.peer.calls) == 1
