"""Holds of a call; the work order that a call out was made for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "calls",
        sa.Column(
            "work_order",
            sa.Text(),
            nullable=True,
            comment="For which an agent called the citizen. No foreign key.",
        ),
    )
    op.create_table(
        "holds",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="Place in the call's record, from 0."),
        sa.Column(
            "leg",
            sa.Text(),
            nullable=False,
            comment="Who was held; of a phone's own hold, whose phone it was.",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True, comment="Who held."),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('service', 'phone', 'parked')", name=op.f("ck_holds_known_kind")),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_holds_call")),
        sa.PrimaryKeyConstraint("call", "position", name=op.f("pk_holds")),
    )


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_column("calls", "work_order")
