"""What the step machine needs to know of the site beside the routing policy, and what of both is in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from acd.model import AgentId, Instant, Policy, QueueId, RoutingStep, SeatId
from cti.callbacks.pacing import DialTerms
from cti.desk import DeskRules


def _nobody(number: str) -> str | None:
    del number
    return None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the machine needs to know of the site beside the routing policy."""

    seats: tuple[SeatId, ...]
    trunk: str
    reason_by_digit: Mapping[str, str]
    """Not-ready reasons by the digit dialled after the feature code."""
    day_of: Callable[[Instant], tuple[Instant, Instant]]
    """The local day of an instant, from midnight to midnight: figures are of it."""
    supervisors: frozenset[AgentId] = frozenset()
    """Agents who may supervise others from a phone."""
    steps_of: Mapping[str, tuple[RoutingStep, ...]] = field(default_factory=dict)
    """What callers of a hotline number are kept for before their queue's own steps."""
    queue_of: Mapping[str, QueueId] = field(default_factory=dict)
    """Each hotline's queue."""
    caller_key: Callable[[str], str | None] = _nobody
    """Tells one caller's number from another's without being it; None for a number that is withheld."""
    last_agent_ttl_s: float = 0.0
    """How long a caller is kept for the agent who spoke with them last; 0: not at all."""
    owner_ttl_s: float = 0.0
    """How long before that for the owner of their open work order; 0: not at all."""
    desk: DeskRules = DeskRules()  # noqa: RUF009 - frozen
    take_talk: tuple[str, ...] = ()
    """How phones begin to call themselves that answer when the event `talk` tells them to."""
    caller_number: str = ""
    """The number shown to whom the hotline calls."""
    choice_steps: Mapping[str, tuple[RoutingStep, ...]] = field(default_factory=dict)
    """What callers are kept for who chose in a menu, by `<flow>.<choice>`; before their hotline's steps."""
    told_place: frozenset[str] = frozenset()
    """Hotline numbers whose waiting callers are told their place."""
    calls_missed: frozenset[str] = frozenset()
    """Hotline numbers whose callers are called back when they gave up."""
    dialling: Mapping[QueueId, DialTerms] = field(default_factory=dict)
    """How each queue's citizens are dialled."""

    def dialling_in(self, queue: QueueId) -> DialTerms:
        """How a queue's citizens are dialled; as usual, for a queue that was removed."""
        return self.dialling.get(queue, DialTerms())

    def line_of(self, queue: QueueId, hotline: str) -> str:
        """For which hotline citizens of the queue are called: the one that they dialled, if it is there."""
        if hotline in self.queue_of:
            return hotline
        of_queue = (number for number, served in self.queue_of.items() if served == queue)
        return next(of_queue, next(iter(self.queue_of), ""))


@dataclass(slots=True)
class InForce:
    """The configuration as it is now. All who need it share this one object."""

    plan: Plan
    policy: Policy

    def take(self, plan: Plan, policy: Policy) -> None:
        """Puts a new configuration in force. Seats, trunk and time zone stay until a restart."""
        self.policy = policy
        self.plan = replace(plan, seats=self.plan.seats, trunk=self.plan.trunk, day_of=self.plan.day_of)

    def queue_instead(self, hotline: str) -> QueueId:
        """Where callers wait whose queue was removed, while the dialplan still names it."""
        queue = self.plan.queue_of.get(hotline)
        return queue if queue is not None else next(iter(self.policy.queues))
