"""Work orders in PostgreSQL are the newest that was journaled, and are found by agent, state and call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.database import BadCursor, DatabaseAway, create_engine
from recording.archive import write_calls
from tests.support.archive_records import NOON, ended, entries, spawned
from workorder.lifecycle import fill
from workorder.model import Disposition, WorkOrder, WorkOrderState
from workorder.store import WorkOrders, write_work_orders

_numbers = count(1)


def filled(order: WorkOrder, summary: str = "works at night") -> WorkOrder:
    return fill(
        order,
        category="noise",
        summary=summary,
        disposition=Disposition.TO_DISPATCH,
        by=order.agent or "1001",
        supervisor=False,
        at=datetime.fromtimestamp(NOON + 60, UTC),
    )


async def write(engine: AsyncEngine, *orders: WorkOrder) -> None:
    async with engine.begin() as connection:
        await write_calls(connection, entries([ended(order.call) for order in orders]))
        await write_work_orders(connection, entries(orders))


@pytest.fixture
def store(database: AsyncEngine) -> WorkOrders:
    return WorkOrders(database)


async def test_a_work_order_is_read_as_it_was_journaled(database: AsyncEngine, store: WorkOrders) -> None:
    await write(database, spawned("c.1", None))
    assert await store.get("wo-c.1") == spawned("c.1", None)

    await write(database, filled(spawned("c.1", None)))
    assert await store.get("wo-c.1") == filled(spawned("c.1", None))
    assert await store.get("wo-none") is None


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(st.integers(0, 4), min_size=1, max_size=8), cut=st.integers(0, 8))
async def test_in_whatever_order_versions_arrive_the_newest_stays(
    database: AsyncEngine, arrivals: list[int], cut: int
) -> None:
    versions = [spawned(f"p.{next(_numbers)}")]
    for number in range(4):
        versions.append(filled(versions[-1], f"summary {number}"))
    for batch in (arrivals[:cut], arrivals[cut:]):
        if batch:
            await write(database, *(versions[number] for number in batch))

    assert await WorkOrders(database).get(versions[0].work_order) == versions[max(arrivals)]


async def test_they_are_listed_latest_first_page_by_page(database: AsyncEngine, store: WorkOrders) -> None:
    orders = [spawned(f"c.{number}", at=NOON + number // 2) for number in range(5)]
    await write(database, *orders)

    first = await store.list(limit=2)
    second = await store.list(limit=2, before_cursor=first.next_cursor)
    third = await store.list(limit=2, before_cursor=second.next_cursor)

    pages = [[order.call for order in page.work_orders] for page in (first, second, third)]
    assert pages == [["c.4", "c.3"], ["c.2", "c.1"], ["c.0"]]
    assert third.next_cursor is None


async def test_they_are_found_by_agent_state_and_call(database: AsyncEngine, store: WorkOrders) -> None:
    mine, theirs = spawned("c.1", "1001"), filled(spawned("c.2", "1002"))
    await write(database, mine, theirs)

    assert (await store.list(agent="1001")).work_orders == [mine]
    assert (await store.list(state=WorkOrderState.RECORDED)).work_orders == [theirs]
    assert (await store.list(call="c.2")).work_orders == [theirs]
    assert (await store.list(agent="1001", state=WorkOrderState.RECORDED)).work_orders == []


async def test_a_calls_work_orders_come_in_the_order_they_were_made(
    database: AsyncEngine, store: WorkOrders
) -> None:
    second = replace(spawned(), work_order="wo-a", created_at=spawned().created_at + timedelta(seconds=1))
    await write(database, second, spawned())

    assert await store.for_call("c.1") == [spawned(), second]
    assert await store.for_call("none") == []


async def test_which_of_some_there_are(database: AsyncEngine, store: WorkOrders) -> None:
    await write(database, spawned("c.1"), spawned("c.2"))

    assert await store.known({"wo-c.1", "wo-none"}) == {"wo-c.1"}
    assert await store.known(()) == set()


async def test_one_that_counts_as_written_has_been_written(database: AsyncEngine) -> None:
    with pytest.raises(IntegrityError, match="filled_when_written"):
        await write(database, replace(spawned(), state=WorkOrderState.RESOLVED))


async def test_a_cursor_that_no_page_gave_out_is_refused(store: WorkOrders) -> None:
    with pytest.raises(BadCursor):
        await store.list(before_cursor="none")


async def test_a_database_that_is_away_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = create_engine(f"postgresql:///nowhere?host={tmp_path_factory.mktemp('away')}")

    with pytest.raises(DatabaseAway):
        await WorkOrders(engine).get("wo-1")
    await engine.dispose()
