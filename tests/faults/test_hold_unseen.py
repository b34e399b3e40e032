"""Agents hold and take up with their phones' own keys while the service does not see Asterisk.

Asterisk's log has no holds. What the phones did is asked for when Asterisk is in sight again; of when they
did it, only that it was meanwhile can be known.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.support.commanding import Talk, commanded, talk_at
from tests.support.scene import Scene, scene

TIMES_AGREE_S = 1.0
OutOfSight: TypeAlias = Callable[[Scene], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def killed(place: Scene) -> AsyncIterator[None]:
    await place.center.service.kill()
    yield
    await place.center.service.start()


@asynccontextmanager
async def cut(place: Scene) -> AsyncIterator[None]:
    place.ami.refusing = True
    place.ami.cut()

    async def lost() -> bool:
        return not await place.center.service.is_ready()

    await place.until(lost)
    yield
    place.ami.heal()
    await place.routes()


@pytest.mark.parametrize("out_of_sight", [killed, cut])
async def test_holds_that_begin_and_end_out_of_sight_are_so_afterwards(
    tmp_path: Path, out_of_sight: OutOfSight
) -> None:
    async with scene(tmp_path, 2) as place:
        begins, ends = await talk_at(place), await talk_at(place)
        await place.hears_on(begins.caller)
        held_at = time.time()
        await place.phones.hold(ends.seat)
        await state_is(ends, "held")
        async with out_of_sight(place):
            hidden_at = time.time()
            await place.phones.hold(begins.seat)
            await begins.citizen_hears()
            await place.phones.resume(ends.seat)
            await place.hears_on(ends.caller)
        seen_at = time.time()
        await state_is(begins, "held")
        await state_is(ends, "talking")
        refused = await commanded(place, f"agent-{begins.agent}", f"/v1/calls/{begins.call}/retrieve")
        assert (refused["state"], refused["reason"]) == ("refused", "held_by_phone")

        await place.reloaded()
        resumed_at = time.time()
        await place.phones.resume(begins.seat)
        await place.hears_on(begins.caller)
        await state_is(begins, "talking")
        for talk in (begins, ends):
            talk.caller.hang_up()
        began, ended = await begins.archived(), await ends.archived()
        assert_times(began, at_least_s=resumed_at - seen_at, at_most_s=resumed_at - hidden_at)
        assert_times(ended, at_least_s=hidden_at - held_at, at_most_s=seen_at - held_at)
        await place.account()


async def state_is(talk: Talk, state: str) -> None:
    async def so() -> bool:
        return bool((await talk.place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == state)

    await talk.place.until(so)


def assert_times(call: dict[str, Any], *, at_least_s: float, at_most_s: float) -> None:
    """One hold by the phone, this long, and all else of the conversation was talk."""
    [hold], [segment], times = call["holds"], call["segments"], call["times"]
    assert hold["kind"] == "phone"
    assert at_least_s - TIMES_AGREE_S <= times["hold_s"] <= at_most_s + TIMES_AGREE_S
    connected_s = seconds(segment["ended_at"]) - seconds(segment["started_at"])
    assert times["hold_s"] + times["talk_s"] == pytest.approx(connected_s, abs=0.01)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
