"""An attempt of a callback may have left an answered citizen without an agent."""

from __future__ import annotations

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None

_BEFORE = "'reached', 'busy', 'no_answer', 'failed', 'invalid_number', 'cancelled'"


def _outcomes(values: str) -> None:
    op.drop_constraint(op.f("ck_callbacks_known_last_outcome"), "callbacks")
    op.create_check_constraint(
        op.f("ck_callbacks_known_last_outcome"), "callbacks", f"last_outcome IN ({values})"
    )


def upgrade() -> None:
    _outcomes(f"{_BEFORE}, 'abandoned'")


def downgrade() -> None:
    op.execute("UPDATE callbacks SET last_outcome = 'failed' WHERE last_outcome = 'abandoned'")
    _outcomes(_BEFORE)
