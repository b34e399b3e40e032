"""What an agent does with the phone's own keys: hold, take up, transfer (REFER). The service follows."""

from __future__ import annotations

from pathlib import Path

from lab.phones import What
from tests.support.commanding import commanded, connected
from tests.support.staffed import staffed


async def test_the_phone_holds_takes_up_and_transfers(tmp_path: Path) -> None:
    async with staffed(tmp_path, 2, wrap_up_s=1.0) as place:
        talk = await connected(place)
        [other] = set(place.seats) - {talk.seat}
        await talk.citizen_hears(talk.seat)
        await place.phones.hold(talk.seat)
        await talk.citizen_hears()

        async def held() -> bool:
            return bool((await place.center.api().get(f"/v1/calls/{talk.call}"))["state"] == "held")

        await place.until(held)
        refused = await commanded(place, f"agent-{talk.agent}", f"/v1/calls/{talk.call}/retrieve")
        assert (refused["state"], refused["reason"]) == ("refused", "held_by_phone")
        await place.phones.resume(talk.seat)
        await talk.citizen_hears(talk.seat)

        extension = next(s.extension for s in place.center.lab.site.seats if s.id == other)
        with place.phones.events(other) as events:
            await place.phones.transfer(talk.seat, extension)
            await events.next(What.INCOMING)
            await place.phones.answer(other)
        await talk.citizen_hears(other)

        async def handed_over() -> bool:
            agents = {a["agent"]: a for a in (await place.center.api().get("/v1/agents"))["agents"]}
            states = agents[talk.agent]["state"], agents[place.agents[other]]["state"]
            return states == ("ready", "busy")

        await place.until(handed_over)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        [hold] = call["holds"]
        assert (hold["kind"], hold["agent"]) == ("phone", talk.agent)
        assert [segment["seat"] for segment in call["segments"]] == [talk.seat, other]
        assert len(call["recordings"]) == 2
        assert call["times"]["hold_s"] > 0.5

        async def wrapped_up() -> bool:
            times = (await place.center.api().get(f"/v1/calls/{talk.call}"))["times"]
            return bool(times["wrap_up_s"] >= 2 * 1.0)  # both agents had the call

        await place.until(wrapped_up)
