"""Every open call, from the service alone: whom agents may pick up, and what supervisors may move or end."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.auth import STAFF
from api.call_models import CallOut
from api.routing import Asked, Input, Nothing, Output, Reply, route
from api.shown_calls import view_fields
from config.base import Id
from config.models import Role
from cti.calls.records import CallState
from cti.views import CallView

TO_BE_PICKED_UP = frozenset({CallState.WAITING, CallState.PARKED})
"""States in which anybody may pick a citizen up."""

_WAITING_EXAMPLE: JsonDict = {
    "call": "hotline-1772414096.55",
    "direction": "inbound",
    "hotline": "12315",
    "queue": "consumer",
    "priority": None,
    "number": "138****1234",
    "dialled": None,
    "started_at": "2026-03-02T01:14:56Z",
    "queued_at": "2026-03-02T01:15:01Z",
    "offered_at": None,
    "answered_at": None,
    "ended_at": None,
    "ended_by": None,
    "outcome": "open",
    "route": None,
    "agent": None,
    "seat": None,
    "work_order": None,
    "state": "waiting",
    "wait": {"position": 1, "expected_s": 42.0, "error_s": 11.0},
}


class OpenCallsQuery(Input):
    """Which calls. All that are given must hold."""

    state: CallState | None = None
    """`waiting` and `parked` ones can be picked up."""
    queue: Id | None = None


class OpenCallsOut(Output):
    """Open calls at one moment, who waited longest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": "2026-03-02T01:15:30Z", "calls": [_WAITING_EXAMPLE]}]}
    )

    at: datetime
    calls: list[CallOut]


async def list_open_calls(ask: Asked[OpenCallsQuery, Nothing]) -> Reply:
    query, who = ask.query, ask.who
    shown = [
        view
        for view in ask.context.service.open_calls()
        if query.state in (None, view.state)
        and query.queue in (None, view.queue)
        and (who.role is not Role.AGENT or _is_for(view, who.agent))
    ]
    shown.sort(key=lambda view: (view.queued_at or view.started_at, view.call))
    return Reply(
        OpenCallsOut(at=datetime.now(UTC), calls=[CallOut(**view_fields(view, who.role)) for view in shown])
    )


def _is_for(view: CallView, agent: str | None) -> bool:
    return view.state in TO_BE_PICKED_UP or agent in (view.agent, *view.parties)


ROUTES = (
    route(
        "GET",
        "/v1/open-calls",
        list_open_calls,
        summary="Open calls, who waited longest first",
        tag="calls",
        description="From the service's memory, while the archive is away too. An agent sees those that"
        " anybody may pick up, `waiting` and `parked`, and the agent's own.",
        roles=STAFF,
        query=OpenCallsQuery,
        answers={200: OpenCallsOut},
    ),
)
