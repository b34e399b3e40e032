"""What may happen to a work order, and to whom it may be left. Pure: no clock, no storage.

(state, event) -> state; what is not in `TRANSITIONS` is refused. The later steps (dispatch, sign-in,
handling, reviews) take over where this table ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from workorder.model import Disposition, WorkOrder, WorkOrderState


class WorkOrderEvent(StrEnum):
    TAKEN = "taken"
    """An agent has the call."""
    FILLED_RESOLVED = "filled_resolved"
    """Written, and settled in the call itself."""
    FILLED_TO_DISPATCH = "filled_to_dispatch"
    """Written, and to be dispatched."""


_S, _E = WorkOrderState, WorkOrderEvent
TRANSITIONS: Mapping[tuple[WorkOrderState, WorkOrderEvent], WorkOrderState] = {
    (_S.INTAKE, _E.TAKEN): _S.INTAKE,
    (_S.INTAKE, _E.FILLED_RESOLVED): _S.RESOLVED,
    (_S.INTAKE, _E.FILLED_TO_DISPATCH): _S.RECORDED,
    # Until it is dispatched it can be written again.
    (_S.RECORDED, _E.FILLED_RESOLVED): _S.RESOLVED,
    (_S.RECORDED, _E.FILLED_TO_DISPATCH): _S.RECORDED,
    (_S.RESOLVED, _E.FILLED_RESOLVED): _S.RESOLVED,
    (_S.RESOLVED, _E.FILLED_TO_DISPATCH): _S.RECORDED,
}

_EVENT_OF = {
    Disposition.RESOLVED_AT_ONCE: WorkOrderEvent.FILLED_RESOLVED,
    Disposition.TO_DISPATCH: WorkOrderEvent.FILLED_TO_DISPATCH,
}


class InvalidTransition(Exception):
    """The work order's state does not know the event."""

    def __init__(self, order: WorkOrder, event: WorkOrderEvent) -> None:
        super().__init__(f"work order {order.work_order} is {order.state} and cannot be {event}")
        self.order = order
        self.event = event


class NotTheirs(Exception):
    """Another agent's work order: only that agent or a supervisor may write it."""

    def __init__(self, order: WorkOrder, by: str) -> None:
        owner = order.filled_by or order.agent
        super().__init__(f"work order {order.work_order} is {owner}'s; {by} may not write it")
        self.order = order
        self.by = by


def begin(call: str, agent: str | None, at: datetime) -> WorkOrder:
    """The work order that a call spawns. `agent` has the call; None while nobody is known to."""
    return WorkOrder(
        work_order=f"wo-{call}",
        call=call,
        agent=agent,
        state=WorkOrderState.INTAKE,
        category=None,
        summary=None,
        disposition=None,
        created_at=at,
        filled_at=None,
        filled_by=None,
        version=1,
    )


def take(order: WorkOrder, agent: str) -> WorkOrder:
    """The call is now with this agent. Raises `InvalidTransition` once the work order was written."""
    return replace(order, state=_after(order, WorkOrderEvent.TAKEN), agent=agent, version=order.version + 1)


def fill(
    order: WorkOrder,
    *,
    category: str,
    summary: str,
    disposition: Disposition,
    by: str,
    supervisor: bool,
    at: datetime,
) -> WorkOrder:
    """The work order as written by `by`, for the first time or again.

    It may be written first by the agent of the call (by any agent while none is known), again by that agent
    or whoever wrote it, and by a supervisor always. Raises `NotTheirs`, `InvalidTransition`.
    """
    owners = {order.agent, order.filled_by} - {None}
    if owners and by not in owners and not supervisor:
        raise NotTheirs(order, by)
    return replace(
        order,
        state=_after(order, _EVENT_OF[disposition]),
        category=category,
        summary=summary,
        disposition=disposition,
        filled_at=at,
        filled_by=by,
        version=order.version + 1,
    )


def _after(order: WorkOrder, event: WorkOrderEvent) -> WorkOrderState:
    state = TRANSITIONS.get((order.state, event))
    if state is None:
        raise InvalidTransition(order, event)
    return state
