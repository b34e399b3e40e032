"""What a simulation is told: a YAML file beside the hotline's own configuration (docs/simulation.md)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field, model_validator

from acd.model import Instant, Policy, QueueId
from config.base import AgentNumber, Clock, Date, Id, Model
from config.models import Site
from config.problems import ConfigInvalid, Loc, Problem
from config.source import Document, Spot, read_file
from config.translate import suggestion, validated
from cti.simulate.arrivals import poisson, scattered
from cti.simulate.distributions import Constant, Distribution, Erlang, Exponential, LogNormal
from cti.simulate.model import Arrival, Handling, Scenario, Shift

CSV_HEADER = ["begins", "queue", "count"]
DAY_S = 86_400.0


class Kind(StrEnum):
    CONSTANT = "constant"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    ERLANG = "erlang"


class DistributionConfig(Model):
    """How long something takes."""

    kind: Kind
    """Its shape."""
    mean_s: Annotated[float, Field(ge=0, le=86_400)]
    """Its mean, in seconds."""
    sd_s: Annotated[float, Field(ge=0.001, le=86_400)] | None = None
    """With `lognormal`: its standard deviation, in seconds."""
    stages: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """With `erlang`: of how many exponential stages it is the sum."""

    @model_validator(mode="after")
    def _has_what_its_kind_takes(self) -> Self:
        for kind, key in ((Kind.LOGNORMAL, "sd_s"), (Kind.ERLANG, "stages")):
            given = getattr(self, key) is not None
            if given and self.kind is not kind:
                raise ValueError(f"has `{key}`, which kind `{self.kind}` does not use; delete it")
            if not given and self.kind is kind:
                raise ValueError(f"has kind `{kind}` but no `{key}`; write it")
        if self.kind is not Kind.CONSTANT and self.mean_s == 0:
            raise ValueError("has a mean of 0; write `kind: constant` for what takes no time")
        return self

    def distribution(self) -> Distribution:
        match self.kind:
            case Kind.CONSTANT:
                return Constant(self.mean_s)
            case Kind.EXPONENTIAL:
                return Exponential(self.mean_s)
            case Kind.LOGNORMAL:
                return LogNormal(self.mean_s, self.sd_s or 1.0)
            case Kind.ERLANG:
                return Erlang(self.mean_s, self.stages or 1)


class RateConfig(Model):
    """Calls that come at random at a steady rate (a Poisson process)."""

    queue: Id
    """Where they wait."""
    begins: Clock = "00:00"
    """Local time, in quotes."""
    ends: Clock = "24:00"
    """Local time, in quotes."""
    per_hour: Annotated[float, Field(ge=0, le=100_000)]
    """How many an hour, on average."""


class ShiftConfig(Model):
    """Agents on duty together. Each sits at a seat of their own."""

    begins: Clock
    """Local time, in quotes."""
    ends: Clock
    """Local time, in quotes. Not after `begins`: on the next day; as every day is taken to be alike, the part
    after midnight counts for this day too."""
    agents: tuple[AgentNumber, ...]
    """Who, by agent's number."""


