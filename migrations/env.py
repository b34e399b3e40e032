"""What alembic runs: on the connection that `migrations.upgrade` hands over, or on DATABASE_URL."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from cti.database import database_url
from migrations.schema import whole_schema


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=whole_schema())
    with context.begin_transaction():
        context.run_migrations()


async def migrate_by_url(url: str) -> None:
    engine = create_async_engine(database_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql", target_metadata=whole_schema(), literal_binds=True, output_buffer=None
    )
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(migrate_by_url(os.environ["DATABASE_URL"]))
