"""What the call model concludes from facts, beside the routing events of `acd.events`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from acd import events as acd
from acd.model import AgentId, CallbackMode, ContactId, Instant, QueueId
from cti.calls.facts import CallId, LegId
from cti.calls.records import CallRecord


@dataclass(frozen=True, slots=True)
class CallUpdated:
    """The call's record changed; it is the model's own and goes on changing, so use it at once."""

    at: Instant
    cause: str
    record: CallRecord


@dataclass(frozen=True, slots=True)
class RecordingDue:
    """The recorder's file of `leg` is complete and belongs to `segment`."""

    cause: str
    leg: LegId
    call: CallId
    segment: str
    started_at: Instant


@dataclass(frozen=True, slots=True)
class RecordingVoid:
    """The recorder's file of `leg` belongs to no segment."""

    cause: str
    leg: LegId
    known: bool = False
    """Nothing is in it that was not told: another recording has the same, or there was not a second of it.

    Else it should hold no conversation, as nobody was seen to be connected while it ran.
    """


class CallbackReason(StrEnum):
    """Why somebody is called."""

    REQUESTED = "requested"
    """They asked for it instead of waiting."""
    MISSED = "missed"
    """Their call was not answered."""
    VISIT = "visit"
    """回访: how was their request handled?"""
    CAMPAIGN = "campaign"
    """They are on a list."""
    MANUAL = "manual"
    """Somebody of the hotline wants it so."""


@dataclass(frozen=True, slots=True)
class CallbackWanted:
    """Somebody is to be called back; the owner of the cores tells the router."""

    at: Instant
    cause: str
    callback: ContactId
    """Its id, new for each."""
    number: str
    """The citizen's number, as it is dialled."""
    queue: QueueId
    reason: CallbackReason
    queued_at: Instant
    """When the caller first queued."""
    by: str
    """An agent's number or a token's name; `caller` for the citizen, `system` for a missed call."""
    hotline: str = ""
    origin: CallId | None = None
    """The call that it comes from."""
    work_order: str | None = None
    campaign: str | None = None
    """The list that it stands on."""
    priority: int = 0
    owner: AgentId | None = None
    earliest_at: Instant | None = None
    latest_at: Instant | None = None
    mode: CallbackMode | None = None
    """None: as the queue has it."""


@dataclass(frozen=True, slots=True)
class CutOffUnseen:
    """A caller who waited was cut off while the router did not serve; it is to keep their place."""

    at: Instant
    cause: str
    call: CallId
    number: str
    queued_at: Instant


@dataclass(frozen=True, slots=True)
class CallerAnswered:
    """A citizen who called was answered, by whichever way; told once a call."""

    at: Instant
    """Of the answer."""
    cause: str
    number: str


Output: TypeAlias = (
    CallUpdated | RecordingDue | RecordingVoid | CallbackWanted | CutOffUnseen | CallerAnswered | acd.Event
)
