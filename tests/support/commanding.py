"""Commands given over the API to a running hotline, what became of them, and who hears whom meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from lab.callers import Caller
from lab.phones import What
from lab.tones import dominant_tones
from tests.support.scene import Scene
from tests.support.staffed import Staffed

HEARS_S = 0.4
"""So much more of a tone proves that it is heard now."""
SILENCE_S = 0.8
"""How long a tone must not grow to be heard no more, once the audio under way has arrived."""


async def commanded(place: Staffed, who: str, path: str, **body: Any) -> dict[str, Any]:
    """Gives the command as the bearer of token `who` and waits for its outcome."""
    api = place.center.api(who)
    accepted: dict[str, Any] = await api.post(path, **body)

    async def ended() -> dict[str, Any] | None:
        command: dict[str, Any] = await api.get(f"/v1/commands/{accepted['command']}")
        return command if command["state"] != "accepted" else None

    outcome: dict[str, Any] = await place.until(ended)
    return outcome


async def done(place: Staffed, who: str, path: str, **body: Any) -> dict[str, Any]:
    """As `commanded`, for a command that must come about."""
    command = await commanded(place, who, path, **body)
    assert command["state"] == "done", command
    return command


async def connected(place: Staffed, number: str = "13900000001", hotline: str = "12345") -> Talk:
    """A citizen calls, the next phone that rings is answered, and the citizen hears it."""
    caller, task = place.callers.begin(number, hotline)
    seat = await place.answer_next()
    await caller.heard.wait()
    agent = place.agents[seat]
    return Talk(place, caller, task, seat, agent, await current_call(place, agent))


async def talk_at(place: Scene) -> Talk:
    """As `connected`, of a scene."""
    caller, seat = await place.talking()
    agent = place.agents[seat]
    return Talk(place, caller, place.begun[-1][1], seat, agent, await current_call(place, agent))


async def current_call(place: Staffed, agent: str) -> str:
    async def look() -> str | None:
        call: str | None = (await place.center.api().get(f"/v1/agents/{agent}"))["call"]
        return call

    found: str = await place.until(look)
    return found


class Talk:
    """A citizen's call with an agent."""

    def __init__(
        self, place: Staffed, caller: Caller, task: asyncio.Task[Any], seat: str, agent: str, call: str
    ) -> None:
        self.place = place
        self.caller = caller
        self.task = task
        self.seat = seat
        self.agent = agent
        self.call = call

    async def do(self, verb: str, who: str | None = None, **body: Any) -> dict[str, Any]:
        """The verb on this call, by its agent or the bearer of another token, which must come about."""
        return await done(self.place, who or f"agent-{self.agent}", f"/v1/calls/{self.call}/{verb}", **body)

    async def citizen_hears(self, *seats: str) -> None:
        """Waits until the citizen hears exactly these seats: each of them now, no other any more."""
        tones, heard = self.place.phones.tones, self.caller.line.heard_s
        for seat in seats:
            before = heard.get(tones[seat], 0.0)

            async def grown(seat: str = seat, before: float = before) -> bool:
                return heard.get(tones[seat], 0.0) >= before + HEARS_S

            await self.place.until(grown)
        others = [hz for seat, hz in tones.items() if seat not in seats]

        async def quiet() -> bool:
            before = {hz: heard.get(hz, 0.0) for hz in others}
            await asyncio.sleep(SILENCE_S)
            return before == {hz: heard.get(hz, 0.0) for hz in others}

        await self.place.until(quiet)

    def seat_heard(self, seat: str | None = None) -> list[int]:
        """The tones that the seat heard in its last call, in their order; the call must be over."""
        return [span.hz for span in dominant_tones(self.place.phones.heard(seat or self.seat)[-1], 0)]

    async def archived(self) -> dict[str, Any]:
        """The call with all that is kept about it, once it has ended with each segment's recording."""

        async def look() -> dict[str, Any] | None:
            call: dict[str, Any] = await self.place.center.api().get(f"/v1/calls/{self.call}")
            recorded = {segment["recorded_leg"] for segment in call["segments"]} - {None}
            there = {recording["recording"] for recording in call["recordings"]}
            return call if call["complete"] and recorded == there else None

        call: dict[str, Any] = await self.place.until(look)
        return call


async def asked(talk: Talk, other: str, verb: str = "consult") -> None:
    """The agent asks the one at the other seat, who answers; or transfers to them, by `verb`."""
    place = talk.place
    with place.phones.events(other) as events:
        posted = await place.center.api(f"agent-{talk.agent}").post(
            f"/v1/calls/{talk.call}/{verb}", party={"to": "agent", "name": place.agents[other]}
        )
        await events.next(What.INCOMING)
        await place.phones.answer(other)

    async def came_about() -> bool:
        command = await place.center.api().get(f"/v1/commands/{posted['command']}")
        assert command["state"] in ("accepted", "done"), command
        return bool(command["state"] == "done")

    await place.until(came_about)


def other_than(place: Staffed, *seats: str) -> str:
    return next(seat for seat in place.seats if seat not in seats)