class ScenarioConfig(Model):
    """A day to simulate."""

    date: Date
    """Which day: calendars and holidays follow it; in quotes."""
    interval_s: Annotated[float, Field(ge=300, le=3_600)] = 900.0
    """Of the report, and of the counts in the CSV file, in seconds."""
    arrivals_csv: Path | None = None
    """A file with the columns begins, queue, count: calls counted in each interval. Beside this file."""
    poisson: tuple[RateConfig, ...] = ()
    """Calls at steady rates, beside those counted or instead of them."""
    talk: DistributionConfig
    """How long calls take."""
    talk_by_queue: dict[Id, DistributionConfig] = Field(default_factory=dict)
    """How long calls of some queues take instead."""
    patience: DistributionConfig
    """How long callers wait before they give up."""
    ring: DistributionConfig = DistributionConfig(kind=Kind.CONSTANT, mean_s=3.0)
    """How long an agent's phone rings before they answer."""
    no_answer_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the offers that are not answered."""
    shifts: tuple[ShiftConfig, ...]
    """Who is on duty when."""


@dataclass(frozen=True, slots=True)
class Count:
    """Calls that began to wait within one interval."""

    begins: Instant
    queue: QueueId
    calls: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day that can be drawn again and again."""

    written: ScenarioConfig
    policy: Policy
    begins: Instant
    counts: Sequence[Count]
    shifts: Sequence[Shift]

    @property
    def ends(self) -> Instant:
        return self.begins + DAY_S

    @property
    def interval_s(self) -> float:
        return self.written.interval_s

    def drawn(self, seed: int) -> Scenario:
        """The day with everything that chance decides about its callers."""
        rng = np.random.default_rng(seed)
        written = self.written
        talks = {queue: each.distribution() for queue, each in written.talk_by_queue.items()}
        talk, patience = written.talk.distribution(), written.patience.distribution()
        arrivals = [
            Arrival(at, queue, talks.get(queue, talk).sample(rng), patience.sample(rng))
            for queue, times in self._times(rng)
            for at in times
        ]
        arrivals.sort(key=lambda each: each.at)
        handling = Handling(written.ring.distribution(), written.no_answer_share)
        return Scenario(self.policy, arrivals, self.shifts, handling)

    def _times(self, rng: np.random.Generator) -> Iterator[tuple[QueueId, list[Instant]]]:
        for count in self.counts:
            yield count.queue, scattered(count.calls, count.begins, count.begins + self.interval_s, rng)
        for rate in self.written.poisson:
            begins, ends = self.begins + _second(rate.begins), self.begins + _second(rate.ends)
            yield rate.queue, poisson(rate.per_hour / 3_600.0, begins, max(begins, ends), rng)


def load_day(file: Path, site: Site, policy: Policy) -> Day:
    """Reads a scenario. Raises `ConfigInvalid` with every mistake in it and in its CSV file."""
    document = Document(file)
    read_file(document, file)
    written = validated(ScenarioConfig, document)
    if written is None:
        raise ConfigInvalid(document.problems)
    begins = _midnight(written.date, site.timezone, document)
    counts: list[Count] = []
    if written.arrivals_csv is not None:
        counts = _counts(file.parent / written.arrivals_csv, written.interval_s, begins, policy, document)
    elif not written.poisson:
        document.add(
            Spot(file, 0, 0), (), "has no calls", "give `arrivals_csv: a-file.csv`, or rates under `poisson`"
        )
    for number, rate in enumerate(written.poisson):
        _known_queue(rate.queue, ("poisson", number, "queue"), policy, document)
    for queue in written.talk_by_queue:
        _known_queue(queue, ("talk_by_queue", queue), policy, document)
    shifts = _shifts(written, site, begins, document)
    if document.problems:
        raise ConfigInvalid(document.problems)
    return Day(written, policy, begins, counts, shifts)


def _midnight(day: str, timezone: str, document: Document) -> Instant:
    try:
        found = calendar_date.fromisoformat(day)
    except ValueError:
        document.add(document.value_spot(("date",)), ("date",), f"{day} is no date", "write one that exists")
        return 0.0
    return datetime(found.year, found.month, found.day, tzinfo=ZoneInfo(timezone)).timestamp()


def _known_queue(queue: str, loc: Loc, policy: Policy, document: Document) -> None:
    if queue not in policy.queues:
        what = f"queue '{queue}' is unknown"
        document.add(document.value_spot(loc), loc, what, suggestion(queue, policy.queues))


