"""What the router decided: things to do (`MakeOffer`, `CancelOffer`) and things that became true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.model import (
    AgentId,
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    ContactId,
    ContactState,
    Diversion,
    Instant,
    Limit,
    OfferId,
    OfferOutcome,
    QueueId,
    RoutingStep,
    SeatId,
)


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Ring the agent's phone for the contact. Its end comes back as `OfferAnswered` or `OfferEnded`."""

    cause: str
    offer: OfferId
    contact: ContactId
    agent: AgentId
    seat: SeatId
    ring_timeout_s: float
    auto_answer: bool = False
    callback: bool = False
    """The contact is a callback: nobody is on the line yet."""
    queue: QueueId = ""


@dataclass(frozen=True, slots=True)
class CancelOffer:
    """Stop the ringing. The offer is over when `OfferEnded` says so, not before."""

    cause: str
    offer: OfferId


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """The agent is in a new state, or in the same one with another reason, seat or end."""

    at: Instant
    cause: str
    agent: AgentId
    seat: SeatId | None
    state: AgentState
    reason: str | None
    since: Instant
    until: Instant | None
    contact: ContactId | None
    """Whom the agent is offered, talks with or wraps up."""
    next_state: AgentState = AgentState.READY
    """What follows the present offer, call or wrap-up: a break or log-out asked for shows here."""
    next_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ContactChanged:
    at: Instant
    cause: str
    contact: ContactId
    queue: QueueId
    state: ContactState
    agent: AgentId | None


@dataclass(frozen=True, slots=True)
class OfferClosed:
    """An offer's whole life, told once when it ends."""

    at: Instant
    cause: str
    offer: OfferId
    contact: ContactId
    queue: QueueId
    agent: AgentId
    seat: SeatId
    made_at: Instant
    outcome: OfferOutcome


@dataclass(frozen=True, slots=True)
class Candidate:
    """One agent a decision looked at, and the first reason against them (`None`: chosen)."""

    agent: AgentId
    against: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """Why this agent for this contact, to be kept with the call."""

    at: Instant
    cause: str
    decision: str
    """Same as the id of the offer that it led to."""
    contact: ContactId
    queue: QueueId
    agent: AgentId
    criterion: str
    """What set the chosen agent apart, such as `longest_idle` or `only_candidate`."""
    waited_s: float
    eligible: int
    candidates: tuple[Candidate, ...]
    """Bounded in size: the chosen one first."""
    passed_over: tuple[str, ...]
    """Contacts waiting longer that this agent could not serve, with the reason; bounded in size."""
    step: str = "any agent of the queue"
    """What the contact asked for at this point of its wait."""
    score: float = 0.0
    """Its points in the eyes of the chosen agent: seconds waited, worth of priority and penalty, weighted."""


@dataclass(frozen=True, slots=True)
class ContactDiverted:
    """A limit of its queue sends a contact elsewhere; see `acd.model.Diversion` for what that means."""

    at: Instant
    cause: str
    contact: ContactId
    queue: QueueId
    limit: Limit
    to: Diversion
    target: str


@dataclass(frozen=True, slots=True)
class DialCallback:
    """Dial the citizen. What comes of it is told by `CallbackAttemptEnded`.

    Agent first, the agent took the callback. Customer first, the agent is promised to the citizen: kept free
    until the attempt is over, or the citizen is queued (`ContactQueued.callback`). When they go away sooner,
    the next free agent of the queue is promised instead, which `AgentChanged` tells.
    """

    cause: str
    callback: ContactId
    agent: AgentId
    attempt: int
    """1 for the first."""
    mode: CallbackMode = CallbackMode.AGENT_FIRST


@dataclass(frozen=True, slots=True)
class CallbackChanged:
    """How a callback stands; all that it takes to request it again after a restart."""

    at: Instant
    cause: str
    callback: ContactId
    queue: QueueId
    state: CallbackState | None
    """None: it is over."""
    end: CallbackEnd | None
    """How, once it is over."""
    priority: int
    queued_at: Instant
    caller: str | None
    owner: AgentId | None
    mode: CallbackMode
    attempts: int
    due_at: Instant
    """When it may be tried next, or might have been first."""
    latest_at: Instant
    steps: tuple[RoutingStep, ...] = ()
    last_outcome: AttemptOutcome | None = None
    ends_as: CallbackEnd | None = None
    """How it is over if the attempt under way, which is the last one, comes to nothing."""
    joined: ContactId | None = None
    """The second request that this one stands for, told once."""


@dataclass(frozen=True, slots=True)
class PlaceChanged:
    """A place is kept for a caller who was cut off, or no more; with all that it takes to keep it."""

    at: Instant
    cause: str
    caller: str
    place_from: Instant
    """Since when the caller had waited."""
    until: Instant | None
    """How long it is kept; None: no more."""
    taken_by: ContactId | None = None
    """Who has it now: the caller dialled again."""


Effect: TypeAlias = (
    MakeOffer
    | CancelOffer
    | AgentChanged
    | ContactChanged
    | OfferClosed
    | Decided
    | ContactDiverted
    | DialCallback
    | CallbackChanged
    | PlaceChanged
)
