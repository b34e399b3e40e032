"""How good each leg's sound was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels = None
depends_on = None

COLUMNS = (
    ("said_loss", "Share of what the phone sent that was lost, 0 to 1; null: nothing came."),
    ("said_jitter_s", None),
    ("said_mos", "By the E-model (ITU-T G.107), 1 to 4.5."),
    ("heard_loss", "Share of what was sent to it, by its own reports; null: it sent none."),
    ("heard_jitter_s", None),
    ("heard_mos", None),
    ("rtt_s", "Round trip between Asterisk and the phone."),
)


def upgrade() -> None:
    for name, comment in COLUMNS:
        op.add_column("legs", sa.Column(name, sa.Double(), nullable=True, comment=comment))


def downgrade() -> None:
    for name, _ in reversed(COLUMNS):
        op.drop_column("legs", name)
