"""How many calls Asterisk carries on this machine: alone with `Queue()`, and with us.

`make bench-capacity`. The pace of calls is raised until a call fails or an offer takes over 200 ms, each time
that it is tried, and the limit is then narrowed by halving. Both are there all the while and loaded in turn,
so a machine that is busier for a while is so for both. What each figure means is in docs/benchmarks.md.
Prints a table, writes var/bench/capacity.json; exit status 1 when ours carries less than 85 % of bare.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

from bench.load import GREETING_S, RING_S, Load, Window, bare, ours

REPORT = Path("var/bench/capacity.json")
DIRECTORY = Path("var/bench/capacity")
SEATS = 400
"""As many that not their number, but the machine, is the limit of Asterisk alone."""
TALK_S = 20.0
WINDOW_S = 20.0
FIRST_PER_S = 3.0
GROWTH = 1.5
HALVINGS = 3
TRIES = 3
"""A pace is too much when it was so this often: a burst of somebody else's work does not count."""
LATE_MS = 200.0
FLOOR_SHARE = 0.85


Told: TypeAlias = Callable[[str, float, Window, str], None]


@dataclass(frozen=True, slots=True)
class Carried:
    """The highest pace at which no call failed and no offer was late."""

    calls_per_s: float
    simultaneous: int
    service_cpu_ms_per_call: float | None
    events_per_s: float
    slowest_offer_ms: float
    broke_at_per_s: float | None
    """The lowest pace that was too much; None: the bench's own limit was reached first."""
    broke_by: str


def trouble(window: Window) -> str:
    """Why the pace was too much; '' when it was not."""
    if window.failures:
        return f"{len(window.failures)} calls failed, the first: {window.failures[0]}"
    if not window.offers:
        return "no phone was rung"
    if window.late_ms > LATE_MS:
        return f"an offer took {window.late_ms:.0f} ms"
    return ""


async def search(
    attempt: Callable[[float], Awaitable[Window]],
    *,
    first: float,
    growth: float,
    most: float,
    halvings: int,
    told: Callable[[float, Window, str], None] = lambda _pace, _window, _why: None,
) -> tuple[Window | None, float | None, str]:
    """The best window without trouble, the lowest pace with it, and the trouble.

    `attempt` loads at a pace and returns what it saw. A pace has failed when it did so `TRIES` times.
    """
    best: Window | None = None
    good, bad, why = 0.0, float("inf"), ""

    async def holds(pace: float) -> bool:
        nonlocal best, good, bad, why
        for _ in range(TRIES):
            window = await attempt(pace)
            problem = trouble(window)
            told(pace, window, problem)
            if not problem:
                best, good = window, pace
                return True
        bad, why = pace, problem
        return False

    pace = first
    while await holds(min(pace, most)) and pace < most:
        pace *= growth
    for _ in range(halvings if bad < float("inf") else 0):
        await holds((good + bad) / 2)
    return best, None if bad == float("inf") else bad, why


async def _carried(
    load: Load, name: str, turn: asyncio.Lock, told: Told, options: argparse.Namespace
) -> Carried:
    settle_s = GREETING_S + RING_S + options.talk

    async def attempt(pace: float) -> Window:
        async with turn:
            load.pace(pace)
            await asyncio.sleep(settle_s)  # meanwhile the other's calls end
            window = await load.watch(options.window)
            load.pace(0)
        return window

    best, broke, why = await search(
        attempt,
        first=options.first,
        growth=GROWTH,
        most=options.most,
        halvings=HALVINGS,
        told=partial(told, name),
    )
    if best is None:
        return Carried(0.0, 0, None, 0.0, 0.0, broke, why)
    return Carried(
        calls_per_s=round(best.calls_per_s, 2),
        simultaneous=best.simultaneous,
        service_cpu_ms_per_call=(
            None if best.service_cpu_s is None else round(best.service_cpu_s / best.begun * 1e3, 2)
        ),
        events_per_s=round(best.events / best.seconds, 1),
        slowest_offer_ms=round(best.late_ms, 1),
        broke_at_per_s=broke,
        broke_by=why,
    )


async def measure(console: Console, options: argparse.Namespace) -> dict[str, Carried]:
    """What each carries, by name: `bare` and `ours`."""
    turn = asyncio.Lock()  # gives turns in the order in which they were asked for

    def told(name: str, pace: float, window: Window, why: str) -> None:
        console.print(
            f"  {name}  {pace:5.2f} calls/s  {window.simultaneous:4} up  "
            f"slowest offer {window.late_ms:6.1f} ms  {why or 'held'}",
            highlight=False,
        )

    async with (
        bare((DIRECTORY / "bare").resolve(), options.seats, options.talk) as alone,
        ours((DIRECTORY / "ours").resolve(), options.seats, options.talk) as (with_us, _),
    ):
        loads = {"bare": alone, "ours": with_us}
        carried = await asyncio.gather(
            *(_carried(load, name, turn, told, options) for name, load in loads.items())
        )
    return dict(zip(loads, carried, strict=True))


def missed(mine: Carried, other: Carried) -> list[str]:
    """Which floors the figures miss, or are not known to hold."""
    found = []
    if other.broke_at_per_s is None and mine.broke_at_per_s is not None:
        found.append(f"Asterisk alone carries more than {other.calls_per_s} calls/s: give it more --seats")
    for figure in ("calls_per_s", "simultaneous"):
        least = FLOOR_SHARE * getattr(other, figure)
        if getattr(mine, figure) < least or not getattr(other, figure):
            found.append(f"{figure}: ours {getattr(mine, figure)}, under 85 % of {getattr(other, figure)}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures how many calls are carried, bare and with us.")
    parser.add_argument("--seats", type=int, default=SEATS)
    parser.add_argument("--talk", type=float, default=TALK_S, help="seconds that each pair talks")
    parser.add_argument("--window", type=float, default=WINDOW_S, help="seconds of even load that are judged")
    parser.add_argument("--first", type=float, default=FIRST_PER_S, help="calls a second to begin with")
    parser.add_argument("--most", type=float, help="calls a second at which to stop searching")
    options = parser.parse_args()
    # More would keep callers waiting for want of an agent.
    options.most = options.most or 0.9 * options.seats / (options.talk + RING_S)
    console = Console()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    measured = asyncio.run(measure(console, options))
    table = Table(title=f"{options.seats} seats, {options.talk:g} s of talk")
    for column in ("", "calls/s", "simultaneous", "service CPU ms/call", "events/s", "slowest offer ms"):
        table.add_column(column, justify="right" if column else "left")
    for name, seen in measured.items():
        table.add_row(
            name,
            str(seen.calls_per_s),
            str(seen.simultaneous),
            str(seen.service_cpu_ms_per_call or "-"),
            str(seen.events_per_s),
            str(seen.slowest_offer_ms),
        )
    console.print(table)
    report: dict[str, Any] = {
        name: {
            "calls_per_s": seen.calls_per_s,
            "simultaneous": seen.simultaneous,
            "events_per_s": seen.events_per_s,
            "slowest_offer_ms": seen.slowest_offer_ms,
            "broke_at_per_s": seen.broke_at_per_s,
            "broke_by": seen.broke_by,
        }
        for name, seen in measured.items()
    }
    report["service_cpu_ms_per_call"] = measured["ours"].service_cpu_ms_per_call
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = missed(measured["ours"], measured["bare"])
    console.print(*failed or ["all floors are held"], sep="\n", highlight=False)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
