"""What people tell the service, by API or by feature code. Each is an event of the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.model import AgentId, Instant, SeatId
from cti.audit import ToAudit
from cti.records_json import JSON


@dataclass(frozen=True, slots=True)
class LogIn:
    at: Instant
    cause: str
    agent: AgentId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class MoveSeat:
    """The agent goes on at another seat."""

    at: Instant
    cause: str
    agent: AgentId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    at: Instant
    cause: str
    agent: AgentId
    seconds: float


@dataclass(frozen=True, slots=True)
class LogOut:
    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class BeReady:
    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class BeNotReady:
    at: Instant
    cause: str
    agent: AgentId
    reason: str


@dataclass(frozen=True, slots=True)
class PinTried:
    """A PIN was looked at, for a log-in at a phone (`channel`) or over the API."""

    at: Instant
    cause: str
    agent: AgentId
    right: bool
    seat: SeatId | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class UnlockPin:
    """A supervisor lets an agent try again."""

    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class FillWorkOrder:
    """An agent wrote the work order of a call; `record` is its next version as JSON."""

    at: Instant
    cause: str
    work_order: str
    record: dict[str, JSON]


AgentCommand: TypeAlias = LogIn | MoveSeat | LogOut | BeReady | BeNotReady | ExtendWrapUp
Command: TypeAlias = AgentCommand | PinTried | UnlockPin | FillWorkOrder | ToAudit
