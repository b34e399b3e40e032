"""Calls from seat to seat, which go neither in nor out."""

from __future__ import annotations

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _restrict("'inbound', 'outbound', 'internal'")


def downgrade() -> None:
    op.execute("UPDATE calls SET direction = 'outbound' WHERE direction = 'internal'")
    _restrict("'inbound', 'outbound'")


def _restrict(directions: str) -> None:
    name = op.f("ck_calls_known_direction")
    op.drop_constraint(name, "calls")
    op.create_check_constraint(name, "calls", f"direction IN ({directions})")
