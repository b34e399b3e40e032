"""Campaigns: callbacks that stand on a list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "callbacks", sa.Column("campaign", sa.Text(), nullable=True, comment="The list that it stands on.")
    )
    op.create_index("ix_callbacks_campaign", "callbacks", ["campaign"])


def downgrade() -> None:
    op.drop_index("ix_callbacks_campaign", "callbacks")
    op.drop_column("callbacks", "campaign")
