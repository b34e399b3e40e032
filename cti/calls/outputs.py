"""What the call model concludes from facts, beside the routing events of `acd.events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd import events as acd
from acd.model import Instant
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
    """The recorder's file of `leg` holds no conversation: nobody was connected while it ran."""

    cause: str
    leg: LegId


Output: TypeAlias = CallUpdated | RecordingDue | RecordingVoid | acd.Event
