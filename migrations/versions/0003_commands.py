"""Commands: who told the hotline to do what with a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commands",
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False, comment="An agent's number, else the token's name."),
        sa.Column("agent", sa.Text(), nullable=True, comment="As whom it acted; null: as nobody's phone."),
        sa.Column(
            "call", sa.Text(), nullable=True, comment="No foreign key: it may name a call that never was."
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it was refused or failed."),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=False, comment="What it brought about."),
        sa.Column("cause", sa.Text(), nullable=False, comment="The request's id."),
        sa.CheckConstraint(
            "state IN ('accepted', 'done', 'refused', 'failed')", name=op.f("ck_commands_known_state")
        ),
        sa.PrimaryKeyConstraint("command", name=op.f("pk_commands")),
    )
    op.create_index("ix_commands_call", "commands", ["call", "accepted_at"])
    op.create_index("ix_commands_by", "commands", ["by", "accepted_at"])


def downgrade() -> None:
    op.drop_table("commands")
