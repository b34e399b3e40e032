"""The service dies with SIGKILL while people talk and wait: nothing audible happens and nothing is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lab.callers import Caller
from tests.support.scene import Scene, scene

TALKING, WAITING = 10, 5
FALLBACK_WITHIN_S = 10.0


async def test_ten_talk_and_five_wait_when_the_service_is_killed(tmp_path: Path) -> None:
    async with scene(tmp_path, TALKING, wrap_up_s=1.0) as place:
        talking = [place.call() for _ in range(TALKING)]
        for _ in range(TALKING):
            await place.answer_next()
        await place.until(lambda: heard_an_agent(talking, TALKING))
        waiting = []
        for count in range(1, WAITING + 1):  # one after the other: the plain queue knows whole seconds
            waiting.append(place.call())
            await place.waits(count)
        await place.until(lambda: stands(place, talking=TALKING, waiting=WAITING))

        place.center.service.reload()
        await place.center.service.kill()
        killed_at = asyncio.get_running_loop().time()
        heard_before = {caller.number: total_heard(caller) for caller in talking}
        newcomer = place.call()
        await place.fallen_back(WAITING + 1)
        fell_back_s = asyncio.get_running_loop().time() - killed_at
        assert fell_back_s <= FALLBACK_WITHIN_S

        # Three agents end their calls: the plain queue rings them, and they answer three of those who wait.
        for seat in place.seats[:3]:
            await place.phones.hang_up(seat)
        for _ in range(3):
            await place.answer_next()
        served = [*waiting, newcomer]
        await place.until(lambda: heard_an_agent(served, 3))
        await place.until(lambda: keep_hearing(talking, heard_before, TALKING - 3))

        await place.center.service.start()
        place.center.service.reload()
        await place.until(lambda: stands(place, talking=TALKING, waiting=WAITING + 1 - 3))

        # The rest is routed again, longest waiting first.
        answered_before = {caller.number for caller in served if caller.heard.is_set()}
        for seat in place.seats[3:6]:
            await place.phones.hang_up(seat)
        for _ in range(3):
            await place.answer_next()
        nothing_yet = dict.fromkeys((caller.number for caller in served), 0.5)
        await place.until(lambda: keep_hearing(served, nothing_yet, WAITING + 1))
        await place.account()
        assert {report.outcome for report in place.reports} == {"answered"}
        total = await place.total()
        all_of_them = len(place.begun)
        assert (total["offered"], total["answered"], total["abandoned"]) == (all_of_them, all_of_them, 0)
        says = await place.archive()
        routes = [call["route"] for call in says.calls.values()]
        assert (routes.count("fallback"), routes.count("acd")) == (3, all_of_them - 3)
        assert len(answered_before) == 3


async def stands(place: Scene, *, talking: int, waiting: int) -> bool:
    total = await place.total()
    return bool((total["talking"], total["waiting"]) == (talking, waiting))


async def heard_an_agent(callers: list[Caller], count: int) -> bool:
    return sum(caller.heard.is_set() for caller in callers) >= count


def total_heard(caller: Caller) -> float:
    return sum(caller.line.heard_s.values())


async def keep_hearing(callers: list[Caller], before: dict[str, float], count: int) -> bool:
    """Whether so many callers have heard their agents for another second since the service died."""
    return sum(total_heard(caller) >= before[caller.number] + 1.0 for caller in callers) >= count
