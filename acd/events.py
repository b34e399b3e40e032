"""What the router is told. Every event has the time at which it happened and the id of what caused it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.model import (
    AgentId,
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    ContactId,
    Instant,
    OfferId,
    OfferOutcome,
    Policy,
    QueueId,
    RoutingStep,
    SeatId,
)


@dataclass(frozen=True, slots=True)
class ContactQueued:
    """A contact waits. Told again for a contact that the router knows, it is ignored."""

    at: Instant
    cause: str
    contact: ContactId
    queue: QueueId
    priority: int
    queued_at: Instant
    """When its wait began; earlier than `at` for a contact taken over after a restart."""
    steps: tuple[RoutingStep, ...] = ()
    """What this contact asks for before its queue's own steps."""
    caller: str | None = None
    """Who it is, in any form that stays the same when they call again; None when unknown or withheld."""
    returned: bool = False
    """It waits once more after an agent had it: how its first wait ended is counted."""
    callback: ContactId | None = None
    """The callback whose citizen it is, dialled before an agent was: served before everybody else, by the
    agent who is promised to them, and no part of the figures of callers."""
    tried: tuple[tuple[AgentId, Instant], ...] = ()
    """After a restart: who did not take an offer of it before, and when."""
    place_from: Instant | None = None
    """After a restart: since when a caller had waited whose kept place it took."""


@dataclass(frozen=True, slots=True)
class ContactAltered:
    """A waiting contact is given another queue, priority or requirement; None leaves it as it is.

    It keeps the time at which it was queued. An offer under way goes on.
    """

    at: Instant
    cause: str
    contact: ContactId
    queue: QueueId | None = None
    priority: int | None = None
    steps: tuple[RoutingStep, ...] | None = None


@dataclass(frozen=True, slots=True)
class ContactLeft:
    """The contact is over: its caller hung up, before or after the answer, or it went elsewhere."""

    at: Instant
    cause: str
    contact: ContactId
    cut_off: bool = False
    """It ended through a fault, not by anybody's wish: the caller keeps the place for a while."""
    waits_elsewhere: bool = False
    """It did not give up but waits where this router does not serve; it comes back, or
    `ContactServedElsewhere` says what became of it."""
    takes_callback: bool = False
    """It did not give up but asked to be called back."""


@dataclass(frozen=True, slots=True)
class ContactServedElsewhere:
    """A contact's wait ended while the router did not serve it, as in Asterisk's plain queue.

    Told after the fact and once, it changes figures alone; a contact that the router holds waiting leaves.
    """

    at: Instant
    """When it gave up or asked to be called back, or later than the answer."""
    cause: str
    contact: ContactId
    queue: QueueId
    queued_at: Instant
    answered_at: Instant | None
    """None: it was not answered."""
    agent: AgentId | None = None
    """Who answered, if that is known."""
    takes_callback: bool = False
    """It was not answered and did not give up, but asked to be called back."""


@dataclass(frozen=True, slots=True)
class CallbackRequested:
    """Somebody is to be called back. Told again for a callback that is open, it is ignored.

    There is one open callback for a caller: a second request joins the first, which keeps the earlier place
    and the higher priority and takes over the owner and the times that the second one names. One that names
    no time is for now: the first is tried at once, and ends no sooner than the second would by itself.
    """

    at: Instant
    cause: str
    callback: ContactId
    queue: QueueId
    priority: int
    queued_at: Instant
    """When the caller first queued: its place among those who wait."""
    caller: str | None = None
    """Who is to be called, and for what: of two requests with the same one the second joins the first. None:
    it stands for itself."""
    owner: AgentId | None = None
    """Who is asked first, each time that it may be tried; then anybody of the queue."""
    earliest_at: Instant | None = None
    """Not before; None: at once."""
    latest_at: Instant | None = None
    """No attempt begins from then on; None: the queue's `expires_s` after `earliest_at`, or after this
    event if that is later."""
    mode: CallbackMode = CallbackMode.AGENT_FIRST
    steps: tuple[RoutingStep, ...] = ()
    """What it asks for after its owner and before its queue's own steps."""
    attempts: int = 0
    """How often the citizen was dialled before a restart."""
    restored: bool = False
    """After a restart: it was requested and counted before."""
    dialling: bool = False
    """After a restart: an attempt is under way. Customer first, the next free agent is promised to it."""
    ends_as: CallbackEnd | None = None
    """After a restart: it was cancelled so while that attempt was under way."""
    last_outcome: AttemptOutcome | None = None
    """What came of the last attempt before a restart."""


@dataclass(frozen=True, slots=True)
class CallbackAltered:
    """An open callback is given another queue, priority, owner, requirement or time; None leaves it as it is.

    An offer or attempt under way goes on.
    """

    at: Instant
    cause: str
    callback: ContactId
    queue: QueueId | None = None
    priority: int | None = None
    owner: AgentId | None = None
    steps: tuple[RoutingStep, ...] | None = None
    earliest_at: Instant | None = None
    latest_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class CallbackCancelled:
    """Nobody need be called back any more. An attempt under way goes on and is the last."""

    at: Instant
    cause: str
    callback: ContactId
    called_again: bool = False
    """The citizen called again and was answered."""


