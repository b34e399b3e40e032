"""A callback from the API to the citizen's ear: the agent's phone rings first, then the citizen's."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

from cti.campaign_file import read_list, steer
from tests.support.called_back import BUSY, CITIZEN, WITHIN_S, place
from tests.support.until import given

TERMS = {"busy_delay_s": 1.0, "max_attempts": 2}


async def test_a_citizen_is_called_back_heard_recorded_and_archived(tmp_path: Path) -> None:
    async with place(tmp_path, TERMS) as here:
        callback = await here.request(CITIZEN, reason="visit", work_order="wo-1")
        await here.answer()
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        assert (citizen.number, citizen.shown) == (CITIZEN, here.center.lab.site.trunk.caller_number)
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        assert here.peer.seats_heard(citizen) == (here.seat,)
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)

        entry = await here.stands(callback, end="reached")
        assert (entry["work_order"], entry["reason"], entry["attempts"]) == ("wo-1", "visit", 0)
        [name] = entry["calls"]

        async def archived() -> dict[str, Any] | None:
            call: dict[str, Any] = await here.center.api().get(f"/v1/calls/{name}")
            return call if call["ended_at"] and call["recordings"] else None

        call = await given(archived, WITHIN_S)
        assert (call["direction"], call["agent"], call["outcome"]) == ("outbound", here.agent, "answered")
        assert [offer["outcome"] for offer in call["offers"]] == ["accepted"]
        assert [decision["agent"] for decision in call["decisions"]] == [here.agent]


async def test_a_busy_citizen_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    async with place(tmp_path, TERMS) as here:
        callback = await here.request(BUSY)
        for _ in range(2):
            await here.answer()
            refused = await here.peer.next_call(within_s=WITHIN_S)
            await asyncio.wait_for(refused.ended.wait(), WITHIN_S)
        entry = await here.stands(callback, end="unreached")
        assert (entry["attempts"], entry["last_outcome"], len(entry["calls"])) == (2, "busy", 2)


async def test_a_service_killed_while_the_citizens_phone_rings_calls_nobody_twice(tmp_path: Path) -> None:
    async with place(tmp_path, TERMS) as here:
        callback = await here.request(CITIZEN)
        await here.answer()
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        await here.center.service.kill()
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        await here.center.service.start()
        await here.stands(callback, end="reached")
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
        assert len(here.peer.calls) == 1


async def test_a_list_is_called_from_first_to_last(tmp_path: Path) -> None:
    citizens = tmp_path / "list.csv"
    citizens.write_text("number\n13900000001\n13900000002\n")
    async with place(tmp_path, TERMS) as here:
        out = io.StringIO()
        lab = here.center.lab
        told = "flu-2026", "general", read_list(citizens), lab.api_url, lab.tokens["supervisor"], out
        await steer("import", *told)
        for _ in range(2):
            await here.answer()
            citizen = await here.peer.next_call(within_s=WITHIN_S)
            await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
            await here.phones.hang_up(here.seat)
            await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)

        async def over() -> dict[str, int] | None:
            campaign = await here.center.api().get("/v1/campaigns/flu-2026")
            return dict(campaign["over"]) if not campaign["open"] else None

        assert await given(over, WITHIN_S) == {"reached": 2}
        assert [call.number for call in here.peer.calls] == ["13900000001", "13900000002"]
