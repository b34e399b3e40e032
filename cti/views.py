"""What the service shows of its live state, and what it can be told: the seam between service and API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from acd.model import AgentId, AgentState, QueueId, SeatId, Skill
from cti.audit import DONE, AuditHead
from cti.calls.quality import Sound
from cti.calls.records import CallState
from cti.calls.supervision import Afterwards, Mode
from cti.figures import AgentFiguresView, AgentIntervalView, IntervalView, QueueView, SkillView


@dataclass(frozen=True, slots=True)
class AgentView:
    agent: AgentId
    name: str
    seat: SeatId | None
    state: AgentState
    reason: str | None
    since: datetime
    until: datetime | None
    """When the wrap-up ends by itself."""
    call: str | None
    seat_reachable: bool | None
    """None when logged out, and before Asterisk was looked at."""
    next_state: AgentState | None = None
    """What follows the present offer, call or wrap-up; None when nothing is under way."""
    next_reason: str | None = None
    pins_locked_until: datetime | None = None
    """Until when no PIN of the agent's is looked at."""


@dataclass(frozen=True, slots=True)
class SeatView:
    seat: SeatId
    agent: AgentId | None
    registered: bool
    reachable: bool | None
    """None before Asterisk was looked at."""
    since: datetime | None
    """Since when it is reachable, or is not; None: from before Asterisk was looked at."""
    user_agent: str | None
    contact: str | None
    """The phone's SIP address."""
    rtt_s: float | None
    """How long the phone's last answer to Asterisk took."""
    call: str | None = None
    """The present or last call whose sound was measured."""
    measured_at: datetime | None = None
    sound: Sound | None = None


@dataclass(frozen=True, slots=True)
class WaitView:
    """Where a waiting contact stands."""

    position: int
    """Its place in its queue by arrival; 1 is the next one."""
    expected_s: float | None
    """How long it will wait from now on; None while too little was seen of its queue lately."""
    error_s: float | None
    """In 95 of 100 cases the wait is within this of the expected one, if service goes on as it did."""


@dataclass(frozen=True, slots=True)
class CallView:
    """An open call. Ended ones are read from the archive."""

    call: str
    direction: str
    hotline: str
    queue: QueueId | None
    state: CallState | None
    number: str
    agent: AgentId | None
    seat: SeatId | None
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    wait: WaitView | None = None
    """None for a call that does not wait, or that the router does not serve now."""
    parties: tuple[AgentId, ...] = ()
    """Agents whose phones are in it now."""


@dataclass(frozen=True, slots=True)
class SupervisionView:
    """Somebody beside an agent's calls; for supervisors' eyes alone."""

    supervision: str
    by: str
    seat: SeatId
    agent: AgentId
    mode: Mode
    afterwards: Afterwards
    state: str
    """`ringing`, `waiting` or `on`."""
    call: str | None
    started_at: datetime


class Holds(StrEnum):
    """Why the dialler dials no more citizens at the moment (`cti.callbacks.pacing`)."""

    NOBODY_DUE = "nobody_due"
    """Nobody is to be dialled now."""
    QUIET_HOURS = "quiet_hours"
    NO_AGENT_FREE = "no_agent_free"
    ONE_EACH = "one_each"
    """Every free agent has a citizen being dialled, and the rate is 0: there is never a second."""
    LITTLE_DATA = "little_data"
    """Every free agent has a citizen being dialled, and too few answered so far to dial more."""
    ABANDONED_RATE = "abandoned_rate"
    """More could bring the share of the abandoned above the rate."""
    ANSWER_RATE = "answer_rate"
    """As many are being dialled as are likely to find an agent."""


@dataclass(frozen=True, slots=True)
class DialledToday:
    """How a list stands with the dialler."""

    dialled: int
    answered: int
    abandoned: int
    """Citizens who answered, and left or were sent away before an agent was there."""
    abandoned_rate: float
    """Their share of those who answered."""
    holds: Holds | None
    """Why nobody else is dialled at the moment; None: nobody of the list is left."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether each part works; routing needs Asterisk alone, PostgreSQL down is a delay."""

    asterisk_connected: bool
    routing: bool
    """Resynchronised and beating."""
    database_reachable: bool
    journal_backlog: int
    """Entries not yet in PostgreSQL."""
    started_at: datetime


class Refused(Exception):
    """The present state does not allow the command.

    `error` is a stable id such as `agent_already_logged_in`; `sentence` says it for people; `field` is the
    input at fault, if one is.
    """

    def __init__(self, error: str, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.error = error
        self.sentence = sentence
        self.field = field


class ServicePort(Protocol):
    """What the API needs of the service. Commands return once the outcome is in the journal.

    Commands raise `Refused`; an unknown agent, seat, queue or reason is refused as `unknown_<thing>`.
    """

    def agents(self) -> Sequence[AgentView]: ...
    def seats(self) -> Sequence[SeatView]: ...
    def queues(self) -> Sequence[QueueView]: ...
    def total(self) -> QueueView: ...
    def skills(self) -> Sequence[SkillView]: ...
    def agent_figures(self) -> Sequence[AgentFiguresView]: ...
    def queue_intervals(self, queue: QueueId | None) -> Sequence[IntervalView]:
        """The last intervals in which something happened, first one first; None: of all queues together."""
        ...

    def skill_intervals(self, skill: Skill) -> Sequence[IntervalView]: ...
    def agent_intervals(self, agent: AgentId) -> Sequence[AgentIntervalView]: ...
    def open_calls(self) -> Sequence[CallView]: ...
    def health(self) -> Health: ...
    def dialled_today(self, campaign: str) -> DialledToday | None:
        """None for a list of which nobody is dialled before an agent is."""

    def open_supervisions(self) -> Sequence[SupervisionView]: ...

    def audit_head(self) -> AuditHead:
        """The newest entry of this service's audit, whether PostgreSQL has it yet or not."""
        ...

    async def audit(
        self,
        who: str,
        action: str,
        cause: str,
        *,
        outcome: str = DONE,
        whom: str | None = None,
        call: str | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Writes something down in the audit: see `cti.audit.ToAudit`."""
        ...

    async def log_in(self, agent: AgentId, seat: SeatId, cause: str, pin: str | None = None) -> AgentView:
        """With a PIN only if it is the agent's: refused as `wrong_pin` or `pin_locked`."""
        ...

    async def unlock_pin(self, agent: AgentId, cause: str) -> AgentView: ...
    async def move(self, agent: AgentId, seat: SeatId, cause: str) -> AgentView:
        """State, figures and rank stay; refused as `agent_on_call` while the agent's phone rings or talks."""
        ...

    async def extend_wrap_up(self, agent: AgentId, seconds: float, cause: str) -> AgentView: ...
    async def log_out(self, agent: AgentId, cause: str) -> AgentView: ...
    async def ready(self, agent: AgentId, cause: str) -> AgentView: ...
    async def not_ready(self, agent: AgentId, reason: str, cause: str) -> AgentView: ...
    async def fill_work_order(
        self,
        work_order: str,
        category: str,
        summary: str,
        disposition: str,
        by: str,
        cause: str,
        *,
        supervisor: bool = False,
    ) -> None:
        """Journals what an agent wrote; the archive shows it once projected.

        `supervisor`: whether `by` may write other people's work orders too.
        """
        ...

    async def archived(self, within_s: float) -> bool:
        """Whether all that is in the journal by now is in the archive; waits for it at most so long."""
        ...
