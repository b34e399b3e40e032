"""How long callers and free agents wait for each other to be found, ours against Asterisk's `Queue()`.

`make bench-offer`. The same phones, callers, dialplan, recorder and Asterisk, once without the service and
with `Queue()` in place of the waiting loop, and once with the service, its archive and PostgreSQL. What each
figure means is in docs/benchmarks.md. Prints a table, writes var/bench/offer.json; exit status 1 when a floor
is missed or a call failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.exchange import Exchange, Manners
from bench.plain_queue import plain_asterisk
from bench.queued import queued_at
from bench.seat_phone import Offer
from lab.account import settled
from lab.center import CallCenter
from lab.network import LOOPBACK
from lab.report import Spread, archive_problems, spread
from lab.site import LabSite, make_lab_site

HOTLINE = "12345"
SEATS = 40
BACKLOG = 20
REPORT = Path("var/bench/offer.json")
DIRECTORY = Path("var/bench/offer")
SEED = 12345
FLOOR_P50_MS = 10.0
FLOOR_P99_MS = 50.0
FLOOR_RATIO = 20.0
ARCHIVED_WITHIN_S = 20.0
GREETED_PER_S = 8.0
"""Callers begun a second at most, which is about what 40 agents take at the talk times below."""
GREETING_S = 6.0
"""How long a caller is greeted before the queue, roughly: so many more callers keep the backlog."""
STALL_S = 60.0
BACKLOG_TALK_S = (3.0, 6.0)
ARRIVAL_TALK_S = (1.0, 2.5)
"""At GREETED_PER_S so many talk that half of the agents are free."""
RING_S = (0.2, 0.6)


class Stalled(Exception):
    """No phone was rung for a minute."""


@dataclass(slots=True)
class Measured:
    """What one system did. Milliseconds."""

    free_to_invite_ms: Spread
    arrival_to_invite_ms: Spread
    answer_to_audio_ms: Spread
    offers: int
    calls: int
    failures: list[str] = field(default_factory=list)


def free_to_invite_ms(offers: Sequence[Offer], queued: dict[str, float]) -> list[float]:
    """Of offers to phones that became free while the caller who was offered was waiting already."""
    return [
        (offer.invited_ns - offer.freed_ns) / 1e6
        for offer in _first_for_each_caller(offers)
        if offer.freed_ns is not None and queued.get(offer.number, float("inf")) * 1e9 <= offer.freed_ns
    ]


def arrival_to_invite_ms(offers: Sequence[Offer], queued: dict[str, float]) -> list[float]:
    """Of offers to phones that were free already when the caller came to wait."""
    return [
        offer.invited_ns / 1e6 - queued[offer.number] * 1e3
        for offer in _first_for_each_caller(offers)
        if offer.number in queued and (offer.freed_ns or 0) <= queued[offer.number] * 1e9
    ]


def answer_to_audio_ms(offers: Sequence[Offer]) -> list[float]:
    """From a phone's answer until both have heard the other."""
    return [
        (max(offer.agent_heard_ns, offer.caller_heard_ns) - offer.answered_ns) / 1e6
        for offer in offers
        if offer.answered_ns is not None
        and offer.agent_heard_ns is not None
        and offer.caller_heard_ns is not None
    ]


def _first_for_each_caller(offers: Sequence[Offer]) -> list[Offer]:
    first: dict[str, Offer] = {}
    for offer in offers:
        first.setdefault(offer.number, offer)
    return list(first.values())


def missed(ours: Measured, theirs: Measured, offers: int) -> list[str]:
    """Which floors the figures miss."""
    found = []
    for name, system in (("ours", ours), ("app_queue", theirs)):
        found += [
            f"{name}: {figure} of {n} offers, {offers} wanted"
            for figure in ("free_to_invite_ms", "arrival_to_invite_ms", "answer_to_audio_ms")
            if (n := getattr(system, figure).n) < offers
        ]
        found += [f"{name}: {failure}" for failure in system.failures]
    for figure in ("free_to_invite_ms", "arrival_to_invite_ms"):
        ring: Spread = getattr(ours, figure)
        if ring.p50 is None or ring.p50 > FLOOR_P50_MS:
            found.append(f"ours: {figure} p50 {ring.p50}, over {FLOOR_P50_MS:g}")
        if ring.p99 is None or ring.p99 > FLOOR_P99_MS:
            found.append(f"ours: {figure} p99 {ring.p99}, over {FLOOR_P99_MS:g}")
    if (times := ratio(ours, theirs)) is None or times < FLOOR_RATIO:
        found.append(f"ours is {times} times faster than Queue() at the median, under {FLOOR_RATIO:g}")
    return found


def ratio(ours: Measured, theirs: Measured) -> float | None:
    """How many times faster a free agent is offered a caller, at the median."""
    mine, other = ours.free_to_invite_ms.p50, theirs.free_to_invite_ms.p50
    return round(other / mine, 1) if mine and other is not None else None


