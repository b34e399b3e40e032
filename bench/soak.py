"""Half of what the machine carries, for an hour: does memory stay, are the logs clean, do all ledgers agree?

`make soak HOURS=1` (or `MINUTES=…`). The pace is half of `ours.calls_per_s` in var/bench/capacity.json, or
`--pace`. Prints what was found, writes var/bench/soak.json; exit status 1 when something is not as it must
be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.capacity import REPORT as CAPACITY
from bench.capacity import SEATS, TALK_S
from bench.desks import Desks, at_their_desks
from bench.load import Load, cpu_s, emptied, ours, resident_bytes
from lab.account import settled
from lab.center import CallCenter
from lab.report import Counts, archive_problems, disagreements

REPORT = Path("var/bench/soak.json")
DIRECTORY = Path("var/bench/soak")
SAMPLE_S = 10.0
WARM_UP_SHARE = 0.25
"""Of the run, at the beginning: calls come up to their number and caches fill."""
LEAK_MIB_PER_H = 10.0
"""Memory grows when the whole confidence interval of the slope is above this."""
JUDGED_FROM_MIN = 20.0
"""The memory of a shorter run is shown and not judged: the newest 5,000 events fill it for some minutes."""
CALLERS = 2_000
"""Each calls again and again, so that what is kept for a caller's next call is full after the warm-up."""
ARCHIVED_WITHIN_S = 120.0
_WARNING = re.compile(r" WARNING(?:\[[^]]*\])+:? ([\w.]+)")
T_95 = 1.96
"""Standard normal quantile: a run has far more than 30 samples."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Of a straight line through the samples, by least squares, in MiB an hour."""

    mib_per_h: float
    low: float
    high: float
    """95 % confidence interval of the slope."""
    samples: int


@dataclass(frozen=True, slots=True)
class Soaked:
    minutes: float
    calls_per_s: float
    calls: int
    memory_mib_first: float
    memory_mib_last: float
    memory_slope: Slope
    service_cpu_ms_per_call: float
    ledgers: dict[str, Counts]
    warnings: dict[str, dict[str, int]]
    """How often each warning stands in each log: the service's by event, Asterisk's by source file."""
    problems: list[str]


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """`samples`: (seconds, bytes). The interval is the classical one (Draper and Smith, 1998, 1.4), widened
    for neighbouring samples that resemble each other: by their residuals' correlation at lag 1, the samples
    count as n (1 - r) / (1 + r) (Bayley and Hammersley, 1946).
    """
    hours = np.array([at for at, _ in samples]) / 3600
    mib = np.array([size for _, size in samples]) / 2**20
    n = len(samples)
    if n < 3:
        raise ValueError(f"{n} samples: a slope with its interval needs 3")
    centred = hours - hours.mean()
    spread = float((centred**2).sum())
    steep = float((centred * mib).sum()) / spread
    residuals = mib - mib.mean() - steep * centred
    power = float((residuals**2).sum())
    alike = float((residuals[1:] * residuals[:-1]).sum()) / power if power > 0 else 0.0
    alike = min(max(alike, 0.0), 0.99)
    error = (power / (n - 2) / spread * (1 + alike) / (1 - alike)) ** 0.5
    return Slope(round(steep, 3), round(steep - T_95 * error, 3), round(steep + T_95 * error, 3), n)


