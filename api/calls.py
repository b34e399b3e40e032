"""Calls: the open ones as the service sees them, the ended ones from the archive."""

from __future__ import annotations

from api.auth import STAFF
from api.call_models import CallDetailOut, CallOut, CallsOut, CallsQuery
from api.errors import ApiError
from api.parties import agents_in
from api.ports import ArchivedCall, ArchiveUnreachable, from_archive
from api.routing import Asked, Nothing, Reply, route
from api.shown_calls import call_detail, call_fields
from config.models import Role
from cti.views import CallView


async def list_calls(ask: Asked[CallsQuery, Nothing]) -> Reply:
    query, who = ask.query, ask.who
    agent = query.agent
    if who.role is Role.AGENT:
        agent = agent or who.agent
        who.require_own(agent)
    page = await from_archive(
        ask.context.archive.calls(
            since=query.since,
            until=query.until,
            queue=query.queue,
            agent=agent,
            outcome=query.outcome,
            work_order=query.work_order,
            limit=query.limit,
            before_cursor=query.cursor,
        ),
        ask.context.limits.archive_s,
    )
    live = {view.call: view for view in ask.context.service.open_calls()}
    calls = [CallOut(**call_fields(record, who.role, live.get(record.call))) for record in page.calls]
    return Reply(CallsOut(calls=calls, next_cursor=page.next_cursor))


async def get_call(ask: Asked[Nothing, Nothing]) -> Reply:
    name = ask.named("call")
    live = next((view for view in ask.context.service.open_calls() if view.call == name), None)
    try:
        archived = await from_archive(ask.context.archive.call(name), ask.context.limits.archive_s)
        written = await from_archive(ask.context.work_orders.for_call(name), ask.context.limits.archive_s)
    except ArchiveUnreachable:
        if live is None:
            raise
        archived, written = None, ()
    if live is None and archived is None:
        raise ApiError("unknown_call", f"There is no call {name}.", "call")
    _require_own_call(ask, live, archived)
    return Reply(call_detail(live, archived, written, ask.who.role))


def _require_own_call(
    ask: Asked[Nothing, Nothing], live: CallView | None, archived: ArchivedCall | None
) -> None:
    """Whose own a call is: see `agents_in`. The live view is ahead of the archive."""
    agents = {live.agent, *live.parties} if live is not None else set()
    if archived is not None:
        agents |= agents_in(archived.record)
    ask.who.require_own(ask.who.agent if ask.who.agent in agents else None)


ROUTES = (
    route(
        "GET",
        "/v1/calls",
        list_calls,
        summary="Calls, latest first",
        tag="calls",
        description="Ended calls are here within five seconds of the hang-up. They come from the archive;"
        " `/v1/open-calls` has the open ones without it.",
        roles=STAFF,
        own_only=True,
        query=CallsQuery,
        answers={200: CallsOut},
        errors=("archive_unreachable",),
    ),
    route(
        "GET",
        "/v1/calls/{call}",
        get_call,
        summary="One call, with legs, segments, offers, decisions, recordings and work orders",
        tag="calls",
        description="An open call is shown even while the archive is away, then without its lists.",
        roles=STAFF,
        own_only=True,
        answers={200: CallDetailOut},
        errors=("unknown_call", "archive_unreachable"),
    ),
)
