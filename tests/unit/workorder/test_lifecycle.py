"""Who may write a work order when, and what it is afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workorder.lifecycle import (
    TRANSITIONS,
    InvalidTransition,
    NotTheirs,
    WorkOrderEvent,
    begin,
    fill,
    take,
)
from workorder.model import Disposition, WorkOrder, WorkOrderState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def written(
    order: WorkOrder,
    by: str = "1001",
    disposition: Disposition = Disposition.TO_DISPATCH,
    *,
    supervisor: bool = False,
    at: datetime = NOON,
) -> WorkOrder:
    return fill(
        order,
        category="noise",
        summary="works at night",
        disposition=disposition,
        by=by,
        supervisor=supervisor,
        at=at,
    )


def test_a_call_begins_a_work_order_that_nobody_has_written() -> None:
    order = begin("55", "1001", NOON)

    assert (order.work_order, order.call, order.agent) == ("wo-55", "55", "1001")
    assert (order.state, order.version) == (WorkOrderState.INTAKE, 1)
    assert (order.category, order.summary, order.disposition, order.filled_at, order.filled_by) == (None,) * 5


@pytest.mark.parametrize(
    ("disposition", "state"),
    [
        (Disposition.RESOLVED_AT_ONCE, WorkOrderState.RESOLVED),
        (Disposition.TO_DISPATCH, WorkOrderState.RECORDED),
    ],
)
def test_what_the_agent_decided_is_the_state(disposition: Disposition, state: WorkOrderState) -> None:
    order = written(begin("55", "1001", NOON), disposition=disposition, at=NOON + timedelta(minutes=3))

    assert (order.state, order.disposition, order.version) == (state, disposition, 2)
    assert (order.category, order.summary) == ("noise", "works at night")
    assert (order.filled_by, order.filled_at) == ("1001", NOON + timedelta(minutes=3))
    assert (order.created_at, order.agent) == (NOON, "1001")


def test_before_dispatch_the_same_agent_may_write_it_again_and_change_their_mind() -> None:
    order = written(begin("55", "1001", NOON))

    assert written(order, disposition=Disposition.RESOLVED_AT_ONCE).state is WorkOrderState.RESOLVED
    resolved = written(order, disposition=Disposition.RESOLVED_AT_ONCE)
    assert written(resolved).state is WorkOrderState.RECORDED


def test_another_agent_may_not_write_it() -> None:
    order = begin("55", "1001", NOON)

    with pytest.raises(NotTheirs, match=r"wo-55 is 1001's; 1002 may not"):
        written(order, by="1002")
    with pytest.raises(NotTheirs):
        written(written(order), by="1002")


def test_a_supervisor_may_write_anybodys_and_it_stays_that_agents_too() -> None:
    order = written(begin("55", "1001", NOON), by="lead", supervisor=True)

    assert (order.agent, order.filled_by) == ("1001", "lead")
    assert written(order, by="1001").filled_by == "1001"


def test_while_no_agent_is_known_the_first_to_write_it_has_it() -> None:
    order = written(begin("55", None, NOON), by="1002")

    assert order.filled_by == "1002"
    with pytest.raises(NotTheirs):
        written(order, by="1001")


def test_the_agent_who_takes_the_call_takes_its_work_order_until_it_is_written() -> None:
    order = take(begin("55", None, NOON), "1001")

    assert (order.agent, order.state, order.version) == ("1001", WorkOrderState.INTAKE, 2)
    with pytest.raises(InvalidTransition, match="wo-55 is recorded and cannot be taken"):
        take(written(order), "1002")


@given(st.sampled_from(WorkOrderState), st.sampled_from(WorkOrderEvent))
def test_the_table_alone_decides_what_may_happen(state: WorkOrderState, event: WorkOrderEvent) -> None:
    order = replace(begin("55", "1001", NOON), state=state)

    def happen() -> WorkOrder:
        match event:
            case WorkOrderEvent.TAKEN:
                return take(order, "1001")
            case WorkOrderEvent.FILLED_RESOLVED:
                return written(order, disposition=Disposition.RESOLVED_AT_ONCE)
            case WorkOrderEvent.FILLED_TO_DISPATCH:
                return written(order, disposition=Disposition.TO_DISPATCH)

    if (state, event) in TRANSITIONS:
        assert happen().state is TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition) as error:
            happen()
        assert (error.value.order, error.value.event) == (order, event)


@given(st.lists(st.sampled_from(Disposition), max_size=5))
def test_each_change_is_a_new_version_that_says_who_and_when(choices: list[Disposition]) -> None:
    order = begin("55", "1001", NOON)
    for number, choice in enumerate(choices, start=2):
        order = written(order, disposition=choice, at=NOON + timedelta(minutes=number))
        assert (order.version, order.filled_by) == (number, "1001")
        assert order.filled_at == NOON + timedelta(minutes=number)
