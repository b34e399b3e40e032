"""The figures of queues, skills and everything, as they are asked for, against sums of what was recounted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from acd.model import AgentState, ContactState
from acd.router import Router
from acd.tallies import IntervalFigures, QueueFigures, Tally
from tests.unit.acd import oracle

Counts = dict[str, Any]
"""A tally's fields, or `answered`, `on_calls` and `available` of agents."""


class Recounted:
    """What the watcher counted, by period (`day`, or an interval's number) and name."""

    def __init__(
        self,
        tallies: dict[tuple[str | int, str], Any],
        work: dict[tuple[str | int, str], list[float]],
        kept: Callable[[int], bool],
    ) -> None:
        self.tallies, self.work, self.kept = tallies, work, kept

    def tally(self, period: str | int, queues: Iterable[str]) -> Counts:
        whole: Counts = {}
        for one in [self.tallies[period, queue] for queue in queues if (period, queue) in self.tallies]:
            for name, value in vars(one).items():
                if name == "longest_waited_s":
                    known = [each for each in (whole.get(name), value) if each is not None]
                    whole[name] = max(known, default=None)
                else:
                    whole[name] = whole.get(name, 0) + value
        return whole

    def hours(self, period: str | int, agents: Iterable[str]) -> list[float]:
        found = [self.work.get((period, agent), [0, 0.0, 0.0]) for agent in agents]
        return [sum(each) for each in zip(*found, strict=True)] if found else [0, 0.0, 0.0]


def check_groups(router: Router, recounted: Recounted) -> None:
    """Each queue, each skill, and all together: of the day and of each interval."""
    floor = router._floor
    agents = {name: agent.policy for name, agent in floor.agents.items()}
    queues = {*floor.terms, *(queue for _, queue in recounted.tallies)}
    for queue in sorted(queues):
        terms = floor.queues.get(queue)
        staff = [name for name, agent in agents.items() if terms is not None and oracle.belongs(agent, terms)]
        _check(router, recounted, router.queue_figures(queue), router.queue_intervals(queue), [queue], staff)
    _check(router, recounted, router.queue_figures(None), router.queue_intervals(None), None, list(agents))
    skills = {skill for agent in agents.values() for skill in agent.skills}
    for queue in queues:
        assert router.agents_of(queue) == staff_by_state(router, queue)
    naming = {queue: oracle.skills_named(terms) for queue, terms in floor.terms.items()}
    for skill in sorted(skills | {skill for named in naming.values() for skill in named}):
        having = [name for name, agent in agents.items() if skill in agent.skills]
        of = [queue for queue, named in naming.items() if skill in named]
        _check(router, recounted, router.skill_figures(skill), router.skill_intervals(skill), of, having)


def _check(
    router: Router,
    recounted: Recounted,
    day: QueueFigures,
    intervals: list[IntervalFigures],
    queues: list[str] | None,
    agents: list[str],
) -> None:
    of = {queue for _, queue in recounted.tallies} if queues is None else set(queues)
    _same(day, recounted.tally("day", of), whole=queues is None)
    work = [day.work.answered, day.work.handled_s, day.work.available_s]
    assert work == pytest.approx(recounted.hours("day", agents))
    contacts = [each for each in router.contacts() if queues is None or each.queue in of]
    waits = [
        each.queued_at for each in contacts if each.state is not ContactState.CONNECTED and not each.callback
    ]
    assert day.waiting == len(waits)
    assert day.longest_waiting_since == min(waits, default=None)
    assert day.callbacks_waiting == sum(
        each.callback and each.state is not ContactState.CONNECTED for each in contacts
    )
    assert day.talking == sum(each.state is ContactState.CONNECTED for each in contacts)
    interval_s = router._floor.policy.interval_s
    found = {round(each.begins / interval_s): each for each in intervals}
    assert [each.begins for each in intervals] == sorted(each.begins for each in intervals)
    periods = {period for period, queue in recounted.tallies if queue in of}
    periods |= {period for period, agent in recounted.work if agent in agents}
    numbers = {period for period in periods if isinstance(period, int)}
    assert found.keys() <= numbers, "figures of an interval in which nothing happened"
    for number in numbers:
        if number in found or recounted.kept(number):
            one = found[number]
            assert one.ends == pytest.approx(one.begins + interval_s)
            _same(one, recounted.tally(number, of), whole=queues is None)
            work = [one.work.answered, one.work.handled_s, one.work.available_s]
            assert work == pytest.approx(recounted.hours(number, agents))


def _same(figures: Tally, counts: Counts, whole: bool) -> None:
    """Of all queues together, moves between them are nothing that happened."""
    if whole and counts:
        counts["offered"] -= counts["moved_away"]
        counts["moved_away"] = 0
    for name in Tally.__dataclass_fields__:
        assert getattr(figures, name) == pytest.approx(counts.get(name, None if "longest" in name else 0)), (
            name
        )


def staff_by_state(router: Router, queue: str) -> dict[AgentState, int]:
    floor = router._floor
    counts = dict.fromkeys(AgentState, 0)
    for agent in floor.agents.values():
        if queue in floor.queues and oracle.belongs(agent.policy, floor.queues[queue]):
            counts[agent.state] += 1
    return counts
