"""Who may serve whom and who comes first, by definition: every pair is looked at, nothing is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from acd.floor import Floor
from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Calendar,
    Criterion,
    Has,
    NoneOf,
    OneOf,
    QueuePolicy,
    Requirement,
    RoutingStep,
)
from acd.records import Agent, Contact


def meets(requirement: Requirement, agent: AgentPolicy) -> bool:
    if isinstance(requirement, Has):
        have = agent.skills.get(requirement.skill)
        return have is not None and requirement.at_least <= have and have <= requirement.at_most
    if isinstance(requirement, OneOf):
        return agent.agent in requirement.agents
    met = [meets(part, agent) for part in requirement.of]
    if isinstance(requirement, AllOf):
        return False not in met
    if isinstance(requirement, AnyOf):
        return True in met
    assert isinstance(requirement, NoneOf)
    return True not in met


def belongs(agent: AgentPolicy, queue: QueuePolicy) -> bool:
    if agent.queues is not None and queue.queue not in agent.queues:
        return False
    if queue.requirement is not None and not meets(queue.requirement, agent):
        return False
    return all(agent.skills.get(skill, 0) >= least for skill, least in queue.required_skills.items())


def may_serve(agent: AgentPolicy, queue: QueuePolicy, step: RoutingStep | None) -> bool:
    if step is None:
        return belongs(agent, queue)
    return meets(step.requirement, agent) and (step.beyond_queue or belongs(agent, queue))


def present_step(floor: Floor, contact: Contact, staff: list[Agent]) -> RoutingStep | None:
    """The first step in its time that somebody logged in can serve. A step not reached cannot be present."""
    queue = floor.queues[contact.queue]
    for number, step in enumerate(contact.own_steps + queue.steps):
        assert number < len(contact.step_ends), "a step was neither reached nor passed"
        if contact.step_ends[number] > floor.at and any(
            may_serve(agent.policy, queue, step) for agent in staff
        ):
            return step
    return None


def priority_of(contact: Contact, queue: QueuePolicy) -> int:
    if contact.dialled:
        return 1_000_000
    return queue.priority + contact.priority + contact.callback * queue.callbacks.priority


def eligible(
    floor: Floor, agent: Agent, contact: Contact, step: RoutingStep | None, ready: list[Agent]
) -> bool:
    queue = floor.queues[contact.queue]
    if not may_serve(agent.policy, queue, step):
        return False
    if agent.agent in contact.tried:
        until = contact.tried[agent.agent][1]
        if until is None or until > floor.at:
            return False
    for reserve in floor.policy.reserves:
        if reserve.skill in agent.policy.skills and priority_of(contact, queue) < reserve.urgent_from:
            free = sum(reserve.skill in other.policy.skills for other in ready)
            if free <= reserve.keep:
                return False
    return True


def pair_score(floor: Floor, agent: Agent, contact: Contact, step: RoutingStep | None) -> tuple[Any, ...]:
    """Less is better."""
    queue, policy = floor.queues[contact.queue], floor.policy
    priority = priority_of(contact, queue)
    if policy.priority_worth_s is None or contact.dialled:
        strict, start = -priority, contact.place_from
    else:
        strict, start = 0, contact.place_from - priority * policy.priority_worth_s
    penalty = 0.0 if not agent.policy.queues else agent.policy.queues.get(queue.queue, 0.0)
    points = queue.weight * (floor.at - start - penalty)
    values = [_value(floor, criterion, agent, contact, step) for criterion in queue.criteria]
    return (
        strict,
        -points,
        start,
        contact.queued_at,
        contact.contact,
        *values,
        agent.idle_since,
        agent.agent,
    )


def contact_rank(floor: Floor, contact: Contact) -> tuple[Any, ...]:
    """Less is better; within one queue it orders contacts as their scores do."""
    policy, priority = floor.policy, priority_of(contact, floor.queues[contact.queue])
    if policy.priority_worth_s is None or contact.dialled:
        return (-priority, contact.place_from, contact.queued_at, contact.contact)
    start = contact.place_from - priority * policy.priority_worth_s
    return (0, start, contact.queued_at, contact.contact)


def skills_named(queue: QueuePolicy) -> set[str]:
    """The skills that a queue's own terms name, by day."""
    return set(queue.required_skills) | (
        _named(queue.requirement) if queue.requirement is not None else set()
    )


def comparison(
    floor: Floor, agent: Agent, contact: Contact, step: RoutingStep | None
) -> list[tuple[str, Any]]:
    """By what agents are told apart, in order, and how this one stands; less is better."""
    queue = floor.queues[contact.queue]
    penalty = 0.0 if not agent.policy.queues else agent.policy.queues.get(queue.queue, 0.0)
    return [
        ("penalty", penalty),
        *((str(each), _value(floor, each, agent, contact, step)) for each in queue.criteria),
        ("longest_idle", agent.idle_since),
        ("agent_id", agent.agent),
    ]


def is_open(calendar: Calendar, at: float) -> bool:
    days, second = divmod(at + calendar.utc_offset_s, 86_400)
    day = date.fromordinal(date(1970, 1, 1).toordinal() + int(days))
    if str(day) in calendar.holidays:
        return False
    return any(
        day.weekday() in span.weekdays and span.opens_s <= second < span.closes_s for span in calendar.hours
    )


def next_change(calendar: Calendar, at: float) -> float | None:
    """The first edge of any opening hours from which on it is open and was closed before, or the reverse."""
    midnight = (at + calendar.utc_offset_s) // 86_400 * 86_400 - calendar.utc_offset_s
    edges = {0.0} | {edge for span in calendar.hours for edge in (span.opens_s, span.closes_s)}
    for day in range(370):
        for edge in sorted(edges):
            then = midnight + day * 86_400 + edge
            if then > at and is_open(calendar, then) != is_open(calendar, at):
                return then
    return None


def terms_at(terms: QueuePolicy, at: float) -> QueuePolicy:
    """What holds in a queue at that hour."""
    if terms.calendar is None or terms.night_skills is None or is_open(terms.calendar, at):
        return terms
    return replace(terms, required_skills=terms.night_skills, requirement=None, steps=())


def _value(
    floor: Floor, criterion: Criterion, agent: Agent, contact: Contact, step: RoutingStep | None
) -> float:
    skills = agent.policy.skills
    if criterion is Criterion.LONGEST_IDLE:
        return agent.idle_since
    if criterion is Criterion.LEAST_OCCUPIED:
        return agent.occupancy
    if criterion is Criterion.PREFERRED:
        named = [
            name
            for own in contact.own_steps
            if isinstance(own.requirement, OneOf)
            for name in own.requirement.agents
        ]
        return float(agent.agent not in named)
    if criterion is Criterion.FEWEST_SCARCE:
        holders = [
            sum(skill in other.skills for other in floor.policy.agents.values()) for skill in sorted(skills)
        ]
        return sum(1 / count for count in holders if count)
    queue = floor.queues[contact.queue]
    named_skills: set[str] = set()
    if step is None or not step.beyond_queue:
        named_skills |= skills_named(queue)
    if step is not None:
        named_skills |= _named(step.requirement)
    return -float(sum(skills.get(skill, 0) for skill in named_skills))


def _named(requirement: Requirement) -> set[str]:
    if isinstance(requirement, Has):
        return {requirement.skill}
    if isinstance(requirement, AllOf | AnyOf):
        return {skill for part in requirement.of for skill in _named(part)}
    return set()
