"""Figures as the service shows them: today's, of an interval, and of the present moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from acd.model import AgentId, AgentState, Instant, QueueId, Skill
from acd.router import Router
from acd.tallies import AgentInterval, IntervalFigures, Tally, WorkTime
from cti.calls.state import OpenCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happened to contacts in a period. Rates are from 0 to 1; None: nothing to divide by."""

    offered: int = 0
    """Contacts queued."""
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    """Of the abandoned, those within the queue's short-abandon time."""
    timely: int = 0
    moved_away: int = 0
    """Contacts that went on to another queue unanswered."""
    diverted: int = 0
    """Contacts that a limit of the queue sent to a message or the busy tone."""
    returned: int = 0
    """Contacts that began to wait once more after an agent had them; in no other count."""
    longest_waited_s: float | None = None
    """Of those answered or abandoned."""
    answer_rate: float | None = None
    """answered / (answered + abandoned)."""
    timely_rate: float | None = None
    """timely / answered."""
    service_level: float | None = None
    """timely / (answered + abandoned)."""
    service_level_without_short: float | None = None
    """timely / (answered + abandoned - short_abandoned)."""
    handling_time_s: float | None = None
    """Talk, hold and wrap-up of a contact whose agent is done with it, on average."""
    occupancy: float | None = None
    """Of the agents concerned: time handling calls / (that + time available)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live(Counts):
    """What is so now, beside what happened today."""

    waiting: int = 0
    longest_wait_s: float = 0.0
    """0 when nobody waits."""
    talking: int = 0
    agents: Mapping[AgentState, int]
    """The agents concerned by state, logged out ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView(Live):
    """Live and today's figures of one queue, or of all (`queue` is None). Today begins at local midnight."""

    queue: QueueId | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillView(Live):
    """The sum of the queues that name a skill, and the agents who have it."""

    skill: Skill
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalView(Counts):
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an agent did in a period."""

    answered: int = 0
    handled_s: float = 0.0
    """On calls, and wrapping up."""
    available_s: float = 0.0
    """Ready, or with the phone ringing."""
    occupancy: float | None = None
    """handled_s / (handled_s + available_s)."""
    handling_time_s: float | None = None
    """handled_s / answered, the call in hand included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFiguresView(Work):
    """One agent's figures of today."""

    agent: AgentId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIntervalView(Work):
    begins: datetime
    ends: datetime


class FigureBoard:
    """Puts together what the router counted and what the open calls show."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def queue(self, queue: QueueId | None, name: str, calls: Iterable[OpenCall], now: Instant) -> QueueView:
        router = self._router
        figures = router.queue_figures(queue)
        agents = self.everybody() if queue is None else router.agents_of(queue)
        return QueueView(queue=queue, name=name, **live(calls, agents, now), **counts(figures, figures.work))

    def skill(self, skill: Skill, name: str, calls: Iterable[OpenCall], now: Instant) -> SkillView:
        router = self._router
        figures = router.skill_figures(skill)
        queues = set(router.queues_naming(skill))
        concerned = [call for call in calls if call.record.queue in queues]
        agents = router.agents_having(skill)
        return SkillView(
            skill=skill, name=name, **live(concerned, agents, now), **counts(figures, figures.work)
        )

    def agent(self, agent: AgentId, name: str) -> AgentFiguresView:
        return AgentFiguresView(
            agent=agent, name=name, **work(self._router.agent_figures(agent) or WorkTime())
        )

    def queue_intervals(self, queue: QueueId | None) -> Sequence[IntervalView]:
        return [_interval(each) for each in self._router.queue_intervals(queue)]

    def skill_intervals(self, skill: Skill) -> Sequence[IntervalView]:
        return [_interval(each) for each in self._router.skill_intervals(skill)]

    def agent_intervals(self, agent: AgentId) -> Sequence[AgentIntervalView]:
        return [
            AgentIntervalView(**_period(each), **work(each)) for each in self._router.agent_intervals(agent)
        ]

    def everybody(self) -> dict[AgentState, int]:
        states = dict.fromkeys(AgentState, 0)
        for agent in self._router.agents():
            states[agent.state] += 1
        return states


def live(calls: Iterable[OpenCall], agents: Mapping[AgentState, int], now: Instant) -> dict[str, Any]:
    """What `Live` adds. Who waits in Asterisk's plain queue counts too."""
    open_calls = list(calls)
    since = [call.waits_since for call in open_calls if call.waits_since is not None]
    return {
        "waiting": len(since),
        "longest_wait_s": max((now - each for each in since), default=0.0),
        "talking": sum(1 for call in open_calls if call.segment is not None),
        "agents": agents,
    }


def counts(tally: Tally, staff: WorkTime) -> dict[str, Any]:
    """`Counts`' fields."""
    names = set(Counts.__dataclass_fields__) - {"occupancy"}
    return {name: getattr(tally, name) for name in names} | {"occupancy": staff.occupancy}


def work(done: WorkTime) -> dict[str, Any]:
    """`Work`'s fields."""
    return {name: getattr(done, name) for name in Work.__dataclass_fields__}


def _interval(figures: IntervalFigures) -> IntervalView:
    return IntervalView(**_period(figures), **counts(figures, figures.work))


def _period(figures: IntervalFigures | AgentInterval) -> dict[str, Any]:
    return {
        "begins": datetime.fromtimestamp(figures.begins, UTC),
        "ends": datetime.fromtimestamp(figures.ends, UTC),
    }
