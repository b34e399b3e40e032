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


class CallbackState(StrEnum):
    """Where a callback stands with the router; one that is over is forgotten."""

    SCHEDULED = "scheduled"
    """Not to be tried yet: its earliest time, a delay after an attempt, or the hours for dialling."""
    WAITING = "waiting"
    """To be tried now: a contact of its queue."""
    DIALLING = "dialling"
    """An attempt is under way."""


class OfferState(StrEnum):
    """Where an offer stands with the router."""

    GONE = "gone"
    """Not made by this router, or over and forgotten."""
    RINGING = "ringing"
    ENDING = "ending"
    """Cancelled; the phone's side has not said yet that it is over."""
    GIVEN_UP = "given_up"
    """The phone's side stayed silent; agent and contact were let go, an answer may yet come."""


class CallbackMode(StrEnum):
    """Whose phone rings first."""

    AGENT_FIRST = "agent_first"
    CUSTOMER_FIRST = "customer_first"


class AttemptOutcome(StrEnum):
    """What came of dialling the citizen."""

    REACHED = "reached"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    """The network refused the call, or its end was never heard of."""
    INVALID_NUMBER = "invalid_number"
    CANCELLED = "cancelled"
    """Agent first: nobody took the call, or hung up before the citizen could answer. Customer first: nobody
    could be dialled. This is no attempt."""
    ABANDONED = "abandoned"
    """Customer first: the citizen answered, and left or was sent away before an agent was there. This is no
    attempt, and the next one has its agent first."""


class CallbackEnd(StrEnum):
    """How a callback was over."""

    REACHED = "reached"
    CALLED_AGAIN = "called_again"
    """The citizen called again and was answered."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Its latest time passed, or comes before it could be tried again."""
    UNREACHED = "unreached"
    """All attempts were made."""
    INVALID_NUMBER = "invalid_number"


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
class Has:
    """The agent has the skill, with a proficiency between these two. A missing skill is false, never 0."""

    skill: Skill
    at_least: int = 1
    at_most: int = 5


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these holds; of none, it is true."""

    of: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    of: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Not one of these holds."""

    of: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The agent is one of these: who spoke last with the caller, the owner of the work order."""

    agents: tuple[AgentId, ...]


Requirement: TypeAlias = Has | AllOf | AnyOf | NoneOf | OneOf


@dataclass(frozen=True, slots=True)
class RoutingStep:
    """A stricter requirement that holds for a while, before the next step and at last any agent of the queue.

    A step that nobody logged in can serve is passed at once, and taken up again if somebody logs in while it
    is still in its time.
    """

    requirement: Requirement
    ttl_s: float
    beyond_queue: bool = False
    """The requirement alone decides, for agents outside the queue too."""


class Criterion(StrEnum):
    """What sets one eligible agent before another. Equal ones are taken by longest idle, then id."""

    LONGEST_IDLE = "longest_idle"
    PROFICIENCY = "proficiency"
    """The higher sum of proficiencies in the skills that the contact's requirement names."""
    LEAST_OCCUPIED = "least_occupied"
    """The lower share of today's working time spent on contacts, as of becoming ready."""
    PREFERRED = "preferred"
    """Agents whom one of the contact's own steps names."""
    FEWEST_SCARCE = "fewest_scarce"
    """The lower sum, over the agent's skills, of 1 / number of agents who have it: generalists are kept."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Keeps agents of a skill free for urgent contacts."""

    skill: Skill
    keep: int
    """A contact that is not urgent takes no agent with the skill while no more than this many are ready."""
    urgent_from: int
    """The priority (queue's plus contact's) from which on a contact is urgent."""


class Limit(StrEnum):
    """What a queue may have too much of."""

    CLOSED = "closed"
    """Its calendar says so, and it has no night mode."""
    NOBODY_LOGGED_IN = "nobody_logged_in"
    SIZE = "size"
    """As many as the threshold wait already."""
    EXPECTED_WAIT = "expected_wait"
    """The estimate for a contact that arrives is longer than the threshold, in seconds."""
    WAITED = "waited"
    """The contact has waited as long as the threshold, in seconds."""


class Diversion(StrEnum):
    """Where a contact goes when a limit is reached."""

    QUEUE = "queue"
    """To the queue named as target, keeping its wait."""
    CALLBACK = "callback"
    """It is offered a callback, and waits on until it takes it."""
    MESSAGE = "message"
    """It hears the message named as target and is over for the router."""
    BUSY = "busy"
    """It hears the busy tone and is over for the router."""


