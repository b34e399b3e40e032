"""The stage of a fault: a staffed center whose every call is accounted for when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from lab.callers import Caller, CallerPool, CallerReport
from lab.center import CallCenter
from lab.clock import LabClock
from lab.evidence import settled_ledger
from lab.ledger import TIMES_AGREE_S
from lab.network import LOOPBACK, free_ports
from lab.phone_log import PhoneLog
from lab.phones import PhonePool
from lab.site import make_lab_site
from tests.support.ami_proxy import AmiProxy, ami_proxy, config_through
from tests.support.staffed import WITHIN_S, Staffed

MADE_OUT_S = 1.2
APPLIED = '"configuration_applied"'
"""The service's log has it once for each reload that was done."""
GREETING = "thanks"
"""A prompt of 2 s: callers of a fault need not hear the whole recording notice."""


@dataclass(slots=True)
class Scene(Staffed):
    log: PhoneLog = field(kw_only=True)
    ami: AmiProxy = field(kw_only=True)
    """The service's way to Asterisk."""
    config: Path = field(kw_only=True)
    """Where the service's configuration is."""
    begun: list[tuple[Caller, asyncio.Task[CallerReport]]] = field(default_factory=list)
    reports: list[CallerReport] = field(default_factory=list)

    def call(self, hotline: str = "12345", number: str | None = None, **terms: Any) -> Caller:
        """Another citizen calls, or one calls again."""
        number = number or f"1390000{len(self.begun):04d}"
        caller, task = self.callers.begin(number, hotline, **terms)
        self.begun.append((caller, task))
        return caller

    async def talking(self, **terms: Any) -> tuple[Caller, str]:
        """A citizen who hears an agent, and that agent's seat."""
        caller = self.call(**terms)
        seat = await self.ringing(caller)
        await self.phones.answer(seat)
        await self.heard(caller)
        return caller, seat

    async def ringing(self, caller: Caller) -> str:
        """The seat whose phone rings for the caller."""

        async def rings() -> str | None:
            return next((c.seat for c in self.log.calls() if c.number == caller.number and _rings(c)), None)

        seat: str = await self.until(rings)
        return seat

    async def heard(self, *callers: Caller) -> None:
        async with asyncio.timeout(WITHIN_S):
            for caller in callers:
                await caller.heard.wait()

    async def hears_on(self, caller: Caller) -> None:
        """Returns once the caller heard their agent so much longer that a recording has both voices."""
        before = sum(caller.line.heard_s.values())

        async def more() -> bool:
            return sum(caller.line.heard_s.values()) >= before + MADE_OUT_S

        await self.until(more)

    async def waits(self, count: int) -> None:
        async def there() -> bool:
            return bool((await self.total())["waiting"] == count)

        await self.until(there)

    async def fallen_back(self, count: int) -> None:
        """Returns once so many callers are in Asterisk's plain queue."""

        async def there() -> bool:
            shown = await asyncio.to_thread(self.center.asterisk.console, "queue show hotline-fallback")
            return f"has {count} calls" in shown

        await self.until(there)

    def change(self, part: str, **values: object) -> None:
        """Changes what the service's files say, of each entry of a list; a reload brings it into force."""
        yaml = YAML(typ="safe")
        for path in sorted(self.config.glob("*.yaml")):
            document = yaml.load(path)
            if part not in document:
                continue
            entries = document[part] if isinstance(document[part], list) else [document[part]]
            for entry in entries:
                entry.update(values)
            with path.open("w") as file:
                yaml.dump(document, file)

    async def reloaded(self) -> None:
        """Has the service read its configuration again, and returns once that is in force."""

        async def again() -> bool:
            return await self._reloads_done() > before

        before = await self._reloads_done()
        self.center.service.reload()
        await self.until(again)

    async def _reloads_done(self) -> int:
        return (await asyncio.to_thread(self.center.service.log.read_text)).count(APPLIED)

    async def health(self) -> dict[str, Any]:
        shown: dict[str, Any] = await self.center.api().get("/health/ready")
        return shown

    async def routes(self) -> None:
        """Returns once the service routes."""
        await self.until(self._is_ready)

    async def _is_ready(self) -> bool:
        return await self.center.service.is_ready()

    async def account(
        self,
        *,
        dead: Mapping[str, float] | None = None,
        cut: Collection[str] = (),
        willed: Mapping[str, str] | None = None,
        expected_errors: Collection[str] = (),
        kept: Collection[str] = (),
        forgotten: Collection[str] = (),
        asked: Collection[str] = (),
        gave_away: Collection[str] = (),
        times_agree_s: float = TIMES_AGREE_S,
        within_s: float = WITHIN_S,
    ) -> None:
        """Ends what still goes on, and asserts that the ledger is clean and that a reload was done."""
        for caller, _ in self.begun:
            caller.hang_up()
        self.reports = list(await asyncio.gather(*(task for _, task in self.begun)))
        ledger, _ = await settled_ledger(
            self.center,
            self.log,
            self.reports,
            self.phones.tones,
            self.agents.values(),
            within_s=within_s,
            dead=dead,
            cut=cut,
            willed=willed,
            expected_errors=expected_errors,
            kept=kept,
            forgotten=forgotten,
            asked=asked,
            gave_away=gave_away,
            times_agree_s=times_agree_s,
        )
        assert ledger.clean, str(ledger)
        assert self.center.service.reloads, "the scenario has no reload"
        await self.until(self._reloads_done)


def _rings(call: Any) -> bool:
    return not call.outgoing and call.answered_at is None and call.ended_at is None


@asynccontextmanager
async def scene(
    directory: Path,
    seats: int,
    *,
    apart: bool = False,
    clock: LabClock | None = None,
    calendars: dict[str, object] | None = None,
    routing: Mapping[str, object] | None = None,
    flows: bool = False,
    **queues: object,
) -> AsyncIterator[Scene]:
    """A center whose service reaches Asterisk through a proxy. `apart`: each phone can die by itself.

    `clock` is the time of day of the service, Asterisk and PostgreSQL, if not this machine's.
    """
    lab = make_lab_site(
        directory,
        queues={"wrap_up_s": 0.5, **queues},
        routing={"reserves": [], "max_occupancy": 1.0, "last_agent_ttl_s": 0, **(routing or {})},
        calendars=calendars,
        flows=flows,
        greeting=GREETING,
    )
    (port,) = free_ports(1)
    config = config_through(lab.config, directory / "config-of-service", port)
    async with (
        ami_proxy(port, lab.site.asterisk.ami_port) as proxy,
        CallCenter(directory, lab, service_config=config, clock=clock) as center,
    ):
        passwords = {s.id: lab.secrets.seats[s.id].get_secret_value() for s in lab.site.seats[:seats]}
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        async with (
            PhonePool(
                passwords,
                registrar,
                directory / "phones",
                record_to=directory / "heard" if apart else None,
                registers_every_s=120 if clock is None else 30,
            ) as phones,
            CallerPool(lab.trunk_peer, registrar, directory / "callers", phones.tones) as callers,
        ):
            place = Scene(center, phones, callers, log=PhoneLog(phones), ami=proxy, config=config)
            place.agents = await center.seat_agents(seats)
            yield place
