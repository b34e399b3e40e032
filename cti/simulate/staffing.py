"""How many more agents each interval needs, found by simulating with more and more of them.

The day is drawn several times. An interval is short when, over the draws together, fewer of its calls
were answered, or answered in time, than the target. A caller who gives up within the queue's short-
abandon time is left out: no number of agents reaches them. A short interval gets half of the agents whose
work its missed calls were, at least one; they have every skill that the queues of these calls name. The
same callers are simulated again, until no interval is short, or three additions in a row did not help.
Then agents are taken out again, one of each interval at a time, as long as none becomes short. Who is
added to one interval also helps the next, so the sum is near the least, not exactly it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from acd.model import AgentPolicy, Policy, QueueId, Skill
from acd.requirement import MAX_PROFICIENCY, need_of
from cti.simulate.engine import simulate
from cti.simulate.model import Call, Fate, Scenario, Shift
from cti.simulate.report import report_of
from cti.simulate.scenario import Day
from cti.simulate.target import Target

DRAWS = 4
ROUNDS = 12
IN_VAIN = 3
"""After so many additions that did not help, an interval is given up."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one interval needs."""

    interval: str
    on_duty: float
    """Agents on duty, on average."""
    more: int
    skills: tuple[Skill, ...]
    """What the queues of the calls that were missed ask for."""


@dataclass(frozen=True, slots=True)
class Staffing:
    needs: Sequence[Need]
    missed: Sequence[str]
    """Intervals in which the target is not held with the agents added either."""


def staffing_of(day: Day, target: Target, seed: int) -> Staffing:
    """What each interval needs to hold the target."""
    search = _Search(day, target, seed)
    first = search.run()
    results = first
    for _ in range(ROUNDS):
        short = [n for n, result in enumerate(results) if result.short and search.in_vain[n] < IN_VAIN]
        if not short:
            break
        search.add(short, results)
        after = search.run()
        for number in short:
            helped = after[number].missed < results[number].missed
            search.in_vain[number] = 0 if helped else search.in_vain[number] + 1
        results = after
    results = search.thin_out(results)
    needs = [
        Need(result.name, first[n].on_duty, search.extra[n], search.skills_named(n))
        for n, result in enumerate(results)
    ]
    return Staffing(needs, [result.name for result in results if result.short])


@dataclass(frozen=True, slots=True)
class _Result:
    """One interval over all draws."""

    name: str
    on_duty: float
    calls: Sequence[Call]
    missed: int
    short: bool


class _Search:
    def __init__(self, day: Day, target: Target, seed: int) -> None:
        self.day, self.target = day, target
        self.draws = [day.drawn(seed + number) for number in range(DRAWS)]
        self.count = math.ceil((day.ends - day.begins) / day.interval_s)
        self.extra = [0] * self.count
        self.in_vain = [0] * self.count
        self._queues: list[Counter[QueueId]] = [Counter() for _ in range(self.count)]

    def run(self) -> list[_Result]:
        """The day with the agents added so far."""
        day = self.day
        calls: list[list[Call]] = [[] for _ in range(self.count)]
        on_duty = [0.0] * self.count
        names = [""] * self.count
        for number, draw in enumerate(self.draws):
            outcome = simulate(self._staffed(draw), number)
            report = report_of(outcome, day.policy, day.begins, day.ends, day.interval_s)
            for call in outcome.calls:
                place = min(self.count - 1, int((call.arrived_at - day.begins) // day.interval_s))
                calls[place].append(call)
            for n, row in enumerate(report.intervals):
                names[n] = row.name
                on_duty[n] += (row.on_duty or 0.0) / DRAWS
        return [self._result(names[n], on_duty[n], calls[n]) for n in range(self.count)]

    def _result(self, name: str, on_duty: float, calls: Sequence[Call]) -> _Result:
        queues = self.day.policy.queues
        reachable = [
            call
            for call in calls
            if call.fate is not Fate.ABANDONED or call.waited_s > queues[call.queue].short_abandon_s
        ]
        answered = [call for call in reachable if call.fate is Fate.ANSWERED]
        timely = sum(call.waited_s <= queues[call.queue].timely_s for call in answered)
        short = self.target.missed_by(len(reachable), len(answered), timely)
        return _Result(name, on_duty, calls, len(reachable) - timely, short)

    def _staffed(self, scenario: Scenario) -> Scenario:
        agents, shifts = dict(scenario.policy.agents), list(scenario.shifts)
        for number, more in enumerate(self.extra):
            begins = self.day.begins + number * self.day.interval_s
            for turn in range(more):
                name = f"more-{number}-{turn}"
                agents[name] = AgentPolicy(name, dict.fromkeys(self.skills_named(number), MAX_PROFICIENCY))
                shifts.append(Shift(name, f"seat-{name}", begins, begins + self.day.interval_s))
        return replace(scenario, policy=replace(scenario.policy, agents=agents), shifts=shifts)

    def skills_named(self, number: int) -> tuple[Skill, ...]:
        """The skills that the queues of an interval's missed calls name."""
        return skills_of(self.day.policy, self._queues[number])

    def add(self, short: list[int], results: list[_Result]) -> None:
        queues = self.day.policy.queues
        for number in short:
            missed = [
                call
                for call in results[number].calls
                if call.fate is not Fate.ANSWERED or call.waited_s > queues[call.queue].timely_s
            ]
            self._queues[number].update(call.queue for call in missed)
            work_s = sum(call.talk_s for call in missed) / DRAWS
            # Half of it: whoever is added also shortens the wait of the others.
            self.extra[number] += max(1, math.floor(work_s / self.day.interval_s / 2))

    def thin_out(self, results: list[_Result]) -> list[_Result]:
        """Takes out whom the target can do without; the results afterwards."""
        allowed = {n for n, result in enumerate(results) if result.short}
        needed: set[int] = set()
        while candidates := [n for n, more in enumerate(self.extra) if more and n not in needed]:
            for number in candidates:
                self.extra[number] -= 1
            after = self.run()
            worse = self._newly_short(after, allowed)
            # What is taken out may be missed in the interval itself or in the next.
            back = [n for n in candidates if n in worse or n + 1 in worse]
            self._put_back(back, needed)
            if worse:
                after = self.run()
            if self._newly_short(after, allowed):
                self._put_back([n for n in candidates if n not in back], needed)
                after = self.run()
            results = after
        return results

    @staticmethod
    def _newly_short(results: list[_Result], allowed: set[int]) -> set[int]:
        return {n for n, result in enumerate(results) if result.short} - allowed

    def _put_back(self, numbers: list[int], needed: set[int]) -> None:
        for number in numbers:
            self.extra[number] += 1
            needed.add(number)


def skills_of(policy: Policy, queues: Counter[QueueId]) -> tuple[Skill, ...]:
    """Every skill that these queues name, those of the most missed calls first."""
    ordered = [queue for queue, _ in queues.most_common()]
    return tuple(dict.fromkeys(skill for queue in ordered for skill in need_of(policy.queues[queue]).skills))
