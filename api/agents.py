"""Agents: who is doing what, and logging in, ready, not ready, logging out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

from acd.model import AgentState
from api.auth import FLOOR, STAFF, WATCHERS
from api.errors import ApiError
from api.routing import Asked, Audited, Input, Nothing, Output, Reply, input_problem, route
from config.base import Id
from config.models import Role
from cti.views import AgentView

_PIN = re.compile(r"[0-9]{4,8}")
_EXAMPLE: JsonDict = {
    "agent": "1007",
    "name": "王芳",
    "seat": "s07",
    "state": "wrap_up",
    "reason": None,
    "since": "2026-03-02T01:15:30.250000Z",
    "until": "2026-03-02T01:15:40.250000Z",
    "call": None,
    "seat_reachable": True,
    "next_state": "ready",
    "next_reason": None,
    "pins_locked_until": None,
}


class AgentOut(Output):
    """An agent as the router knows them now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    agent: str
    """The agent's number (工号)."""
    name: str
    seat: str | None
    """Where the agent is logged in."""
    state: AgentState
    reason: str | None
    """Why not ready."""
    since: datetime
    """When this state began."""
    until: datetime | None
    """When the wrap-up ends by itself."""
    call: str | None
    seat_reachable: bool | None
    """Whether the seat's phone can be rung; null when logged out."""
    next_state: AgentState | None
    """What follows the present offer, call or wrap-up, as a break asked for in it; null outside of these."""
    next_reason: str | None
    pins_locked_until: datetime | None
    """Until when no PIN of the agent's is looked at, after too many wrong ones."""

    @classmethod
    def of(cls, view: AgentView) -> AgentOut:
        return cls.model_validate(view)


class AgentsOut(Output):
    """All agents of the site, by number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agents": [_EXAMPLE]}]})

    agents: list[AgentOut]


class LogIn(Input):
    """Where the agent sits down."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seat": "s07", "pin": "482913"}]})

    seat: Id
    pin: SecretStr | None = Field(
        default=None,
        description="The agent's PIN. Where `login.pin_over_api` is set an agent's token needs it.",
        json_schema_extra={"pattern": "^[0-9]{4,8}$"},
    )


class Move(Input):
    """Where the agent goes on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seat": "s08"}]})

    seat: Id


class Longer(Input):
    """How much longer the wrap-up is to be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seconds": 30}]})

    seconds: float = Field(gt=0, le=3600)


