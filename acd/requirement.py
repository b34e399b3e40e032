"""What a contact needs of an agent, in a form that can be tested fast and looked up by index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from acd.model import (
    AgentId,
    AgentPolicy,
    AllOf,
    AnyOf,
    Has,
    NoneOf,
    OneOf,
    QueueId,
    QueuePolicy,
    Requirement,
    RoutingStep,
    Skill,
)

MAX_PROFICIENCY = 5
OBJECTIONS_KEPT = 64
"""Of one need, so that memory stays bounded."""

Key: TypeAlias = str
"""What agents are indexed under: a skill that they have, or their own id."""
Accepts: TypeAlias = Callable[[AgentPolicy], bool]
Covers: TypeAlias = tuple[tuple[Key, ...], ...]
StageKey: TypeAlias = tuple[QueueId, Requirement | None, bool, int]
"""The queue, what a step asks for (None after the last), whether beyond the queue, and which reserves the
contact may use."""


def agent_keys(agent: AgentPolicy) -> tuple[Key, ...]:
    """Everything that an agent is indexed under, in a fixed order."""
    return (f"agent:{agent.agent}", *(f"skill:{skill}" for skill in sorted(agent.skills)))


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """A requirement made ready for use."""

    requirement: Requirement
    queue: QueueId | None
    """Agents who may not serve this queue are not accepted; None: no matter which queues they serve."""
    accepts: Accepts
    covers: Covers
    """Alternatives; whoever is accepted has at least one key of each. None: anybody may be accepted."""
    skills: tuple[Skill, ...]
    """The skills that count for it."""

    _told: dict[AgentId, tuple[AgentPolicy, str | None]] = field(default_factory=dict)
    """Objections found before: explanations of one queue look at the same agents again and again."""

    def objection(self, agent: AgentPolicy) -> str | None:
        """The first reason against an agent, for people; None when accepted."""
        known = self._told.get(agent.agent)
        if known is not None and known[0] is agent:
            return known[1]
        reason = self._objection(agent)
        if len(self._told) < OBJECTIONS_KEPT:
            self._told[agent.agent] = (agent, reason)
        return reason

    def _objection(self, agent: AgentPolicy) -> str | None:
        if self.queue is not None and agent.queues is not None and self.queue not in agent.queues:
            return f"does not serve queue {self.queue}"
        return _objection(self.requirement, agent)


def membership(queue: QueuePolicy) -> Requirement:
    """What every agent of the queue meets."""
    required = tuple(Has(skill, least) for skill, least in sorted(queue.required_skills.items()))
    return AllOf(required if queue.requirement is None else (*required, queue.requirement))


def need_of(queue: QueuePolicy, requirement: Requirement | None = None, beyond_queue: bool = False) -> Need:
    """What a contact needs while a step asks for `requirement`; for None, any agent of the queue."""
    if requirement is None:
        whole = membership(queue)
    elif beyond_queue:
        whole = requirement
    else:
        whole = AllOf((membership(queue), requirement))
    flat = _flat(whole)
    return Need(
        requirement=flat,
        queue=None if beyond_queue else queue.queue,
        accepts=_compiled(flat, None if beyond_queue else queue.queue),
        covers=_covers(flat),
        skills=tuple(dict.fromkeys(_skills(flat))),
    )


def step_key(queue: QueueId, step: RoutingStep | None, reserves: int) -> StageKey:
    if step is None:
        return (queue, None, False, reserves)
    return (queue, step.requirement, step.beyond_queue, reserves)


def _flat(requirement: Requirement) -> Requirement:
    """Conjunctions within conjunctions drawn together, which makes them quicker to test."""
    if not isinstance(requirement, AllOf):
        return requirement
    parts: list[Requirement] = []
    for part in map(_flat, requirement.of):
        parts.extend(part.of if isinstance(part, AllOf) else (part,))
    return AllOf(tuple(parts))


def _compiled(requirement: Requirement, queue: QueueId | None) -> Accepts:
    parts = requirement.of if isinstance(requirement, AllOf) else (requirement,)
    wanted = _bounds(parts)
    others = tuple(_test(part) for part in parts if not isinstance(part, Has))

    def accepts(agent: AgentPolicy) -> bool:
        have = agent.skills
        for skill, least, most in wanted:
            proficiency = have.get(skill)
            if proficiency is None or not least <= proficiency <= most:
                return False
        if queue is not None and agent.queues is not None and queue not in agent.queues:
            return False
        return all(test(agent) for test in others) if others else True

    return accepts


def _bounds(parts: tuple[Requirement, ...]) -> tuple[tuple[Skill, int, int], ...]:
    return tuple((part.skill, part.at_least, part.at_most) for part in parts if isinstance(part, Has))


def _test(requirement: Requirement) -> Accepts:
    """`holds`, with the usual list of alternative skills made quick."""
    if not (isinstance(requirement, AnyOf) and all(isinstance(part, Has) for part in requirement.of)):
        return lambda agent: holds(requirement, agent)
    wanted = _bounds(requirement.of)

    def any_of(agent: AgentPolicy) -> bool:
        have = agent.skills
        for skill, least, most in wanted:
            proficiency = have.get(skill)
            if proficiency is not None and least <= proficiency <= most:
                return True
        return False

    return any_of


def holds(requirement: Requirement, agent: AgentPolicy) -> bool:
    """Whether the agent meets the requirement, by its definition."""
    match requirement:
        case Has(skill, least, most):
            proficiency = agent.skills.get(skill)
            return proficiency is not None and least <= proficiency <= most
        case AllOf(parts):
            return all(holds(part, agent) for part in parts)
        case AnyOf(parts):
            return any(holds(part, agent) for part in parts)
        case NoneOf(parts):
            return not any(holds(part, agent) for part in parts)
        case OneOf(agents):
            return agent.agent in agents


def described(requirement: Requirement) -> str:
    """The requirement in words."""
    match requirement:
        case Has(skill, least, 5):
            return f"skill {skill} of {least} or more"
        case Has(skill, least, most):
            return f"skill {skill} between {least} and {most}"
        case AllOf(parts):
            return "all of (" + "; ".join(map(described, parts)) + ")"
        case AnyOf(parts):
            return "any of (" + "; ".join(map(described, parts)) + ")"
        case NoneOf(parts):
            return "none of (" + "; ".join(map(described, parts)) + ")"
        case OneOf(agents):
            return "one of the agents " + ", ".join(agents)


def _objection(requirement: Requirement, agent: AgentPolicy) -> str | None:
    match requirement:
        case Has(skill, least, most):
            have = agent.skills.get(skill)
            if have is None:
                return f"lacks skill {skill}"
            if have < least:
                return f"skill {skill} is {have}, needs {least}"
            return None if have <= most else f"skill {skill} is {have}, at most {most} is asked for"
        case AllOf(parts):
            for part in parts:
                reason = _objection(part, agent)
                if reason is not None:
                    return reason
            return None
        case NoneOf(parts):
            met = next((part for part in parts if holds(part, agent)), None)
            return None if met is None else f"has {described(met)}"
        case _:
            return None if holds(requirement, agent) else f"is not {described(requirement)}"


def _covers(requirement: Requirement) -> Covers:
    match requirement:
        case Has(skill):
            return ((f"skill:{skill}",),)
        case OneOf(agents):
            return (tuple(f"agent:{agent}" for agent in agents),)
        case AllOf(parts):
            return tuple(keys for part in parts for keys in _covers(part))
        case AnyOf(parts):
            each = [_covers(part) for part in parts]
            if not all(each):
                return ()
            return (tuple(dict.fromkeys(key for covers in each for key in covers[0])),)
        case NoneOf():
            return ()


def _skills(requirement: Requirement) -> list[Skill]:
    match requirement:
        case Has(skill):
            return [skill]
        case AllOf(parts) | AnyOf(parts):
            return [skill for part in parts for skill in _skills(part)]
        case _:
            return []
