"""What operations staff write about routing: requirements, steps, limits, hours, callbacks."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from acd.model import CallbackMode, Criterion, Limit
from config.base import (
    DIGIT_PATTERN,
    AgentNumber,
    Clock,
    Date,
    Id,
    Model,
    Name,
    Priority,
    Proficiency,
    Seconds,
)


class RequirementConfig(Model):
    """What an agent must be. Exactly one of `skill`, `all_of`, `any_of`, `none_of`, `agents`."""

    skill: Id | None = None
    """The agent has this skill. One who does not have it never meets the requirement, whatever the bounds."""
    at_least: Proficiency | None = None
    """With `skill`: the least proficiency; without it 1."""
    at_most: Proficiency | None = None
    """With `skill`: the greatest proficiency; without it 5."""
    all_of: tuple[RequirementConfig, ...] | None = None
    """Each of these requirements is met."""
    any_of: tuple[RequirementConfig, ...] | None = None
    """At least one of these requirements is met."""
    none_of: tuple[RequirementConfig, ...] | None = None
    """Not one of these requirements is met."""
    agents: tuple[AgentNumber, ...] | None = None
    """The agent is one of these."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("skill", "all_of", "any_of", "none_of", "agents")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{kind}`" for kind in given) or "none of its kinds"
            raise ValueError(
                f"has {found}; write exactly one of `skill`, `all_of`, `any_of`, `none_of`, `agents`"
            )
        if getattr(self, given[0]) == ():
            raise ValueError(f"has an empty `{given[0]}`; write at least one item")
        if self.skill is None and (self.at_least is not None or self.at_most is not None):
            raise ValueError("has bounds without a `skill`; write the skill that they are about")
        if (self.at_least or 1) > (self.at_most or 5):
            raise ValueError("has `at_least` above `at_most`; nobody can meet that: swap them")
        return self


class StepConfig(Model):
    """Something stricter that a caller is kept for at first."""

    requirement: RequirementConfig
    """What an agent must be, beside what the queue asks for."""
    ttl_s: Annotated[float, Field(ge=1, le=86_400)]
    """How long the step holds, in seconds. A step that nobody logged in can serve is passed at once."""
    beyond_queue: bool = False
    """The requirement alone decides, for agents who do not serve the queue too."""


class OverflowTo(StrEnum):
    QUEUE = "queue"
    CALLBACK = "callback"
    MESSAGE = "message"
    BUSY = "busy"