@dataclass(frozen=True, slots=True)
class OverflowRule:
    """What happens to a contact at a limit. The first of a queue's rules that applies is followed, once."""

    limit: Limit
    to: Diversion
    threshold: float = 0.0
    target: str = ""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Open from one second of the local day to another, on these weekdays (0 is Monday)."""

    weekdays: tuple[int, ...]
    opens_s: float = 0.0
    closes_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a queue is open. Local time is UTC plus a fixed offset; the default is China's."""

    hours: tuple[OpeningHours, ...]
    holidays: tuple[str, ...] = ()
    """Dates (ISO 8601) on which it is closed all day."""
    utc_offset_s: float = 28_800.0


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """How a queue's callbacks are tried. Durations are seconds."""

    max_attempts: int = 3
    """How often the citizen is dialled, until somebody answers."""
    busy_delay_s: float = 300.0
    """How long after a busy tone the next attempt may be."""
    no_answer_delay_s: float = 1_800.0
    failed_delay_s: float = 600.0
    """After an attempt that the network refused; an invalid number is not tried again. An agent who hung up
    before the citizen answered is not asked again for so long; others are."""
    expires_s: float = 86_400.0
    """The latest start of an attempt, from when the callback was asked for or may be tried first, unless it
    names its own."""
    owner_ttl_s: float = 600.0
    """How long a callback with an owner is kept for them, each time it may be tried, before the pool."""
    priority: int = 0
    """Added to a callback's own priority: below 0, callers on the line go first."""
    hours: Calendar | None = None
    """When citizens may be dialled; None: at any hour."""
    abandoned_after_s: float = 2.0
    """Customer first: how long an answered citizen waits for an agent before they hear `abandoned_prompt`."""
    abandoned_prompt: str = "call-again"
    """The name of a prompt, which tells that they will be called again."""


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
    requirement: Requirement | None = None
    """What the queue's agents need beside `required_skills`."""
    steps: tuple[RoutingStep, ...] = ()
    """What a contact asks for first, one after the other; a contact's own steps come before these."""
    weight: float = 1.0
    """How fast a contact's score grows, in points a second."""
    criteria: tuple[Criterion, ...] = (Criterion.LONGEST_IDLE,)
    offer_backoff_s: float = 0.0
    """How long a contact is not offered again to an agent who did not take it."""
    max_offers_per_agent: int | None = None
    """How often one contact is offered to the same agent without being taken; None: without end."""
    auto_answer: bool = False
    """The phone is asked to answer by itself."""
    transfer_priority: int | None = None
    """The least own priority of a caller who is transferred here, unless the transfer gives one."""
    overflow: tuple[OverflowRule, ...] = ()
    calendar: Calendar | None = None
    """None: open day and night."""
    night_skills: Mapping[Skill, int] | None = None
    """Night mode: while the calendar says closed, these are required and nothing else is asked for."""
    callbacks: CallbackTerms = CallbackTerms()


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """What an agent can do."""

    agent: AgentId
    skills: Mapping[Skill, int] = field(default_factory=dict)
    """Proficiency, 1-5, by skill. A skill that is absent is one the agent does not have."""
    queues: Mapping[QueueId, float] | None = None
    """The only queues the agent serves, each with a penalty in seconds; None: any queue, without penalty.

    A penalised queue's contacts count as having waited so much less when this agent looks for work, and
    agents with less penalty are asked first.
    """
    max_wrap_up_s: float | None = None
    """Ceiling of a wrap-up, whatever the queue says and the agent asks for."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that configuration tells the router. A new one arrives as an event."""

    queues: Mapping[QueueId, QueuePolicy]
    agents: Mapping[AgentId, AgentPolicy]
    priority_worth_s: float | None = None
    """How many seconds of waiting one step of priority is worth. None: more than any wait."""
    reserves: tuple[Reserve, ...] = ()
    max_occupancy: float | None = None
    """An agent whose share of working time spent on calls exceeds this rests before the next; None: never."""
    max_rest_s: float = 30.0
    """The longest such rest."""
    keep_place_s: float = 0.0
    """How long a caller who was cut off keeps the place in the queue; 0: not at all."""
    skills: tuple[Skill, ...] | None = None
    """All skills there are, to find misspelt ones; None: not known."""
    interval_s: float = 900.0
    """The length of the intervals of which figures are kept; they begin at its multiples since the epoch."""
