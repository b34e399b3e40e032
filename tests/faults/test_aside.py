"""The service dies, or the citizen leaves, while an agent has them on hold or asks somebody about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from lab.phones import What
from tests.support.commanding import Talk, commanded, connected
from tests.support.staffed import WITHIN_S, Staffed, staffed

AT_ONCE_S = 2.0
"""Sooner than the dialplan alone would let an agent go."""


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@asynccontextmanager
async def talk_in(directory: Path, seats: int) -> AsyncIterator[Talk]:
    """A conversation, after which every agent is ready again and no phone is in a call."""
    async with staffed(directory, seats, wrap_up_s=0.5) as place:
        talk = await connected(place)
        yield talk
        await all_ready(place)
        assert [place.phones.calls(seat) for seat in place.seats] == [{}] * seats
        assert len((await place.archive()).calls) == 1


async def all_ready(place: Staffed) -> None:
    async def ready() -> bool:
        return bool((await place.total())["agents"]["ready"] == len(place.seats))

    await place.until(ready)


async def asks(talk: Talk) -> str:
    """The agent asks the other one, who answers at this seat."""
    [expert] = set(talk.place.seats) - {talk.seat}
    with talk.place.phones.events(expert) as events:
        posted = await talk.place.center.api(f"agent-{talk.agent}").post(
            f"/v1/calls/{talk.call}/consult", party={"to": "seat", "name": expert}
        )
        await events.next(What.INCOMING, within_s=WITHIN_S)
        await talk.place.phones.answer(expert)

    async def done() -> bool:
        command = await talk.place.center.api().get(f"/v1/commands/{posted['command']}")
        return bool(command["state"] == "done")

    await talk.place.until(done)
    return expert


async def restarted(place: Staffed) -> None:
    place.center.service.reload()
    await place.center.service.kill()
    await place.center.service.start()
    place.center.service.reload()
    await place.until(place.center.service.is_ready)


async def test_killed_while_a_citizen_is_on_hold_the_next_service_takes_them_up(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 1) as talk:
        await talk.do("hold")
        await talk.citizen_hears()
        await restarted(talk.place)
        assert (await talk.place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == "held"
        await talk.do("retrieve")
        await talk.citizen_hears(talk.seat)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat] * 2
        assert [hold["kind"] for hold in call["holds"]] == ["service"]


async def test_killed_while_an_expert_is_asked_the_next_service_hands_over(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 2) as talk:
        expert = await asks(talk)
        await restarted(talk.place)
        await talk.do("complete")
        await talk.citizen_hears(expert)
        assert talk.place.phones.calls(talk.seat) == {}
        await talk.place.phones.hang_up(expert)
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, talk.seat, expert]


async def test_a_citizen_hangs_up_on_hold_and_the_agent_is_let_go(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 1) as talk:
        await talk.do("hold")
        talk.place.center.service.reload()
        talk.caller.hang_up()
        await talk.task
        await all_ready(talk.place)
        assert talk.place.phones.calls(talk.seat) == {}
        call = await talk.archived()
        assert call["ended_by"] == "caller"
        assert instant(call["ended_at"]) - instant(call["holds"][0]["ended_at"]) < AT_ONCE_S


async def test_a_citizen_hangs_up_while_an_expert_is_asked_and_those_two_talk_on(tmp_path: Path) -> None:
    async with talk_in(tmp_path, 2) as talk:
        expert = await asks(talk)
        talk.place.center.service.reload()
        talk.caller.hang_up()
        await talk.task

        async def known() -> bool:
            holds = (await talk.place.center.api().get(f"/v1/calls/{talk.call}"))["holds"]
            return bool(holds) and holds[0]["ended_at"] is not None

        await talk.place.until(known)
        refused = await commanded(talk.place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/complete")
        assert refused["reason"] == "not_consulting"
        assert set(talk.place.phones.calls(expert).values()) == {What.ESTABLISHED}
        await talk.place.phones.hang_up(expert)
        await all_ready(talk.place)
        assert talk.place.phones.calls(talk.seat) == {}


@pytest.mark.usefixtures("short_prompts")
async def test_a_citizen_hangs_up_in_the_rating_and_the_call_is_kept_without_one(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0, flows=True) as place:
        talk = await connected(place)
        await place.phones.hang_up(talk.seat)

        async def asked() -> bool:
            shown = await place.center.api().get(f"/v1/calls/{talk.call}")
            return shown["rating"] is not None

        await place.until(asked)
        place.center.service.reload()
        talk.caller.hang_up()
        report = await talk.task
        assert report.hung_up_by == "caller"
        call = await talk.archived()
        assert (call["outcome"], call["ended_by"]) == ("answered", "agent")
        assert (call["rating"]["outcome"], call["rating"]["score"]) == ("hung_up", None)
