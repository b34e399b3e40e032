"""The words of routing: identifiers, states, and the policy that operations staff write in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Instant: TypeAlias = float
"""Seconds since the Unix epoch, UTC. What is stored or shown is a datetime with zone."""

AgentId: TypeAlias = str
ContactId: TypeAlias = str
"""A call's id, or a callback's."""
OfferId: TypeAlias = str
"""Also the id of the channel that rings for the offer, so one offer can never ring twice."""
QueueId: TypeAlias = str
SeatId: TypeAlias = str
"""A seat's id is its SIP endpoint's name."""
Skill: TypeAlias = str


class AgentState(StrEnum):
    """What an agent is doing (CSTA, ECMA-269 6.1.2.1: Null, NotReady, Ready, Busy, WorkingAfterCall)."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    RESERVED = "reserved"
    BUSY = "busy"
    WRAP_UP = "wrap_up"


class ContactState(StrEnum):
    """Where a contact stands with the router; one that left is forgotten."""

    WAITING = "waiting"
    OFFERED = "offered"
    CONNECTED = "connected"


class OfferOutcome(StrEnum):
    """How an offer ended."""

    ACCEPTED = "accepted"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    BUSY = "busy"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """The phone could not be reached, or Asterisk refused to ring it."""


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """What a queue asks of agents and how it treats them. Durations are seconds."""

    queue: QueueId
    required_skills: Mapping[Skill, int] = field(default_factory=dict)
    """The least proficiency (1-5) an agent needs in each skill."""
    priority: int = 0
    """Higher is served first; a contact's own priority, from its hotline, is added to it."""
    ring_timeout_s: float = 15.0
    wrap_up_s: float = 10.0
    timely_s: float = 15.0
    """A contact answered within this long of being queued counts as timely."""
    short_abandon_s: float = 5.0
    """A caller who gives up sooner is counted apart, as a short abandon."""


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """What an agent can do."""

    agent: AgentId
    skills: Mapping[Skill, int] = field(default_factory=dict)
    """Proficiency, 1-5, by skill. A skill that is absent is one the agent does not have."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that configuration tells the router. A new one arrives as an event."""

    queues: Mapping[QueueId, QueuePolicy]
    agents: Mapping[AgentId, AgentPolicy]
