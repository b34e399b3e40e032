"""The part of the configuration that the router works by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Calendar,
    CallbackTerms,
    Diversion,
    Has,
    NoneOf,
    OneOf,
    OpeningHours,
    OverflowRule,
    Policy,
    QueuePolicy,
    Requirement,
    Reserve,
    RoutingStep,
)
from config.models import Site
from config.routing import CalendarConfig, CallbackConfig, QueueConfig, RequirementConfig, StepConfig, Weekday

_WEEKDAYS = tuple(Weekday)
_A_YEAR = 366


def routing_policy(site: Site) -> Policy:
    """What the router needs of a site."""
    calendars = calendars_of(site)
    return Policy(
        queues={queue.id: _queue(queue, calendars) for queue in site.queues},
        agents={
            agent.id: AgentPolicy(
                agent=agent.id,
                skills=dict(agent.skills),
                queues=None if agent.queues is None else dict(agent.queues),
                max_wrap_up_s=agent.max_wrap_up_s,
            )
            for agent in site.agents
        },
        priority_worth_s=site.routing.priority_worth_s,
        reserves=tuple(Reserve(each.skill, each.keep, each.urgent_from) for each in site.routing.reserves),
        max_occupancy=site.routing.max_occupancy,
        max_rest_s=site.routing.max_rest_s,
        keep_place_s=site.routing.keep_place_s,
        skills=tuple(skill.id for skill in site.skills),
    )


def calendars_of(site: Site) -> dict[str, Calendar]:
    """Opening hours by their id."""
    utc_offset_s = fixed_offset_s(site.timezone) or 0.0
    return {each.id: _calendar(each, utc_offset_s) for each in site.calendars}


def hotline_steps(site: Site) -> dict[str, tuple[RoutingStep, ...]]:
    """What callers of each hotline number are kept for before their queue's own steps."""
    return {hotline.number: tuple(map(step_of, hotline.steps)) for hotline in site.hotlines}


def choice_steps(site: Site) -> dict[str, tuple[RoutingStep, ...]]:
    """What callers are kept for who chose in a flow's menu, by `<flow>.<choice>`."""
    return {
        f"{flow.id}.{choice.id}": tuple(map(step_of, choice.steps))
        for flow in site.flows
        if flow.menu is not None
        for choice in flow.menu.choices
    }


def fixed_offset_s(timezone: str) -> float | None:
    """Seconds that the zone's time is ahead of UTC; None where that changes within the year."""
    now = datetime.now(UTC)
    offsets = {
        (now + timedelta(days=day)).astimezone(ZoneInfo(timezone)).utcoffset() for day in range(_A_YEAR)
    }
    first = offsets.pop()
    return None if offsets or first is None else first.total_seconds()


def requirement_of(written: RequirementConfig) -> Requirement:
    """The requirement as the router knows it."""
    if written.skill is not None:
        return Has(written.skill, written.at_least or 1, written.at_most or 5)
    if written.all_of is not None:
        return AllOf(tuple(map(requirement_of, written.all_of)))
    if written.any_of is not None:
        return AnyOf(tuple(map(requirement_of, written.any_of)))
    if written.none_of is not None:
        return NoneOf(tuple(map(requirement_of, written.none_of)))
    return OneOf(written.agents or ())


def step_of(written: StepConfig) -> RoutingStep:
    """The step as the router knows it."""
    return RoutingStep(requirement_of(written.requirement), written.ttl_s, written.beyond_queue)


def _queue(queue: QueueConfig, calendars: dict[str, Calendar]) -> QueuePolicy:
    return QueuePolicy(
        queue=queue.id,
        required_skills=dict(queue.required_skills),
        priority=queue.priority,
        ring_timeout_s=queue.ring_timeout_s,
        wrap_up_s=queue.wrap_up_s,
        timely_s=queue.timely_s,
        short_abandon_s=queue.short_abandon_s,
        requirement=None if queue.requirement is None else requirement_of(queue.requirement),
        steps=tuple(map(step_of, queue.steps)),
        weight=queue.weight,
        criteria=queue.criteria,
        offer_backoff_s=queue.offer_backoff_s,
        max_offers_per_agent=queue.max_offers_per_agent,
        auto_answer=queue.auto_answer,
        transfer_priority=queue.transfer_priority,
        overflow=tuple(
            OverflowRule(each.limit, Diversion(each.to), each.threshold or 0.0, each.target or "")
            for each in queue.overflow
        ),
        calendar=calendars.get(queue.calendar) if queue.calendar else None,
        night_skills=None if queue.night_skills is None else dict(queue.night_skills),
        callbacks=_callbacks(queue.callbacks, calendars),
    )


def _callbacks(written: CallbackConfig, calendars: dict[str, Calendar]) -> CallbackTerms:
    return CallbackTerms(
        max_attempts=written.max_attempts,
        busy_delay_s=written.busy_delay_s,
        no_answer_delay_s=written.no_answer_delay_s,
        failed_delay_s=written.failed_delay_s,
        expires_s=written.expires_s,
        owner_ttl_s=written.owner_ttl_s,
        priority=written.priority,
        hours=calendars.get(written.calendar) if written.calendar else None,
        abandoned_after_s=written.abandoned_after_s,
        abandoned_prompt=written.abandoned_prompt,
    )


def _calendar(written: CalendarConfig, utc_offset_s: float) -> Calendar:
    return Calendar(
        hours=tuple(
            OpeningHours(
                tuple(_WEEKDAYS.index(day) for day in span.weekdays),
                _second(span.opens),
                _second(span.closes),
            )
            for span in written.hours
        ),
        holidays=written.holidays,
        utc_offset_s=utc_offset_s,
    )


def _second(clock: str) -> float:
    hours, minutes = clock.split(":")
    return int(hours) * 3_600.0 + int(minutes) * 60.0
