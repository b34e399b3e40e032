"""What can be wrong with a routing policy, and what a new one changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from itertools import pairwise
from math import isfinite
from typing import Any

from acd.hours import DAY_S
from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Calendar,
    CallbackTerms,
    Diversion,
    Has,
    Limit,
    NoneOf,
    OneOf,
    Policy,
    QueuePolicy,
    Requirement,
    RoutingStep,
)
from acd.refusals import InvalidEvent
from acd.requirement import MAX_PROFICIENCY


class InvalidPolicy(InvalidEvent):
    """The policy contradicts itself; `problems` names each place. Nothing has changed."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def check_policy(policy: Policy) -> None:
    """Raises `InvalidPolicy` unless the policy is sound."""
    found = problems(policy)
    if found:
        raise InvalidPolicy(found)


def problems(policy: Policy) -> tuple[str, ...]:
    """Everything wrong with the policy, each with its place and what would be right."""
    return tuple(_problems(policy))


def difference(old: Policy, new: Policy) -> tuple[str, ...]:
    """What the new policy changes, one line for each thing, in a fixed order."""
    lines = [*_changed("queue", old.queues, new.queues), *_changed("agent", old.agents, new.agents)]
    for each in fields(Policy):
        if each.name not in ("queues", "agents"):
            before, after = getattr(old, each.name), getattr(new, each.name)
            if before != after:
                lines.append(f"{each.name}: {before!r} -> {after!r}")
    return tuple(lines)