class NotReady(Input):
    """Why the agent takes no calls."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "break"}]})

    reason: Id = Field(description="An id of `not_ready_reasons` in the site's configuration.")


async def list_agents(ask: Asked[Nothing, Nothing]) -> Reply:
    views = sorted(ask.context.service.agents(), key=lambda view: view.agent)
    return Reply(AgentsOut(agents=[AgentOut.of(view) for view in views]))


async def get_agent(ask: Asked[Nothing, Nothing]) -> Reply:
    agent = _own(ask)
    for view in ask.context.service.agents():
        if view.agent == agent:
            return Reply(AgentOut.of(view))
    raise ApiError("unknown_agent", f"There is no agent {agent}.", "agent")


async def log_in(ask: Asked[Nothing, LogIn]) -> Reply:
    agent, given = _own(ask), ask.body.pin
    if given is None and ask.who.role is Role.AGENT and ask.context.site.login.pin_over_api:
        raise ApiError("pin_needed", "Give the agent's PIN too.", "pin")
    pin = given.get_secret_value() if given is not None else None
    if pin is not None and not _PIN.fullmatch(pin):
        raise input_problem("pin", "A PIN has 4 to 8 digits.")
    return Reply(AgentOut.of(await ask.context.service.log_in(agent, ask.body.seat, ask.cause, pin)))


async def unlock_pin(ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(AgentOut.of(await ask.context.service.unlock_pin(ask.named("agent"), ask.cause)))


async def move(ask: Asked[Nothing, Move]) -> Reply:
    return Reply(AgentOut.of(await ask.context.service.move(_own(ask), ask.body.seat, ask.cause)))


async def extend_wrap_up(ask: Asked[Nothing, Longer]) -> Reply:
    service = ask.context.service
    return Reply(AgentOut.of(await service.extend_wrap_up(_own(ask), ask.body.seconds, ask.cause)))


async def log_out(ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(AgentOut.of(await ask.context.service.log_out(_own(ask), ask.cause)))


async def ready(ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(AgentOut.of(await ask.context.service.ready(_own(ask), ask.cause)))


async def not_ready(ask: Asked[Nothing, NotReady]) -> Reply:
    return Reply(AgentOut.of(await ask.context.service.not_ready(_own(ask), ask.body.reason, ask.cause)))


def _own(ask: Asked[Nothing, Any]) -> str:
    agent = ask.named("agent")
    ask.who.require_own(agent)
    return agent


ROUTES = (
    route(
        "GET",
        "/v1/agents",
        list_agents,
        summary="Every agent and what they are doing",
        tag="agents",
        roles=WATCHERS,
        answers={200: AgentsOut},
    ),
    route(
        "GET",
        "/v1/agents/{agent}",
        get_agent,
        summary="One agent",
        tag="agents",
        roles=STAFF,
        own_only=True,
        answers={200: AgentOut},
        errors=("unknown_agent",),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/login",
        log_in,
        summary="Log in at a seat",
        tag="agents",
        description="The agent is not ready until `ready` says so.",
        roles=FLOOR,
        audited=Audited("log_in", whom="agent"),
        own_only=True,
        body=LogIn,
        answers={200: AgentOut},
        errors=(
            "unknown_agent",
            "unknown_seat",
            "agent_already_logged_in",
            "seat_taken",
            "agent_on_call",
            "pin_needed",
            "wrong_pin",
            "pin_locked",
            "not_allowed_now",
        ),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/pin/unlock",
        unlock_pin,
        summary="Let an agent try PINs again",
        tag="agents",
        description="Too many wrong PINs in a row lock for a while (`login.locked_s`); this ends it.",
        roles=frozenset({Role.SUPERVISOR}),
        answers={200: AgentOut},
        errors=("unknown_agent",),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/move",
        move,
        summary="Go on at another seat",
        tag="agents",
        description="State, figures and idle rank stay. Not while the agent's phone rings or talks.",
        roles=FLOOR,
        own_only=True,
        body=Move,
        answers={200: AgentOut},
        errors=(
            "unknown_agent",
            "unknown_seat",
            "seat_taken",
            "not_logged_in",
            "agent_on_call",
            "not_allowed_now",
        ),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/wrap-up/extend",
        extend_wrap_up,
        summary="Wrap up longer",
        tag="agents",
        description="As far as the agent's ceiling (`max_wrap_up_s`). `ready` ends a wrap-up early.",
        roles=FLOOR,
        own_only=True,
        body=Longer,
        answers={200: AgentOut},
        errors=("unknown_agent", "not_logged_in", "not_in_wrap_up", "wrap_up_ceiling", "not_allowed_now"),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/logout",
        log_out,
        summary="Log out",
        tag="agents",
        roles=FLOOR,
        audited=Audited("log_out", whom="agent"),
        own_only=True,
        answers={200: AgentOut},
        errors=("unknown_agent", "not_logged_in", "not_allowed_now"),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/ready",
        ready,
        summary="Take calls",
        tag="agents",
        description="During wrap-up it ends that early. Refused while the seat's phone cannot be reached.",
        roles=FLOOR,
        audited=Audited("ready", whom="agent"),
        own_only=True,
        answers={200: AgentOut},
        errors=("unknown_agent", "not_logged_in", "phone_unreachable", "not_allowed_now"),
    ),
    route(
        "POST",
        "/v1/agents/{agent}/not-ready",
        not_ready,
        summary="Take no calls",
        tag="agents",
        description="While a call is on or ringing it holds from the end of that call.",
        roles=FLOOR,
        audited=Audited("not_ready", whom="agent"),
        own_only=True,
        body=NotReady,
        answers={200: AgentOut},
        errors=("unknown_agent", "unknown_reason", "not_logged_in", "not_allowed_now"),
    ),
)