async def _measure(exchange: Exchange, lab: LabSite, offers: int, chance: random.Random) -> Measured:
    """First with a backlog, then with free agents."""
    begun = 0

    def call() -> None:
        nonlocal begun
        begun += 1
        exchange.call()

    exchange.on_caller_gone = call
    for _ in range(SEATS + BACKLOG + round(GREETING_S * GREETED_PER_S)):
        call()
        await asyncio.sleep(1 / GREETED_PER_S)
    # By now all agents talk and callers wait.
    await _offered(exchange, len(exchange.offers) + offers + offers // 10)
    backlog = tuple(exchange.offers)
    exchange.on_caller_gone = lambda: None
    await _emptied(exchange)

    before = len(exchange.offers)
    exchange.manners.talks_s = lambda: chance.uniform(*ARRIVAL_TALK_S)
    for _ in range(offers + offers // 20):
        call()
        await asyncio.sleep(chance.expovariate(GREETED_PER_S))
    await _emptied(exchange)
    arrivals = exchange.offers[before:]
    queued = queued_at(lab)
    return Measured(
        free_to_invite_ms=spread(free_to_invite_ms(backlog, queued)),
        arrival_to_invite_ms=spread(arrival_to_invite_ms(arrivals, queued)),
        answer_to_audio_ms=spread(answer_to_audio_ms(exchange.offers)),
        offers=len(exchange.offers),
        calls=begun,
        failures=exchange.failures,
    )


async def _offered(exchange: Exchange, count: int) -> None:
    seen, since = 0, time.monotonic()
    while len(exchange.offers) < count:
        await asyncio.sleep(0.2)
        if len(exchange.offers) > seen:
            seen, since = len(exchange.offers), time.monotonic()
        elif time.monotonic() > since + STALL_S:
            raise Stalled(f"no phone was rung for {STALL_S:.0f} s, after {seen} offers")


async def _emptied(exchange: Exchange) -> None:
    """Until every call is over."""
    count, since = len(exchange.callers), time.monotonic()
    while exchange.callers:
        await asyncio.sleep(0.2)
        if len(exchange.callers) != count:
            count, since = len(exchange.callers), time.monotonic()
        elif time.monotonic() > since + STALL_S:
            raise Stalled(f"{count} calls do not end")


@asynccontextmanager
async def _exchange(lab: LabSite, chance: random.Random) -> AsyncIterator[Exchange]:
    seats = {s.id: lab.secrets.seats[s.id].get_secret_value() for s in lab.site.seats[:SEATS]}
    manners = Manners(
        rings_s=lambda: chance.uniform(*RING_S),
        talks_s=lambda: chance.uniform(*BACKLOG_TALK_S),
        agent_hangs_up=lambda number: int(number) % 2 == 0,
    )
    async with Exchange(seats, (LOOPBACK, lab.site.asterisk.sip_port), HOTLINE, manners) as exchange:
        yield exchange


async def measure_queue(directory: Path, offers: int) -> Measured:
    """Asterisk alone, with `Queue()`."""
    lab = make_lab_site(directory)
    chance = random.Random(SEED)  # noqa: S311 - a load, not a secret
    with plain_asterisk(lab, directory / "asterisk"):
        async with _exchange(lab, chance) as exchange:
            return await _measure(exchange, lab, offers, chance)


async def measure_ours(directory: Path, offers: int) -> Measured:
    """With the service, its archive and PostgreSQL; every call is looked for in the archive afterwards."""
    lab = make_lab_site(directory, queues={"wrap_up_s": 0.0})
    chance = random.Random(SEED)  # noqa: S311 - a load, not a secret
    async with CallCenter(directory, lab) as center:
        async with _exchange(lab, chance) as exchange:
            await center.seat_agents(SEATS)
            measured = await _measure(exchange, lab, offers, chance)
        saw, says = await settled(center, time.monotonic() + ARCHIVED_WITHIN_S)
        measured.failures += archive_problems(saw, says)
    return measured


def show(console: Console, ours: Measured, theirs: Measured) -> None:
    table = Table(title=f"{SEATS} seats, {BACKLOG} callers waiting; milliseconds")
    for column in ("", "system", "n", "p50", "p99", "max"):
        table.add_column(column, justify="left" if column in ("", "system") else "right")
    for figure, told in (
        ("free_to_invite_ms", "agent free -> INVITE at the phone"),
        ("arrival_to_invite_ms", "caller queued -> INVITE at the phone"),
        ("answer_to_audio_ms", "phone answers -> both are heard"),
    ):
        for name, system in (("Queue()", theirs), ("ours", ours)):
            seen: Spread = getattr(system, figure)
            table.add_row(told, name, str(seen.n), str(seen.p50), str(seen.p99), str(seen.max))
    console.print(table)
    console.print(f"a free agent is offered a caller {ratio(ours, theirs)} times faster, at the median")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures offers, ours against Queue().")
    parser.add_argument("--offers", type=int, default=1000, help="of each kind for each system")
    parser.add_argument("--only", choices=("ours", "app_queue"), help="measure one system, judge nothing")
    options = parser.parse_args()
    console = Console()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    measured: dict[str, Measured] = {}
    for name, measure in (("app_queue", measure_queue), ("ours", measure_ours)):
        if options.only in (None, name):
            console.print(f"measuring {name} ...")
            measured[name] = asyncio.run(measure((DIRECTORY / name).resolve(), options.offers))
    if options.only:
        console.print_json(json.dumps(asdict(measured[options.only])))
        return
    ours, theirs = measured["ours"], measured["app_queue"]
    show(console, ours, theirs)
    report: dict[str, Any] = {name: asdict(system) for name, system in measured.items()}
    report |= {"ratio": ratio(ours, theirs), "seats": SEATS, "backlog": BACKLOG}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    failed = missed(ours, theirs, options.offers)
    console.print(*failed or ["all floors are held"], sep="\n", highlight=False)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
