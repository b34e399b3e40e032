"""What happens, as it happens, over a WebSocket. Events are numbered: a client can go on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import WSCloseCode, web
from pydantic import BaseModel, Field

from acd.effects import AgentChanged
from acd.model import AgentState
from api.auth import STAFF, Bearer
from api.call_models import CallOut
from api.commands import CommandOut, may_see
from api.errors import ApiError
from api.parties import agents_in
from api.routing import Asked, Input, Nothing, Output, Raw, route
from api.shown_calls import call_fields
from api.supervision import SupervisionOut
from config.models import Role
from cti.records_json import Entry, decode, decode_call
from cti.verbs.records import CommandRecord

log = structlog.get_logger(__name__)

SUBPROTOCOL = "hotline.v1"
HEARTBEAT_S = 15.0
SOCKETS_KEY = web.AppKey("event_sockets", set[web.WebSocketResponse])


class EventOut(Output):
    """One message of the stream."""

    seq: int
    """Give it as `after` to go on behind this event. Numbers grow and are not without gaps."""
    at: datetime
    kind: str
    """`hello` at first, `gap` when events were missed for good, else what the event is about."""
    body: dict[str, Any]


class AgentChangedOut(Output):
    """An agent is in a new state."""

    agent: str
    seat: str | None
    state: AgentState
    reason: str | None
    since: datetime
    until: datetime | None
    call: str | None
    """Whom the agent is offered, talks with or wraps up."""


class EventsQuery(Input):
    after: int | None = Field(default=None, ge=0)
    """The number of the last event that you have; without it events begin now."""


def _command(entry: Entry, who: Bearer) -> BaseModel | None:
    record = decode(CommandRecord, entry.body)
    return CommandOut.of(record) if may_see(who, record) else None


def _call(entry: Entry, who: Bearer) -> BaseModel | None:
    record = decode_call(entry.body)
    if who.role is Role.AGENT and who.agent not in agents_in(record):
        return None
    return CallOut(**call_fields(record, who.role, None) | {"state": record.state})


def _agent(entry: Entry, who: Bearer) -> BaseModel | None:
    change = decode(AgentChanged, entry.body)
    if who.role is Role.AGENT and who.agent != change.agent:
        return None
    return AgentChangedOut(
        agent=change.agent,
        seat=change.seat,
        state=change.state,
        reason=change.reason,
        since=datetime.fromtimestamp(change.since, UTC),
        until=datetime.fromtimestamp(change.until, UTC) if change.until is not None else None,
        call=change.contact,
    )


def _supervision(entry: Entry, who: Bearer) -> BaseModel | None:
    return SupervisionOut.told(entry.body) if who.role is Role.SUPERVISOR else None


KINDS: Mapping[str, Callable[[Entry, Bearer], BaseModel | None]] = {
    "command": _command,
    "call": _call,
    "agent_state": _agent,
    "supervision": _supervision,
}
"""Kinds of journal entries that are told, and how each looks to a bearer; None: not to this one."""


async def follow_events(ask: Asked[EventsQuery, Nothing]) -> web.StreamResponse:
    within_s = ask.context.limits.events_write_s
    socket = web.WebSocketResponse(timeout=within_s, heartbeat=HEARTBEAT_S, protocols=(SUBPROTOCOL,))
    if not socket.can_prepare(ask.request).ok:
        raise ApiError("bad_request", "This address speaks WebSocket: send `Upgrade: websocket`.")
    await socket.prepare(ask.request)
    sockets = ask.request.app[SOCKETS_KEY]
    sockets.add(socket)
    ended = asyncio.ensure_future(_until_closed(socket))
    told = asyncio.ensure_future(_tell(socket, ask))
    try:
        await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sockets.discard(socket)
        for task in (ended, told):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return socket


async def close_streams(app: web.Application) -> None:
    """For the end of the service: clients come back to the next one and go on where they were."""
    sockets = app[SOCKETS_KEY]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the service ends")


async def _until_closed(socket: web.WebSocketResponse) -> None:
    """Whatever a client says is passed over."""
    async for _ in socket:
        pass


async def _tell(socket: web.WebSocketResponse, ask: Asked[EventsQuery, Nothing]) -> None:
    feed, within_s = ask.context.service.feed, ask.context.limits.events_write_s
    seq = feed.last if ask.query.after is None else ask.query.after
    now = datetime.now(UTC)

    async def send(message: EventOut) -> None:
        async with asyncio.timeout(within_s):
            await socket.send_str(message.model_dump_json())

    try:
        await send(EventOut(seq=seq, at=now, kind="hello", body={"last": feed.last, "first": feed.first}))
        if seq < feed.first or seq > feed.last:
            await send(EventOut(seq=feed.first, at=now, kind="gap", body={"after": seq}))
            seq = feed.first if seq < feed.first else feed.last
        while True:
            for entry in await feed.after(seq):
                seq = entry.seq
                show = KINDS.get(entry.kind)
                shown = show(entry, ask.who) if show is not None else None
                if shown is not None:
                    at = datetime.fromtimestamp(entry.at, UTC)
                    body = shown.model_dump(mode="json")
                    await send(EventOut(seq=seq, at=at, kind=entry.kind, body=body))
    except TimeoutError:
        log.warning("event_stream_too_slow", who=ask.who.name, seq=seq)
        await socket.close(
            code=WSCloseCode.TRY_AGAIN_LATER, message=f"too slow; go on after {seq}".encode(), drain=False
        )
    except ConnectionError:
        pass  # the client is gone
    except Exception:
        log.exception("event_stream_failed", who=ask.who.name, seq=seq)
        await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=f"go on after {seq}".encode())


ROUTES = (
    route(
        "GET",
        "/v1/events",
        follow_events,
        summary="What happens, as it happens (WebSocket)",
        tag="events",
        description="Each text message is an `EventOut`: `call`, `agent_state`, `command` and, to supervisors"
        " alone, `supervision`, their bodies as elsewhere in this API. An agent is told of what is the"
        " agent's own, operations staff of no command. The first message is `hello`."
        " After a break connect again with `after`: what was missed is told first, and a `gap` says that"
        " some of it is no longer kept: read the state anew then. A client that takes no event for 10 s is"
        " closed with 1013. A browser gives its token as the subprotocol `bearer.<token>` beside"
        f" `{SUBPROTOCOL}`.",
        roles=STAFF,
        own_only=True,
        query=EventsQuery,
        answers={101: Raw("application/json", "The stream of events.")},
        errors=("bad_request",),
    ),
)
