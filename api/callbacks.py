"""Callbacks: who is to be called back, by whom and when, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from acd.model import AttemptOutcome, CallbackEnd, CallbackMode, CallbackState
from api.auth import FLOOR
from api.commands import OnCall, command_route
from api.errors import ApiError
from api.masking import shown_number
from api.ports import from_archive
from api.routing import Asked, Input, Nothing, Output, Reply, route
from config.base import AgentNumber, Id, Priority
from config.models import Role
from cti.callbacks.records import CallbackEntry
from cti.calls.outputs import CallbackReason
from cti.verbs.callbacks import AlterCallback, CancelCallback, RequestCallback

SUPERVISORS = frozenset({Role.SUPERVISOR})
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,20}$")]
"""As it is dialled: digits, perhaps after a plus."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]

EXAMPLE: JsonDict = {
    "callback": "cb-0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
    "number": "138****1234",
    "hotline": "12345",
    "reason": "missed",
    "origin": "hotline-1772414096.55",
    "work_order": None,
    "requested_by": "system",
    "requested_at": "2026-03-02T01:16:42Z",
    "queue": "general",
    "priority": 0,
    "queued_at": "2026-03-02T01:15:01Z",
    "owner": None,
    "mode": "agent_first",
    "due_at": "2026-03-02T01:46:42Z",
    "latest_at": "2026-03-03T01:16:42Z",
    "state": "scheduled",
    "end": None,
    "ended_at": None,
    "attempts": 1,
    "last_outcome": "no_answer",
    "calls": ["cb-0b54e5cbd3b84be4a8d6f8f6c4a0c9a1-o7-m1abc"],
    "joined": [],
    "campaign": None,
}


class CallbackOut(Output):
    """A callback."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    callback: str
    number: str
    """Masked, but for supervisors."""
    hotline: str
    """The number that the citizen had dialled; empty when they had not."""
    reason: CallbackReason
    origin: str | None
    """The call that it comes from."""
    work_order: str | None
    requested_by: str
    """An agent's number or a token's name; `caller` for the citizen, `system` for a missed call."""
    requested_at: datetime
    queue: str
    priority: int
    queued_at: datetime
    """When the caller first queued: its place among those who wait."""
    owner: str | None
    """The agent who is asked first, each time that it is due."""
    mode: CallbackMode
    due_at: datetime
    """When it may be tried next."""
    latest_at: datetime
    """No attempt begins from then on."""
    state: CallbackState | None
    """`waiting` ones wait for an agent as calls do; null once it is over."""
    end: CallbackEnd | None
    """How it was over."""
    ended_at: datetime | None
    attempts: int
    last_outcome: AttemptOutcome | None
    calls: list[str]
    """The calls in which it was tried."""
    joined: list[str]
    """Calls of the same citizen that wanted another callback while this one was open."""
    campaign: str | None
    """The list that it stands on."""

    @classmethod
    def of(cls, entry: CallbackEntry, role: Role) -> CallbackOut:
        def time(at: float) -> datetime:
            return datetime.fromtimestamp(at, UTC)

        return cls(
            callback=entry.callback,
            number=shown_number(entry.number, role),
            hotline=entry.hotline,
            reason=entry.reason,
            origin=entry.origin,
            work_order=entry.work_order,
            requested_by=entry.requested_by,
            requested_at=time(entry.requested_at),
            queue=entry.queue,
            priority=entry.priority,
            queued_at=time(entry.queued_at),
            owner=entry.owner,
            mode=entry.mode,
            due_at=time(entry.due_at),
            latest_at=time(entry.latest_at),
            state=entry.state,
            end=entry.end,
            ended_at=None if entry.ended_at is None else time(entry.ended_at),
            attempts=entry.attempts,
            last_outcome=entry.last_outcome,
            calls=list(entry.calls),
            joined=list(entry.joined),
            campaign=entry.campaign,
        )


class CallbacksOut(Output):
    """A page of callbacks, latest request first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"callbacks": [EXAMPLE], "next_cursor": None}]})

    callbacks: list[CallbackOut]
    next_cursor: str | None
    """For the page after this one; null on the last."""


class CallbacksQuery(Input):
    """Which callbacks. All that are given must hold."""

    open: bool = False
    """Only those that are not over."""
    queue: Id | None = None
    owner: AgentNumber | None = None
    work_order: Name | None = None
    campaign: Name | None = None
    limit: int = Field(default=50, ge=1, le=500)
    """At most so many."""
    cursor: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~:=+/-]+$")
    """`next_cursor` of the page before, with the same filters."""