class OverflowConfig(Model):
    """What happens to a caller at a limit of the queue. The first rule that applies is followed, once."""

    limit: Limit
    """`closed`: the calendar says so and there is no night mode. `nobody_logged_in`: no agent of the queue
    is. `size`: as many wait already as `threshold` says. `expected_wait`: the estimate for one who arrives is
    longer than `threshold` seconds. `waited`: the caller has waited `threshold` seconds."""
    to: OverflowTo
    """`queue`: to the queue `target`, keeping the wait. `message`: the prompt `target`, then the end.
    `callback`: the flow's offer of a callback is made at once, and the caller waits on. `busy`: the busy
    tone."""
    threshold: Annotated[float, Field(ge=0, le=86_400)] | None = None
    """Callers for `size`, seconds for `expected_wait` and `waited`; not for the others."""
    target: Id | None = None
    """A queue for `to: queue`, a prompt of `asterisk-conf/prompts.yaml` for `to: message`; not for the
    others."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        measured = self.limit in (Limit.SIZE, Limit.EXPECTED_WAIT, Limit.WAITED)
        if measured and self.threshold is None:
            raise ValueError(f"has limit `{self.limit}` but no `threshold`; write how much is too much")
        if not measured and self.threshold is not None:
            raise ValueError(f"has a `threshold`, which limit `{self.limit}` does not use; delete it")
        aimed = self.to in (OverflowTo.QUEUE, OverflowTo.MESSAGE)
        if aimed and self.target is None:
            raise ValueError(f"goes to a {self.to} but has no `target`; write which {self.to}")
        if not aimed and self.target is not None:
            raise ValueError(f"has a `target`, which `to: {self.to}` does not use; delete it")
        return self


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class HoursConfig(Model):
    """A span of opening hours."""

    weekdays: tuple[Weekday, ...]
    """The days on which it holds."""
    opens: Clock = "00:00"
    """Local time; in quotes."""
    closes: Clock = "24:00"
    """Local time, `24:00` for the end of the day; in quotes. Hours over midnight are two spans."""


class CalendarConfig(Model):
    """Opening hours, named by queues."""

    id: Id
    """Named by queues."""
    name: Name
    """Shown to people."""
    hours: tuple[HoursConfig, ...]
    """When it is open."""
    holidays: tuple[Date, ...] = ()
    """Dates on which it is closed all day; in quotes."""


class CallbackConfig(Model):
    """How citizens who are to be called back are tried. Their place is that of the call they come from."""

    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """How often a citizen is dialled until somebody answers; an invalid number is not tried again."""
    busy_delay_s: Seconds = 300.0
    """How long after a busy tone the next attempt may be, in seconds."""
    no_answer_delay_s: Seconds = 1_800.0
    """How long after an attempt that nobody answered, in seconds."""
    failed_delay_s: Seconds = 600.0
    """After an attempt that the network refused, or for the agent who hung up first; in seconds."""
    expires_s: Annotated[float, Field(ge=60, le=604_800)] = 86_400.0
    """The latest start of an attempt, in seconds from the request or its earliest time, if it names none."""
    owner_ttl_s: Seconds = 600.0
    """How long a callback is kept for its owner each time that it is due, in seconds; then anybody."""
    priority: Priority = 0
    """Added to a callback's own priority: below 0, callers on the line go first."""
    calendar: Id | None = None
    """The hours in which citizens are dialled. None: at any hour."""
    mode: CallbackMode = CallbackMode.AGENT_FIRST
    """Whose phone rings first, for callbacks and lists that do not say. `agent_first`: an agent takes the
    callback, and their phone dials. `customer_first`: the citizen is dialled while an agent is kept free for
    them, and hears the line's recording notice."""
    ring_timeout_s: Annotated[float, Field(ge=15, le=120)] = 40.0
    """Customer first: how long the citizen's phone rings, in seconds."""
    max_abandoned_rate: Annotated[float, Field(ge=0, le=0.1)] = 0.0
    """Customer first: the largest share, among the citizens who answered today, of those who left, or
    were sent away, before an agent was there. 0: nobody is dialled for whom no agent is kept free. Above it,
    more are dialled than agents are free, as far as neither chance nor the measured share of answers can
    bring the share above it. 0.03 is usual."""
    abandoned_after_s: Annotated[float, Field(ge=0.5, le=30)] = 2.0
    """Customer first: how long a citizen who answered waits, after the notice, for an agent's phone to ring,
    in seconds; then they hear `abandoned_prompt`, and are called again with the agent first."""
    abandoned_prompt: Id = "call-again"
    """A prompt of `asterisk-conf/prompts.yaml`, for a citizen who answered and found no agent."""

    @model_validator(mode="after")
    def _needs_customer_first(self) -> Self:
        if self.mode is CallbackMode.AGENT_FIRST and self.max_abandoned_rate > 0:
            raise ValueError(
                "has a `max_abandoned_rate`, which `mode: agent_first` does not use, as all have an agent;"
                " delete it or write `mode: customer_first`"
            )
        return self


