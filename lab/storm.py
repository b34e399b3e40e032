"""`make faults-kill`: the service is killed again and again, at random moments, while citizens call.

The moments come from a seed: some long after the service routes, some while it starts or takes over, some
followed by a restart at once and some by one so late that callers go to the plain `Queue()` meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab import roots
from lab.callers import CallerPool, CallerReport
from lab.center import CallCenter
from lab.evidence import settled_ledger
from lab.ledger import Ledger
from lab.network import LOOPBACK
from lab.phone_log import PhoneLog
from lab.phones import Answerer, PhonePool
from lab.report import Spread, spread
from lab.site import REPOSITORY, make_lab_site

PROGRESS_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class Storm:
    """How citizens call, how agents work and when the service is killed. Durations are seconds."""

    calls: int
    kills: int
    seed: int
    seats: int = 14
    calls_per_s: float = 1.3
    talk_s: tuple[float, float] = (2.0, 10.0)
    ring_s: tuple[float, float] = (0.2, 2.0)
    wrap_up_s: float = 1.0
    patience_s: tuple[float, float] = (5.0, 50.0)
    """Counted from the first ring, the greeting included."""
    caller_ends: float = 0.5
    """Share of the conversations that the citizen ends."""
    while_starting: float = 0.3
    """Share of the kills that hit within `starting_s` of a start, while the service takes over."""
    starting_s: float = 3.0
    greeting: str | None = None
    """A prompt; None: each hotline's own."""

    @property
    def between_kills_s(self) -> float:
        """So that kills and calls take as long as one another."""
        return self.calls / self.calls_per_s / max(1, self.kills)


@dataclass(slots=True)
class StormReport:
    seed: int
    calls: int
    answered: int
    abandoned: int
    recordings: int
    kills: int
    kills_while_starting: int
    """Before the service routed again."""
    counts: dict[str, int]
    restart_to_routing_ms: Spread
    took_s: float
    problems: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        table = Table(title=f"{self.kills} SIGKILLs over {self.calls} calls, seed {self.seed}")
        table.add_column("")
        table.add_column("", justify="right")
        for kind, count in self.counts.items():
            table.add_row(kind, str(count))
        routing = self.restart_to_routing_ms
        table.add_section()
        table.add_row("answered, abandoned", f"{self.answered}, {self.abandoned}")
        table.add_row("recordings", str(self.recordings))
        table.add_row("killed before it routed", str(self.kills_while_starting))
        table.add_row("restart -> routing", f"p50 {routing.p50} ms, max {routing.max} ms  (n={routing.n})")
        table.add_row("took", f"{self.took_s:.0f} s")
        console.print(table)
        for problem in self.problems:
            console.print(f"[bold red]✗[/] {problem}", highlight=False)


class Killer:
    """Kills the service and starts it again, until it has done so often enough."""

    def __init__(self, center: CallCenter, storm: Storm, chance: random.Random) -> None:
        self._service = center.service
        self._storm = storm
        self._chance = chance
        self.kills = 0
        self.while_starting = 0
        self.routing_after_s: list[float] = []

    async def run(self) -> None:
        """Leaves a service that routes. Halfway to each kill it is told to read its configuration again."""
        while self.kills < self._storm.kills:
            until_s = self._chance.expovariate(1 / self._storm.between_kills_s)
            await asyncio.sleep(until_s / 2)
            self._service.reload()
            await asyncio.sleep(until_s / 2)
            await self._kill()
            while self.kills < self._storm.kills and self._chance.random() < self._storm.while_starting:
                await self._start_and_kill()
            await asyncio.sleep(self._downtime_s())
            self.routing_after_s.append(await self._service.start())

    async def _kill(self) -> None:
        await self._service.kill()
        self.kills += 1

    async def _start_and_kill(self) -> None:
        after_s = self._chance.uniform(0.0, self._storm.starting_s)
        starting = asyncio.create_task(self._service.start())
        done, _ = await asyncio.wait([starting], timeout=after_s)
        if not done:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            self.while_starting += 1
        await self._kill()

    def _downtime_s(self) -> float:
        """Mostly as short as a process supervisor makes it, now and then long enough for the fallback."""
        kind = self._chance.random()
        if kind < 0.6:
            return 0.0
        return self._chance.uniform(0.2, 4.0) if kind < 0.85 else self._chance.uniform(5.0, 12.0)


