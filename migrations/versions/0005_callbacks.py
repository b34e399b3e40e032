"""Callbacks: who is to be called back, why, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "calls",
        sa.Column("callback", sa.Text(), nullable=True, comment="The callback it is an attempt of."),
    )
    op.create_index("ix_calls_callback", "calls", ["callback"])
    op.create_table(
        "callbacks",
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="The citizen's number."),
        sa.Column("hotline", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True, comment="The call that it comes from."),
        sa.Column("work_order", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True, comment="The agent who is asked first."),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=True, comment="Null once it is over."),
        sa.Column("end", sa.Text(), nullable=True, comment="How it was over."),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("calls", postgresql.ARRAY(sa.Text()), nullable=False, comment="In which it was tried."),
        sa.Column(
            "joined", postgresql.ARRAY(sa.Text()), nullable=False, comment="Calls that wanted one too."
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="Of the record; never goes back."),
        sa.CheckConstraint(
            "reason IN ('requested', 'missed', 'visit', 'campaign', 'manual')",
            name=op.f("ck_callbacks_known_reason"),
        ),
        sa.CheckConstraint("mode IN ('agent_first', 'customer_first')", name=op.f("ck_callbacks_known_mode")),
        sa.CheckConstraint(
            "state IN ('scheduled', 'waiting', 'dialling')", name=op.f("ck_callbacks_known_state")
        ),
        sa.CheckConstraint(
            "\"end\" IN ('reached', 'called_again', 'cancelled', 'expired', 'unreached', 'invalid_number')",
            name=op.f("ck_callbacks_known_end"),
        ),
        sa.CheckConstraint(
            "last_outcome IN ('reached', 'busy', 'no_answer', 'failed', 'invalid_number', 'cancelled')",
            name=op.f("ck_callbacks_known_last_outcome"),
        ),
        sa.PrimaryKeyConstraint("callback", name=op.f("pk_callbacks")),
    )
    op.create_index("ix_callbacks_requested_at", "callbacks", ["requested_at", "callback"])
    op.create_index("ix_callbacks_number", "callbacks", ["number", "requested_at"])
    op.create_index("ix_callbacks_work_order", "callbacks", ["work_order"])


def downgrade() -> None:
    op.drop_table("callbacks")
    op.drop_index("ix_calls_callback", "calls")
    op.drop_column("calls", "callback")