class QueueConfig(Model):
    """What callers wait in, and what it asks of agents."""

    id: Id
    """Named by hotlines."""
    name: Name
    """Shown to people."""
    digit: Annotated[str, Field(pattern=DIGIT_PATTERN)] | None = None
    """An agent's phone that transfers a caller to `*18` and this digit brings them into the queue; in quotes.
    None: by API alone."""
    required_skills: dict[Id, Proficiency] = Field(default_factory=dict)
    """The least proficiency (1-5) an agent needs in each of these skills. None: every agent serves it."""
    requirement: RequirementConfig | None = None
    """What an agent must be beside that, where a list of skills does not say it."""
    steps: tuple[StepConfig, ...] = ()
    """What callers are kept for at first, one after the other; after the last, any agent of the queue."""
    priority: Priority = 0
    """Higher is served first; the hotline's own priority is added to it."""
    transfer_priority: Priority | None = None
    """The least own priority of a caller whom an agent transfers here, unless the transfer gives one: it is
    instead of the hotline's if it is higher. None: as before. The wait goes on from the first queue."""
    weight: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    """How fast a caller's score grows against other queues': 2 makes a second of waiting count twice."""
    criteria: tuple[Criterion, ...] = (Criterion.LONGEST_IDLE,)
    """Who of the agents that could take a caller does: by the first, among equals by the next. At last the
    longest idle. `docs/routing.md` says what each means."""
    ring_timeout_s: Annotated[float, Field(ge=3, le=120)] = 15.0
    """How long an agent's phone rings, in seconds, before the agent becomes not ready and the caller is
    offered to the next one."""
    auto_answer: bool = False
    """The phone is asked to answer by itself."""
    offer_backoff_s: Seconds = 0.0
    """How long a caller is not offered again to an agent who did not take the call, in seconds."""
    max_offers_per_agent: Annotated[int, Field(ge=1, le=100)] | None = None
    """How often one caller is offered to the same agent without being taken. None: without end."""
    wrap_up_s: Seconds = 10.0
    """How long an agent has after a call, in seconds, before the next one comes."""
    timely_s: Seconds = 15.0
    """A call answered within this many seconds of waiting counts as timely (及时接听)."""
    short_abandon_s: Seconds = 5.0
    """A caller who gives up within this many seconds is counted apart, as a short abandon."""
    overflow: tuple[OverflowConfig, ...] = ()
    """What happens at the queue's limits."""
    calendar: Id | None = None
    """The queue's hours. None: open day and night."""
    night_skills: dict[Id, Proficiency] | None = None
    """Night mode: while the calendar says closed the queue stays open and asks for these skills alone."""
    callbacks: CallbackConfig = Field(default_factory=CallbackConfig)
    """How the queue's callbacks are tried."""


class ReserveConfig(Model):
    """Agents of a skill kept free for urgent callers."""

    skill: Id
    """Whose agents are kept."""
    keep: Annotated[int, Field(ge=1, le=1_000)]
    """A caller who is not urgent gets no agent with the skill while no more than this many are ready."""
    urgent_from: Annotated[int, Field(ge=-200, le=200)]
    """The priority, the queue's and the hotline's together, from which on a caller is urgent."""


class RoutingConfig(Model):
    """What holds for all queues together."""

    priority_worth_s: Seconds | None = None
    """How many seconds of waiting one step of priority is worth. None: more than any wait."""
    reserves: tuple[ReserveConfig, ...] = ()
    """Agents kept free for urgent callers."""
    max_occupancy: Annotated[float, Field(ge=0.05, le=1)] | None = None
    """An agent whose share of working time spent on calls exceeds this rests before the next. None: never."""
    max_rest_s: Seconds = 30.0
    """The longest such rest, in seconds."""
    keep_place_s: Seconds = 0.0
    """How long a caller who was cut off and dials again keeps the place, in seconds; 0: not at all."""
    last_agent_ttl_s: Seconds = 0.0
    """How long a caller is kept for the agent who spoke with them last, in seconds; 0: not at all."""
    owner_ttl_s: Seconds = 0.0
    """How long before that for the owner of their open work order, in seconds; 0: not at all."""
