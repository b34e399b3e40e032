"""Decisions with their step and score; calls that a limit of their queue sent away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    step = "What the contact asked for when it was decided."
    op.add_column("decisions", sa.Column("step", sa.Text(), nullable=False, server_default="", comment=step))
    score = "The contact's points in the eyes of the chosen agent."
    op.add_column(
        "decisions", sa.Column("score", sa.Double(), nullable=False, server_default="0", comment=score)
    )
    op.alter_column("decisions", "step", server_default=None)
    op.alter_column("decisions", "score", server_default=None)
    op.drop_constraint(op.f("ck_calls_known_outcome"), "calls")
    op.create_check_constraint(
        op.f("ck_calls_known_outcome"),
        "calls",
        "outcome IN ('open', 'answered', 'abandoned', 'diverted', 'not_queued', 'unanswered')",
    )


def downgrade() -> None:
    op.execute("UPDATE calls SET outcome = 'abandoned' WHERE outcome = 'diverted'")
    op.drop_constraint(op.f("ck_calls_known_outcome"), "calls")
    op.create_check_constraint(
        op.f("ck_calls_known_outcome"),
        "calls",
        "outcome IN ('open', 'answered', 'abandoned', 'not_queued', 'unanswered')",
    )
    op.drop_column("decisions", "score")
    op.drop_column("decisions", "step")
