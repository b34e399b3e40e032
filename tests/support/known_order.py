"""A work order of an earlier call, for tests of what is done about one."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import create_async_engine

from lab.center import CallCenter
from recording.archive import write_calls
from tests.support.archive_records import ended, entries, spawned
from workorder.store import write_work_orders


async def known_order(center: CallCenter) -> str:
    """Puts one into the archive, with its call, and gives its id."""
    engine = create_async_engine(center.database_url)
    call = ended("earlier-1.1")
    order = spawned(call.call)
    try:
        async with engine.begin() as connection:
            await write_calls(connection, entries([call]))
            await write_work_orders(connection, entries([order]))
    finally:
        await engine.dispose()
    return order.work_order
