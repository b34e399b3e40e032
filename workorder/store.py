"""Work orders in PostgreSQL: written from the journal by the projection, read by the API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import DateTime, RowMapping, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cti.database import cursor_after, cursor_place, reading
from cti.records_json import Entry, decode
from cti.statements import newer_wins
from workorder.model import Disposition, WorkOrder, WorkOrderState
from workorder.tables import work_orders


@dataclass(frozen=True, slots=True)
class WorkOrderPage:
    """Work orders, latest first."""

    work_orders: Sequence[WorkOrder]
    next_cursor: str | None
    """Where the next page begins; None on the last."""


async def write_work_orders(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """`work_order` entries: the newest version of each. An older one than is there changes nothing."""
    newest: dict[str, WorkOrder] = {}
    for entry in entries:
        order = decode(WorkOrder, entry.body)
        known = newest.get(order.work_order)
        if known is None or known.version < order.version:
            newest[order.work_order] = order
    await connection.execute(newer_wins(work_orders, "version"), [asdict(order) for order in newest.values()])


HANDLERS = {"work_order": write_work_orders}
"""By kind of entry. Work orders refer to calls, which are to be written first."""


class WorkOrders:
    """Reads work orders. Every method raises `DatabaseAway`, an `OSError`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, work_order_id: str) -> WorkOrder | None:
        async with reading(self._engine) as connection:
            result = await connection.execute(
                select(work_orders).where(work_orders.c.work_order == work_order_id)
            )
            row = result.mappings().one_or_none()
        return _order(row) if row is not None else None

    async def known(self, named: Collection[str]) -> set[str]:
        """Those of these that there are."""
        query = select(work_orders.c.work_order).where(work_orders.c.work_order.in_(named))
        async with reading(self._engine) as connection:
            return set(await connection.scalars(query))

    async def list(
        self,
        *,
        agent: str | None = None,
        state: WorkOrderState | None = None,
        call: str | None = None,
        limit: int = 50,
        before_cursor: str | None = None,
    ) -> WorkOrderPage:
        """Work orders, latest first; `agent` is who took the call.

        Raises `BadCursor` for a `before_cursor` that is no page's `next_cursor`.
        """
        columns = work_orders.c
        query = select(work_orders).order_by(columns.created_at.desc(), columns.work_order.desc())
        if agent is not None:
            query = query.where(columns.agent == agent)
        if state is not None:
            query = query.where(columns.state == state.value)
        if call is not None:
            query = query.where(columns.call == call)
        if before_cursor is not None:
            time, identifier = cursor_place(before_cursor)
            place = tuple_(literal(time, DateTime(timezone=True)), literal(identifier))
            query = query.where(tuple_(columns.created_at, columns.work_order) < place)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query.limit(limit + 1))).mappings().all()
        page = [_order(row) for row in rows[:limit]]
        last = page[-1] if len(rows) > limit else None
        return WorkOrderPage(page, cursor_after(last.created_at, last.work_order) if last else None)

    async def for_call(self, call_id: str) -> Sequence[WorkOrder]:
        """The work orders that a call spawned, in the order they were made."""
        query = (
            select(work_orders)
            .where(work_orders.c.call == call_id)
            .order_by(work_orders.c.created_at, work_orders.c.work_order)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_order(row) for row in rows]


def _order(row: RowMapping) -> WorkOrder:
    disposition = row["disposition"]
    return WorkOrder(
        **{
            **row,
            "state": WorkOrderState(row["state"]),
            "disposition": Disposition(disposition) if disposition is not None else None,
        }
    )
