"""What figures hold: counts and times of a period by queue, skill and agent, and the rates that follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from acd.model import AgentId, Instant, QueueId, Skill


@dataclass(slots=True)
class Tally:
    """What has happened in a period; rates are None before there is anything to divide by."""

    offered: int = 0
    """Contacts queued."""
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    """Of the abandoned, those within the queue's short-abandon time."""
    timely: int = 0
    moved_away: int = 0
    """Contacts that went on to another queue without having been answered in this one."""
    diverted: int = 0
    """Contacts sent to a message or the busy tone at one of the queue's limits."""
    took_callback: int = 0
    """Contacts that asked to be called back rather than wait on."""
    returned: int = 0
    """Contacts that began to wait in it once more after an agent had them; else only in `handled`."""
    callbacks_requested: int = 0
    callbacks_reached: int = 0
    callbacks_unreached: int = 0
    """All attempts made, expired, or not a number."""
    callbacks_dropped: int = 0
    """Cancelled, or the citizen called again and was answered."""
    handled: int = 0
    """Contacts whose agent was done with them, wrap-up included."""
    handled_s: float = 0.0
    """What these took, from the answer to the end of the wrap-up."""
    longest_waited_s: float | None = None
    """The longest wait of those answered or abandoned; None before the first."""

    @property
    def answer_rate(self) -> float | None:
        ended = self.answered + self.abandoned
        return self.answered / ended if ended else None

    @property
    def timely_rate(self) -> float | None:
        return self.timely / self.answered if self.answered else None

    @property
    def service_level(self) -> float | None:
        """timely / (answered + abandoned): every caller who gave up counts against it."""
        ended = self.answered + self.abandoned
        return self.timely / ended if ended else None

    @property
    def service_level_without_short(self) -> float | None:
        """timely / (answered + abandoned - short abandons): who hung up at once could not be served."""
        ended = self.answered + self.abandoned - self.short_abandoned
        return self.timely / ended if ended else None

    @property
    def handling_time_s(self) -> float | None:
        """handled_s / handled: talk, hold and wrap-up of a contact (AHT, COPC)."""
        return self.handled_s / self.handled if self.handled else None

    def waited(self, wait_s: float) -> None:
        if self.longest_waited_s is None or wait_s > self.longest_waited_s:
            self.longest_waited_s = wait_s

    def add(self, other: Tally) -> None:
        self.offered += other.offered
        self.answered += other.answered
        self.abandoned += other.abandoned
        self.short_abandoned += other.short_abandoned
        self.timely += other.timely
        self.moved_away += other.moved_away
        self.diverted += other.diverted
        self.took_callback += other.took_callback
        self.returned += other.returned
        self.callbacks_requested += other.callbacks_requested
        self.callbacks_reached += other.callbacks_reached
        self.callbacks_unreached += other.callbacks_unreached
        self.callbacks_dropped += other.callbacks_dropped
        self.handled += other.handled
        self.handled_s += other.handled_s
        if other.longest_waited_s is not None:
            self.waited(other.longest_waited_s)


@dataclass(slots=True)
class WorkTime:
    """What an agent, or several together, did in a period."""

    answered: int = 0
    handled_s: float = 0.0
    """Busy with calls, and wrapping up."""
    available_s: float = 0.0
    """Ready, or with the phone ringing."""

    @property
    def occupancy(self) -> float | None:
        """handled / (handled + available); None before either."""
        worked_s = self.handled_s + self.available_s
        return self.handled_s / worked_s if worked_s else None

    @property
    def handling_time_s(self) -> float | None:
        """handled / answered, the call in hand included; None before the first."""
        return self.handled_s / self.answered if self.answered else None

    def add(self, other: WorkTime) -> None:
        self.answered += other.answered
        self.handled_s += other.handled_s
        self.available_s += other.available_s

    @classmethod
    def total(cls, parts: Iterable[tuple[int, float, float]]) -> WorkTime:
        whole = cls()
        for part in parts:
            whole.add(WorkTime(*part))
        return whole


@dataclass(slots=True, kw_only=True)
class QueueFigures(Tally):
    """Today's and the present figures of one queue, of all, or of those that name a skill."""

    queue: QueueId | None = None
    """None for more than one."""
    waiting: int = 0
    """Contacts that hear music, those being offered included."""
    longest_waiting_since: Instant | None = None
    callbacks_waiting: int = 0
    """Callbacks to be tried now, those being offered included."""
    talking: int = 0
    work: WorkTime = field(default_factory=WorkTime)
    """Of the agents who can serve the queue, or have the skill."""

    def longest_wait_s(self, now: Instant) -> float:
        """0 when nobody waits."""
        return 0.0 if self.longest_waiting_since is None else max(0.0, now - self.longest_waiting_since)


@dataclass(slots=True, kw_only=True)
class SkillFigures(QueueFigures):
    """The sum of the queues that name the skill; one that names several counts for each."""

    skill: Skill


@dataclass(slots=True, kw_only=True)
class IntervalFigures(Tally):
    """What happened from one instant up to another."""

    begins: Instant
    ends: Instant
    work: WorkTime = field(default_factory=WorkTime)
    """Of the agents who can serve the queue, or have the skill."""


@dataclass(slots=True, kw_only=True)
class AgentFigures(WorkTime):
    """One agent's working time today, up to the last event."""

    agent: AgentId


@dataclass(slots=True, kw_only=True)
class AgentInterval(WorkTime):
    """One agent's working time from one instant up to another."""

    begins: Instant
    ends: Instant


@dataclass(slots=True)
class Interval:
    """What happened in one interval, by queue and by agent."""

    queues: dict[QueueId, Tally] = field(default_factory=dict)
    agents: dict[AgentId, WorkTime] = field(default_factory=dict)

    def tally(self, queue: QueueId) -> Tally:
        tally = self.queues.get(queue)
        if tally is None:
            tally = self.queues[queue] = Tally()
        return tally

    def work(self, agent: AgentId) -> WorkTime:
        work = self.agents.get(agent)
        if work is None:
            work = self.agents[agent] = WorkTime()
        return work