def _counts(
    file: Path, interval_s: float, midnight: Instant, policy: Policy, document: Document
) -> list[Count]:
    def wrong(line: int, what: str, expected: str) -> None:
        document.problems.append(Problem(file, line, 1 if line else 0, "", what, expected))

    try:
        rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        wrong(0, f"cannot be read ({error.strerror})", "give a CSV file")
        return []
    except UnicodeDecodeError:
        wrong(0, "is not UTF-8", "save it as CSV UTF-8")
        return []
    if not rows or [cell.strip() for cell in rows[0]] != CSV_HEADER:
        wrong(1, "does not begin with the right header", "write `begins,queue,count` as the first line")
        return []
    counts: list[Count] = []
    seen: dict[tuple[str, str], int] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(CSV_HEADER):
            wrong(line, f"has {len(row)} columns", "write three: begins, queue, count")
            continue
        begins, queue, count = (cell.strip() for cell in row)
        try:
            moment = datetime.strptime(begins, "%H:%M")  # noqa: DTZ007 - a time of the day
            second = moment.hour * 3_600.0 + moment.minute * 60.0
        except ValueError:
            wrong(line, f"'{begins}' is not a time of the day", "write hours and minutes, such as 08:15")
            continue
        if second % interval_s:
            wrong(line, f"{begins} is not the begin of an interval", f"intervals are {interval_s:g} s long")
        elif queue not in policy.queues:
            wrong(line, f"queue '{queue}' is unknown", suggestion(queue, policy.queues))
        elif not count.isdecimal():
            wrong(line, f"'{count}' is not a count", "write a whole number, 0 or more")
        elif (begins, queue) in seen:
            wrong(line, f"{begins} of {queue} is also in line {seen[begins, queue]}", "keep one of the two")
        else:
            seen[begins, queue] = line
            counts.append(Count(midnight + second, queue, int(count)))
    if not counts and not document.problems:
        wrong(0, "has no calls", "give at least one line after the header")
    return counts


def _shifts(written: ScenarioConfig, site: Site, midnight: Instant, document: Document) -> list[Shift]:
    known = [agent.id for agent in site.agents]
    stretches: dict[str, list[tuple[Instant, Instant]]] = defaultdict(list)
    found: list[tuple[Instant, Instant, str]] = []
    for number, shift in enumerate(written.shifts):
        for index, agent in enumerate(shift.agents):
            loc: Loc = ("shifts", number, "agents", index)
            if agent not in known:
                what = f"agent '{agent}' is unknown"
                document.add(document.value_spot(loc), loc, what, suggestion(agent, known))
                continue
            for begins, ends in _stretches(shift, midnight):
                if any(begins < other_ends and other < ends for other, other_ends in stretches[agent]):
                    what = f"agent '{agent}' is on duty twice at the same time"
                    document.add(document.value_spot(loc), loc, what, "take the agent out of one shift")
                stretches[agent].append((begins, ends))
                found.append((begins, ends, agent))
    return _seated(sorted(found), [seat.id for seat in site.seats], document)


def _stretches(shift: ShiftConfig, midnight: Instant) -> list[tuple[Instant, Instant]]:
    begins, ends = midnight + _second(shift.begins), midnight + _second(shift.ends)
    if begins < ends:
        return [(begins, ends)]
    return [(begins, midnight + DAY_S)] + ([(midnight, ends)] if ends > midnight else [])


def _seated(
    stretches: list[tuple[Instant, Instant, str]], seats: list[str], document: Document
) -> list[Shift]:
    """Everybody at a free seat, in the order of coming."""
    free_from = dict.fromkeys(seats, 0.0)
    shifts = []
    for begins, ends, agent in stretches:
        seat = next((each for each, since in free_from.items() if since <= begins), None)
        if seat is None:
            loc: Loc = ("shifts",)
            what = f"more agents are on duty at once than there are seats ({len(seats)})"
            if loc not in document.reported:
                document.add(document.key_spot(loc), loc, what, "move some to another shift")
            continue
        free_from[seat] = ends
        shifts.append(Shift(agent, seat, begins, ends))
    return shifts


def _second(clock: str) -> float:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes)).total_seconds()
