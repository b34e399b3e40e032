"""`hotline simulate`: reads, runs, prints, plots."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from config.load import load_site
from config.policy import routing_policy
from cti.simulate.engine import simulate
from cti.simulate.plot import plot
from cti.simulate.report import Report, Row, report_of
from cti.simulate.scenario import load_day
from cti.simulate.staffing import Staffing, staffing_of
from cti.simulate.target import Target

WIDTH = 110
SKILLS_SHOWN = 4
"""Those that the most missed calls asked for."""
T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's t, two-sided, for 2 to 10 runs; 1.96 for more."""


def run_simulation(
    config: Path,
    scenario: Path,
    out: TextIO,
    *,
    seed: int = 1,
    runs: int = 1,
    target: Target | None = None,
    staffing: bool = False,
    picture: Path | None = None,
    data: Path | None = None,
) -> int:
    """Returns the exit status: 0, or 1 when staffing was asked for and no staffing holds the target.

    Raises `ConfigInvalid`, and `OSError` for a file that cannot be written.
    """
    target = target or Target()
    site = load_site(config)
    day = load_day(scenario, site, routing_policy(site))
    console = Console(file=out, width=WIDTH, highlight=False)
    began = time.perf_counter()
    reports = [
        report_of(simulate(day.drawn(seed + n), seed + n), day.policy, day.begins, day.ends, day.interval_s)
        for n in range(runs)
    ]
    took_s = (time.perf_counter() - began) / runs
    report = reports[0]
    console.print(_table("The day and its queues", "queue", [report.total, *report.queues], target))
    console.print(_table("By interval", "from", [row for row in report.intervals if row.offered], target))
    worst = min((row for row in report.intervals if row.offered), key=lambda row: row.answer_rate or 0.0)
    console.print(f"worst interval: {worst.name}, {_share(worst.answer_rate)} answered")
    if runs > 1:
        console.print(_over_runs(reports))
    console.print(f"{report.total.offered:,} calls simulated in {took_s:.1f} s")
    needed = staffing_of(day, target, seed) if staffing else None
    if needed is not None:
        _print_staffing(needed, target, console)
    if picture is not None:
        plot(report, target, needed, picture)
    if data is not None:
        data.write_text(json.dumps(_as_data(reports, needed), indent=2) + "\n", encoding="utf-8")
    return 1 if needed is not None and needed.missed else 0


def _table(title: str, first: str, rows: Sequence[Row], target: Target) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in ("calls", "answered", "gave up", "sent away", "rate", "in time", "mean wait s"):
        table.add_column(heading, justify="right")
    for heading in ("90 %", "longest", "occupancy", "on duty"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.offered}",
            f"{row.answered}",
            f"{row.abandoned}",
            f"{row.diverted}",
            _marked(row.answer_rate, target.answered),
            _marked(row.timely_rate, target.timely),
            _number(row.mean_wait_s),
            _number(row.p90_wait_s),
            _number(row.longest_wait_s),
            _share(row.occupancy),
            _number(row.on_duty),
        )
    return table


def _print_staffing(needed: Staffing, target: Target, console: Console) -> None:
    goal = f"{target.answered:.0%} answered, {target.timely:.0%} of them in time"
    short = [need for need in needed.needs if need.more]
    if not short and not needed.missed:
        console.print(f"{goal}: held in every interval, nobody is missing")
        return
    table = Table(title=f"Missing for {goal}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("from", "on duty", "missing", "who have above all"):
        table.add_column(heading, justify="right" if heading in ("on duty", "missing") else "left")
    for need in short:
        table.add_row(need.interval, f"{need.on_duty:.1f}", f"{need.more}", _first(need.skills))
    console.print(table)
    if needed.missed:
        console.print(f"not held even with these: {', '.join(needed.missed)}")


def _first(skills: Sequence[str]) -> str:
    shown = ", ".join(skills[:SKILLS_SHOWN]) or "any"
    return shown if len(skills) <= SKILLS_SHOWN else f"{shown}, ..."


def _over_runs(reports: Sequence[Report]) -> str:
    parts = []
    for name in ("answer_rate", "timely_rate", "mean_wait_s", "occupancy"):
        values = [getattr(report.total, name) or 0.0 for report in reports]
        t = T_95[len(values) - 2] if len(values) - 2 < len(T_95) else 1.96
        half_width = t * stdev(values) / len(values) ** 0.5
        parts.append(f"{name} {fmean(values):.3f} ± {half_width:.3f}")
    return f"{len(reports)} runs, 95 % intervals: " + ", ".join(parts)


def _as_data(reports: Sequence[Report], needed: Staffing | None) -> dict[str, object]:
    staffing = None
    if needed is not None:
        staffing = {
            "missed": list(needed.missed),
            "intervals": [
                {"interval": n.interval, "on_duty": n.on_duty, "more": n.more, "skills": list(n.skills)}
                for n in needed.needs
            ],
        }
    return {"runs": [report.as_data() for report in reports], "staffing": staffing}


def _marked(share: float | None, wanted: float) -> str:
    return _share(share) if share is None or share >= wanted else f"[red]{_share(share)}[/red]"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
