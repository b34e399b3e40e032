"""A center with agents and a carrier behind which citizens are called, or called back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.carrier import TrunkPeer
from lab.center import CallCenter
from lab.network import LOOPBACK, free_ports
from lab.phone_log import PhoneLog
from lab.phones import PhonePool, What
from lab.site import make_lab_site
from tests.support.ami_proxy import AmiProxy, ami_proxy, config_through
from tests.support.until import given

WITHIN_S = 60.0
BUSY, CITIZEN = "13900000009", "13900000008"


@dataclass(slots=True)
class Place:
    center: CallCenter
    phones: PhonePool
    peer: TrunkPeer
    agents: dict[str, str]
    """The agents by seat."""
    log: PhoneLog
    ami: AmiProxy
    """The service's way to Asterisk."""

    @property
    def seat(self) -> str:
        """The first agent's."""
        return next(iter(self.agents))

    @property
    def agent(self) -> str:
        return self.agents[self.seat]

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

    async def answer(self, seat: str | None = None) -> None:
        """The agent, who is the first one unless told, takes the next offer."""
        seat = seat or self.seat
        with self.phones.events(seat) as events:
            if What.INCOMING not in self.phones.calls(seat).values():
                await events.next(What.INCOMING, within_s=WITHIN_S)
            await self.phones.answer(seat)
            while What.ESTABLISHED not in self.phones.calls(seat).values():
                await events.next(What.ESTABLISHED, within_s=WITHIN_S)

    async def seats_where(self, least: int = 1, **wanted: Any) -> list[str]:
        """The seats of agents who stand like that, as soon as there are `least`."""

        async def look() -> list[str] | None:
            listed = (await self.center.api().get("/v1/agents"))["agents"]
            stand = {each["agent"]: each for each in listed}
            found = [
                seat
                for seat, agent in self.agents.items()
                if all(stand[agent][key] == value for key, value in wanted.items())
            ]
            return found if len(found) >= least else None

        return await given(look, WITHIN_S)

    async def ringing(self, *, but: str = "") -> str:
        """The seat whose phone rings, or rings next; another one than `but`."""

        async def rings() -> str | None:
            seats = (seat for seat in self.agents if seat != but)
            return next((seat for seat in seats if What.INCOMING in self.phones.calls(seat).values()), None)

        return await given(rings, WITHIN_S)

    async def stopped_ringing(self, seat: str) -> None:
        async def silent() -> bool:
            return not self.phones.calls(seat)

        await given(silent, WITHIN_S)


@asynccontextmanager
async def place(
    directory: Path,
    callbacks: Mapping[str, Any],
    *,
    agents: int = 1,
    ready: bool = True,
    rings_s: Mapping[str, float | None] | None = None,
    unknown: Sequence[str] = (),
    **queues: object,
) -> AsyncIterator[Place]:
    """`callbacks` is the queues' key of that name, `queues` has others. Every citizen answers after 0.2 s, or
    after what `rings_s` says (None: is busy, as the number `BUSY` is); `unknown` ones are no numbers.
    """
    lab = make_lab_site(
        directory,
        queues={"callbacks": dict(callbacks), "wrap_up_s": 1.0, **queues},
        routing={"reserves": [], "max_occupancy": 1.0},
    )
    rings: dict[str, float | None] = {**(rings_s or {}), BUSY: None}
    (port,) = free_ports(1)
    config = config_through(lab.config, directory / "config-of-service", port)
    async with (
        ami_proxy(port, lab.site.asterisk.ami_port) as proxy,
        CallCenter(directory, lab, service_config=config) as center,
    ):
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        passwords = {
            seat.id: lab.secrets.seats[seat.id].get_secret_value() for seat in lab.site.seats[:agents]
        }
        async with (
            PhonePool(passwords, registrar, directory / "phones") as phones,
            TrunkPeer(
                lab.trunk_peer,
                registrar,
                directory / "carrier",
                phones.tones,
                rings_s=lambda number: rings.get(number, 0.2),
                unknown=tuple(unknown),
            ) as peer,
        ):
            log = PhoneLog(phones)
            seated = await center.seat_agents(agents, ready=ready)
            yield Place(center, phones, peer, seated, log, proxy)
