"""Work orders (工单): what a call asked for, and what its agent wrote down."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api.auth import FLOOR
from api.errors import ApiError
from api.parties import talked_in
from api.ports import ArchiveUnreachable, from_archive
from api.routing import Asked, Input, Nothing, Output, Reply, input_problem, route
from config.base import AgentNumber
from config.models import Role
from workorder.model import Disposition, WorkOrder, WorkOrderState

EXAMPLE: JsonDict = {
    "work_order": "wo-hotline-1772414096.55",
    "call": "hotline-1772414096.55",
    "agent": "1007",
    "state": "recorded",
    "category": "消费纠纷",
    "summary": "商家拒绝退货，要求协调。",
    "disposition": "to_dispatch",
    "created_at": "2026-03-02T01:15:05Z",
    "filled_at": "2026-03-02T01:17:20Z",
    "filled_by": "1007",
    "version": 2,
}


def _printable(text: str) -> str:
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
        raise ValueError("control characters other than line break and tab do not belong here")
    return text


Text = Annotated[str, AfterValidator(_printable)]


class WorkOrderOut(Output):
    """A work order."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    work_order: str
    """`wo-<call>`."""
    call: str
    """Whose request it is. The calls in which the citizen was called about it: `/v1/calls?work_order=`."""
    agent: str | None
    state: WorkOrderState
    category: str | None
    summary: str | None
    disposition: Disposition | None
    created_at: datetime
    filled_at: datetime | None
    filled_by: str | None
    """The agent's number, or the name of the supervisor's token."""
    version: int


class WorkOrdersOut(Output):
    """A page of work orders, latest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"work_orders": [EXAMPLE], "next_cursor": None}]}
    )

    work_orders: list[WorkOrderOut]
    next_cursor: str | None
    """For the page after this one; null on the last."""


class WorkOrderAcceptedOut(Output):
    """What was written is safe in the journal; the archive will show it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"work_order": EXAMPLE["work_order"], "accepted": True}]}
    )

    work_order: str
    accepted: bool


class WorkOrdersQuery(Input):
    """Which work orders. All that are given must hold."""

    state: WorkOrderState | None = None
    agent: AgentNumber | None = None
    limit: int = Field(default=50, ge=1, le=500)
    """At most so many."""
    cursor: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~:=+/-]+$")
    """`next_cursor` of the page before, with the same filters."""


class FillWorkOrder(Input):
    """What the agent writes down. All three are needed; written again, the later stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "category": "消费纠纷",
                    "summary": "商家拒绝退货，要求协调。",
                    "disposition": "to_dispatch",
                }
            ]
        }
    )

    category: Annotated[Text, StringConstraints(min_length=1, max_length=80)]
    """One of the site's categories."""
    summary: Annotated[Text, StringConstraints(min_length=1, max_length=4000)]
    disposition: Disposition
    """`resolved_at_once` (直接办复) or `to_dispatch`."""


async def list_work_orders(ask: Asked[WorkOrdersQuery, Nothing]) -> Reply:
    query, who = ask.query, ask.who
    agent = query.agent
    if who.role is Role.AGENT:
        agent = agent or who.agent
        who.require_own(agent)
    page = await from_archive(
        ask.context.work_orders.list(
            state=query.state, agent=agent, limit=query.limit, before_cursor=query.cursor
        ),
        ask.context.limits.archive_s,
    )
    orders = [WorkOrderOut.model_validate(order) for order in page.work_orders]
    return Reply(WorkOrdersOut(work_orders=orders, next_cursor=page.next_cursor))


async def get_work_order(ask: Asked[Nothing, Nothing]) -> Reply:
    name = ask.named("work_order")
    order = await _stored(ask, name)
    if order is None:
        raise _unknown(name)
    if ask.who.role is Role.AGENT and ask.who.agent != order.agent:
        # Whoever was in the call may read what it is about, as one whom its agent consulted.
        ask.who.require_own(
            ask.who.agent if await talked_in(ask.context, ask.who.agent, order.call) else order.agent
        )
    return Reply(WorkOrderOut.model_validate(order))


async def fill_work_order(ask: Asked[Nothing, FillWorkOrder]) -> Reply:
    name, written = ask.named("work_order"), ask.body
    categories = ask.context.site.work_orders.categories
    if written.category not in categories:
        raise input_problem("category", f"This should be one of: {', '.join(categories)}.")
    await ask.context.service.fill_work_order(
        name,
        written.category,
        written.summary,
        written.disposition.value,
        ask.who.acts_as,
        ask.cause,
        supervisor=ask.who.role is not Role.AGENT,
    )
    order = await _as_written(ask, name)
    if order is None:
        return Reply(WorkOrderAcceptedOut(work_order=name, accepted=True), status=202)
    return Reply(WorkOrderOut.model_validate(order))


async def _stored(
    ask: Asked[Nothing, Nothing] | Asked[Nothing, FillWorkOrder], name: str
) -> WorkOrder | None:
    return await from_archive(ask.context.work_orders.get(name), ask.context.limits.archive_s)


def _unknown(name: str) -> ApiError:
    return ApiError("unknown_work_order", f"There is no work order {name}.", "work_order")


async def _as_written(ask: Asked[Nothing, FillWorkOrder], name: str) -> WorkOrder | None:
    """The work order as the archive has it, once that is what was written; None when it takes too long."""
    if not await ask.context.service.archived(ask.context.limits.projection_s):
        return None
    try:
        order = await _stored(ask, name)
    except ArchiveUnreachable:
        return None
    written = ask.body
    shown = order and (order.category, order.summary, order.disposition, order.filled_by)
    same = shown == (written.category, written.summary, written.disposition, ask.who.acts_as)
    return order if same else None


ROUTES = (
    route(
        "GET",
        "/v1/work-orders",
        list_work_orders,
        summary="Work orders, latest first",
        tag="work-orders",
        roles=FLOOR,
        own_only=True,
        query=WorkOrdersQuery,
        answers={200: WorkOrdersOut},
        errors=("archive_unreachable",),
    ),
    route(
        "GET",
        "/v1/work-orders/{work_order}",
        get_work_order,
        summary="One work order",
        tag="work-orders",
        roles=FLOOR,
        own_only=True,
        answers={200: WorkOrderOut},
        errors=("unknown_work_order", "archive_unreachable"),
    ),
    route(
        "PATCH",
        "/v1/work-orders/{work_order}",
        fill_work_order,
        summary="Write a work order down",
        tag="work-orders",
        description="200 with the stored work order when the archive shows it within two seconds, else 202.",
        roles=FLOOR,
        body=FillWorkOrder,
        answers={200: WorkOrderOut, 202: WorkOrderAcceptedOut},
        errors=("unknown_work_order", "not_their_work_order", "not_allowed_now", "archive_unreachable"),
    ),
)
