"""Hanging up by API: the agent leaves, and the citizen hears the farewell; a supervisor ends it all."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import commanded, connected
from tests.support.staffed import staffed


async def test_the_agent_by_api_and_a_supervisor_for_everybody(tmp_path: Path) -> None:
    async with staffed(tmp_path, 1, wrap_up_s=1.0) as place:
        talk = await connected(place)
        with place.phones.events(talk.seat) as events:
            await talk.do("hang-up")
            await events.next(What.CLOSED)
        assert (await talk.task).outcome == "answered"
        refused = await commanded(place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/hang-up")
        assert (refused["state"], refused["reason"]) == ("refused", "unknown_call")

        talk = await connected(place)
        await talk.do("hang-up", "supervisor")
        assert (await talk.task).outcome == "answered"
        await place.on_no_call(talk.seat)
