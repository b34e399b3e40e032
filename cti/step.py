"""What goes into the step machine (`cti/runtime.py`), and what comes out: plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from acd import events as acd
from acd.model import Instant, Policy
from acd.refusals import InvalidEvent
from cti.calls.actions import Action, ActionDone, ActionFailed
from cti.calls.facts import Fact
from cti.calls.outputs import RecordingDue, RecordingVoid
from cti.commands import Command
from cti.pins import PinAsked
from cti.plan import Plan
from cti.records_json import JSON, Draft
from cti.verbs.model import Order
from cti.views import Refused


@dataclass(frozen=True, slots=True)
class RecordingStored:
    """The pipeline has a recording's file in the archive's storage; `record` is what to keep about it."""

    at: Instant
    cause: str
    recording: str
    record: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class RecordingGone:
    """The pipeline was told of a recording of which the recorder left no file."""

    at: Instant
    cause: str
    recording: str


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """Operations staff changed the configuration. Seats, trunk and time zone stay until a restart."""

    at: Instant
    cause: str
    policy: Policy
    plan: Plan


InboxEvent: TypeAlias = (
    Fact
    | ActionFailed
    | ActionDone
    | Command
    | Order
    | RecordingStored
    | RecordingGone
    | acd.TimePassed
    | Reconfigured
)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that operations staff are told of in the log."""

    event: str
    cause: str
    fields: dict[str, str | float | None]
    warning: bool = True


@dataclass(slots=True)
class Step:
    """What follows from one event. Journal `drafts` and `state` first, then run the rest."""

    drafts: list[Draft] = field(default_factory=list)
    state: dict[str, JSON] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    recordings: list[RecordingDue | RecordingVoid] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    """Recordings whose raw file is no longer needed once this step is in the journal."""
    refused: Refused | None = None
    """Why the command was not carried out; None for a command that was, and for any other event."""
    notices: list[Notice] = field(default_factory=list)
    pins: list[PinAsked] = field(default_factory=list)
    """PINs that phones were asked for, to be looked at."""
    command: str = ""
    """The id of the command that an order began or had begun before."""
    illegal: list[InvalidEvent] = field(default_factory=list)
    """Events that the router's tables do not allow: nothing was changed by them, and each is a defect."""

    def keep(self, drafts: Iterable[Draft], state: Mapping[str, JSON]) -> None:
        """Adds to what is journaled."""
        self.drafts += drafts
        self.state |= state
