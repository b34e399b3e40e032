"""Commands: what can be done with a call. Each is accepted with 202; its outcome is told as an event."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.auth import FLOOR, Bearer
from api.errors import ApiError
from api.routing import Asked, Audited, Input, Nothing, Output, Reply, Route, input_problem, route
from config.base import AgentNumber
from config.models import Role
from cti.verbs.port import Orderer
from cti.verbs.records import CommandRecord, CommandState

IDEMPOTENCY_KEY = "Idempotency-Key"
_SANE_KEY = re.compile(r"[\x21-\x7e]{1,255}")

EXAMPLE: JsonDict = {
    "command": "0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
    "verb": "hang_up",
    "by": "1007",
    "agent": "1007",
    "call": "hotline-1772414096.55",
    "state": "done",
    "accepted_at": "2026-03-02T01:16:42Z",
    "ended_at": "2026-03-02T01:16:42.015000Z",
    "reason": None,
    "sentence": None,
    "result": {},
}


class CommandOut(Output):
    """A command and where it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    command: str
    verb: str
    by: str
    agent: str | None
    """As whom it acts; null: as nobody's phone."""
    call: str | None
    state: CommandState
    """`done`: it is so. `refused`: the state did not allow it, nothing was done. `failed`: it was begun and
    did not come about, or nobody can say whether it did."""
    accepted_at: datetime
    ended_at: datetime | None
    reason: str | None
    """Why it was refused or failed: an id that never changes its meaning."""
    sentence: str | None
    """The same for people."""
    result: dict[str, str]
    """What it brought about, as the id of a `call` that it began."""

    @classmethod
    def of(cls, record: CommandRecord) -> CommandOut:
        return cls(
            command=record.command,
            verb=record.verb,
            by=record.by,
            agent=record.agent,
            call=record.call,
            state=record.state,
            accepted_at=datetime.fromtimestamp(record.accepted_at, UTC),
            ended_at=datetime.fromtimestamp(record.ended_at, UTC) if record.ended_at is not None else None,
            reason=record.reason,
            sentence=record.sentence,
            result=dict(record.result),
        )


class OnCall(Input):
    """About a call, as an agent in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agent": None}]})

    agent: AgentNumber | None = Field(
        default=None,
        description="For supervisors: as which agent. An agent acts as themselves and need not give it.",
    )


BodyT = TypeVar("BodyT", bound=OnCall)


def command_route(
    path: str,
    verb: str,
    body: type[BodyT],
    make: Callable[[Asked[Nothing, BodyT]], Any],
    *,
    summary: str,
    description: str = "",
    roles: frozenset[Role] = FLOOR,
    tag: str = "call-control",
    errors: tuple[str, ...] = (),
) -> Route:
    """The address of a verb: `make` turns a request into what `cti.verbs` is asked.

    An agent's token acts as that agent; another's as the body's `agent`, or as nobody.
    """

    async def handle(ask: Asked[Nothing, BodyT]) -> Reply:
        record = await ask.context.service.order(
            make(ask), _orderer(ask.who, ask.body.agent), ask.cause, _key(ask)
        )
        return Reply(CommandOut.of(record), status=202)

    handle.__name__ = verb
    return route(
        "POST",
        path,
        handle,
        summary=summary,
        tag=tag,
        description=description,
        roles=roles,
        own_only=Role.AGENT in roles,
        idempotent=True,
        audited=Audited(verb, whom="agent", itself=True),
        body=body,
        answers={202: CommandOut},
        errors=("idempotency_key_reused", *errors),
    )


def _orderer(who: Bearer, agent: str | None) -> Orderer:
    if who.role is Role.AGENT:
        who.require_own(agent or who.agent)
        agent = who.agent
    return Orderer(who.acts_as, who.role is Role.SUPERVISOR, agent)


def _key(ask: Asked[Nothing, Any]) -> str | None:
    key = ask.request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not _SANE_KEY.fullmatch(key):
        raise input_problem(IDEMPOTENCY_KEY, "Send 1 to 255 visible ASCII characters, without spaces.")
    return key


async def get_command(ask: Asked[Nothing, Nothing]) -> Reply:
    name = ask.named("command")
    record = ask.context.service.command(name)
    if record is None:
        raise ApiError("unknown_command", f"There is no command {name} of the last 24 hours.", "command")
    ask.who.require_own(ask.who.agent if may_see(ask.who, record) else None)
    return Reply(CommandOut.of(record))


def may_see(who: Bearer, record: CommandRecord) -> bool:
    """A supervisor sees every command, an agent what they asked for and what was asked for as them.

    Nobody else sees any: they tell whom supervisors are beside.
    """
    if who.role is Role.AGENT:
        return who.agent in (record.by, record.agent)
    return who.role is Role.SUPERVISOR


ROUTES = (
    route(
        "GET",
        "/v1/commands/{command}",
        get_command,
        summary="A command of the last 24 hours, and where it stands",
        tag="call-control",
        roles=FLOOR,
        own_only=True,
        answers={200: CommandOut},
        errors=("unknown_command",),
    ),
)