def _changed(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"{kind} {name}: removed"
        elif name not in old:
            yield f"{kind} {name}: added"
        else:
            for each in fields(old[name]):
                before, after = getattr(old[name], each.name), getattr(new[name], each.name)
                if before != after:
                    yield f"{kind} {name}: {each.name} {before!r} -> {after!r}"


def _problems(policy: Policy) -> Iterator[str]:
    for name, queue in policy.queues.items():
        place = f"queue {name}"
        if queue.queue != name:
            yield f"{place}: is named {queue.queue} in itself; two queues cannot share one name"
        yield from _queue_problems(place, queue, policy)
    for name, agent in policy.agents.items():
        place = f"agent {name}"
        if agent.agent != name:
            yield f"{place}: is named {agent.agent} in itself; two agents cannot share one name"
        yield from _agent_problems(place, agent, policy)
    for reserve in policy.reserves:
        place = f"reserve of skill {reserve.skill}"
        yield from _skill_problems(place, (reserve.skill,), policy)
        if reserve.keep < 1:
            yield f"{place}: keeps {reserve.keep} agents; at least 1 would be right"
    for setting in ("priority_worth_s", "max_rest_s", "keep_place_s"):
        yield from _duration_problems("policy", setting, getattr(policy, setting))
    if not (isfinite(policy.interval_s) and policy.interval_s > 0):
        yield f"policy: interval_s is {policy.interval_s:g}; a time above 0 would be right"
    if policy.max_occupancy is not None and not 0 < policy.max_occupancy <= 1:
        yield f"policy: max_occupancy is {policy.max_occupancy:g}; a share above 0 and up to 1 would be right"


def _queue_problems(place: str, queue: QueuePolicy, policy: Policy) -> Iterator[str]:
    for setting in ("ring_timeout_s", "wrap_up_s", "timely_s", "short_abandon_s", "offer_backoff_s"):
        yield from _duration_problems(place, setting, getattr(queue, setting))
    if not (isfinite(queue.weight) and queue.weight > 0):
        yield f"{place}: weight is {queue.weight:g}; a number above 0 would be right"
    if queue.max_offers_per_agent is not None and queue.max_offers_per_agent < 1:
        yield f"{place}: max_offers_per_agent is {queue.max_offers_per_agent}; at least 1 would be right"
    yield from _callback_problems(f"{place}, callbacks", queue.callbacks)
    if len(set(queue.criteria)) != len(queue.criteria):
        yield f"{place}: criteria names one twice; each once would be right"
    yield from _skill_problems(f"{place}, required_skills", queue.required_skills, policy)
    for skill, least in queue.required_skills.items():
        yield from _proficiency_problems(f"{place}, required_skills, {skill}", least)
    yield from _overflow_problems(place, queue, policy)
    if queue.requirement is not None:
        yield from _requirement_problems(f"{place}, requirement", queue.requirement, policy)
    for number, step in enumerate(queue.steps, start=1):
        here = f"{place}, step {number}"
        if not (isfinite(step.ttl_s) and step.ttl_s > 0):
            yield f"{here}: ttl_s is {step.ttl_s:g}; a time above 0 would be right"
        yield from _requirement_problems(here, step.requirement, policy)


def _callback_problems(place: str, terms: CallbackTerms) -> Iterator[str]:
    if terms.max_attempts < 1:
        yield f"{place}: max_attempts is {terms.max_attempts}; at least 1 would be right"
    for setting in (
        "busy_delay_s",
        "no_answer_delay_s",
        "failed_delay_s",
        "expires_s",
        "owner_ttl_s",
        "abandoned_after_s",
    ):
        yield from _duration_problems(place, setting, getattr(terms, setting))
    if terms.hours is not None:
        yield from _calendar_problems(f"{place}, hours", terms.hours)


def _overflow_problems(place: str, queue: QueuePolicy, policy: Policy) -> Iterator[str]:
    for number, rule in enumerate(queue.overflow, start=1):
        here = f"{place}, overflow {number}"
        yield from _duration_problems(here, "threshold", rule.threshold)
        if rule.limit is Limit.CLOSED and queue.calendar is None:
            what = "is for when the queue is closed, but it has no calendar"
            yield f"{here}: {what}; a calendar would be right"
        if rule.to is Diversion.QUEUE and rule.target not in policy.queues:
            named = rule.target or "(none named)"
            yield f"{here}: there is no queue {named}; a configured one would be right"
        if rule.to is Diversion.MESSAGE and not rule.target:
            yield f"{here}: names no message; the name of a prompt would be right"
    if _comes_back(queue.queue, policy):
        yield f"{place}: overflow leads back to itself; a way that ends would be right"
    if queue.night_skills is not None:
        if queue.calendar is None:
            what = "has night_skills but no calendar to say when it is night"
            yield f"{place}: {what}; both would be right"
        yield from _skill_problems(f"{place}, night_skills", queue.night_skills, policy)
    if queue.calendar is not None:
        yield from _calendar_problems(f"{place}, calendar", queue.calendar)


def _comes_back(start: str, policy: Policy) -> bool:
    """Whether overflow from a queue can lead to it again."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        queue = policy.queues.get(ahead.pop())
        for rule in queue.overflow if queue else ():
            if rule.to is Diversion.QUEUE and rule.target == start:
                return True
            if rule.to is Diversion.QUEUE and rule.target not in seen:
                seen.add(rule.target)
                ahead.append(rule.target)
    return False


def _calendar_problems(place: str, calendar: Calendar) -> Iterator[str]:
    for day in range(7):
        spans = sorted((span.opens_s, span.closes_s) for span in calendar.hours if day in span.weekdays)
        for before, after in pairwise(spans):
            if after[0] < before[1]:
                what = f"two spans of opening hours overlap on weekday {day}"
                yield f"{place}: {what}; one for both would be right"
    for span in calendar.hours:
        if not 0 <= span.opens_s < span.closes_s <= DAY_S:
            span_s = f"{span.opens_s:g} to {span.closes_s:g}"
            yield f"{place}: open from {span_s}; between 0 and 86400, rising, would be right"
        if not span.weekdays or not all(0 <= day <= 6 for day in span.weekdays):
            yield f"{place}: weekdays are {span.weekdays}; numbers from 0 (Monday) to 6 would be right"
    for holiday in calendar.holidays:
        try:
            date.fromisoformat(holiday)
        except ValueError:
            yield f"{place}: holiday {holiday!r} is not a date; one like 2026-10-01 would be right"


def _agent_problems(place: str, agent: AgentPolicy, policy: Policy) -> Iterator[str]:
    yield from _skill_problems(f"{place}, skills", agent.skills, policy)
    for skill, proficiency in agent.skills.items():
        yield from _proficiency_problems(f"{place}, skills, {skill}", proficiency)
    for queue, penalty_s in (agent.queues or {}).items():
        if queue not in policy.queues:
            yield f"{place}, queues: there is no queue {queue}; a configured one would be right"
        yield from _duration_problems(place, f"penalty in queue {queue}", penalty_s)
    yield from _duration_problems(place, "max_wrap_up_s", agent.max_wrap_up_s)


def step_problems(steps: tuple[RoutingStep, ...], policy: Policy) -> tuple[str, ...]:
    """What is wrong with steps that somebody gives one contact."""
    return tuple(
        problem
        for number, step in enumerate(steps, start=1)
        for problem in (
            *_requirement_problems(f"step {number}", step.requirement, policy),
            *_duration_problems(f"step {number}", "ttl_s", step.ttl_s),
            *_stranger_problems(f"step {number}", step.requirement, policy),
        )
    )


def _stranger_problems(place: str, requirement: Requirement, policy: Policy) -> Iterator[str]:
    """Agents who are not there. A policy may name some who come later; a person who names one is mistaken."""
    match requirement:
        case OneOf(agents):
            for agent in agents:
                if agent not in policy.agents:
                    yield f"{place}: there is no agent {agent}; a configured one would be right"
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from _stranger_problems(place, part, policy)


def _requirement_problems(place: str, requirement: Requirement, policy: Policy) -> Iterator[str]:
    match requirement:
        case Has(skill, least, most):
            yield from _skill_problems(place, (skill,), policy)
            if not 1 <= least <= most <= MAX_PROFICIENCY:
                yield (
                    f"{place}: skill {skill} between {least} and {most}; "
                    f"1 to {MAX_PROFICIENCY}, the lower first, would be right"
                )
        case OneOf(agents):
            if not agents:
                yield f"{place}: names no agent, so nobody can ever meet it; at least one would be right"
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            if not parts:
                yield f"{place}: is empty; at least one part would be right"
            for part in parts:
                yield from _requirement_problems(place, part, policy)


def _skill_problems(place: str, skills: Mapping[str, int] | tuple[str, ...], policy: Policy) -> Iterator[str]:
    if policy.skills is not None:
        for skill in skills:
            if skill not in policy.skills:
                what = f"there is no skill {skill}"
                yield f"{place}: {what}; a configured one would be right"


def _proficiency_problems(place: str, proficiency: int) -> Iterator[str]:
    if not 1 <= proficiency <= MAX_PROFICIENCY:
        yield f"{place}: proficiency is {proficiency}; 1 to {MAX_PROFICIENCY} would be right"


def _duration_problems(place: str, setting: str, seconds: float | None) -> Iterator[str]:
    if seconds is not None and not (isfinite(seconds) and seconds >= 0):
        yield f"{place}: {setting} is {seconds:g}; 0 or more seconds would be right"