class RequestCallbackIn(OnCall):
    """Who is to be called back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "13812341234",
                    "queue": "general",
                    "reason": "visit",
                    "work_order": "wo-hotline-1772414096.55",
                    "owner": "1007",
                    "earliest_at": "2026-03-02T02:00:00Z",
                    "latest_at": "2026-03-02T09:00:00Z",
                }
            ]
        }
    )

    number: Number
    """As it is dialled."""
    queue: Id
    """Whose agents call, in whose hours."""
    reason: CallbackReason = CallbackReason.MANUAL
    work_order: Name | None = None
    """The work order that it is about: a 回访 is kept with it."""
    origin: Name | None = None
    """The call that it comes from."""
    priority: Priority = 0
    owner: AgentNumber | None = None
    """The agent who is asked first."""
    earliest_at: AwareDatetime | None = None
    latest_at: AwareDatetime | None = None
    """No attempt begins from then on; without it, the queue's `callbacks.expires_s` after now."""
    mode: CallbackMode | None = None
    """Whose phone rings first; without it, as the queue's `callbacks.mode` says."""


class AlterCallbackIn(OnCall):
    """What is to be otherwise; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"earliest_at": "2026-03-02T02:00:00Z"}]})

    queue: Id | None = None
    priority: Priority | None = None
    owner: AgentNumber | None = None
    earliest_at: AwareDatetime | None = None
    latest_at: AwareDatetime | None = None


class CancelCallbackIn(OnCall):
    """Nothing more to say."""


async def list_callbacks(ask: Asked[CallbacksQuery, Nothing]) -> Reply:
    query, who = ask.query, ask.who
    owner = query.owner
    if who.role is Role.AGENT:
        owner = owner or who.agent
        who.require_own(owner)
    page = await from_archive(
        ask.context.callbacks.list(
            open_only=query.open,
            queue=query.queue,
            owner=owner,
            work_order=query.work_order,
            campaign=query.campaign,
            limit=query.limit,
            before_cursor=query.cursor,
        ),
        ask.context.limits.archive_s,
    )
    found = [CallbackOut.of(entry, who.role) for entry in page.callbacks]
    return Reply(CallbacksOut(callbacks=found, next_cursor=page.next_cursor))


async def get_callback(ask: Asked[Nothing, Nothing]) -> Reply:
    name = ask.named("callback")
    entry = await from_archive(ask.context.callbacks.get(name), ask.context.limits.archive_s)
    if entry is None:
        raise ApiError("unknown_callback", f"There is no callback {name}.", "callback")
    ask.who.require_own(ask.who.agent if ask.who.agent in (entry.owner, entry.requested_by) else None)
    return Reply(CallbackOut.of(entry, ask.who.role))


def _request(ask: Asked[Nothing, RequestCallbackIn]) -> RequestCallback:
    body = ask.body
    return RequestCallback(
        number=body.number,
        queue=body.queue,
        reason=body.reason,
        work_order=body.work_order,
        origin=body.origin,
        priority=body.priority,
        owner=body.owner,
        earliest_at=instant(body.earliest_at),
        latest_at=instant(body.latest_at),
        mode=body.mode,
    )


def _alter(ask: Asked[Nothing, AlterCallbackIn]) -> AlterCallback:
    body = ask.body
    return AlterCallback(
        ask.named("callback"),
        body.queue,
        body.priority,
        body.owner,
        instant(body.earliest_at),
        instant(body.latest_at),
    )


def instant(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


ROUTES = (
    route(
        "GET",
        "/v1/callbacks",
        list_callbacks,
        summary="Callbacks, latest request first",
        tag="callbacks",
        description="An agent sees those that they own.",
        roles=FLOOR,
        own_only=True,
        query=CallbacksQuery,
        answers={200: CallbacksOut},
        errors=("archive_unreachable",),
    ),
    route(
        "GET",
        "/v1/callbacks/{callback}",
        get_callback,
        summary="One callback",
        tag="callbacks",
        roles=FLOOR,
        own_only=True,
        answers={200: CallbackOut},
        errors=("unknown_callback", "archive_unreachable"),
    ),
    command_route(
        "/v1/callbacks",
        "request_callback",
        RequestCallbackIn,
        _request,
        summary="Have somebody called back",
        description="What a citizen wants (`requested`, `missed`) is one callback for their number, and what"
        " the hotline wants is one for each reason, work order and list: a second request joins the first."
        " One of the hotline's without work order stands for itself. `result.callback` is the callback's id.",
        tag="callbacks",
        errors=("unknown_work_order",),
    ),
    command_route(
        "/v1/callbacks/{callback}/alter",
        "alter_callback",
        AlterCallbackIn,
        _alter,
        summary="Move a callback to another time, queue, priority or owner",
        description="An attempt under way goes on.",
        roles=SUPERVISORS,
        tag="callbacks",
    ),
    command_route(
        "/v1/callbacks/{callback}/cancel",
        "cancel_callback",
        CancelCallbackIn,
        lambda ask: CancelCallback(ask.named("callback")),
        summary="Call nobody back any more",
        description="An attempt under way is the last one.",
        roles=SUPERVISORS,
        tag="callbacks",
    ),
)
