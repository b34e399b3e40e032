"""The service dies, or the citizen leaves, while an agent has them on hold or asks somebody about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from lab.phones import What
from tests.support.commanding import Talk, asked, commanded, other_than, talk_at
from tests.support.scene import Scene, scene

AT_ONCE_S = 2.0
"""Sooner than the dialplan alone would let an agent go."""


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@asynccontextmanager
async def talk_in(directory: Path, seats: int) -> AsyncIterator[tuple[Scene, Talk]]:
    """A conversation, after which every agent is ready again, no phone is in a call, the ledger clean."""
    async with scene(directory, seats) as place:
        talk = await talk_at(place)
        yield place, talk
        await all_ready(place)
        assert [place.phones.calls(seat) for seat in place.seats] == [{}] * seats
        await place.account(asked=set(place.seats) - {talk.seat})


async def all_ready(place: Scene) -> None:
    async def ready() -> bool:
        return bool((await place.total())["agents"]["ready"] == len(place.seats))

    await place.until(ready)


async def asks(talk: Talk) -> str:
    """The agent asks the other one, who answers at this seat."""
    expert = other_than(talk.place, talk.seat)
    await asked(talk, expert)
    return expert


async def restarted(place: Scene) -> None:
    place.center.service.reload()
    await place.center.service.kill()
    await place.center.service.start()
    await place.reloaded()
    await place.routes()


async def test_killed_while_a_citizen_is_on_hold_the_next_service_takes_them_up(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 1) as (place, talk):
        await place.hears_on(talk.caller)
        await talk.do("hold")
        await talk.citizen_hears()
        await restarted(place)
        assert (await place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == "held"
        await talk.do("retrieve")
        await talk.citizen_hears(talk.seat)
        await place.hears_on(talk.caller)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat] * 2
        assert [hold["kind"] for hold in call["holds"]] == ["service"]


async def test_killed_while_an_expert_is_asked_the_next_service_hands_over(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 2) as (place, talk):
        expert = await asks(talk)
        await restarted(place)
        await talk.do("complete")
        await talk.citizen_hears(expert)
        await place.hears_on(talk.caller)
        await place.on_no_call(talk.seat)
        await place.phones.hang_up(expert)
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, talk.seat, expert]


async def test_a_citizen_hangs_up_on_hold_and_the_agent_is_let_go(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 1) as (place, talk):
        await talk.do("hold")
        place.center.service.reload()
        talk.caller.hang_up()
        await talk.task
        await all_ready(place)
        await place.on_no_call(talk.seat)
        call = await talk.archived()
        assert call["ended_by"] == "caller"
        assert instant(call["ended_at"]) - instant(call["holds"][0]["ended_at"]) < AT_ONCE_S


async def test_a_citizen_hangs_up_while_an_expert_is_asked_and_those_two_talk_on(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 2) as (place, talk):
        expert = await asks(talk)
        place.center.service.reload()
        talk.caller.hang_up()
        await talk.task

        async def known() -> bool:
            holds = (await place.center.api().get(f"/v1/calls/{talk.call}"))["holds"]
            return bool(holds) and holds[0]["ended_at"] is not None

        await place.until(known)
        refused = await commanded(place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/complete")
        assert refused["reason"] == "not_consulting"
        assert set(place.phones.calls(expert).values()) == {What.ESTABLISHED}
        await place.phones.hang_up(expert)
        await all_ready(place)
        await place.on_no_call(talk.seat)


@pytest.mark.usefixtures("short_prompts")
async def test_a_citizen_hangs_up_in_the_rating_and_the_call_is_kept_without_one(tmp_path: Path) -> None:
    async with scene(tmp_path, 1, flows=True, wrap_up_s=1.0) as place:
        talk = await talk_at(place)
        await place.hears_on(talk.caller)
        await place.phones.hang_up(talk.seat)

        async def is_asked() -> bool:
            shown = await place.center.api().get(f"/v1/calls/{talk.call}")
            return shown["rating"] is not None

        await place.until(is_asked)
        place.center.service.reload()
        talk.caller.hang_up()
        report = await talk.task
        assert report.hung_up_by == "caller"
        call = await talk.archived()
        assert (call["outcome"], call["ended_by"]) == ("answered", "agent")
        assert (call["rating"]["outcome"], call["rating"]["score"]) == ("hung_up", None)
        await all_ready(place)
        await place.account()
