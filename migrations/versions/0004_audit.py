"""The audit: who did what to whom, hash-chained, kept unchanged for half a year at least."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None

_GUARD = """
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '6 months' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit is not changed: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("chain", sa.Text(), nullable=False, comment="The journal whose service wrote it."),
        sa.Column(
            "number", sa.BigInteger(), autoincrement=False, nullable=False, comment="From 1, without gaps."
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False, comment="A token's name, or an agent's number."),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="`done`, or why it was refused or failed."),
        sa.Column(
            "whom",
            sa.Text(),
            nullable=True,
            comment="The agent, recording or other thing that it was done to.",
        ),
        sa.Column(
            "call",
            sa.Text(),
            nullable=True,
            comment="No foreign key: a refused attempt may name a call that never was.",
        ),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column(
            "previous", sa.Text(), nullable=False, comment="Hash of the entry before; zeros for the first."
        ),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 over the entry and `previous`."),
        sa.PrimaryKeyConstraint("chain", "number", name=op.f("pk_audit")),
        comment="Rows are never changed, nor deleted before they are half a year old: a trigger holds it.",
    )
    op.create_index("ix_audit_at", "audit", ["at", "chain", "number"])
    op.create_index("ix_audit_call", "audit", ["call"])
    op.create_index("ix_audit_who", "audit", ["who", "at"])
    op.create_index("ix_audit_whom", "audit", ["whom", "at"])
    op.execute(_GUARD)
    op.execute(
        "CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION keep_audit()"
    )
    op.execute(
        "CREATE TRIGGER keep_audit_whole BEFORE TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION keep_audit()"
    )


def downgrade() -> None:
    op.drop_table("audit")
    op.execute("DROP FUNCTION keep_audit()")
