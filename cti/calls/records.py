"""What is kept about a call. Each is written whole to the journal whenever it changes.

The journal's `body` is the record as JSON (`to_json`): instants as ISO 8601 in UTC, durations in seconds.
A later record of the same `kind` and `key` replaces the earlier one, so projecting is idempotent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from acd.model import AgentId, Instant, OfferOutcome, QueueId, SeatId
from cti.calls.facts import CallId, LegId
from cti.calls.quality import Sound


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    """A seat dialled a colleague's, with nobody on hold: there is no citizen in it."""


class Route(StrEnum):
    """Who found the agent: our router, Asterisk's plain `Queue()` while we were away, or nobody yet."""

    NONE = "none"
    ACD = "acd"
    FALLBACK = "fallback"
    DIRECT = "direct"
    """An agent dialled out."""


class CallOutcome(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """The caller hung up while waiting in a queue."""
    DIVERTED = "diverted"
    """A limit of the queue sent the caller to a message or the busy tone."""
    NOT_QUEUED = "not_queued"
    """The caller hung up during the greeting."""
    UNANSWERED = "unanswered"
    """An outbound or internal call that nobody took."""
    CLOSED = "closed"
    """The line was closed, and the caller left nothing."""
    VOICEMAIL = "voicemail"
    """The line was closed, and the caller left a message."""
    CALLBACK = "callback"
    """The caller asked to be called back."""


class CallState(StrEnum):
    """Where an open call is at the moment."""

    GREETING = "greeting"
    """A caller hears the greeting or a menu; a citizen who is dialled before an agent rings, or hears the
    notice.
    """
    DIALLING = "dialling"
    """An agent dialled, and nobody has answered."""
    WAITING = "waiting"
    OFFERED = "offered"
    """An agent's phone rings for the waiting caller, or is about to."""
    TALKING = "talking"
    HELD = "held"
    PARKED = "parked"
    FALLBACK = "fallback"
    """Waiting in Asterisk's plain queue."""
    DIVERTED = "diverted"
    """A limit of the queue sent the caller to a message or the busy tone."""
    CLOSED = "closed"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    """The caller asked to be called back, and hears that it is noted."""
    AFTER = "after"
    """No agent has the caller any more, who hears the rating or the farewell."""


class RatingOutcome(StrEnum):
    """What came of asking the caller to rate the service."""

    RATED = "rated"
    WRONG_KEY = "wrong_key"
    SILENT = "silent"
    HUNG_UP = "hung_up"


class EndedBy(StrEnum):
    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(slots=True)
class LegRecord:
    leg: LegId
    channel: str
    endpoint: str
    seat: SeatId | None
    """None for the trunk."""
    agent: AgentId | None
    number: str
    started_at: Instant
    ringing_at: Instant | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    hangup_cause: int | None = None
    said_loss: float | None = None
    """Share of what the phone sent that was lost, 0 to 1; None: nothing came."""
    said_jitter_s: float | None = None
    said_mos: float | None = None
    """By the E-model, see `cti.calls.quality`."""
    heard_loss: float | None = None
    """Share of what was sent to it that was lost, by its own reports; None: it sent none."""
    heard_jitter_s: float | None = None
    heard_mos: float | None = None
    rtt_s: float | None = None

    def measured(self, sound: Sound) -> None:
        """Notes how good the sound was."""
        self.said_loss, self.said_jitter_s = sound.said_loss, sound.said_jitter_s
        self.heard_loss, self.heard_jitter_s = sound.heard_loss, sound.heard_jitter_s
        self.said_mos, self.heard_mos = sound.said_mos, sound.heard_mos
        self.rtt_s = sound.rtt_s


@dataclass(slots=True)
class SegmentRecord:
    """A stretch in which the same parties were connected: the unit of recording."""

    segment: str
    """`<call>/<n>`, n from 1."""
    legs: tuple[LegId, ...]
    agent: AgentId | None
    seat: SeatId | None
    recorded_leg: LegId | None
    """The recording that covers this segment: named after the leg whose recorder it is."""
    started_at: Instant
    ended_at: Instant | None = None


class HoldKind(StrEnum):
    SERVICE = "service"
    """By command: the held party is in no bridge and hears music."""
    PHONE = "phone"
    """By the phone's own key: the bridge stays, the others in it hear music."""
    PARKED = "parked"
    """Left for anybody to take up."""


@dataclass(slots=True)
class HoldRecord:
    """A stretch in which somebody in the call heard music instead of the others."""

    leg: LegId
    """Who was held; for a phone's own hold, whose phone it was."""
    kind: HoldKind
    agent: AgentId | None
    """Who held."""
    started_at: Instant
    ended_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class WrapUpRecord:
    """A stretch in which an agent wrapped the call up."""

    agent: AgentId
    started_at: Instant
    ended_at: Instant | None
    """None: it goes on."""


@dataclass(slots=True)
class OfferRecord:
    offer: str
    agent: AgentId
    seat: SeatId
    made_at: Instant
    ended_at: Instant | None = None
    outcome: OfferOutcome | None = None


@dataclass(slots=True)
class RatingRecord:
    """How the caller rated the agent who talked with them last (满意度)."""

    agent: AgentId | None
    asked_at: Instant
    outcome: RatingOutcome | None = None
    """None while the caller is being asked."""
    score: int | None = None
    """1 to 5, the best."""
    tries: int = 0
    """How often the caller was asked."""
    rated_at: Instant | None = None


@dataclass(slots=True)
class VoicemailRecord:
    """A message that the caller left on a closed line."""

    leg: LegId
    """The caller's: the recording is named after it."""
    started_at: Instant
    ended_at: Instant | None = None


@dataclass(slots=True)
class CallRecord:
    call: CallId
    direction: Direction
    hotline: str
    queue: QueueId | None
    priority: int
    number: str
    """The citizen's number; '' for an internal call."""
    dialled: str
    started_at: Instant
    queued_at: Instant | None = None
    offered_at: Instant | None = None
    """First offer."""
    answered_at: Instant | None = None
    """First connected with an agent."""
    ended_at: Instant | None = None
    ended_by: EndedBy | None = None
    outcome: CallOutcome = CallOutcome.OPEN
    route: Route = Route.NONE
    agent: AgentId | None = None
    """Who answered first."""
    seat: SeatId | None = None
    callback: str | None = None
    """The callback that this call is an attempt of."""
    legs: list[LegRecord] = field(default_factory=list)
    segments: list[SegmentRecord] = field(default_factory=list)
    offers: list[OfferRecord] = field(default_factory=list)
    holds: list[HoldRecord] = field(default_factory=list)
    work_order: str | None = None
    """The work order for which an agent called the citizen (回访)."""
    steps: str | None = None
    """What a supervisor asked of agents for this caller, as `cti.calls.steps` writes it."""
    state: CallState | None = None
    """None once it has ended."""
    version: int = 0
    """Grows with each change; a projection never goes back."""
    choice: str | None = None
    """What the caller chose in the flow's menu, `<flow>.<choice>`."""
    closed_at: Instant | None = None
    """When the caller met a closed line."""
    callback_at: Instant | None = None
    """When the caller asked to be called back."""
    voicemail: VoicemailRecord | None = None
    rating: RatingRecord | None = None

    @property
    def outside(self) -> LegId | None:
        """The first leg beyond the trunk."""
        return next((leg.leg for leg in self.legs if leg.seat is None), None)

    @property
    def subject(self) -> LegId | None:
        """The citizen's leg: the first beyond the trunk; of a call from seat to seat the one that dialled."""
        return self.outside or next((leg.leg for leg in self.legs), None)

    def outcome_when_ended(self) -> CallOutcome:
        """What became of the call, judged once no leg of it is left."""
        if self.answered_at is not None:
            return CallOutcome.ANSWERED
        if self.callback_at is not None:
            return CallOutcome.CALLBACK
        if self.voicemail is not None:
            return CallOutcome.VOICEMAIL
        if self.closed_at is not None:
            return CallOutcome.CLOSED
        if self.outcome is CallOutcome.DIVERTED:
            return CallOutcome.DIVERTED
        if self.direction is not Direction.INBOUND:
            return CallOutcome.UNANSWERED
        return CallOutcome.ABANDONED if self.queued_at is not None else CallOutcome.NOT_QUEUED
