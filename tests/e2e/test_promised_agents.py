"""On a real Asterisk: an agent who is kept free for a citizen goes away while the citizen's phone rings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.callers import CallerPool
from lab.network import LOOPBACK
from lab.phones import What
from tests.support.called_back import WITHIN_S, Place, place
from tests.support.short_sounds import PLACE_HZ
from tests.support.until import given

pytestmark = pytest.mark.usefixtures("short_prompts")

SLOW, CALLER = "13900000012", "13900000001"
SORRY = "position-1"
"""A prompt that is a tone of its own, by which is told who heard it."""
TERMS = {
    "mode": "customer_first",
    "ring_timeout_s": 60.0,
    "failed_delay_s": 1.0,
    "abandoned_prompt": SORRY,
}


@asynccontextmanager
async def ringing(directory: Path, agents: int, rings_s: float = 15.0) -> AsyncIterator[Place]:
    """A citizen's phone rings for so long until they answer, and an agent is kept free for them."""
    async with place(directory, TERMS, agents=agents, rings_s={SLOW: rings_s}) as here:
        added = await here.center.api().post(
            "/v1/campaigns/flu-2026/citizens", queue="general", citizens=[{"number": SLOW}]
        )
        assert added["state"] == "done", added
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        assert (citizen.number, citizen.answered_at) == (SLOW, None)
        yield here


def calls_in(here: Place) -> CallerPool:
    lab = here.center.lab
    registrar = (LOOPBACK, lab.site.asterisk.sip_port)
    return CallerPool(lab.trunk_peer, registrar, here.center.directory / "callers", here.phones.tones)


async def goes(here: Place, seat: str, how: str) -> None:
    if how == "phone":
        await here.phones.unregister(seat)
    else:
        await here.center.api().post(f"/v1/agents/{here.agents[seat]}/logout")


async def dialled_today(here: Place, **wanted: Any) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        today: dict[str, Any] = (await here.center.api().get("/v1/campaigns/flu-2026"))["dialled_today"]
        return today if all(today[key] == value for key, value in wanted.items()) else None

    return await given(look, WITHIN_S)


@pytest.mark.parametrize("how", ["logs out", "phone"])
async def test_another_free_agent_is_kept_for_the_citizen_and_no_caller_takes_them(
    tmp_path: Path, how: str
) -> None:
    async with ringing(tmp_path, agents=2) as here, calls_in(here) as callers:
        [citizen] = here.peer.calls
        [first] = await here.seats_where(reason="promised")
        [other] = [seat for seat in here.agents if seat != first]
        await goes(here, first, how)
        await here.seats_where(reason="promised", agent=here.agents[other])
        caller, task = callers.begin(CALLER, "12345", talks_s=1.0)
        await asyncio.wait_for(caller.connected.wait(), WITHIN_S)
        await here.answer(other)
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        assert here.peer.seats_heard(citizen) == (other,)
        assert not caller.heard.is_set()
        await here.phones.hang_up(other)
        await here.answer(other)
        assert (await asyncio.wait_for(task, WITHIN_S)).seats == (other,)
        assert (await dialled_today(here, answered=1))["abandoned"] == 0


async def test_while_nobody_is_free_the_phone_rings_on_and_who_comes_back_is_kept_for_the_citizen(
    tmp_path: Path,
) -> None:
    async with ringing(tmp_path, agents=1) as here, calls_in(here) as callers:
        [citizen] = here.peer.calls
        api = here.center.api()
        await goes(here, here.seat, "logs out")
        caller, task = callers.begin(CALLER, "12345", talks_s=1.0)

        async def waits() -> bool:
            return bool((await api.get("/v1/queues"))["total"]["waiting"])

        await given(waits, WITHIN_S)
        await here.center.seat_agents(1)
        assert await here.seats_where(reason="promised") == [here.seat]
        assert (citizen.answered_at, citizen.ended_at) == (None, None)
        assert What.INCOMING not in here.phones.calls(here.seat).values()
        await here.answer()
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        assert not caller.heard.is_set()
        await here.phones.hang_up(here.seat)
        await here.answer()
        assert (await asyncio.wait_for(task, WITHIN_S)).outcome == "answered"


async def test_when_nobody_comes_the_citizen_who_answers_hears_so_is_counted_and_called_with_an_agent_first(
    tmp_path: Path,
) -> None:
    async with ringing(tmp_path, agents=1, rings_s=4.0) as here:
        [citizen] = here.peer.calls
        await goes(here, here.seat, "logs out")
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
        assert citizen.answered_at is not None
        assert citizen.hung_up_by == "hotline"
        assert citizen.line.heard_s.get(PLACE_HZ[SORRY], 0.0) > 0.2
        today = await dialled_today(here, abandoned=1)
        assert (today["dialled"], today["answered"], today["abandoned_rate"]) == (1, 1, 1.0)
        await here.center.seat_agents(1)
        await here.answer()
        again = await here.peer.next_call(within_s=WITHIN_S)
        await asyncio.wait_for(again.heard.wait(), WITHIN_S)
        assert again.number == SLOW
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(again.ended.wait(), WITHIN_S)
