"""A call center on this machine, with agents at their phones and citizens who can call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine

from lab.callers import CallerPool
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.phones import PhonePool, What
from lab.site import make_lab_site
from lab.witness import ArchiveSays, AsteriskSaw, read_archive, read_asterisk
from tests.support.until import given

WITHIN_S = 60.0
"""How long a test waits for what must come: far longer than it takes, for a slow machine."""


@dataclass(slots=True)
class Staffed:
    center: CallCenter
    phones: PhonePool
    callers: CallerPool
    agents: dict[str, str] = field(default_factory=dict)
    """Agents by seat."""

    @property
    def seats(self) -> tuple[str, ...]:
        return self.phones.seats

    def asterisk_saw(self) -> AsteriskSaw:
        site = self.center.lab.site
        log = site.asterisk.spool / "cel" / "hotline.csv"
        return read_asterisk(log, self.center.asterisk.cdr, site.trunk.id)

    async def archive(self) -> ArchiveSays:
        engine = create_async_engine(self.center.database_url)
        try:
            return await read_archive(engine)
        finally:
            await engine.dispose()

    async def until(self, true: Callable[[], Awaitable[Any]], within_s: float = WITHIN_S) -> Any:
        """What `true` gives as soon as it gives something; asks again and again. Raises TimeoutError."""
        return await given(true, within_s)

    async def total(self) -> dict[str, Any]:
        figures: dict[str, Any] = (await self.center.api().get("/v1/queues"))["total"]
        return figures

    async def on_no_call(self, seat: str) -> None:
        """Waits until the seat's phone is on no call: Asterisk's goodbye to it comes later than the service
        tells what a command led to.
        """

        async def free() -> bool:
            return not self.phones.calls(seat)

        await self.until(free)

    async def answer_next(self) -> str:
        """Answers the next phone that rings and returns its seat."""
        with self.phones.events() as events:
            ringing = [s for s in self.seats if What.INCOMING in self.phones.calls(s).values()]
            seat = ringing[0] if ringing else (await events.next(What.INCOMING, within_s=WITHIN_S)).seat
            await self.phones.answer(seat)
            while What.ESTABLISHED not in self.phones.calls(seat).values():
                await events.next(What.ESTABLISHED, within_s=WITHIN_S)
            return seat


@asynccontextmanager
async def staffed(
    directory: Path,
    seats: int,
    *,
    agents: int | None = None,
    flows: bool = False,
    calendars: dict[str, object] | None = None,
    login: dict[str, object] | None = None,
    listening: bool = False,
    **queues: object,
) -> AsyncIterator[Staffed]:
    """A center with phones at the first `seats` seats and `agents` of them (all) logged in and ready.

    `flows`, `calendars`, `login` and `queues` as `make_lab_site` takes them. With `listening` what each seat
    hears is kept: see `PhonePool.heard`.
    """
    # Of so few agents none is to be kept for urgent callers, or sent to rest.
    heard = directory / "heard" if listening else None
    lab = make_lab_site(
        directory,
        queues=queues,
        routing={"reserves": [], "max_occupancy": 1.0},
        flows=flows,
        calendars=calendars,
        login=login,
    )
    async with CallCenter(directory, lab) as center:
        passwords = {s.id: lab.secrets.seats[s.id].get_secret_value() for s in lab.site.seats[:seats]}
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        async with (
            PhonePool(
                passwords,
                registrar,
                directory / "phones",
                record_to=heard,
            ) as phones,
            CallerPool(lab.trunk_peer, registrar, directory / "callers", phones.tones) as callers,
        ):
            place = Staffed(center, phones, callers)
            place.agents = await center.seat_agents(seats if agents is None else agents)
            yield place