def service_log(lines: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """Errors, and warnings by event, in the service's log: JSON a line."""
    errors, warnings = [], Counter[str]()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            # Nothing but a crash writes anything else.
            errors.append(f"service: {line.strip()[:200]}")
            continue
        if entry.get("level") in ("error", "critical"):
            errors.append(f"service: {entry.get('event')}")
        if entry.get("level") == "warning":
            warnings[str(entry.get("event"))] += 1
    return errors, warnings


def asterisk_log(lines: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """Errors, and warnings by source file, in Asterisk's log."""
    errors, warnings = [], Counter[str]()
    for line in lines:
        if " ERROR[" in line:
            errors.append(f"Asterisk: {line.strip()[:200]}")
        if (warning := _WARNING.search(line)) is not None:
            warnings[warning[1]] += 1
    return errors, warnings


def judged(memory: Slope, minutes: float) -> list[str]:
    """What is wrong with the memory; nothing can be said while caches fill."""
    if minutes >= JUDGED_FROM_MIN and memory.low > LEAK_MIB_PER_H:
        return [f"memory grows by {memory.mib_per_h} MiB an hour ({memory.low} to {memory.high})"]
    return []


async def soak(
    directory: Path, minutes: float, pace: float, seats: int, talk_s: float, console: Console
) -> Soaked:
    async with ours(directory, seats, talk_s, CALLERS) as (load, center), at_their_desks(center) as desks:
        assert center.service.process is not None
        service = center.service.process.pid
        began, cpu_before_s = time.monotonic(), cpu_s(service)
        load.pace(pace)
        samples: list[tuple[float, float]] = []
        while (now := time.monotonic() - began) < minutes * 60:
            samples.append((now, float(resident_bytes(service))))
            if len(samples) % 30 == 1:
                console.print(
                    f"  {now / 60:5.1f} min  {load.begun} calls  {samples[-1][1] / 2**20:.1f} MiB"
                    f"  {len(load.exchange.failures)} failed",
                    highlight=False,
                )
            await asyncio.sleep(SAMPLE_S)
        load.pace(0)
        await emptied(load.exchange, 120)
        used_s = cpu_s(service) - cpu_before_s
        ledgers, problems = await _ledgers(center, load, desks)
    warm = [sample for sample in samples if sample[0] >= WARM_UP_SHARE * minutes * 60]
    memory = slope(warm)
    warnings: dict[str, dict[str, int]] = {}
    for name, path, read in (
        ("service", center.service.log, service_log),
        ("Asterisk", center.asterisk.log, asterisk_log),
    ):
        with path.open(encoding="utf-8", errors="replace") as lines:
            errors, counted = read(lines)
        warnings[name] = dict(counted)
        problems += errors
    return Soaked(
        minutes=minutes,
        calls_per_s=pace,
        calls=load.begun,
        memory_mib_first=round(samples[0][1] / 2**20, 1),
        memory_mib_last=round(samples[-1][1] / 2**20, 1),
        memory_slope=memory,
        service_cpu_ms_per_call=round(used_s / max(1, load.begun) * 1e3, 2),
        ledgers=ledgers,
        warnings=warnings,
        problems=problems + judged(memory, minutes),
    )


async def _ledgers(center: CallCenter, load: Load, desks: Desks) -> tuple[dict[str, Counts], list[str]]:
    """What callers, Asterisk and PostgreSQL have counted, and where they, or agents' screens, differ."""
    await desks.caught_up(len(load.exchange.answered))
    saw, says = await settled(center, time.monotonic() + ARCHIVED_WITHIN_S)
    answered = len(load.exchange.answered)
    ledgers = {
        "callers": Counts(load.begun, answered, load.begun - answered),
        "Asterisk": Counts(len(saw.calls), len(saw.answered), len(saw.abandoned)),
        "PostgreSQL": Counts(len(says.calls), len(says.answered), len(says.abandoned)),
    }
    problems = disagreements(ledgers) + archive_problems(saw, says) + load.exchange.failures + desks.failures
    resolved = sum(order["state"] == "resolved" for order in says.work_orders)
    orders = len(says.work_orders)
    if not desks.written == resolved == orders:
        problems.append(f"work orders: {orders}, {desks.written} written, {resolved} settled in the archive")
    return ledgers, problems


def half_of_capacity() -> float:
    """Calls a second. Exits with a sentence when the capacity was not measured."""
    try:
        return float(json.loads(CAPACITY.read_text(encoding="utf-8"))["ours"]["calls_per_s"]) / 2
    except FileNotFoundError:
        sys.exit(f"{CAPACITY} is not there: run `make bench-capacity` first, or give --pace")


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs half of the capacity for a while.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--pace", type=float, help="calls a second; default: half of the measured capacity")
    parser.add_argument("--seats", type=int, default=SEATS)
    parser.add_argument("--talk", type=float, default=TALK_S)
    options = parser.parse_args()
    pace = options.pace or half_of_capacity()
    console = Console()
    console.print(f"{options.minutes:g} minutes at {pace:.2f} calls/s")
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    directory = DIRECTORY.resolve()
    soaked = asyncio.run(soak(directory, options.minutes, pace, options.seats, options.talk, console))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(asdict(soaked), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    memory = soaked.memory_slope
    console.print(
        f"{soaked.calls} calls; memory {soaked.memory_mib_first} -> {soaked.memory_mib_last} MiB, after the "
        f"warm-up {memory.mib_per_h:+} MiB an hour (95 %: {memory.low} to {memory.high}, n={memory.samples})"
    )
    for name, counts in soaked.ledgers.items():
        console.print(f"{name}: {counts.calls} calls, {counts.answered} answered, {counts.abandoned} not")
    console.print(f"warnings in logs: {soaked.warnings}")
    console.print(*soaked.problems or ["no problem was found"], sep="\n", highlight=False)
    if not soaked.problems:
        shutil.rmtree(DIRECTORY, ignore_errors=True)
    sys.exit(1 if soaked.problems else 0)


if __name__ == "__main__":
    main()
