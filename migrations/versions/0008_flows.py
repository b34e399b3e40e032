"""Flows: ratings, messages left on closed lines; what a caller chose."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None

_BEFORE = "'open', 'answered', 'abandoned', 'diverted', 'not_queued', 'unanswered'"


def _time(name: str, *, nullable: bool = True, comment: str | None = None) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=comment)


def _outcomes(values: str) -> None:
    op.drop_constraint(op.f("ck_calls_known_outcome"), "calls")
    op.create_check_constraint(op.f("ck_calls_known_outcome"), "calls", f"outcome IN ({values})")


def upgrade() -> None:
    op.add_column(
        "calls",
        sa.Column("choice", sa.Text(), nullable=True, comment="In the flow's menu: `<flow>.<choice>`."),
    )
    op.add_column("calls", _time("closed_at", comment="When the caller met a closed line."))
    op.add_column("calls", _time("callback_at", comment="When the caller asked to be called back."))
    _outcomes(f"{_BEFORE}, 'closed', 'voicemail', 'callback'")
    op.create_table(
        "ratings",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True, comment="Who talked with the caller last."),
        _time("asked_at", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True, comment="Null while the caller is being asked."),
        sa.Column("score", sa.Integer(), nullable=True, comment="1 to 5, the best; null when not rated."),
        sa.Column("tries", sa.Integer(), nullable=False),
        _time("rated_at"),
        sa.CheckConstraint(
            "outcome IN ('rated', 'wrong_key', 'silent', 'hung_up')", name=op.f("ck_ratings_known_outcome")
        ),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ratings_score_in_range")),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_ratings_call")),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_ratings")),
    )
    op.create_index("ix_ratings_asked_at", "ratings", ["asked_at", "call"])
    op.create_index("ix_ratings_agent", "ratings", ["agent", "asked_at"])
    op.create_table(
        "voicemails",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False, comment="The caller's; also the recording's id."),
        _time("started_at", nullable=False),
        _time("ended_at"),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_voicemails_call")),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_voicemails")),
    )
    op.create_index("ix_voicemails_started_at", "voicemails", ["started_at", "call"])


def downgrade() -> None:
    op.drop_table("voicemails")
    op.drop_table("ratings")
    op.execute("UPDATE calls SET outcome = 'abandoned' WHERE outcome = 'callback'")
    op.execute("UPDATE calls SET outcome = 'not_queued' WHERE outcome IN ('closed', 'voicemail')")
    _outcomes(_BEFORE)
    op.drop_column("calls", "callback_at")
    op.drop_column("calls", "closed_at")
    op.drop_column("calls", "choice")
