"""Two queues at 9:1 load that share their agents: `make bench-fairness`.

The router serves the eligible contact with the highest score, whatever its queue; the peer turns from queue
to queue (round robin), as a distributor does that has an order of queues and not of contacts. Both get the
same calls, handling times and patience. The peer serving one line in order of arrival is checked to give
exactly the router's waits first, so that the two differ in nothing but the order. Prints a table, writes
var/bench/fairness.json; exit status 1 when the router's mean waits of the two queues differ by more than a
tenth beyond doubt.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from acd.model import AgentPolicy, Policy, QueuePolicy
from bench.confidence import interval
from cti.simulate.arrivals import poisson
from cti.simulate.engine import simulate
from cti.simulate.model import Arrival, Scenario, Shift

AGENTS = 20
ERLANGS = {"large": 18.0, "small": 2.0}
HANDLING_S = 180.0
PATIENCE_S = 300.0
WARM_UP_S = 3_600.0
RUNS = 10
REPORT = Path("var/bench/fairness.json")

Waits = dict[str, list[float]]


def calls_of(seed: int, hours: float) -> list[Arrival]:
    rng = np.random.default_rng(seed)
    arrivals = [
        Arrival(at, queue, float(rng.exponential(HANDLING_S)), float(rng.exponential(PATIENCE_S)))
        for queue, erlangs in ERLANGS.items()
        for at in poisson(erlangs / HANDLING_S, 0.0, WARM_UP_S + hours * 3_600.0, rng)
    ]
    return sorted(arrivals, key=lambda each: each.at)


def routed(arrivals: Sequence[Arrival], small: QueuePolicy, worth_s: float | None = None) -> Waits:
    """Waits by queue when the router decides."""
    policy = Policy(
        {"large": QueuePolicy("large", wrap_up_s=0.0), "small": small},
        {f"a{number}": AgentPolicy(f"a{number}") for number in range(AGENTS)},
        priority_worth_s=worth_s,
    )
    ends = arrivals[-1].at + 86_400.0
    shifts = [Shift(name, f"seat-{name}", 0.0, ends) for name in policy.agents]
    waits: Waits = {queue: [] for queue in ERLANGS}
    for call in simulate(Scenario(policy, arrivals, shifts), 1).calls:
        if call.arrived_at >= WARM_UP_S:
            waits[call.queue].append(call.waited_s)
    return waits


def in_turn(arrivals: Sequence[Arrival], lines: dict[str, str]) -> Waits:
    """Waits by queue when agents turn from line to line; `lines` says in which line each queue stands."""
    order = list(dict.fromkeys(lines.values()))
    waiting: dict[str, deque[int]] = {line: deque() for line in order}
    waited = [each.patience_s for each in arrivals]
    free_at: list[float] = [0.0] * AGENTS
    last = 0
    ahead = 0
    while ahead < len(arrivals) or any(waiting.values()):
        # An agent is free from `now` on; whoever has come by then and has not given up stands in line.
        now = heappop(free_at)
        while ahead < len(arrivals) and arrivals[ahead].at <= now:
            waiting[lines[arrivals[ahead].queue]].append(ahead)
            ahead += 1
        chosen = None
        for turn in range(1, len(order) + 1):
            line = waiting[order[(last + turn) % len(order)]]
            while line and arrivals[line[0]].at + arrivals[line[0]].patience_s <= now:
                line.popleft()
            if line:
                chosen, last = line.popleft(), (last + turn) % len(order)
                break
        if chosen is None:
            if ahead == len(arrivals):
                continue
            # Nobody waits: the agent takes whoever comes next.
            heappush(free_at, arrivals[ahead].at)
            continue
        waited[chosen] = now - arrivals[chosen].at
        heappush(free_at, now + arrivals[chosen].talk_s)
    waits: Waits = {queue: [] for queue in ERLANGS}
    for each, wait in zip(arrivals, waited, strict=True):
        if each.at >= WARM_UP_S:
            waits[each.queue].append(wait)
    return waits


def figures_of(waits: Waits) -> dict[str, dict[str, float]]:
    return {
        queue: {
            "mean_s": float(np.mean(each)),
            "p50_s": float(np.percentile(each, 50)),
            "p95_s": float(np.percentile(each, 95)),
            "max_s": max(each),
        }
        for queue, each in waits.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=24.0, help="of each run")
    options = parser.parse_args()
    plain = QueuePolicy("small", wrap_up_s=0.0)
    rules: dict[str, Callable[[Sequence[Arrival]], Waits]] = {
        "highest score": lambda calls: routed(calls, plain),
        "round robin": lambda calls: in_turn(calls, {"large": "large", "small": "small"}),
        "score, small weighs 2": lambda calls: routed(calls, QueuePolicy("small", wrap_up_s=0.0, weight=2.0)),
        "score, small 30 s ahead": lambda calls: routed(
            calls, QueuePolicy("small", wrap_up_s=0.0, priority=1), 30.0
        ),
    }
    runs: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in rules}
    for seed in range(1, RUNS + 1):
        calls = calls_of(seed, options.hours)
        router, peer = routed(calls, plain), in_turn(calls, {"large": "one line", "small": "one line"})
        assert all(np.allclose(router[queue], peer[queue], atol=1e-6) for queue in ERLANGS), seed
        for name, rule in rules.items():
            runs[name].append(figures_of(rule(calls)))
    table = Table(
        title=f"{AGENTS} agents, 18 and 2 erlangs, {RUNS} runs of {options.hours:g} h: waits in seconds"
    )
    for heading in ("rule", "queue", "mean, 95 % interval", "p50", "p95", "max", "small / large"):
        table.add_column(heading, justify="left" if heading in ("rule", "queue") else "right")
    failed = False
    for name, each in runs.items():
        gaps = [run["small"]["mean_s"] - run["large"]["mean_s"] for run in each]
        gap, half_width = interval(gaps)
        whole = float(np.mean([run["large"]["mean_s"] for run in each]))
        if name == "highest score":
            failed = abs(gap) - half_width > 0.1 * whole
        for queue in ERLANGS:
            mean, width = interval([run[queue]["mean_s"] for run in each])
            p50, p95 = (float(np.mean([run[queue][key] for run in each])) for key in ("p50_s", "p95_s"))
            table.add_row(
                name if queue == "large" else "",
                queue,
                f"{mean:.2f} ± {width:.2f}",
                f"{p50:.2f}",
                f"{p95:.2f}",
                f"{max(run[queue]['max_s'] for run in each):.1f}",
                f"{(whole + gap) / whole:.2f}" if queue == "small" else "",
                end_section=queue == "small",
            )
    Console(width=110).print(table)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"hours": options.hours, "rules": runs}, indent=2) + "\n", encoding="utf-8")
    print("the shares are unequal beyond doubt" if failed else "as expected")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
