"""Today's figures per skill and agent, and those of the last intervals."""

from __future__ import annotations

from collections.abc import Sequence

from api.auth import ALL_ROLES, STAFF, WATCHERS
from api.figure_models import (
    AgentFiguresOut,
    AgentIntervalOut,
    AgentIntervalsOut,
    AgentsFiguresOut,
    IntervalOut,
    IntervalsOut,
    SkillOut,
    SkillsOut,
)
from api.routing import Asked, Nothing, Reply, route
from cti.figures import IntervalView


async def get_skills(ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(SkillsOut(skills=[SkillOut.of(view) for view in ask.context.service.skills()]))


async def get_agent_figures(ask: Asked[Nothing, Nothing]) -> Reply:
    views = sorted(ask.context.service.agent_figures(), key=lambda view: view.agent)
    return Reply(AgentsFiguresOut(agents=[AgentFiguresOut.model_validate(view) for view in views]))


async def get_total_intervals(ask: Asked[Nothing, Nothing]) -> Reply:
    return _intervals(ask.context.service.queue_intervals(None))


async def get_queue_intervals(ask: Asked[Nothing, Nothing]) -> Reply:
    return _intervals(ask.context.service.queue_intervals(ask.named("queue")))


async def get_skill_intervals(ask: Asked[Nothing, Nothing]) -> Reply:
    return _intervals(ask.context.service.skill_intervals(ask.named("skill")))


async def get_agent_intervals(ask: Asked[Nothing, Nothing]) -> Reply:
    agent = ask.named("agent")
    ask.who.require_own(agent)
    views = ask.context.service.agent_intervals(agent)
    return Reply(AgentIntervalsOut(intervals=[AgentIntervalOut.model_validate(view) for view in views]))


def _intervals(views: Sequence[IntervalView]) -> Reply:
    return Reply(IntervalsOut(intervals=[IntervalOut.model_validate(view) for view in views]))


ROUTES = (
    route(
        "GET",
        "/v1/figures/skills",
        get_skills,
        summary="Live and today's figures of each skill",
        tag="figures",
        roles=ALL_ROLES,
        answers={200: SkillsOut},
    ),
    route(
        "GET",
        "/v1/figures/agents",
        get_agent_figures,
        summary="Today's figures of each agent",
        tag="figures",
        roles=WATCHERS,
        answers={200: AgentsFiguresOut},
    ),
    route(
        "GET",
        "/v1/figures/intervals",
        get_total_intervals,
        summary="The last intervals of the whole hotline",
        tag="figures",
        description="A move between two queues is nothing that happened to the whole.",
        roles=ALL_ROLES,
        answers={200: IntervalsOut},
    ),
    route(
        "GET",
        "/v1/figures/queues/{queue}/intervals",
        get_queue_intervals,
        summary="The last intervals of a queue",
        tag="figures",
        roles=ALL_ROLES,
        answers={200: IntervalsOut},
        errors=("unknown_queue",),
    ),
    route(
        "GET",
        "/v1/figures/skills/{skill}/intervals",
        get_skill_intervals,
        summary="The last intervals of a skill",
        tag="figures",
        roles=ALL_ROLES,
        answers={200: IntervalsOut},
        errors=("unknown_skill",),
    ),
    route(
        "GET",
        "/v1/figures/agents/{agent}/intervals",
        get_agent_intervals,
        summary="The last intervals of an agent",
        tag="figures",
        roles=STAFF,
        own_only=True,
        answers={200: AgentIntervalsOut},
        errors=("unknown_agent",),
    ),
)
