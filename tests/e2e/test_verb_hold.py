"""Hold and retrieve by API: who hears whom, what is recorded, and nobody left behind."""

from __future__ import annotations

from pathlib import Path

from tests.support.commanding import commanded, connected
from tests.support.staffed import staffed


async def test_the_citizen_hears_music_and_the_agent_silence_until_the_call_is_taken_up(
    tmp_path: Path,
) -> None:
    async with staffed(tmp_path, 1, listening=True, wrap_up_s=1.0) as place:
        talk = await connected(place)
        await talk.citizen_hears(talk.seat)
        await talk.do("hold")
        await talk.citizen_hears()
        again = await commanded(place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/hold")
        assert (again["state"], again["reason"]) == ("refused", "already_held")
        agent = await place.center.api().get(f"/v1/agents/{talk.agent}")
        assert (agent["state"], agent["call"]) == ("busy", talk.call)
        assert (await place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == "held"

        await talk.do("retrieve")
        await talk.citizen_hears(talk.seat)
        talk.caller.hang_up()
        report = await talk.task
        assert report.outcome == "answered"

        call = await talk.archived()
        assert [segment["agent"] for segment in call["segments"]] == [talk.agent] * 2
        assert len({segment["recorded_leg"] for segment in call["segments"]}) == 2
        [hold] = call["holds"]
        assert (hold["kind"], hold["agent"]) == ("service", talk.agent)
        first, second = call["segments"]
        assert first["ended_at"] <= hold["started_at"] <= hold["ended_at"] <= second["started_at"]
        assert call["ended_by"] == "caller"
        # Two stretches of the citizen, with the silence of the hold between them.
        assert talk.seat_heard() == [report.tone_hz, report.tone_hz]


async def test_a_held_citizen_whose_agent_hangs_up_waits_again_in_the_old_place(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)

        async def queued() -> str | None:
            at: str | None = (await place.center.api().get(f"/v1/calls/{talk.call}"))["queued_at"]
            return at

        queued_at = await place.until(queued)  # the archive is half a second behind
        await talk.do("hold")
        await place.phones.hang_up(talk.seat)
        second = await place.answer_next()
        await talk.citizen_hears(second)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, second]
        assert call["queued_at"] == queued_at
        assert [offer["outcome"] for offer in call["offers"]] == ["accepted", "accepted"]
