"""What waiting citizens are told of their place and wait, on a whole hotline: by tone, between the music."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from acd.estimate import GAPS_NEEDED
from cti.flows.announce import FIRST_S, GAP_S
from lab.callers import Caller
from tests.support.short_sounds import PLACE_HZ, TOLD_S, WAIT_HZ
from tests.support.staffed import Staffed, staffed

pytestmark = [pytest.mark.usefixtures("short_prompts"), pytest.mark.timeout(300)]

FIRST, SECOND = PLACE_HZ["position-1"], PLACE_HZ["position-2"]
WAIT = WAIT_HZ["wait-1"]


def told(caller: Caller) -> dict[int, int]:
    """How often each of the prompts was heard."""
    heard = caller.line.heard_s
    return {hz: round(heard[hz] / TOLD_S) for hz in (FIRST, SECOND, WAIT) if hz in heard}


async def hears(place: Staffed, caller: Caller, wanted: dict[int, int]) -> float:
    """Waits until the caller has heard exactly that; gives the time."""

    async def so() -> bool:
        return told(caller) == wanted

    await place.until(so)
    return time.time()


async def waiting(place: Staffed, count: int) -> None:
    async def so() -> bool:
        return bool((await place.total())["waiting"] == count)

    await place.until(so)


async def serve(place: Staffed, caller: Caller) -> None:
    """The next one who is rung for is this caller, and is done with at once."""
    await place.answer_next()
    await caller.heard.wait()
    caller.hang_up()


async def test_place_and_wait_are_told_between_the_music_and_again_only_when_both_got_better(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 1, agents=0, flows=True, wrap_up_s=0.0) as place:
        # The pace of the queue is known once so many were answered while others waited.
        early = []
        for number in range(GAPS_NEEDED + 1):
            early.append(place.callers.begin(f"1390000000{number}", "12345"))
            await waiting(place, len(early))
        place.agents = await place.center.seat_agents(1)
        for caller, task in early[:-1]:
            await serve(place, caller)
            await task
        await place.answer_next()
        talks, talking = early[-1]
        await talks.heard.wait()

        ahead, ahead_over = place.callers.begin("13900000011", "12345")
        await waiting(place, 1)
        behind, behind_over = place.callers.begin("13900000012", "12345")
        await waiting(place, 2)
        began = time.time()
        await hears(place, ahead, {FIRST: 1, WAIT: 1})
        told_at = await hears(place, behind, {SECOND: 1, WAIT: 1})
        assert told_at - began > FIRST_S / 2, "nobody is told sooner: many are answered by then"
        music = behind.line.other_s

        async def gap_is_over() -> bool:
            return time.time() - told_at > GAP_S + 5.0

        await place.until(gap_is_over)
        assert told(ahead) == {FIRST: 1, WAIT: 1}, "nothing got better: nothing is said again"
        assert told(behind) == {SECOND: 1, WAIT: 1}
        assert behind.line.other_s - music > GAP_S / 2, "music all the time"

        talks.hang_up()
        await talking
        await place.answer_next()
        await hears(place, behind, {SECOND: 1, FIRST: 1, WAIT: 2})
        ahead.hang_up()
        await ahead_over
        await place.answer_next()
        behind.hang_up()
        assert (await behind_over).outcome == "answered"
