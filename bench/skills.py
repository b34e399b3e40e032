"""How many skills an agent needs, and which agent to choose: `make bench-skills`.

First the setting of Wallace and Whitt (2005), A Staffing Algorithm for Call Centers with Skill-Based
Routing: six kinds of calls of 14 erlangs each, 90 agents, mean handling 10 min, nobody gives up; agents
have one, two or six skills, their own kind (proficiency 5) and others (3) spread evenly. Theirs has 30
places to wait; here there is room for all. Then a center of specialists and generalists: three kinds of 9.5
erlangs, 8 agents for each kind alone and 9 for all three, where it matters whom one keeps free.

The same calls are given to every rule of choice (`acd.model.Criterion`). Prints a table of means over
independent runs with 95 % confidence intervals, writes var/bench/skills.json; exit status 1 when two skills
an agent are not nearly as good as all six, or when some rule waits over 5 % less than the default beyond
doubt.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from acd.model import AgentPolicy, AgentState, Criterion, OneOf, Policy, QueuePolicy, RoutingStep
from bench.confidence import interval
from cti.simulate.arrivals import poisson
from cti.simulate.engine import simulate
from cti.simulate.model import Arrival, Outcome, Scenario, Shift

HANDLING_S = 600.0
WARM_UP_S = 15_000.0
LATE_S = 15.0
RUNS = 10
NAMED_S = 0.001
"""How long a caller insists on the agent they know: not at all, but the criterion `preferred` knows them."""
REPORT = Path("var/bench/skills.json")
MEASURES = ("wait_share", "mean_wait_s", "late_share", "occupancy_spread")

Agents = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    agents: Agents
    kinds: tuple[str, ...]
    erlangs_each: float


def wallace_whitt(skills: int) -> Setting:
    kinds = tuple(f"kind{number}" for number in range(6))
    agents = {}
    for number in range(90):
        own, turn = number // 15, number % 15
        others = [kinds[(own + 1 + (turn + more) % 5) % 6] for more in range(skills - 1)]
        agents[f"a{number}"] = {kinds[own]: 5} | dict.fromkeys(others, 3)
    return Setting(f"{skills} of 6 skills", agents, kinds, 14.0)


def specialists_and_generalists() -> Setting:
    kinds = ("kind0", "kind1", "kind2")
    specialists = {f"s{number}": {kinds[number // 8]: 4} for number in range(24)}
    generalists = {f"g{number}": dict.fromkeys(kinds, 4) for number in range(9)}
    return Setting("specialists, generalists", specialists | generalists, kinds, 9.5)


def one_run(setting: Setting, criterion: Criterion, calls: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    rate = setting.erlangs_each / HANDLING_S
    ends = WARM_UP_S + calls / rate / len(setting.kinds)
    arrivals = [
        Arrival(
            at,
            kind,
            float(rng.exponential(HANDLING_S)),
            math.inf,
            steps=(RoutingStep(OneOf((_acquaintance(setting.agents, kind, rng),)), NAMED_S),),
        )
        for kind in setting.kinds
        for at in poisson(rate, 0.0, ends, rng)
    ]
    arrivals.sort(key=lambda each: each.at)
    steps = criterion is Criterion.PREFERRED
    if not steps:
        arrivals = [Arrival(each.at, each.queue, each.talk_s, each.patience_s) for each in arrivals]
    policy = Policy(
        {kind: QueuePolicy(kind, {kind: 1}, wrap_up_s=0.0, criteria=(criterion,)) for kind in setting.kinds},
        {name: AgentPolicy(name, skills) for name, skills in setting.agents.items()},
    )
    shifts = [Shift(name, f"seat-{name}", 0.0, ends + 86_400.0) for name in setting.agents]
    outcome = simulate(Scenario(policy, arrivals, shifts), seed)
    waits = [call.waited_s for call in outcome.calls if call.arrived_at >= WARM_UP_S]
    return {
        # A step that is over at once costs its millisecond.
        "wait_share": sum(wait > 2 * NAMED_S for wait in waits) / len(waits),
        "mean_wait_s": fmean(waits),
        "late_share": sum(wait > LATE_S for wait in waits) / len(waits),
        "occupancy_spread": pstdev(_occupancies(outcome, ends)),
    }


def _acquaintance(agents: Agents, kind: str, rng: np.random.Generator) -> str:
    able = [name for name, skills in agents.items() if kind in skills]
    return able[int(rng.integers(len(able)))]


def _occupancies(outcome: Outcome, ends: float) -> Sequence[float]:
    busy: dict[str, float] = defaultdict(float)
    for stretch in outcome.stretches:
        if stretch.state is AgentState.BUSY:
            busy[stretch.agent] += max(0.0, min(stretch.ends, ends) - max(stretch.begins, WARM_UP_S))
    return [each / (ends - WARM_UP_S) for each in busy.values()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=10_000, help="calls of each run, on average")
    options = parser.parse_args()
    settings = [wallace_whitt(skills) for skills in (1, 2, 6)] + [specialists_and_generalists()]
    began = time.perf_counter()
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor() as processes:
        for setting in settings:
            for criterion in Criterion:
                runs = list(
                    processes.map(
                        one_run,
                        [setting] * RUNS,
                        [criterion] * RUNS,
                        [options.calls] * RUNS,
                        range(1, RUNS + 1),
                    )
                )
                figures = {name: [run[name] for run in runs] for name in MEASURES}
                rows.append({"setting": setting.name, "criterion": str(criterion), "runs": figures})
    table = Table(title=f"Who is chosen: {RUNS} runs of {options.calls:,} calls, 95 % confidence intervals")
    for heading in (
        "setting",
        "criterion",
        "have to wait",
        "mean wait s",
        f"wait > {LATE_S:g} s",
        "occupancy sd",
    ):
        table.add_column(heading, justify="right" if heading not in ("setting", "criterion") else "left")
    for number, row in enumerate(rows):
        cells = ["{:.3f} ± {:.3f}".format(*interval(row["runs"][name])) for name in MEASURES]
        table.add_row(row["setting"], row["criterion"], *cells, end_section=number % len(Criterion) == 4)
    Console(width=130).print(table)
    failed = _judged(rows)
    print(*failed or ["as expected"], sep="\n")
    print(f"{time.perf_counter() - began:.0f} s")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"rows": rows}, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if failed else 0)


def _judged(rows: list[dict[str, Any]]) -> list[str]:
    """What the figures contradict."""
    by = {(row["setting"], row["criterion"]): row["runs"] for row in rows}
    default = str(QueuePolicy("q").criteria[0])
    failed = []

    def waits(setting: str, criterion: str) -> list[float]:
        found: list[float] = by[setting, criterion]["mean_wait_s"]
        return found

    one, two, six = (fmean(waits(f"{skills} of 6 skills", default)) for skills in (1, 2, 6))
    if not (two - six) < 0.2 * (one - six):
        failed.append(f"two skills an agent ({two:.1f} s) are not nearly as good as six ({six:.1f} s)")
    for setting in dict.fromkeys(str(row["setting"]) for row in rows):
        for criterion in Criterion:
            pairs = zip(waits(setting, default), waits(setting, criterion), strict=True)
            gain, half_width = interval([mine - other for mine, other in pairs])
            if gain - half_width > 0.05 * fmean(waits(setting, default)):
                failed.append(
                    f"{setting}: {criterion} waits {gain:.2f} ± {half_width:.2f} s less than {default}"
                )
    return failed


if __name__ == "__main__":
    main()