@dataclass(frozen=True, slots=True)
class CallbackTaken:
    """An attempt began that the router did not decide: one beyond the agents who are free, or one whose offer
    was forgotten in a restart. No agent is promised to it."""

    at: Instant
    cause: str
    callback: ContactId


@dataclass(frozen=True, slots=True)
class CallbackAttemptEnded:
    """The citizen was dialled, with this outcome. Reached, the callback is over and the talk goes on."""

    at: Instant
    cause: str
    callback: ContactId
    outcome: AttemptOutcome
    by_agent: bool = False
    """The agent who took it hung up before the citizen answered."""


@dataclass(frozen=True, slots=True)
class AgentLoggedIn:
    """An agent sat down. They are not ready until they say so."""

    at: Instant
    cause: str
    agent: AgentId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class AgentLoggedOut:
    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentMoved:
    """The agent sits down at another seat. State, figures and rank stay. Not while a phone rings or talks."""

    at: Instant
    cause: str
    agent: AgentId
    seat: SeatId


@dataclass(frozen=True, slots=True)
class AgentPhoneLost:
    """The agent's phone cannot be rung any more. A ready agent is taken out at once, an offer fails at once;
    during a call or a wrap-up it holds from its end on.
    """

    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentPhoneBack:
    """The phone can be rung again: whom its loss took out is put back. Nobody else is."""

    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentReady:
    """The agent asks for work; during wrap-up it ends the wrap-up early."""

    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentNotReady:
    """The agent asks for no work. While busy or reserved it holds from the end of the present call on."""

    at: Instant
    cause: str
    agent: AgentId
    reason: str


@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    """The agent needs longer to wrap up; it never becomes longer than the agent's ceiling."""

    at: Instant
    cause: str
    agent: AgentId
    seconds: float


@dataclass(frozen=True, slots=True)
class AgentEngaged:
    """The agent's phone is on a call that the router did not offer."""

    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentReleased:
    """The agent's phone is free again. After an offered contact wrap-up begins, else the former state."""

    at: Instant
    cause: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent and the contact are connected. Right also for an offer that the router had given up."""

    at: Instant
    cause: str
    offer: OfferId


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The phone stopped ringing without an answer. Only now may contact and agent be offered again.

    A cancelled offer's outcome is the router's own knowledge; `outcome` says what the phone's side saw.
    """

    at: Instant
    cause: str
    offer: OfferId
    outcome: OfferOutcome


@dataclass(frozen=True, slots=True)
class OfferLapsed:
    """An offer ended unanswered that the router knows nothing of any more: made before a restart, or given up
    when Asterisk was out of sight. What that means for its agent is what it would have meant.
    """

    at: Instant
    cause: str
    agent: AgentId
    outcome: OfferOutcome
    """What an agent is taken out for: neither accepted nor cancelled."""


@dataclass(frozen=True, slots=True)
class TelephonyLost:
    """No phone can be rung and nobody dialled: no offer is made until `TelephonyBack`."""

    at: Instant
    cause: str


@dataclass(frozen=True, slots=True)
class TelephonyBack:
    """Phones can be rung again: whoever waits is offered at once, the best pair first."""

    at: Instant
    cause: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened but time: deadlines up to `at` are due."""

    at: Instant
    cause: str


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """Operations staff applied a new configuration."""

    at: Instant
    cause: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class AgentRestored:
    """After a restart: the agent as the journal last knew them. Comes before any other event of theirs."""

    at: Instant
    cause: str
    agent: AgentId
    seat: SeatId
    state: AgentState
    reason: str | None
    since: Instant
    until: Instant | None
    """When a wrap-up ends."""
    next_state: AgentState = AgentState.READY
    """What the agent asked for during an offer or a call: it holds after it."""
    next_reason: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceKept:
    """A caller was cut off where this router does not serve, or before a restart: their place is kept."""

    at: Instant
    cause: str
    caller: str
    place_from: Instant
    """Since when the caller had waited."""
    until: Instant | None = None
    """How long; None: as long as the policy keeps a place, from the event on."""


@dataclass(frozen=True, slots=True)
class ContactRestored:
    """A contact found talking to an agent; both are busy with each other.

    Told after a restart, and of a callback, by its id, whose talk the router does not know.
    """

    at: Instant
    cause: str
    contact: ContactId
    queue: QueueId
    priority: int
    queued_at: Instant
    agent: AgentId


Event: TypeAlias = (
    ContactQueued
    | ContactAltered
    | ContactLeft
    | ContactServedElsewhere
    | CallbackRequested
    | CallbackAltered
    | CallbackCancelled
    | CallbackTaken
    | CallbackAttemptEnded
    | AgentLoggedIn
    | AgentLoggedOut
    | AgentMoved
    | AgentPhoneLost
    | AgentPhoneBack
    | AgentReady
    | AgentNotReady
    | WrapUpExtended
    | AgentEngaged
    | AgentReleased
    | OfferAnswered
    | OfferEnded
    | OfferLapsed
    | TelephonyLost
    | TelephonyBack
    | TimePassed
    | PolicyChanged
    | AgentRestored
    | ContactRestored
    | PlaceKept
)
