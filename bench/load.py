"""A call center under load: more seats than are on the phone, callers at an even pace, all of it watched.

Agents are always free, so an offer that is late is late because the machine is full.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from bench.exchange import NUMBERS, Exchange, Manners
from bench.plain_queue import plain_asterisk
from bench.queued import queued_at
from bench.seat_phone import Offer
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.site import EXAMPLE, LabSite, make_lab_site

HOTLINE = "12345"
RING_S = 0.3
GREETING_S = 6.0
"""The greeting with the recording notice, before the queue."""
_RTP_PORTS_A_SEAT = 8
_SEATED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen in a stretch of even load."""

    seconds: float
    begun: int
    """Calls that began in it."""
    simultaneous: int
    """Calls that were up at its end: greeted, waiting or talking."""
    offers: int
    late_ms: float
    """The slowest offer, from the caller's reaching the queue to the INVITE at the phone."""
    failures: tuple[str, ...]
    service_cpu_s: float | None
    """What the service computed in it; None without one."""
    events: int
    """Lines in Asterisk's event log."""

    @property
    def calls_per_s(self) -> float:
        return self.begun / self.seconds


class Load:
    """Callers at a pace that can be changed while they call."""

    def __init__(self, exchange: Exchange, lab: LabSite, service_pid: int | None) -> None:
        self.exchange = exchange
        self.begun = 0
        self._lab = lab
        self._service = service_pid
        self._pace_per_s = 0.0
        self._task = asyncio.create_task(self._call(), name="load")

    def pace(self, calls_per_s: float) -> None:
        self._pace_per_s = calls_per_s

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def watch(self, seconds: float) -> Window:
        """What happens from now on, for so long."""
        began, begun = time.monotonic(), self.begun
        offers, failures = len(self.exchange.offers), len(self.exchange.failures)
        cpu_s, lines = self._cpu_s(), self._events()
        await asyncio.sleep(seconds)
        seen = self.exchange.offers[offers:]
        cpu_after_s = self._cpu_s()
        lasted_s = time.monotonic() - began
        begun_in_it = self.begun - begun
        up = len(self.exchange.callers)
        events = self._events() - lines
        late_ms = await asyncio.to_thread(slowest_ms, seen, self._lab)
        return Window(
            seconds=lasted_s,
            begun=begun_in_it,
            simultaneous=up,
            offers=len(seen),
            late_ms=late_ms,
            failures=tuple(self.exchange.failures[failures:]),
            service_cpu_s=None if cpu_s is None or cpu_after_s is None else cpu_after_s - cpu_s,
            events=events,
        )

    async def _call(self) -> None:
        due = time.monotonic()
        while True:
            if self._pace_per_s <= 0:
                await asyncio.sleep(0.1)
                due = time.monotonic()
                continue
            due += 1 / self._pace_per_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.exchange.call()
            self.begun += 1

    def _cpu_s(self) -> float | None:
        return None if self._service is None else cpu_s(self._service)

    def _events(self) -> int:
        log = self._lab.site.asterisk.spool / "cel" / "hotline.csv"
        if not log.exists():
            return 0
        with log.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def slowest_ms(offers: list[Offer], lab: LabSite) -> float:
    """Of offers to phones that were free; 0 without any."""
    queued = queued_at(lab)
    return max(
        (offer.invited_ns / 1e6 - queued[offer.number] * 1e3 for offer in offers if offer.number in queued),
        default=0.0,
    )


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, with all its threads (proc(5), `stat` fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM (proc(5), `statm` field 2)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def make_site(directory: Path, seats: int) -> LabSite:
    """The example hotline with so many seats, and an agent for each: the example's over and over."""
    example = directory / "example"
    shutil.rmtree(example, ignore_errors=True)
    shutil.copytree(EXAMPLE, example)
    yaml = YAML(typ="safe")
    agents = itertools.cycle(yaml.load(example / "agents.yaml")["agents"])
    numbers = range(1, seats + 1)
    several = {
        "seats": [{"id": f"seat-{n:03}", "extension": str(60_000 + n)} for n in numbers],
        "agents": [agent | {"id": str(100_000 + n)} for n, agent in zip(numbers, agents, strict=False)],
    }
    for name, items in several.items():
        with (example / f"{name}.yaml").open("w", encoding="utf-8") as file:
            yaml.dump({name: items}, file)
    return make_lab_site(
        directory,
        example=example,
        queues={"wrap_up_s": 0.0},
        rtp_ports=min(_RTP_PORTS_A_SEAT * seats, 10_000),
    )


@asynccontextmanager
async def bare(directory: Path, seats: int, talk_s: float) -> AsyncIterator[Load]:
    """Asterisk alone, with `Queue()`."""
    lab = make_site(directory, seats)
    with plain_asterisk(lab, directory / "asterisk"):
        async with _exchange(lab, talk_s) as exchange:
            load = Load(exchange, lab, None)
            try:
                yield load
            finally:
                await load.stop()


@asynccontextmanager
async def ours(
    directory: Path, seats: int, talk_s: float, numbers: int = NUMBERS
) -> AsyncIterator[tuple[Load, CallCenter]]:
    """With the service, its archive and PostgreSQL. `numbers`: how many callers there are."""
    lab = make_site(directory, seats)
    async with CallCenter(directory, lab) as center, _exchange(lab, talk_s, numbers) as exchange:
        await seat_agents(center, seats)
        assert center.service.process is not None
        load = Load(exchange, lab, center.service.process.pid)
        try:
            yield load, center
        finally:
            await load.stop()


async def seat_agents(center: CallCenter, count: int) -> None:
    """Logs in as many agents, several at a time."""
    api = center.api()
    pairs = itertools.islice(zip(center.lab.site.agents, center.lab.site.seats, strict=True), count)
    turns = asyncio.Semaphore(_SEATED_AT_ONCE)

    async def seat(agent: str, at: str) -> None:
        async with turns:
            await api.post(f"/v1/agents/{agent}/login", seat=at)
            await api.post(f"/v1/agents/{agent}/ready")

    async with asyncio.TaskGroup() as tasks:
        for agent, at in pairs:
            tasks.create_task(seat(agent.id, at.id))


async def emptied(exchange: Exchange, within_s: float) -> None:
    """Returns once every call is over. Raises TimeoutError."""
    gone = asyncio.Event()
    exchange.on_caller_gone = gone.set
    async with asyncio.timeout(within_s):
        while exchange.callers:
            gone.clear()
            await gone.wait()


@asynccontextmanager
async def _exchange(lab: LabSite, talk_s: float, numbers: int = NUMBERS) -> AsyncIterator[Exchange]:
    seats = {seat.id: lab.secrets.seats[seat.id].get_secret_value() for seat in lab.site.seats}
    manners = Manners(
        rings_s=lambda: RING_S,
        talks_s=lambda: talk_s,
        agent_hangs_up=lambda number: int(number) % 2 == 0,
    )
    async with Exchange(seats, (LOOPBACK, lab.site.asterisk.sip_port), HOTLINE, manners, numbers) as exchange:
        yield exchange
