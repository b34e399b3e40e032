"""What the router remembers of each agent, contact and offer."""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.model import (
    AgentId,
    AgentPolicy,
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    ContactId,
    ContactState,
    Instant,
    OfferId,
    OfferOutcome,
    OfferState,
    OneOf,
    QueueId,
    RoutingStep,
    SeatId,
)
from acd.refusals import Step
from acd.requirement import agent_keys

HISTORY_LENGTH = 12
"""How many steps of its story each remembers."""


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent as others may see them."""

    agent: AgentId
    seat: SeatId | None
    state: AgentState
    reason: str | None
    since: Instant
    until: Instant | None
    """When the wrap-up ends by itself."""
    contact: ContactId | None
    """Whom the agent is offered or talks with."""
    next_state: AgentState
    """What follows the present call: a wish for a break or for going home shows here at once."""
    next_reason: str | None


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A contact as others may see it."""

    contact: ContactId
    queue: QueueId
    priority: int
    state: ContactState
    queued_at: Instant
    since: Instant
    agent: AgentId | None
    callback: bool


@dataclass(frozen=True, slots=True)
class CallbackRecord:
    """A callback as others may see it."""

    callback: ContactId
    queue: QueueId
    state: CallbackState
    priority: int
    queued_at: Instant
    caller: str | None
    owner: AgentId | None
    mode: CallbackMode
    attempts: int
    due_at: Instant
    """When it may be tried next; not after the present when it waits or is dialled."""
    latest_at: Instant
    last_outcome: AttemptOutcome | None


@dataclass(slots=True, eq=False)
class Agent:
    agent: AgentId
    policy: AgentPolicy
    state: AgentState = AgentState.LOGGED_OUT
    reason: str | None = None
    seat: SeatId | None = None
    since: Instant = 0.0
    until: Instant | None = None
    contact: ContactId | None = None
    offer: OfferId | None = None
    """The offer whose end is awaited; it outlasts the reservation if the phone turns out to be in use."""
    next_state: AgentState = AgentState.READY
    next_reason: str | None = None
    idle_since: Instant = 0.0
    """The rank among the ready: when the last work ended. An offer cancelled by the caller keeps it."""
    occupancy: float = 0.0
    """Share of today's working time spent on contacts and other calls, as of becoming ready."""
    handled_s: float = 0.0
    """Busy and wrapping up today, up to `counted_at`."""
    available_s: float = 0.0
    """Ready and reserved today, up to `counted_at`."""
    counted_at: Instant = 0.0
    uncounted_since: Instant | None = None
    """Up to when a restarted router knows what the agent did, until they are restored."""
    answered: int = 0
    """Contacts taken today."""
    worked: bool = False
    """Whether the present busy state is work that costs the idle rank."""
    serving: QueueId | None = None
    """The queue of the contact whose handling is not over yet; None for one whose answer was not seen."""
    serving_s: float = 0.0
    """How long that took so far, up to `counted_at`."""
    serves_now: bool = False
    """Whether the present busy state is for that contact."""
    wrap_up_s: float = 0.0
    """What follows the call in hand."""
    wrap_up_until: Instant | None = None
    """A wrap-up that another call interrupted."""
    promised: ContactId | None = None
    """The callback whose citizen is being dialled for this agent, who is ready and asked for nobody else."""
    history: list[Step] = field(default_factory=list)
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.keys = agent_keys(self.policy)

    def employ(self, policy: AgentPolicy) -> None:
        """Gives the agent other terms. The indices are the caller's matter."""
        self.policy, self.keys = policy, agent_keys(policy)

    def penalty_s(self, queue: QueueId) -> float:
        return self.policy.queues.get(queue, 0.0) if self.policy.queues else 0.0

    def view(self) -> AgentRecord:
        return AgentRecord(
            agent=self.agent,
            seat=self.seat,
            state=self.state,
            reason=self.reason,
            since=self.since,
            until=self.until,
            contact=self.contact,
            next_state=self.next_state,
            next_reason=self.next_reason,
        )


