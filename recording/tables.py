"""The archive's tables: calls with their legs, segments and offers, decisions, agents' states, recordings.

`migrations/` makes them; a test holds that both are the same. Ids are Asterisk's and the router's own texts.
Every time is `timestamptz`; durations are seconds. The children of a call are keyed by the call as well, so a
leg that went over to another call is kept with both.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from acd.model import AgentState, AttemptOutcome, CallbackMode, CallbackState, OfferOutcome
from cti.calls.outputs import CallbackReason
from cti.calls.records import CallOutcome, Direction, EndedBy, HoldKind, RatingOutcome, Route
from cti.verbs.records import CommandState

metadata = MetaData()


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"known_{column}")


def _time(name: str, *, nullable: bool = True, comment: str | None = None) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


def _call() -> Column[str]:
    return Column("call", Text, ForeignKey("calls.call"), primary_key=True)


def _position() -> Column[int]:
    return Column("position", Integer, nullable=False, comment="Place in the call's record, from 0.")


calls = Table(
    "calls",
    metadata,
    Column("call", Text, primary_key=True, comment="Unique id of the call's first leg."),
    Column("direction", Text, nullable=False),
    Column("hotline", Text, nullable=False),
    Column("queue", Text),
    Column("priority", Integer, nullable=False),
    Column("number", Text, nullable=False, comment="The citizen's number."),
    Column("dialled", Text, nullable=False),
    _time("started_at", nullable=False),
    _time("queued_at"),
    _time("offered_at", comment="First offer."),
    _time("answered_at", comment="First connected with an agent."),
    _time("ended_at"),
    Column("ended_by", Text),
    Column("outcome", Text, nullable=False),
    Column("route", Text, nullable=False, comment="Who found the agent."),
    Column("agent", Text, comment="Who answered first."),
    Column("seat", Text),
    Column("callback", Text, comment="The callback it is an attempt of."),
    Column("version", Integer, nullable=False, comment="Of the call's record; never goes back."),
    Column("work_order", Text, comment="For which an agent called the citizen. No foreign key."),
    Column("choice", Text, comment="In the flow's menu: `<flow>.<choice>`."),
    _time("closed_at", comment="When the caller met a closed line."),
    _time("callback_at", comment="When the caller asked to be called back."),
    _one_of("direction", Direction),
    _one_of("ended_by", EndedBy),
    _one_of("outcome", CallOutcome),
    _one_of("route", Route),
    Index("ix_calls_started_at", "started_at", "call"),
    Index("ix_calls_queue", "queue", "started_at"),
    Index("ix_calls_agent", "agent", "started_at"),
    Index("ix_calls_number", "number", "started_at"),
    Index("ix_calls_callback", "callback"),
    Index("ix_calls_work_order", "work_order", postgresql_where=text("work_order IS NOT NULL")),
)

legs = Table(
    "legs",
    metadata,
    _call(),
    Column("leg", Text, primary_key=True, comment="Unique id of the Asterisk channel."),
    _position(),
    Column("channel", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("seat", Text, comment="Null for the trunk."),
    Column("agent", Text),
    Column("number", Text, nullable=False),
    _time("started_at", nullable=False),
    _time("ringing_at"),
    _time("answered_at"),
    _time("ended_at"),
    Column("hangup_cause", Integer, comment="Q.850."),
    Column(
        "said_loss",
        Double,
        comment="Share of what the phone sent that was lost, 0 to 1; null: nothing came.",
    ),
    Column("said_jitter_s", Double),
    Column("said_mos", Double, comment="By the E-model (ITU-T G.107), 1 to 4.5."),
    Column(
        "heard_loss", Double, comment="Share of what was sent to it, by its own reports; null: it sent none."
    ),
    Column("heard_jitter_s", Double),
    Column("heard_mos", Double),
    Column("rtt_s", Double, comment="Round trip between Asterisk and the phone."),
)

segments = Table(
    "segments",
    metadata,
    _call(),
    Column("segment", Text, primary_key=True, comment="`<call>/<n>`, n from 1."),
    _position(),
    Column("legs", ARRAY(Text), nullable=False, comment="The legs that were connected."),
    Column("agent", Text),
    Column("seat", Text),
    Column("recorded_leg", Text, comment="The leg whose recorder covers the segment."),
    _time("started_at", nullable=False),
    _time("ended_at"),
    Index("ix_segments_agent", "agent", "call"),
)

offers = Table(
    "offers",
    metadata,
    _call(),
    Column("offer", Text, primary_key=True, comment="Also the id of the leg that rang, and of the decision."),
    _position(),
    Column("agent", Text, nullable=False),
    Column("seat", Text, nullable=False),
    _time("made_at", nullable=False),
    _time("ended_at"),
    Column("outcome", Text),
    _one_of("outcome", OfferOutcome),
    Index("ix_offers_agent", "agent", "made_at"),
)

holds = Table(
    "holds",
    metadata,
    _call(),
    Column("position", Integer, primary_key=True, comment="Place in the call's record, from 0."),
    Column("leg", Text, nullable=False, comment="Who was held; of a phone's own hold, whose phone it was."),
    Column("kind", Text, nullable=False),
    Column("agent", Text, comment="Who held."),
    _time("started_at", nullable=False),
    _time("ended_at"),
    _one_of("kind", HoldKind),
)

ratings = Table(
    "ratings",
    metadata,
    _call(),
    Column("agent", Text, comment="Who talked with the caller last."),
    _time("asked_at", nullable=False),
    Column("outcome", Text, comment="Null while the caller is being asked."),
    Column("score", Integer, comment="1 to 5, the best; null when not rated."),
    Column("tries", Integer, nullable=False),
    _time("rated_at"),
    _one_of("outcome", RatingOutcome),
    CheckConstraint("score BETWEEN 1 AND 5", name="score_in_range"),
    Index("ix_ratings_asked_at", "asked_at", "call"),
    Index("ix_ratings_agent", "agent", "asked_at"),
)

voicemails = Table(
    "voicemails",
    metadata,
    _call(),
    Column("leg", Text, nullable=False, comment="The caller's; also the recording's id."),
    _time("started_at", nullable=False),
    _time("ended_at"),
    Index("ix_voicemails_started_at", "started_at", "call"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision", Text, primary_key=True, comment="Id of the offer that it led to."),
    _time("at", nullable=False),
    Column("contact", Text, nullable=False, comment="A call or a callback: no foreign key."),
    Column("queue", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("criterion", Text, nullable=False, comment="What set the chosen agent apart."),
    Column("waited_s", Double, nullable=False),
    Column("eligible", Integer, nullable=False, comment="How many agents could have been chosen."),
    Column(
        "candidates",
        JSONB,
        nullable=False,
        comment="[{agent, against}], the chosen one first; bounded in size.",
    ),
    Column(
        "passed_over", ARRAY(Text), nullable=False, comment="Contacts that waited longer, with the reason."
    ),
    Column("cause", Text, nullable=False),
    Column("step", Text, nullable=False, comment="What the contact asked for when it was decided."),
    Column("score", Double, nullable=False, comment="The contact's points in the eyes of the chosen agent."),
    Index("ix_decisions_contact", "contact", "at"),
)

agent_states = Table(
    "agent_states",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="In the order it happened."),
    _time("at", nullable=False),
    Column("agent", Text, nullable=False),
    Column("seat", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    _time("since", nullable=False),
    _time("until", comment="When a wrap-up ends by itself."),
    Column("contact", Text),
    Column("cause", Text, nullable=False),
    _one_of("state", AgentState),
    Index("ix_agent_states_agent", "agent", "at"),
    Index("ix_agent_states_at", "at"),
    Index("ix_agent_states_wrap_up", "contact", postgresql_where=text("state = 'wrap_up'")),
)

recordings = Table(
    "recordings",
    metadata,
    Column("recording", Text, primary_key=True, comment="Id of the recorded leg."),
    Column("call", Text, ForeignKey("calls.call"), nullable=False),
    Column(
        "segment",
        Text,
        nullable=False,
        comment="No foreign key: a recording may be stored before its call's last record.",
    ),
    Column("path", Text, nullable=False, unique=True, comment="Relative to the storage root."),
    Column("size_bytes", BigInteger, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("sha256", Text, nullable=False, comment="Of the whole file, in lower case hex."),
    Column("sample_rate_hz", Integer, nullable=False),
    Column(
        "channels", Integer, nullable=False, comment="2: left what the agent said, right what they heard."
    ),
    _time("stored_at", nullable=False),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hex"),
    CheckConstraint("size_bytes >= 0 AND duration_s >= 0", name="not_negative"),
    Index("ix_recordings_call", "call"),
)

commands = Table(
    "commands",
    metadata,
    Column("command", Text, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("by", Text, nullable=False, comment="An agent's number, else the token's name."),
    Column("agent", Text, comment="As whom it acted; null: as nobody's phone."),
    Column("call", Text, comment="No foreign key: it may name a call that never was."),
    Column("state", Text, nullable=False),
    Column("reason", Text, comment="Why it was refused or failed."),
    _time("accepted_at", nullable=False),
    _time("ended_at"),
    Column("result", JSONB, nullable=False, comment="What it brought about."),
    Column("cause", Text, nullable=False, comment="The request's id."),
    _one_of("state", CommandState),
    Index("ix_commands_call", "call", "accepted_at"),
    Index("ix_commands_by", "by", "accepted_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("chain", Text, primary_key=True, comment="The journal whose service wrote it."),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="From 1, without gaps."),
    _time("at", nullable=False),
    Column("who", Text, nullable=False, comment="A token's name, or an agent's number."),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False, comment="`done`, or why it was refused or failed."),
    Column("whom", Text, comment="The agent, recording or other thing that it was done to."),
    Column("call", Text, comment="No foreign key: a refused attempt may name a call that never was."),
    Column("detail", JSONB, nullable=False),
    Column("cause", Text, nullable=False),
    Column("previous", Text, nullable=False, comment="Hash of the entry before; zeros for the first."),
    Column("hash", Text, nullable=False, comment="SHA-256 over the entry and `previous`."),
    Index("ix_audit_at", "at", "chain", "number"),
    Index("ix_audit_who", "who", "at"),
    Index("ix_audit_whom", "whom", "at"),
    Index("ix_audit_call", "call"),
    comment="Rows are never changed, nor deleted before they are half a year old: a trigger holds it.",
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("callback", Text, primary_key=True),
    Column("number", Text, nullable=False, comment="The citizen's number."),
    Column("hotline", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("origin", Text, comment="The call that it comes from."),
    Column("work_order", Text),
    Column("requested_by", Text, nullable=False),
    _time("requested_at", nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    _time("queued_at", nullable=False),
    Column("owner", Text, comment="The agent who is asked first."),
    Column("mode", Text, nullable=False),
    _time("latest_at", nullable=False),
    _time("due_at", nullable=False),
    Column("state", Text, comment="Null once it is over."),
    Column("end", Text, comment="How it was over."),
    _time("ended_at"),
    Column("attempts", Integer, nullable=False),
    Column("last_outcome", Text),
    Column("calls", ARRAY(Text), nullable=False, comment="In which it was tried."),
    Column("joined", ARRAY(Text), nullable=False, comment="Calls that wanted one too."),
    Column("campaign", Text, comment="The list that it stands on."),
    Column("version", Integer, nullable=False, comment="Of the record; never goes back."),
    _one_of("reason", CallbackReason),
    _one_of("mode", CallbackMode),
    _one_of("state", CallbackState),
    CheckConstraint(
        "\"end\" IN ('reached', 'called_again', 'cancelled', 'expired', 'unreached', 'invalid_number')",
        name="known_end",
    ),
    _one_of("last_outcome", AttemptOutcome),
    Index("ix_callbacks_requested_at", "requested_at", "callback"),
    Index("ix_callbacks_number", "number", "requested_at"),
    Index("ix_callbacks_work_order", "work_order"),
    Index("ix_callbacks_campaign", "campaign"),
)
