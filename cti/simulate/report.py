"""A simulated day in figures: of each interval, of each queue, and of all together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from acd.model import AgentState, Instant, Policy
from cti.simulate.model import Call, Fate, Outcome, Stretch

ON_CALLS = (AgentState.BUSY, AgentState.WRAP_UP)
AVAILABLE = (AgentState.READY, AgentState.RESERVED)


@dataclass(frozen=True, slots=True)
class Row:
    """Calls that arrived in a period or in a queue; None where there is nothing to divide by."""

    name: str
    offered: int
    answered: int
    abandoned: int
    diverted: int
    timely: int
    """Answered within the time that the queue calls timely."""
    mean_wait_s: float | None
    p90_wait_s: float | None
    longest_wait_s: float | None
    occupancy: float | None = None
    """Share of the agents' working time spent on calls and wrapping up."""
    on_duty: float | None = None
    """Agents logged in, on average."""

    @property
    def answer_rate(self) -> float | None:
        return self.answered / self.offered if self.offered else None

    @property
    def timely_rate(self) -> float | None:
        """Of those answered."""
        return self.timely / self.answered if self.answered else None

    def as_data(self) -> dict[str, Any]:
        return asdict(self) | {"answer_rate": self.answer_rate, "timely_rate": self.timely_rate}


@dataclass(frozen=True, slots=True)
class Report:
    total: Row
    queues: Sequence[Row]
    intervals: Sequence[Row]

    def as_data(self) -> dict[str, Any]:
        return {
            "total": self.total.as_data(),
            "queues": [row.as_data() for row in self.queues],
            "intervals": [row.as_data() for row in self.intervals],
        }


def report_of(outcome: Outcome, policy: Policy, begins: Instant, ends: Instant, interval_s: float) -> Report:
    """Calls count in the interval in which they arrived, in the queue in which they ended."""
    count = math.ceil((ends - begins) / interval_s)
    by_interval: list[list[Call]] = [[] for _ in range(count)]
    by_queue: dict[str, list[Call]] = {queue: [] for queue in policy.queues}
    for call in outcome.calls:
        by_interval[min(count - 1, int((call.arrived_at - begins) // interval_s))].append(call)
        by_queue[call.queue].append(call)
    on_calls, available = _worked(outcome.stretches, begins, interval_s, count)
    intervals = [
        _row(
            _clock(number * interval_s),
            calls,
            policy,
            on_calls[number],
            available[number],
            interval_s,
        )
        for number, calls in enumerate(by_interval)
    ]
    total = _row("all", outcome.calls, policy, sum(on_calls), sum(available), ends - begins)
    queues = [_row(queue, calls, policy) for queue, calls in by_queue.items() if calls]
    return Report(total, queues, intervals)


def _row(
    name: str,
    calls: Sequence[Call],
    policy: Policy,
    on_calls_s: float | None = None,
    available_s: float | None = None,
    length_s: float = 0.0,
) -> Row:
    answered = [call for call in calls if call.fate is Fate.ANSWERED]
    waits = sorted(call.waited_s for call in calls)
    occupancy = on_duty = None
    if on_calls_s is not None and available_s is not None:
        worked_s = on_calls_s + available_s
        occupancy = on_calls_s / worked_s if worked_s else None
        on_duty = worked_s / length_s
    return Row(
        name=name,
        offered=len(calls),
        answered=len(answered),
        abandoned=sum(call.fate is Fate.ABANDONED for call in calls),
        diverted=sum(call.fate is Fate.DIVERTED for call in calls),
        timely=sum(call.waited_s <= policy.queues[call.queue].timely_s for call in answered),
        mean_wait_s=sum(waits) / len(waits) if waits else None,
        p90_wait_s=waits[len(waits) * 9 // 10] if waits else None,
        longest_wait_s=waits[-1] if waits else None,
        occupancy=occupancy,
        on_duty=on_duty,
    )


def _worked(
    stretches: Iterable[Stretch], begins: Instant, interval_s: float, count: int
) -> tuple[list[float], list[float]]:
    """Agents' seconds on calls, and available, in each interval."""
    on_calls, available = [0.0] * count, [0.0] * count
    for stretch in stretches:
        into = on_calls if stretch.state in ON_CALLS else available if stretch.state in AVAILABLE else None
        if into is None:
            continue
        first = max(0, int((stretch.begins - begins) // interval_s))
        last = min(count - 1, int((stretch.ends - begins) // interval_s))
        for number in range(first, last + 1):
            start = begins + number * interval_s
            into[number] += max(0.0, min(stretch.ends, start + interval_s) - max(stretch.begins, start))
    return on_calls, available


def _clock(second: float) -> str:
    return f"{int(second // 3_600):02d}:{int(second % 3_600 // 60):02d}"
