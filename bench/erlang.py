"""The router against Erlang-A, by simulation: `make bench-erlang`.

Erlang-A is the many-agent queue with impatient callers that can be computed exactly: Poisson arrivals,
exponential handling and patience, one queue (Palm 1957; Garnett, Mandelbaum and Reiman 2002, Designing a
Call Center with Impatient Customers). Each row is simulated in independent runs over the real router, with
no ring time and no wrap-up; the exact value has to lie within the 95 % confidence interval of the runs'
mean. Prints a table, writes var/bench/erlang.json; exit status 1 when one lies outside.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from acd.model import AgentPolicy, Policy, QueuePolicy
from bench.confidence import interval
from cti.simulate.arrivals import poisson
from cti.simulate.engine import simulate
from cti.simulate.model import Arrival, Fate, Scenario, Shift

HANDLING_S = 180.0
PATIENCE_S = 120.0
ROWS = ((5, 4.0), (40, 36.0), (40, 38.0), (40, 42.0), (500, 490.0))
"""Agents, offered load in erlangs."""
RUNS = 30
WARM_UP_S = 10 * HANDLING_S
REPORT = Path("var/bench/erlang.json")


@dataclass(frozen=True, slots=True)
class Measures:
    wait_share: float
    """Callers who have to wait at all."""
    mean_wait_s: float
    """Over all callers, who gave up included."""
    abandon_share: float


def erlang_a(agents: int, erlangs: float) -> Measures:
    """Exact, from the steady state of the birth-and-death chain of contacts present."""
    arrival, service, abandon = erlangs / HANDLING_S, 1 / HANDLING_S, 1 / PATIENCE_S
    weights, weight, present = [1.0], 1.0, 0
    while present < agents or weight > 1e-15 * max(weights):
        present += 1
        weight *= arrival / (min(present, agents) * service + max(0, present - agents) * abandon)
        weights.append(weight)
    total = math.fsum(weights)
    queue = math.fsum(max(0, n - agents) * each for n, each in enumerate(weights)) / total
    return Measures(
        wait_share=math.fsum(weights[agents:]) / total,
        mean_wait_s=queue / arrival,
        abandon_share=abandon * queue / arrival,
    )


def one_run(agents: int, erlangs: float, calls: int, seed: int) -> Measures:
    """One simulated stretch of `calls` calls on average after the warm-up."""
    rng = np.random.default_rng(seed)
    rate = erlangs / HANDLING_S
    ends = WARM_UP_S + calls / rate
    scenario = Scenario(
        policy=Policy(
            {"q": QueuePolicy("q", wrap_up_s=0.0)},
            {f"a{number}": AgentPolicy(f"a{number}") for number in range(agents)},
        ),
        arrivals=[
            Arrival(at, "q", float(rng.exponential(HANDLING_S)), float(rng.exponential(PATIENCE_S)))
            for at in poisson(rate, 0.0, ends, rng)
        ],
        # They stay for the calls that go on at the end.
        shifts=[Shift(f"a{number}", f"seat{number}", 0.0, ends + 86_400.0) for number in range(agents)],
    )
    calls_seen = [call for call in simulate(scenario, seed).calls if call.arrived_at >= WARM_UP_S]
    count = len(calls_seen)
    return Measures(
        wait_share=sum(call.waited_s > 0 for call in calls_seen) / count,
        mean_wait_s=math.fsum(call.waited_s for call in calls_seen) / count,
        abandon_share=sum(call.fate is Fate.ABANDONED for call in calls_seen) / count,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=20_000, help="calls of each run, on average")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = Table(title=f"Erlang-A, {RUNS} runs of {options.calls:,} calls, 95 % confidence intervals")
    for heading in ("agents / erlangs", "measure", "exact", "simulated", "inside"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    rows, inside_all, began = [], True, time.perf_counter()
    with ProcessPoolExecutor() as processes:
        for number, (agents, erlangs) in enumerate(ROWS):
            exact = erlang_a(agents, erlangs)
            seeds = [options.seed * 1_000_000 + number * 1_000 + run for run in range(RUNS)]
            runs = list(
                processes.map(one_run, [agents] * RUNS, [erlangs] * RUNS, [options.calls] * RUNS, seeds)
            )
            for measure in Measures.__slots__:
                seen = [getattr(run, measure) for run in runs]
                mean, half_width = interval(seen)
                wanted: float = getattr(exact, measure)
                inside = abs(mean - wanted) <= half_width
                inside_all &= inside
                rows.append(
                    {
                        "agents": agents,
                        "erlangs": erlangs,
                        "measure": measure,
                        "exact": wanted,
                        "mean": mean,
                        "half_width": half_width,
                        "inside": inside,
                    }
                )
                table.add_row(
                    f"{agents} / {erlangs:g}",
                    measure,
                    f"{wanted:.4f}",
                    f"{mean:.4f} ± {half_width:.4f}",
                    "yes" if inside else "NO",
                )
    Console(width=100).print(table)
    print(f"{time.perf_counter() - began:.0f} s")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"runs": RUNS, "rows": rows}, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if inside_all else 1)


if __name__ == "__main__":
    main()