async def storm(plan: Storm, directory: Path, console: Console) -> StormReport:
    """Runs a storm from setting up to the report. Raises the errors of what it starts."""
    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    lab = make_lab_site(
        directory,
        queues={"wrap_up_s": plan.wrap_up_s},
        # Of so few agents none is to be kept for urgent callers, or sent to rest.
        routing={"reserves": [], "max_occupancy": 1.0},
        greeting=plan.greeting,
    )
    began = time.monotonic()
    chance = random.Random(plan.seed)  # noqa: S311 - a load, not a secret
    async with CallCenter(directory, lab) as center:
        passwords = {s.id: lab.secrets.seats[s.id].get_secret_value() for s in lab.site.seats[: plan.seats]}
        registrar = (LOOPBACK, lab.site.asterisk.sip_port)
        async with (
            PhonePool(passwords, registrar, directory / "phones") as phones,
            CallerPool(lab.trunk_peer, registrar, directory / "callers", phones.tones) as callers,
        ):
            seats = await center.seat_agents(plan.seats)
            log = PhoneLog(phones)

            def talks_s(_seat: str) -> float | None:
                return chance.uniform(*plan.talk_s) if chance.random() >= plan.caller_ends else None

            async with Answerer(phones, rings_s=lambda _: chance.uniform(*plan.ring_s), talks_s=talks_s):
                killer = Killer(center, plan, random.Random(plan.seed + 1))  # noqa: S311
                reports = await _call(plan, chance, callers, killer, console)
                ledger, seen = await settled_ledger(center, log, reports, phones.tones, seats.values())
    return StormReport(
        seed=plan.seed,
        calls=len(reports),
        answered=len(seen.saw.answered),
        abandoned=len(seen.saw.calls) - len(seen.saw.answered),
        recordings=len(seen.says.recordings),
        kills=killer.kills,
        kills_while_starting=killer.while_starting,
        counts=ledger.counts,
        restart_to_routing_ms=spread(s * 1000 for s in killer.routing_after_s),
        took_s=round(time.monotonic() - began, 1),
        problems=_told(ledger),
    )


def _told(ledger: Ledger) -> list[str]:
    return [f"{kind}: {each}" for kind, found in ledger.problems.items() for each in found]


async def _call(
    plan: Storm, chance: random.Random, callers: CallerPool, killer: Killer, console: Console
) -> list[CallerReport]:
    """Citizens call at random intervals (Poisson), until there were enough calls and enough kills."""
    hotlines = ["12345"] * 3 + ["12315", "12328"]
    calls: list[asyncio.Task[CallerReport]] = []
    killing = asyncio.create_task(killer.run())
    told_at = time.monotonic()
    try:
        while len(calls) < plan.calls or not killing.done():
            calls.append(
                callers.begin(
                    f"139{len(calls):08d}",
                    chance.choice(hotlines),
                    patience_s=chance.uniform(*plan.patience_s),
                    talks_s=chance.uniform(*plan.talk_s) + 1.0,
                )[1]
            )
            if time.monotonic() - told_at > PROGRESS_EVERY_S:
                told_at = time.monotonic()
                done = sum(call.done() for call in calls)
                console.print(f"{len(calls)} calls begun, {done} over, {killer.kills} kills", highlight=False)
            await asyncio.sleep(chance.expovariate(plan.calls_per_s))
        await killing
        return list(await asyncio.gather(*calls))
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


def run_storm(calls: int, kills: int, seed: int | None) -> int:
    """Returns the exit status: 0 when the ledger is clean."""
    console = Console()
    roots.asterisk_program()
    seed = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    console.print(f"seed {seed}", highlight=False)
    directory = REPOSITORY / "var" / "faults"
    report = asyncio.run(storm(Storm(calls, kills, seed), directory / "kill", console))
    report.write(directory / "kill.json")
    report.show(console)
    return 1 if report.problems else 0
