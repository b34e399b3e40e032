"""The table of work orders. `migrations/` makes it; a test holds that both are the same."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, MetaData, Table, Text

metadata = MetaData()

work_orders = Table(
    "work_orders",
    metadata,
    Column("work_order", Text, primary_key=True),
    # The calls are the archive's: the reference is to the table in the database, not to a definition here.
    Column("call", Text, ForeignKey("calls.call"), nullable=False),
    Column("agent", Text, comment="Who took the call."),
    Column("state", Text, nullable=False),
    Column("category", Text),
    Column("summary", Text),
    Column("disposition", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("filled_at", DateTime(timezone=True)),
    Column("filled_by", Text),
    Column("version", Integer, nullable=False, comment="Of the record; never goes back."),
    CheckConstraint("state IN ('intake', 'recorded', 'resolved')", name="known_state"),
    CheckConstraint("disposition IN ('resolved_at_once', 'to_dispatch')", name="known_disposition"),
    CheckConstraint(
        "state = 'intake' OR (category IS NOT NULL AND summary IS NOT NULL AND disposition IS NOT NULL"
        " AND filled_at IS NOT NULL AND filled_by IS NOT NULL)",
        name="filled_when_written",
    ),
    Index("ix_work_orders_call", "call"),
    Index("ix_work_orders_agent", "agent", "created_at"),
    Index("ix_work_orders_created_at", "created_at", "work_order"),
    Index("ix_work_orders_state", "state", "created_at"),
)
