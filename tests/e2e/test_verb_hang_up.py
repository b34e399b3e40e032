"""Hanging up by API: the agent leaves, and the citizen hears the farewell; a supervisor ends it all."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import commanded, done
from tests.support.staffed import Staffed, staffed


async def test_the_agent_by_api_and_a_supervisor_for_everybody(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        [(seat, agent)] = place.agents.items()
        token = f"agent-{agent}"

        caller, task = place.callers.begin("13900000001", "12345")
        await place.answer_next()
        await caller.heard.wait()
        call = await current_call(place, agent)
        with place.phones.events(seat) as events:
            await done(place, token, f"/v1/calls/{call}/hang-up")
            await events.next(What.CLOSED)
        assert (await task).outcome == "answered"
        refused = await commanded(place, token, f"/v1/calls/{call}/hang-up")
        assert (refused["state"], refused["reason"]) == ("refused", "unknown_call")

        caller, task = place.callers.begin("13900000002", "12345")
        await place.answer_next()
        await caller.heard.wait()
        call = await current_call(place, agent)
        await done(place, "supervisor", f"/v1/calls/{call}/hang-up")
        assert (await task).outcome == "answered"
        assert place.phones.calls(seat) == {}


async def current_call(place: Staffed, agent: str) -> str:
    async def look() -> str | None:
        call: str | None = (await place.center.api().get(f"/v1/agents/{agent}"))["call"]
        return call

    found: str = await place.until(look)
    return found
