"""A callback from the API to the citizen's ear: the agent's phone rings first, then the citizen's."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cti.campaign_file import read_list, steer
from lab.carrier import TrunkPeer
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.phones import PhonePool, What
from lab.site import make_lab_site
from tests.support.until import given

WITHIN_S = 60.0
BUSY, CITIZEN = "13900000009", "13900000008"


@dataclass(slots=True)
class Place:
    center: CallCenter
    phones: PhonePool
    peer: TrunkPeer
    seat: str
    agent: str

    async def request(self, number: str, **more: Any) -> str:
        """Asks for a callback and gives its id."""
        command = await self.center.api().post("/v1/callbacks", number=number, queue="general", **more)
        assert command["state"] == "done", command
        callback: str = command["result"]["callback"]
        return callback

    async def stands(self, callback: str, **wanted: Any) -> dict[str, Any]:
        """The callback, once it is archived as wanted."""

        async def look() -> dict[str, Any] | None:
            page = await self.center.api().get("/v1/callbacks")
            for entry in page["callbacks"]:
                if entry["callback"] == callback and all(entry[k] == v for k, v in wanted.items()):
                    found: dict[str, Any] = entry
                    return found
            return None

        return await given(look, WITHIN_S)

    async def answer(self) -> None:
        """The agent takes the next offer."""
        with self.phones.events(self.seat) as events:
            if What.INCOMING not in self.phones.calls(self.seat).values():
                await events.next(What.INCOMING, within_s=WITHIN_S)
            await self.phones.answer(self.seat)
            while What.ESTABLISHED not in self.phones.calls(self.seat).values():
                await events.next(What.ESTABLISHED, within_s=WITHIN_S)


@asynccontextmanager
async def place(directory: Path) -> AsyncIterator[Place]:
    terms = {"callbacks": {"busy_delay_s": 1.0, "max_attempts": 2}, "wrap_up_s": 1.0}
    lab = make_lab_site(directory, queues=terms, routing={"reserves": [], "max_occupancy": 1.0})
    async with CallCenter(directory, lab) as center:
        seat = lab.site.seats[0].id
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        passwords = {seat: lab.secrets.seats[seat].get_secret_value()}
        async with (
            PhonePool(passwords, registrar, directory / "phones") as phones,
            TrunkPeer(
                lab.trunk_peer,
                registrar,
                directory / "carrier",
                phones.tones,
                rings_s=lambda number: None if number == BUSY else 0.2,
            ) as peer,
        ):
            agents = await center.seat_agents(1)
            yield Place(center, phones, peer, seat, agents[seat])


async def test_a_citizen_is_called_back_heard_recorded_and_archived(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        callback = await here.request(CITIZEN, reason="visit", work_order="wo-1")
        await here.answer()
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        assert (citizen.number, citizen.shown) == (CITIZEN, here.center.lab.site.trunk.caller_number)
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        assert here.peer.seats_heard(citizen) == (here.seat,)
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)

        entry = await here.stands(callback, end="reached")
        assert (entry["work_order"], entry["reason"], entry["attempts"]) == ("wo-1", "visit", 0)
        [name] = entry["calls"]

        async def archived() -> dict[str, Any] | None:
            call: dict[str, Any] = await here.center.api().get(f"/v1/calls/{name}")
            return call if call["ended_at"] and call["recordings"] else None

        call = await given(archived, WITHIN_S)
        assert (call["direction"], call["agent"], call["outcome"]) == ("outbound", here.agent, "answered")
        assert [offer["outcome"] for offer in call["offers"]] == ["accepted"]
        assert [decision["agent"] for decision in call["decisions"]] == [here.agent]


async def test_a_busy_citizen_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        callback = await here.request(BUSY)
        for _ in range(2):
            await here.answer()
            refused = await here.peer.next_call(within_s=WITHIN_S)
            await asyncio.wait_for(refused.ended.wait(), WITHIN_S)
        entry = await here.stands(callback, end="unreached")
        assert (entry["attempts"], entry["last_outcome"], len(entry["calls"])) == (2, "busy", 2)


async def test_a_service_killed_while_the_citizens_phone_rings_calls_nobody_twice(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        callback = await here.request(CITIZEN)
        await here.answer()
        citizen = await here.peer.next_call(within_s=WITHIN_S)
        await here.center.service.kill()
        await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
        await here.center.service.start()
        await here.stands(callback, end="reached")
        await here.phones.hang_up(here.seat)
        await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)
        assert len(here.peer.calls) == 1


async def test_a_list_is_called_from_first_to_last(tmp_path: Path) -> None:
    citizens = tmp_path / "list.csv"
    citizens.write_text("number\n13900000001\n13900000002\n")
    async with place(tmp_path) as here:
        out = io.StringIO()
        lab = here.center.lab
        told = "flu-2026", "general", read_list(citizens), lab.api_url, lab.tokens["supervisor"], out
        await steer("import", *told)
        for _ in range(2):
            await here.answer()
            citizen = await here.peer.next_call(within_s=WITHIN_S)
            await asyncio.wait_for(citizen.heard.wait(), WITHIN_S)
            await here.phones.hang_up(here.seat)
            await asyncio.wait_for(citizen.ended.wait(), WITHIN_S)

        async def over() -> dict[str, int] | None:
            campaign = await here.center.api().get("/v1/campaigns/flu-2026")
            return dict(campaign["over"]) if not campaign["open"] else None

        assert await given(over, WITHIN_S) == {"reached": 2}
        assert [call.number for call in here.peer.calls] == ["13900000001", "13900000002"]
