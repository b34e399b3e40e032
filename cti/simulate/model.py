"""What a simulation is given, and what came of it. Instants are seconds since the epoch, UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from acd.model import AgentId, AgentState, Instant, Policy, QueueId, RoutingStep, SeatId
from acd.tallies import QueueFigures
from cti.simulate.distributions import Constant, Distribution


@dataclass(frozen=True, slots=True)
class Arrival:
    """One contact, with everything about it that chance decides.

    Drawn before the run, so that two policies can be given the same day (common random numbers).
    """

    at: Instant
    queue: QueueId
    talk_s: float
    patience_s: float
    """It gives up after waiting so long; infinity: never."""
    priority: int = 0
    steps: tuple[RoutingStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """An agent at a seat, ready from the begin to the end; a call in hand at the end is finished first."""

    agent: AgentId
    seat: SeatId
    begins: Instant
    ends: Instant


AT_ONCE = Constant(0.0)


@dataclass(frozen=True, slots=True)
class Handling:
    """What agents do with an offer."""

    ring: Distribution = AT_ONCE
    """From the phone's first ring to the answer. Longer than the queue lets it ring is no answer."""
    no_answer_share: float = 0.0
    """Of the offers, so many are not answered at all."""
    away_s: float = 60.0
    """After an offer that was not answered the agent is ready again so much later."""


@dataclass(frozen=True, slots=True)
class Scenario:
    policy: Policy
    arrivals: Sequence[Arrival]
    shifts: Sequence[Shift]
    handling: Handling = field(default_factory=Handling)


class Fate(StrEnum):
    """How a contact ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    DIVERTED = "diverted"
    """It heard a message or the busy tone at a limit of its queue."""
    UNSERVED = "unserved"
    """It waited when everything else was over."""


@dataclass(slots=True)
class Call:
    """One arrival's way through the center."""

    queue: QueueId
    """Where it ended; overflow may have moved it."""
    arrived_at: Instant
    talk_s: float
    fate: Fate = Fate.UNSERVED
    answered_at: Instant | None = None
    left_at: Instant | None = None
    """When it gave up, was sent away or was over."""
    agent: AgentId | None = None
    wrap_up_s: float = 0.0

    @property
    def waited_s(self) -> float:
        """Until the answer, or until it left without one."""
        until = self.answered_at if self.answered_at is not None else self.left_at
        return 0.0 if until is None else until - self.arrived_at


class Stretch(NamedTuple):
    """An agent in one state without a break."""

    agent: AgentId
    state: AgentState
    begins: Instant
    ends: Instant


@dataclass(slots=True)
class Outcome:
    calls: list[Call] = field(default_factory=list)
    """One for each arrival, in their order."""
    stretches: list[Stretch] = field(default_factory=list)
    """Agents' time logged in, in the order in which the stretches ended."""
    events: int = 0
    """What the router was told."""
    figures: dict[QueueId | None, QueueFigures] = field(default_factory=dict)
    """The router's own figures at the end, of each queue, and of all for None."""
