"""Who wrapped a call up, and how long, is read from the agents' history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_agent_states_wrap_up",
        "agent_states",
        ["contact"],
        postgresql_where=sa.text("state = 'wrap_up'"),
    )


def downgrade() -> None:
    op.drop_index("ix_agent_states_wrap_up", "agent_states")
