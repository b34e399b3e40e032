"""Calls are found by the work order for which they were dialled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_calls_work_order", "calls", ["work_order"], postgresql_where=sa.text("work_order IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_calls_work_order", "calls")
