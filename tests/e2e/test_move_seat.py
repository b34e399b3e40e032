"""An agent changes seats in the middle of the shift: between calls, and the next one rings where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.center import ApiFailed
from tests.support.commanding import connected
from tests.support.staffed import staffed


async def test_an_agent_moves_between_calls_and_is_rung_at_the_new_seat(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, agents=1, wrap_up_s=1.0) as place:
        [(first, agent)] = place.agents.items()
        [second] = set(place.seats) - {first}
        own = place.center.api(f"agent-{agent}")

        async def ready() -> dict[str, Any] | None:
            shown: dict[str, Any] = await own.get(f"/v1/agents/{agent}")
            return shown if shown["state"] == "ready" else None

        talk = await connected(place)
        with pytest.raises(ApiFailed, match="agent_on_call"):
            await own.post(f"/v1/agents/{agent}/move", seat=second)
        await place.phones.hang_up(first)
        await talk.task
        before = await place.until(ready)

        moved = await own.post(f"/v1/agents/{agent}/move", seat=second)
        assert (moved["seat"], moved["state"], moved["since"]) == (second, "ready", before["since"])
        there = {each["seat"]: each["agent"] for each in (await place.center.api().get("/v1/seats"))["seats"]}
        assert (there[first], there[second]) == (None, agent)

        place.agents = {second: agent}
        again = await connected(place, "13900000002")
        assert again.seat == second
        await again.citizen_hears(second)
        again.caller.hang_up()
        await again.task
        segments = [segment for call in (talk, again) for segment in (await call.archived())["segments"]]
        assert [(each["agent"], each["seat"]) for each in segments] == [(agent, first), (agent, second)]
        [figures] = [
            each
            for each in (await place.center.api().get("/v1/figures/agents"))["agents"]
            if each["agent"] == agent
        ]
        assert figures["answered"] == 2, "the day's figures went along"


async def test_who_dials_the_log_in_at_another_phone_moves_there_with_their_state(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, agents=1, login={"elsewhere": "move"}, wrap_up_s=1.0) as place:
        [(first, agent)] = place.agents.items()
        [second] = set(place.seats) - {first}
        await place.phones.feature(second, f"*11{agent}", place.center.lab.pin(agent))
        moved = await place.center.api().get(f"/v1/agents/{agent}")
        assert (moved["seat"], moved["state"]) == (second, "ready")

        place.agents = {second: agent}
        talk = await connected(place)
        assert talk.seat == second
        await talk.citizen_hears(second)
        talk.caller.hang_up()
        await talk.task
