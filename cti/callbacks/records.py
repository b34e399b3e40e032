"""What is kept about a callback. Written whole to the journal whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.model import (
    AgentId,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    ContactId,
    Instant,
    QueueId,
)
from cti.calls.facts import CallId
from cti.calls.outputs import CallbackReason


@dataclass(slots=True)
class CallbackEntry:
    """One callback, from the request to its end."""

    callback: ContactId
    number: str
    """The citizen's number."""
    hotline: str
    """The number that they had dialled; '' for one that nobody dialled."""
    reason: CallbackReason
    origin: CallId | None
    """The call that it comes from."""
    work_order: str | None
    requested_by: str
    """An agent's number or a token's name; `caller` for the citizen, `system` for a missed call."""
    requested_at: Instant
    queue: QueueId
    priority: int
    queued_at: Instant
    """When the caller first queued: its place among those who wait."""
    owner: AgentId | None
    mode: CallbackMode
    latest_at: Instant
    due_at: Instant
    """When it may be tried next."""
    state: CallbackState | None = CallbackState.SCHEDULED
    """None: it is over."""
    end: CallbackEnd | None = None
    ended_at: Instant | None = None
    attempts: int = 0
    last_outcome: AttemptOutcome | None = None
    calls: list[CallId] = field(default_factory=list)
    """The calls in which it was tried, first one first."""
    joined: list[CallId] = field(default_factory=list)
    """Calls of the same citizen that wanted another callback while this one was open."""
    campaign: str | None = None
    """The list that it stands on."""
    ends_as: CallbackEnd | None = None
    """How it is over if the attempt under way, which is the last one, comes to nothing."""
    steps: str | None = None
    """What it asks for of agents after its owner, as `cti.calls.steps` writes it."""
    version: int = 0
    """Grows with each change; a projection never goes back."""