@dataclass(slots=True, eq=False)
class Contact:
    contact: ContactId
    queue: QueueId
    priority: int
    queued_at: Instant
    state: ContactState
    since: Instant
    agent: AgentId | None = None
    offer: OfferId | None = None
    caller: str | None = None
    callback: bool = False
    """Nobody is on the line: the citizen is dialled once an agent took it."""
    returned: bool = False
    """It waits once more after an agent had it; the figures hold it as it ended first."""
    dialled: bool = False
    """A citizen who was dialled before an agent was: served before everybody else."""
    place_from: Instant = 0.0
    """Since when it waits for the purpose of its place in the queue."""
    steps_from: Instant = 0.0
    """When its first step begins."""
    own_steps: tuple[RoutingStep, ...] = ()
    steps: tuple[RoutingStep, ...] = ()
    """Its own, then its queue's."""
    step_ends: list[Instant] = field(default_factory=list)
    """When each step that has been reached ends; a step's time runs from its being reached."""
    diversions: list[str] = field(default_factory=list)
    """The overflow rules that were followed for it."""
    placed_at: Instant = 0.0
    """When its present step was worked out."""
    tried: dict[AgentId, tuple[int, Instant | None]] = field(default_factory=dict)
    """Agents who did not take it: how often, and until when they are not asked again (None: never again)."""
    history: list[Step] = field(default_factory=list)

    @property
    def preferred(self) -> tuple[AgentId, ...]:
        """Agents whom its own steps name."""
        return tuple(
            agent
            for step in self.own_steps
            if isinstance(step.requirement, OneOf)
            for agent in step.requirement.agents
        )

    def view(self) -> ContactRecord:
        return ContactRecord(
            contact=self.contact,
            queue=self.queue,
            priority=self.priority,
            state=self.state,
            queued_at=self.queued_at,
            since=self.since,
            agent=self.agent,
            callback=self.callback,
        )


@dataclass(slots=True, eq=False)
class Callback:
    callback: ContactId
    queue: QueueId
    priority: int
    queued_at: Instant
    caller: str | None
    owner: AgentId | None
    mode: CallbackMode
    attempts: int
    due_at: Instant
    latest_at: Instant
    own_steps: tuple[RoutingStep, ...] = ()
    """What it asks for after its owner."""
    state: CallbackState = CallbackState.SCHEDULED
    last_outcome: AttemptOutcome | None = None
    ends_as: CallbackEnd | None = None
    """How it is over if the attempt under way, which is the last one, comes to nothing."""
    agent: AgentId | None = None
    """Who is promised to the citizen while they are dialled."""
    dialled_by: AgentId | None = None
    """Agent first: who took the attempt under way. The contact may be over before it."""
    tried: dict[AgentId, tuple[int, Instant | None]] = field(default_factory=dict)
    """Who had not taken that attempt's contact, as the contact had it."""
    history: list[Step] = field(default_factory=list)

    @property
    def rings_customer(self) -> bool:
        return self.mode is CallbackMode.CUSTOMER_FIRST

    def view(self) -> CallbackRecord:
        return CallbackRecord(
            callback=self.callback,
            queue=self.queue,
            state=self.state,
            priority=self.priority,
            queued_at=self.queued_at,
            caller=self.caller,
            owner=self.owner,
            mode=self.mode,
            attempts=self.attempts,
            due_at=self.due_at,
            latest_at=self.latest_at,
            last_outcome=self.last_outcome,
        )


@dataclass(slots=True, eq=False)
class Offer:
    offer: OfferId
    contact: ContactId
    queue: QueueId
    agent: AgentId
    seat: SeatId
    made_at: Instant
    state: OfferState = OfferState.RINGING
    outcome: OfferOutcome | None = None
    """Why the router cancelled it; None while it rings."""
    history: list[Step] = field(default_factory=list)


def note(history: list[Step], at: Instant, trigger: str, after: str) -> None:
    """Adds a step to an entity's story and keeps the story short."""
    history.append((at, str(trigger), str(after)))
    if len(history) > HISTORY_LENGTH:
        del history[0]
