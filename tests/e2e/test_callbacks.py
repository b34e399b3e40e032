"""A callback from the API to the citizen's ear: the agent's phone rings first, then the citizen's."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

from cti.campaign_file import read_list, steer
from tests.support.called_back import BUSY, CITIZEN, WITHIN_S, Place, place
from tests.support.known_order import known_order
from tests.support.until import given

UNKNOWN = "13900000010"
TERMS = {"busy_delay_s": 1.0, "max_attempts": 2}


async def test_a_citizen_is_called_back_heard_recorded_and_archived(tmp_path: Path) -> None:
    async with place(tmp_path, TERMS) as here:
        order = await known_order(here.center)
        callback = await here.request(CITIZEN, reason="visit", work_order=order)
        await here.answer()
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        assert (citizen.number, citizen.shown) == (CITIZEN, here.center.lab.site.trunk.caller_number)
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        assert here.peer.seats_heard(citizen) == (here.seat,)
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)

        entry = await here.stands(callback, end="reached")
        assert (entry["work_order"], entry["reason"], entry["attempts"]) == (order, "visit", 0)
        [name] = entry["calls"]

        async def archived() -> dict[str, Any] | None:
            call: dict[str, Any] = await here.center.api().get(f"/v1/calls/{name}")
            return call if call["ended_at"] and call["recordings"] else None

        call = await given(archived, WITHIN_S)
        assert (call["direction"], call["agent"], call["outcome"]) == ("outbound", here.agent, "answered")
        assert [offer["outcome"] for offer in call["offers"]] == ["accepted"]
        visits = (await here.center.api().get("/v1/calls", work_order=order))["calls"]
        assert [visit["call"] for visit in visits] == [name], "from the work order the visit is found"
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


async def test_a_number_that_does_not_exist_is_dialled_once_and_its_agent_calls_the_next_citizen(
    tmp_path: Path,
) -> None:
    async with place(tmp_path, {"failed_delay_s": 1.0}, unknown=(UNKNOWN,)) as here:
        callback = await here.request(UNKNOWN)
        await here.answer()
        refused = await here.peer.next_call(within_s=WITHIN_S)
        entry = await here.stands(callback, end="invalid_number")
        assert (entry["attempts"], entry["last_outcome"], len(entry["calls"])) == (1, "invalid_number", 1)
        assert (refused.number, refused.answered_at) == (UNKNOWN, None)
        await here.stopped_ringing(here.seat)
        assert await here.seats_where(state="ready", reason=None) == [here.seat], (
            "there is nothing to wrap up"
        )

        following = await here.request(CITIZEN)
        await here.answer()
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        await here.phones.hang_up(here.seat)
        await here.stands(following, end="reached")
        assert [call.number for call in here.peer.calls] == [UNKNOWN, CITIZEN]


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


async def test_a_callback_whose_ring_ended_while_no_service_lived_rings_once_asterisk_is_in_sight(
    tmp_path: Path,
) -> None:
    async with place(tmp_path, TERMS, ring_timeout_s=4.0) as here:
        callback = await here.request(CITIZEN)
        await here.ringing()
        await here.center.service.kill()
        await here.stopped_ringing(here.seat)
        await here.center.service.start()
        await called_back_once(here, callback, here.seat)


async def test_a_phone_that_rings_for_a_callback_over_a_kill_is_alone_until_it_rings_out(
    tmp_path: Path,
) -> None:
    async with place(tmp_path, TERMS, agents=2, ring_timeout_s=40.0) as here:
        callback = await here.request(CITIZEN)
        first = await here.ringing()
        await here.center.service.kill()
        await here.center.service.start()
        second = await here.ringing(but=first)
        rang, rings = here.log.calls()
        assert (rang.seat, rings.seat) == (first, second)
        assert rang.ended_at is not None
        assert rang.ended_at <= rings.began_at
        assert await reason_of(here, first) == "rona"
        await called_back_once(here, callback, second)


async def test_while_the_link_is_lost_nobody_is_kept_for_a_callback_which_rings_as_soon_as_it_is_back(
    tmp_path: Path,
) -> None:
    """The ring timeout is longer than the test waits: an offer that was made too early would be noticed."""
    async with place(tmp_path, TERMS, ready=False, ring_timeout_s=2 * WITHIN_S) as here:
        callback = await here.request(CITIZEN)
        here.ami.refusing = True
        here.ami.cut()

        async def unseen() -> bool:
            return "ami_lost" in await asyncio.to_thread(here.center.service.log.read_text)

        await given(unseen, WITHIN_S)
        await here.center.api().post(f"/v1/agents/{here.agent}/ready")
        [agent] = [a for a in (await here.center.api().get("/v1/agents"))["agents"] if a["seat"] == here.seat]
        assert agent["state"] == "ready"
        here.ami.heal()
        await called_back_once(here, callback, here.seat)


async def called_back_once(here: Place, callback: str, seat: str) -> None:
    """The agent takes the callback and talks with the citizen, whom nobody else calls."""
    await here.answer(seat)
    citizen = await here.peer.next_call(within_s=WITHIN_S)
    await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
    assert here.peer.seats_heard(citizen) == (seat,)
    await here.phones.hang_up(seat)
    await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
    await here.stands(callback, end="reached")
    assert len(here.peer.calls) == 1


async def reason_of(here: Place, seat: str) -> str | None:
    agents = (await here.center.api().get("/v1/agents"))["agents"]
    reason: str | None = next(agent["reason"] for agent in agents if agent["seat"] == seat)
    return reason


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
