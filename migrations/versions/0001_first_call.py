"""Calls with legs, segments, offers, decisions; agents' states; recordings; work orders; the projection."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("call", sa.Text(), nullable=False, comment="Unique id of the call's first leg."),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("hotline", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="The citizen's number."),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True, comment="First offer."),
        sa.Column(
            "answered_at", sa.DateTime(timezone=True), nullable=True, comment="First connected with an agent."
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False, comment="Who found the agent."),
        sa.Column("agent", sa.Text(), nullable=True, comment="Who answered first."),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, comment="Of the call's record; never goes back."),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name=op.f("ck_calls_known_direction")),
        sa.CheckConstraint("ended_by IN ('caller', 'agent', 'system')", name=op.f("ck_calls_known_ended_by")),
        sa.CheckConstraint(
            "outcome IN ('open', 'answered', 'abandoned', 'not_queued', 'unanswered')",
            name=op.f("ck_calls_known_outcome"),
        ),
        sa.CheckConstraint(
            "route IN ('none', 'acd', 'fallback', 'direct')", name=op.f("ck_calls_known_route")
        ),
        sa.PrimaryKeyConstraint("call", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_agent", "calls", ["agent", "started_at"])
    op.create_index("ix_calls_number", "calls", ["number", "started_at"])
    op.create_index("ix_calls_queue", "calls", ["queue", "started_at"])
    op.create_index("ix_calls_started_at", "calls", ["started_at", "call"])
    op.create_table(
        "legs",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False, comment="Unique id of the Asterisk channel."),
        sa.Column("position", sa.Integer(), nullable=False, comment="Place in the call's record, from 0."),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=True, comment="Null for the trunk."),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hangup_cause", sa.Integer(), nullable=True, comment="Q.850."),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_legs_call")),
        sa.PrimaryKeyConstraint("call", "leg", name=op.f("pk_legs")),
    )
    op.create_table(
        "segments",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False, comment="`<call>/<n>`, n from 1."),
        sa.Column("position", sa.Integer(), nullable=False, comment="Place in the call's record, from 0."),
        sa.Column(
            "legs", postgresql.ARRAY(sa.Text()), nullable=False, comment="The legs that were connected."
        ),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column(
            "recorded_leg", sa.Text(), nullable=True, comment="The leg whose recorder covers the segment."
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_segments_call")),
        sa.PrimaryKeyConstraint("call", "segment", name=op.f("pk_segments")),
    )
    op.create_index("ix_segments_agent", "segments", ["agent", "call"])
    op.create_table(
        "offers",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column(
            "offer",
            sa.Text(),
            nullable=False,
            comment="Also the id of the leg that rang, and of the decision.",
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="Place in the call's record, from 0."),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'no_answer', 'rejected', 'busy', 'cancelled', 'failed')",
            name=op.f("ck_offers_known_outcome"),
        ),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_offers_call")),
        sa.PrimaryKeyConstraint("call", "offer", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_agent", "offers", ["agent", "made_at"])
    op.create_table(
        "decisions",
        sa.Column("decision", sa.Text(), nullable=False, comment="Id of the offer that it led to."),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False, comment="A call or a callback: no foreign key."),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False, comment="What set the chosen agent apart."),
        sa.Column("waited_s", sa.Double(), nullable=False),
        sa.Column(
            "eligible", sa.Integer(), nullable=False, comment="How many agents could have been chosen."
        ),
        sa.Column(
            "candidates",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[{agent, against}], the chosen one first; bounded in size.",
        ),
        sa.Column(
            "passed_over",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Contacts that waited longer, with the reason.",
        ),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_contact", "decisions", ["contact", "at"])
    op.create_table(
        "agent_states",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="In the order it happened.",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "until", sa.DateTime(timezone=True), nullable=True, comment="When a wrap-up ends by itself."
        ),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('logged_out', 'not_ready', 'ready', 'reserved', 'busy', 'wrap_up')",
            name=op.f("ck_agent_states_known_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_states")),
    )
    op.create_index("ix_agent_states_agent", "agent_states", ["agent", "at"])
    op.create_index("ix_agent_states_at", "agent_states", ["at"])
    op.create_table(
        "recordings",
        sa.Column("recording", sa.Text(), nullable=False, comment="Id of the recorded leg."),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column(
            "segment",
            sa.Text(),
            nullable=False,
            comment="No foreign key: a recording may be stored before its call's last record.",
        ),
        sa.Column("path", sa.Text(), nullable=False, comment="Relative to the storage root."),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False, comment="Of the whole file, in lower case hex."),
        sa.Column("sample_rate_hz", sa.Integer(), nullable=False),
        sa.Column(
            "channels",
            sa.Integer(),
            nullable=False,
            comment="2: left what the agent said, right what they heard.",
        ),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_recordings_sha256_is_hex")),
        sa.CheckConstraint("size_bytes >= 0 AND duration_s >= 0", name=op.f("ck_recordings_not_negative")),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_recordings_call")),
        sa.PrimaryKeyConstraint("recording", name=op.f("pk_recordings")),
        sa.UniqueConstraint("path", name=op.f("uq_recordings_path")),
    )
    op.create_index("ix_recordings_call", "recordings", ["call"])
    op.create_table(
        "work_orders",
        sa.Column("work_order", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True, comment="Who took the call."),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filled_by", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, comment="Of the record; never goes back."),
        sa.CheckConstraint(
            "disposition IN ('resolved_at_once', 'to_dispatch')",
            name=op.f("ck_work_orders_known_disposition"),
        ),
        sa.CheckConstraint(
            "state = 'intake' OR (category IS NOT NULL AND summary IS NOT NULL AND disposition IS NOT NULL"
            " AND filled_at IS NOT NULL AND filled_by IS NOT NULL)",
            name=op.f("ck_work_orders_filled_when_written"),
        ),
        sa.CheckConstraint(
            "state IN ('intake', 'recorded', 'resolved')", name=op.f("ck_work_orders_known_state")
        ),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name=op.f("fk_work_orders_call")),
        sa.PrimaryKeyConstraint("work_order", name=op.f("pk_work_orders")),
    )
    op.create_index("ix_work_orders_agent", "work_orders", ["agent", "created_at"])
    op.create_index("ix_work_orders_call", "work_orders", ["call"])
    op.create_index("ix_work_orders_created_at", "work_orders", ["created_at", "work_order"])
    op.create_index("ix_work_orders_state", "work_orders", ["state", "created_at"])
    op.create_table(
        "journal_position",
        sa.Column("journal_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="The last entry whose effect is here."),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_journal_position")),
    )
    op.create_table(
        "rejected_entries",
        sa.Column("journal_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON as text: it may hold what jsonb refuses."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "seq", name=op.f("pk_rejected_entries")),
    )


def downgrade() -> None:
    op.drop_table("rejected_entries")
    op.drop_table("journal_position")
    op.drop_table("work_orders")
    op.drop_table("recordings")
    op.drop_table("agent_states")
    op.drop_table("decisions")
    op.drop_table("offers")
    op.drop_table("segments")
    op.drop_table("legs")
    op.drop_table("calls")
