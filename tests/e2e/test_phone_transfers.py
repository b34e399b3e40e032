"""A desk phone with two lines: an agent asks a colleague and transfers (REFER with Replaces)."""

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


async def test_the_citizen_is_handed_over_to_the_colleague_who_was_asked(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.asks()
        await talk.citizen_hears()
        await here.states("busy", "busy")
        shown = await here.place.center.api().get(f"/v1/calls/{talk.call}")
        assert shown["state"] == "held"
        assert [leg["seat"] for leg in shown["legs"]] == [None, here.seat, here.seat, here.colleague]

        await here.phone.transfer(here.extension)
        await talk.citizen_hears(here.colleague)
        await here.phone.is_free()
        await here.states("ready", "busy")
        talk.caller.hang_up()
        report = await talk.task
        await here.states("ready", "ready")

        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat, here.colleague]
        assert [hold["agent"] for hold in call["holds"]] == [here.agent]
        assert (call["agent"], call["ended_by"], len(call["work_orders"])) == (here.agent, "caller", 1)
        assert len(call["recordings"]) == 2
        assert call["times"]["hold_s"] > 0.5
        assert talk.seat_heard(here.colleague) == [here.place.phones.tones[here.seat], report.tone_hz]


async def test_a_transfer_to_a_phone_that_rings_yet(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.rings()
        await here.states("busy", "busy")
        await here.phone.transfer(here.extension)
        await here.phone.is_free()
        await here.states("ready", "busy")
        await here.place.phones.answer(here.colleague)
        await talk.citizen_hears(here.colleague)
        await here.states("ready", "busy")
        await here.place.phones.hang_up(here.colleague)
        await talk.task
        await here.states("ready", "ready")
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.colleague]
        assert len(call["recordings"]) == 2
        assert call["ended_by"] == "agent"


async def test_a_transfer_that_nobody_answers_brings_the_citizen_back_to_the_queue(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.rings()
        await here.phone.transfer(here.extension)
        await here.phone.is_free()
        await here.place.phones.reject(here.colleague)
        await here.place.answer_next()
        await talk.citizen_hears(here.colleague)
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.colleague]


async def test_a_transfer_while_the_service_is_away_is_the_same_afterwards(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        talk = await here.talking()
        await here.place.center.service.kill()
        await here.asks()
        await here.phone.transfer(here.extension)
        await talk.citizen_hears(here.colleague)
        await here.phone.is_free()
        await here.place.center.service.start()
        await here.states("ready", "busy")
        talk.caller.hang_up()
        await talk.task
        call = await talk.archived()
        assert [segment["seat"] for segment in call["segments"]] == [here.seat, here.seat, here.colleague]
        assert (call["ended_by"], len(call["recordings"])) == ("caller", 2)


async def test_a_call_from_seat_to_seat_keeps_both_agents_from_others(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        with here.place.phones.events(here.colleague) as events:
            here.phone.second.call(here.extension, here.seat)
            await events.next(What.INCOMING)
            await here.states("busy", "busy")
            await here.place.phones.answer(here.colleague)
        await here.phone.asked()
        await here.phone.second.hears(here.place.phones.tones[here.colleague])
        [internal] = (await here.place.center.api().get("/v1/calls"))["calls"]
        assert (internal["direction"], internal["dialled"]) == ("internal", here.extension)

        # Nobody is free for this one.
        caller, task = here.place.callers.begin("13900000001", "12345")

        async def waits() -> bool:
            return bool((await here.place.total())["waiting"] == 1)

        await here.place.until(waits)
        caller.hang_up()
        await task
        here.phone.second.hang_up()
        await here.states("ready", "ready")
        call = await Talk(here.place, caller, task, here.seat, here.agent, internal["call"]).archived()
        assert (call["outcome"], call["number"], call["agent"], call["ended_by"]) == (
            "answered", "", here.agent, "agent",
        )  # fmt: skip
        assert (len(call["recordings"]), call["work_orders"]) == (1, [])
        assert call["times"]["talk_s"] > 0.5
