"""Dial out for a work order, mute, keys, park and pick up by API, audio told by tone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lab.carrier import TrunkPeer
from lab.center import ApiFailed
from lab.network import LOOPBACK
from lab.phones import What
from tests.support.commanding import commanded, connected, current_call, done
from tests.support.staffed import WITHIN_S, Staffed, staffed


async def ends(place: Staffed, posted: dict[str, Any]) -> dict[str, Any]:
    """Where a command stands once it has ended."""

    async def look() -> dict[str, Any] | None:
        command: dict[str, Any] = await place.center.api().get(f"/v1/commands/{posted['command']}")
        return command if command["state"] != "accepted" else None

    command: dict[str, Any] = await place.until(look)
    return command


async def test_muted_parked_picked_up_and_sent_to_the_rating(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        await talk.citizen_hears(talk.seat)
        await talk.do("mute", muted=True)
        await talk.citizen_hears()
        await talk.do("mute", muted=False)
        await talk.citizen_hears(talk.seat)
        await talk.do("keys", keys="12#")

        async def heard() -> bool:
            return talk.caller.line.keys_heard == "12#"

        await place.until(heard)

        await talk.do("park")
        await talk.citizen_hears()
        assert (await place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == "parked"
        other = next(seat for seat in place.seats if seat != talk.seat)
        with place.phones.events(other) as events:
            posted = await place.center.api(f"agent-{place.agents[other]}").post(
                f"/v1/calls/{talk.call}/pick-up"
            )
            await events.next(What.INCOMING)
            await place.phones.answer(other)
        assert (await ends(place, posted))["state"] == "done"
        await talk.citizen_hears(other)
        talk.agent = place.agents[other]
        await talk.do("rating")
        await place.on_no_call(other)
        await talk.task
        call = await talk.archived()
        assert [hold["kind"] for hold in call["holds"]] == ["parked"]
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, other]


async def test_a_waiting_citizen_is_picked_up_by_an_agent_who_is_not_ready(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        [(seat, agent)] = place.agents.items()
        await place.center.api().post(f"/v1/agents/{agent}/not-ready", reason="break")
        caller, task = place.callers.begin("13900000001", "12345")
        own = place.center.api(f"agent-{agent}")

        async def waiting() -> str | None:
            """Whom the agent finds to be picked up."""
            listed = (await own.get("/v1/open-calls", state="waiting"))["calls"]
            return listed[0]["call"] if listed else None

        call = await place.until(waiting)
        with place.phones.events(seat) as events:
            posted = await place.center.api(f"agent-{agent}").post(f"/v1/calls/{call}/pick-up")
            await events.next(What.INCOMING)
            await place.phones.answer(seat)
        assert (await ends(place, posted))["state"] == "done"
        await caller.heard.wait()
        assert await current_call(place, agent) == call
        caller.hang_up()
        assert (await task).outcome == "answered"

        async def over() -> bool:
            return (await place.center.api().get(f"/v1/calls/{call}"))["ended_at"] is not None

        await place.until(over)
        refused = await commanded(place, f"agent-{agent}", f"/v1/calls/{call}/pick-up")
        assert (refused["state"], refused["reason"]) == ("refused", "unknown_call")
        total = await place.total()
        assert (total["offered"], total["answered"], total["abandoned"]) == (1, 1, 0)


async def test_an_agent_calls_a_citizen_for_a_work_order_and_the_hotlines_number_is_shown(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        [(seat, agent)] = place.agents.items()
        own = place.center.api(f"agent-{agent}")
        talk = await connected(place)
        await place.phones.hang_up(seat)
        await talk.task
        [order] = (await talk.archived())["work_orders"]

        async def ready() -> bool:
            return bool((await own.get(f"/v1/agents/{agent}"))["state"] == "ready")

        await place.until(ready)
        with pytest.raises(ApiFailed, match="unknown_work_order"):
            await own.post("/v1/calls", number="13900000001", work_order="wo-none")
        lab = place.center.lab
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        async with TrunkPeer(lab.trunk_peer, registrar, tmp_path / "carrier", place.phones.tones) as peer:
            with place.phones.events(seat) as events:
                posted = await own.post("/v1/calls", number="13900000001", work_order=order["work_order"])
                await events.next(What.INCOMING)
                await place.phones.answer(seat)
            citizen = await peer.next_call(within_s=WITHIN_S)
            await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
            assert (citizen.number, citizen.shown) == ("13900000001", lab.site.trunk.caller_number)
            command = await ends(place, posted)
            assert command["state"] == "done"
            call = command["result"]["call"]
            await done(place, f"agent-{agent}", f"/v1/calls/{call}/hold")
            await done(place, f"agent-{agent}", f"/v1/calls/{call}/retrieve")
            await place.phones.hang_up(seat)

        async def archived() -> dict[str, Any] | None:
            found: dict[str, Any] = await place.center.api().get(f"/v1/calls/{call}")
            return found if found["complete"] and len(found["recordings"]) == 2 else None

        kept = await place.until(archived)
        assert (kept["direction"], kept["outcome"]) == ("outbound", "answered")
        visits = (await own.get("/v1/calls", work_order=order["work_order"]))["calls"]
        assert [visit["call"] for visit in visits] == [call], "from the work order the visit is found"
