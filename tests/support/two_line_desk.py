"""A call center with an agent at a two-line phone and a colleague at a softphone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.network import LOOPBACK
from lab.phones import What
from lab.tones import seat_tone_hz
from tests.support.commanding import Talk, current_call
from tests.support.staffed import Staffed, staffed
from tests.support.two_lines import TwoLinePhone, two_line_phone


@dataclass(frozen=True, slots=True)
class Desk:
    place: Staffed
    phone: TwoLinePhone
    seat: str
    agent: str
    colleague: str
    """Their seat."""

    @property
    def extension(self) -> str:
        return next(s.extension for s in self.place.center.lab.site.seats if s.id == self.colleague)

    async def talking(self) -> Talk:
        """A citizen whom the agent has taken, while the colleague is ready for the next."""
        api, other = self.place.center.api(), self.place.agents[self.colleague]
        await api.post(f"/v1/agents/{other}/not-ready", reason="break")
        caller, task = self.place.callers.begin("13900000001", "12345")
        await self.phone.answer()
        await caller.heard.wait()
        await api.post(f"/v1/agents/{other}/ready")
        call = await current_call(self.place, self.agent)
        talk = Talk(self.place, caller, task, self.seat, self.agent, call)
        await talk.citizen_hears(self.seat)
        return talk

    async def rings(self) -> None:
        """The agent dials the colleague, whose phone rings."""
        with self.place.phones.events(self.colleague) as events:
            self.phone.consult(self.extension)
            await events.next(What.INCOMING)

    async def asks(self) -> None:
        """The colleague has answered and hears the agent."""
        await self.rings()
        await self.place.phones.answer(self.colleague)
        await self.phone.asked()
        await self.phone.second.hears(self.place.phones.tones[self.colleague])

    async def states(self, agents: str, colleagues: str) -> None:
        """Returns once the two agents are so."""

        async def so() -> bool:
            shown = (await self.place.center.api().get("/v1/agents"))["agents"]
            states = {each["agent"]: each["state"] for each in shown}
            return (states[self.agent], states[self.place.agents[self.colleague]]) == (agents, colleagues)

        await self.place.until(so)


@asynccontextmanager
async def desk(directory: Path) -> AsyncIterator[Desk]:
    async with staffed(directory, 1, listening=True, wrap_up_s=1.0) as place:
        lab = place.center.lab
        [colleague], seat, agent = place.seats, lab.site.seats[1].id, lab.site.agents[1].id
        password = lab.secrets.seats[seat].get_secret_value()
        server, tone_hz = (LOOPBACK, lab.site.asterisk.sip_port), seat_tone_hz(1)
        async with two_line_phone(seat, password, server, tone_hz) as phone:
            place.phones.tones[seat], place.agents[seat] = tone_hz, agent
            api = place.center.api()
            await api.post(f"/v1/agents/{agent}/login", seat=seat)
            here = Desk(place, phone, seat, agent, colleague)

            async def there() -> bool:
                seats = (await api.get("/v1/seats"))["seats"]
                return any(each["seat"] == seat and each["reachable"] for each in seats)

            await place.until(there)
            await api.post(f"/v1/agents/{agent}/ready")
            yield here
