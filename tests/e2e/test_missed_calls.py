"""A citizen whose call was missed is to be called back once, and not once they were answered by any way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller
from lab.phones import What
from tests.support.staffed import WITHIN_S, Staffed, staffed

CITIZEN = "13900000008"
SHORT_S = 1.0
"""Who gives up sooner is not called back."""
TERMS: dict[str, Any] = {
    "flows": True,
    "wrap_up_s": 1.0,
    "short_abandon_s": SHORT_S,
    # Callers on the line go first, however long the callback has waited.
    "callbacks": {"priority": -100},
}

pytestmark = pytest.mark.usefixtures("short_prompts")


async def gives_up(place: Staffed) -> None:
    """The citizen calls, waits in vain, and hangs up."""
    caller, task = place.callers.begin(CITIZEN, "12345")

    async def waited() -> bool:
        return ((await place.total())["longest_wait_s"] or 0.0) > SHORT_S

    await place.until(waited)
    caller.hang_up()
    await task


async def the_callback(place: Staffed, joined: int = 0, **wanted: Any) -> dict[str, Any]:
    """The only callback that there ever was, once so many calls joined it and it stands as wanted."""

    async def look() -> dict[str, Any] | None:
        listed = (await place.center.api().get("/v1/callbacks"))["callbacks"]
        assert len(listed) <= 1, listed
        right = [each for each in listed if len(each["joined"]) == joined and each.items() >= wanted.items()]
        return right[0] if right else None

    found: dict[str, Any] = await place.until(look)
    return found


async def waits(place: Staffed) -> tuple[Caller, asyncio.Task[Any], str]:
    """The citizen calls again and waits; with the call's id."""
    before = {each["call"] for each in (await place.center.api().get("/v1/calls"))["calls"]}
    caller, task = place.callers.begin(CITIZEN, "12345")

    async def waiting() -> str | None:
        calls = (await place.center.api().get("/v1/calls"))["calls"]
        new = [each["call"] for each in calls if each["state"] == "waiting" and each["call"] not in before]
        return new[0] if new else None

    return caller, task, await place.until(waiting)


async def is_cleared(place: Staffed, joined: int = 0) -> None:
    await the_callback(place, joined, end="called_again", state=None, attempts=0, calls=[])


async def agent_is(place: Staffed, agent: str, state: str) -> None:
    async def look() -> bool:
        found: bool = (await place.center.api().get(f"/v1/agents/{agent}"))["state"] == state
        return found

    await place.until(look)


async def test_who_gives_up_twice_is_to_be_called_once_and_not_at_all_once_they_were_answered(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 1, agents=0, **TERMS) as place:
        await gives_up(place)
        first = await the_callback(place, reason="missed", state="waiting")
        await gives_up(place)
        again = await the_callback(place, 1, reason="missed", state="waiting")
        unchanged = ("callback", "origin", "queued_at", "requested_at")
        assert {key: again[key] for key in unchanged} == {key: first[key] for key in unchanged}
        assert (await place.total())["abandoned"] == 2

        caller, task, _ = await waits(place)
        [(seat, agent)] = (await place.center.seat_agents(1)).items()
        await place.answer_next()
        await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
        await is_cleared(place, 1)
        caller.hang_up()
        assert (await task).outcome == "answered"
        await agent_is(place, agent, "ready")
        assert place.phones.calls(seat) == {}, "nobody is called back any more"


async def test_who_is_picked_up_is_not_called_back(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, agents=0, **TERMS) as place:
        await gives_up(place)
        await the_callback(place, state="waiting")
        [(seat, agent)] = (await place.center.seat_agents(1, ready=False)).items()
        caller, task, call = await waits(place)
        with place.phones.events(seat) as events:
            await place.center.api(f"agent-{agent}").post(f"/v1/calls/{call}/pick-up")
            await events.next(What.INCOMING, within_s=WITHIN_S)
            await place.phones.answer(seat)
        await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
        await is_cleared(place)
        caller.hang_up()
        await task


@pytest.mark.parametrize("answered_when", ["no service lives", "the service is back"])
async def test_who_is_answered_in_spite_of_a_killed_service_is_not_called_back(
    tmp_path: Path, answered_when: str
) -> None:
    async with staffed(tmp_path, 1, agents=0, **TERMS) as place:
        await gives_up(place)
        await the_callback(place, state="waiting")
        caller, task, _ = await waits(place)
        if answered_when == "no service lives":
            [seat] = await place.center.seat_agents(1)
            with place.phones.events(seat) as events:
                if What.INCOMING not in place.phones.calls(seat).values():
                    await events.next(What.INCOMING, within_s=WITHIN_S)
            await place.center.service.kill()
            await place.answer_next()
            await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
            await place.center.service.start()
        else:
            await place.center.service.kill()
            await place.center.service.start()
            await the_callback(place, state="waiting")
            await place.center.seat_agents(1)
            await place.answer_next()
            await asyncio.wait_for(caller.heard.wait(), WITHIN_S)
        await is_cleared(place)
        caller.hang_up()
        await task
