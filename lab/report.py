"""The report of a run: counted three times, by the callers, by Asterisk and in PostgreSQL, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lab.witness import ArchiveSays, AsteriskSaw


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds."""

    n: int
    p50: float | None
    p99: float | None
    max: float | None


def spread(values_ms: Iterable[float]) -> Spread:
    """Percentiles by nearest rank."""
    ordered = sorted(values_ms)
    if not ordered:
        return Spread(0, None, None, None)

    def rank(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))], 2)

    return Spread(len(ordered), rank(0.5), rank(0.99), round(ordered[-1], 2))


@dataclass(frozen=True, slots=True)
class Counts:
    calls: int
    answered: int
    abandoned: int


@dataclass(slots=True)
class Report:
    calls: int
    answered: int
    abandoned: int
    answer_rate: float | None
    recordings: int
    recordings_with_both_voices: int
    """Of those, how many have the agent's tone in one channel and the caller's in the other."""
    cdr_calls: int
    work_orders: int
    offer_ms: Spread
    """An agent is free while a caller waits -> the channel to the agent's phone begins."""
    arrival_ms: Spread
    """A caller begins to wait while an agent is free -> the channel to the agent's phone begins."""
    sources: dict[str, Counts]
    too_short_to_hear: int
    """Callers who hung up as the agent answered: connected, but not for long enough to hear each other."""
    archive_lag_s: float | None
    """From the last hang-up until everything was in PostgreSQL."""
    problems: list[str] = field(default_factory=list)
    """Where the sources do not agree, or a recording lacks a voice. Empty when all is well."""

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        counts = Table(title="Counted three times")
        for column in ("", "calls", "answered", "abandoned"):
            counts.add_column(column, justify="left" if not column else "right")
        for source, counted in self.sources.items():
            counts.add_row(source, str(counted.calls), str(counted.answered), str(counted.abandoned))
        console.print(counts)
        figures = Table(title="Figures", show_header=False)
        rate = f"{self.answer_rate:.1%}" if self.answer_rate is not None else "-"
        for name, value in (
            ("answer rate", rate),
            ("recordings", f"{self.recordings}, both voices heard in {self.recordings_with_both_voices}"),
            ("Asterisk's call-detail records", str(self.cdr_calls)),
            ("work orders", str(self.work_orders)),
            ("agent free -> phone rings", _shown(self.offer_ms)),
            ("caller arrives -> phone rings", _shown(self.arrival_ms)),
            ("connected too shortly to hear anything", str(self.too_short_to_hear)),
            ("last hang-up -> all archived", f"{self.archive_lag_s:.1f} s" if self.archive_lag_s else "-"),
        ):
            figures.add_row(name, value)
        console.print(figures)
        for problem in self.problems:
            console.print(f"[bold red]✗[/] {problem}", highlight=False)
        if not self.problems:
            apart = f", but for {self.too_short_to_hear} cut at the answer" if self.too_short_to_hear else ""
            console.print(f"[bold green]✓[/] all three agree; both voices are in every recording{apart}")


def _shown(values: Spread) -> str:
    return f"p50 {values.p50} ms, p99 {values.p99} ms, max {values.max} ms  (n={values.n})"


def offer_latencies_ms(saw: AsteriskSaw, says: ArchiveSays) -> tuple[list[float], list[float]]:
    """How long each offer took to reach a phone: (after an agent became free, after a caller came to wait).

    The end is Asterisk's: the seat's channel begins. So is the beginning when a caller came last. When the
    agent came last it is the moment at which their wrap-up was due, or the service heard that they are ready.
    """
    states: dict[str, list[Mapping[str, Any]]] = {}
    for state in says.agent_states:
        states.setdefault(state["agent"], []).append(state)
    after_agent: list[float] = []
    after_caller: list[float] = []
    for offer in says.offers:
        began = saw.seat_leg_started_at.get(offer["offer"])
        call = saw.calls.get(offer["call"])
        if began is None or call is None or call.queued_at is None:
            continue
        free_at = _free_since(states.get(offer["agent"], ()), offer["made_at"])
        if free_at is None:
            continue
        if free_at >= call.queued_at:
            after_agent.append((began - free_at) * 1000)
        elif offer["offer"] == _first_offer(says, offer["call"]):
            after_caller.append((began - call.queued_at) * 1000)
    return after_agent, after_caller


def _free_since(states: Sequence[Mapping[str, Any]], made_at: datetime) -> float | None:
    """When the agent of an offer made at `made_at` had become free."""
    before: Mapping[str, Any] | None = None
    free: datetime | None = None
    for state in states:
        if state["at"] > made_at:
            break
        if state["state"] == "ready" and (before is None or before["state"] != "ready"):
            due: datetime | None = before["until"] if before and before["state"] == "wrap_up" else None
            free = due if due is not None and due <= state["at"] else state["at"]
        before = state
    return free.timestamp() if free is not None else None


def _first_offer(says: ArchiveSays, call: str) -> str | None:
    made = [(offer["made_at"], offer["offer"]) for offer in says.offers if offer["call"] == call]
    return min(made)[1] if made else None


def disagreements(sources: Mapping[str, Counts]) -> list[str]:
    """One line for each figure on which the sources differ."""
    problems = []
    for figure in ("calls", "answered", "abandoned"):
        values = {source: getattr(counts, figure) for source, counts in sources.items()}
        if len(set(values.values())) > 1:
            told = ", ".join(f"{source} {value}" for source, value in values.items())
            problems.append(f"{figure}: {told}")
    return problems


def archive_problems(saw: AsteriskSaw, says: ArchiveSays) -> list[str]:
    """Calls that PostgreSQL lacks or has otherwise than Asterisk, and answered ones that are not complete."""
    problems = [f"call {call} is not archived" for call in saw.calls if call not in says.calls]
    problems += [
        f"call {call} is archived, Asterisk knows none" for call in says.calls if call not in saw.calls
    ]
    recorded: dict[str, list[str]] = {}
    for recording in says.recordings:
        recorded.setdefault(recording["call"], []).append(recording["recording"])
    ordered = [order["call"] for order in says.work_orders]
    for call in saw.answered:
        archived = says.calls.get(call.call)
        if archived is None:
            continue
        if archived["seat"] != call.seat:
            problems.append(f"call {call.call}: answered at {call.seat}, archived at {archived['seat']}")
        if sorted(recorded.get(call.call, ())) != sorted(call.recorded):
            problems.append(f"call {call.call}: recordings {recorded.get(call.call)}, legs {call.recorded}")
        if ordered.count(call.call) != 1:
            problems.append(f"call {call.call}: {ordered.count(call.call)} work orders")
    return problems
