"""What happened in Asterisk, in the project's words.

`cti.ami` decodes the same facts from live AMI events and, for a stretch that the service missed, from
Asterisk's own event log (CEL). A leg's id is its channel's unique id. A call's id is the unique id of its
first leg; every leg of the call carries it as its account code. Facts may come twice or late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.model import Instant, QueueId, SeatId
from cti.calls.quality import LegQuality

CallId: TypeAlias = str
LegId: TypeAlias = str


@dataclass(frozen=True, slots=True)
class LegStarted:
    """A channel came into being."""

    at: Instant
    cause: str
    leg: LegId
    channel: str
    """Asterisk's name for it, which actions need."""
    endpoint: str
    """The trunk's name or the seat's id."""
    call: CallId | None
    """None when the channel does not carry one yet."""
    linked: LegId
    """The leg it came from or joined (Linkedid)."""
    number: str
    """The other party's number as the endpoint knows it; '' when unknown."""
    dialled: str


@dataclass(frozen=True, slots=True)
class LegRinging:
    at: Instant
    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegAnswered:
    at: Instant
    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegJoined:
    """The leg entered a bridge: it is connected with whoever else is in there."""

    at: Instant
    cause: str
    leg: LegId
    bridge: str


@dataclass(frozen=True, slots=True)
class LegParted:
    """The leg left a bridge."""

    at: Instant
    cause: str
    leg: LegId
    bridge: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    at: Instant
    cause: str
    leg: LegId
    hangup_cause: int
    """Q.850 cause, e.g. 16 normal, 17 busy, 19 no answer, 21 rejected."""
    hung_up_by_peer: bool
    """True when the far end of this leg ended it; False when Asterisk did, for whatever reason."""


@dataclass(frozen=True, slots=True)
class CallArrived:
    """The dialplan took a citizen's call on a hotline number."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    hotline: str
    number: str
    dialled: str


@dataclass(frozen=True, slots=True)
class SeatDialled:
    """An agent dials: a number outside, or a colleague's seat.

    The seat's leg is the call's first, unless the agent has a call on another line of the phone: then it is a
    further leg of that one, as somebody is consulted.
    """

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    seat: SeatId
    number: str
    callback: str = ""
    """The callback that the call is an attempt of; '' for one that the agent dialled."""
    work_order: str = ""
    """The work order that the call is about (回访)."""
    to_seat: SeatId = ""
    """The colleague's seat; '' for a number outside."""


@dataclass(frozen=True, slots=True)
class DialEnded:
    """A number that a seat dialled was not reached. Where somebody answered it is not told."""

    at: Instant
    cause: str
    leg: LegId
    """The seat's."""
    call: CallId
    status: str
    """Asterisk's `DIALSTATUS`: BUSY, NOANSWER, CONGESTION, CHANUNAVAIL, CANCEL, ..."""
    hangup_cause: int
    """Q.850, of the called side; 0 when it is not known."""


@dataclass(frozen=True, slots=True)
class CallerQueued:
    """The caller reached the waiting loop and wants an agent of `queue`."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    queue: QueueId
    priority: int
    queued_at: Instant


@dataclass(frozen=True, slots=True)
class CallerNeeds:
    """A supervisor asked for other agents for the caller, before this service looked."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    steps: str
    """As `cti.calls.steps` writes them."""


@dataclass(frozen=True, slots=True)
class CallerFellBack:
    """The dialplan found the service silent and sent the caller to the plain `Queue()`."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller's leg is about to end while a phone rings for it, which the dialplan ends next."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    hangup_cause: int


@dataclass(frozen=True, slots=True)
class CallerServed:
    """The agent hung up first and the caller hears the farewell."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId


@dataclass(frozen=True, slots=True)
class MenuChosen:
    """The caller chose in the menu of a flow, or the menu's default was taken."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    choice: str
    """`<flow>.<choice>`."""


@dataclass(frozen=True, slots=True)
class LineClosed:
    """The caller met a closed line."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    queue: QueueId
    """Where the caller would have waited."""


@dataclass(frozen=True, slots=True)
class VoicemailStarted:
    """A closed line records what the caller has to say, into a file named after the leg."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId


@dataclass(frozen=True, slots=True)
class VoicemailEnded:
    """The message is complete while the caller is still there; else it ends with the leg."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """The caller asked by key to be called back instead of waiting, and hears that this will be."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    queue: QueueId
    priority: int
    queued_at: Instant
    number: str
    """To be called: the caller's own or one that they dialled; digits, perhaps after a plus."""


@dataclass(frozen=True, slots=True)
class RatingAsked:
    """The caller is asked to rate the service."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId


@dataclass(frozen=True, slots=True)
class RatingGiven:
    """What came of it. Without this the caller hung up."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    outcome: str
    """`rated`, `wrong_key` or `silent`."""
    score: int
    """1 to 5, the best; 0 when not rated."""
    tries: int
    """How often the caller was asked."""


@dataclass(frozen=True, slots=True)
class CallerHeld:
    """The service put a party on hold: it is in no bridge and hears music."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    by: LegId
    """Who is to come back to it; when that leg ends the dialplan lets the party go on. '' for one parked."""


@dataclass(frozen=True, slots=True)
class SupervisorDoes:
    """A supervisor's phone came to what it was sent to do."""

    at: Instant
    cause: str
    leg: LegId
    doing: str
    """An extension of the dialplan's `hl-supervise`."""


@dataclass(frozen=True, slots=True)
class LegHeld:
    """A phone put its call on hold by itself: the bridge stays, and the others in it hear music."""

    at: Instant
    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegResumed:
    """A phone took its call off hold by itself."""

    at: Instant
    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegLeaving:
    """The far end of a leg hung up. Asterisk still ends what it did on the leg (recorder, dialplan), which
    takes it a few milliseconds and is told by `LegEnded`; the phone is free already.
    """

    at: Instant
    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The machine's clock was set, by which Asterisk measures how long a phone rings and is registered."""

    at: Instant
    cause: str
    by_s: float


@dataclass(frozen=True, slots=True)
class LegLingers:
    """A leg whose far end hung up was taken into a bridge all the same.

    Asterisk 22 loses a hang-up that falls into the moment in which `Bridge()` moves the channel out of its
    dialplan (it ends the `Surrogate/` that stays behind). Nobody is there any more, and nothing ends the leg.
    """

    at: Instant
    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """The dialplan started the recorder on a leg, anew each time it is connected."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    recording: str = ""
    """The file's name: the leg, with a number behind it from the second on; '' for the leg's own name."""


@dataclass(frozen=True, slots=True)
class RecordingFinished:
    """The recorder is off the leg; its file is complete."""

    at: Instant
    cause: str
    leg: LegId
    call: CallId
    recording: str = ""


@dataclass(frozen=True, slots=True)
class LegMeasured:
    """How good the leg's sound was so far, told as it ends or, between, when Asterisk was asked."""

    at: Instant
    cause: str
    leg: LegId
    quality: LegQuality | None
    """None: it had no sound."""
    final: bool = True


@dataclass(frozen=True, slots=True)
class OriginateFailed:
    """Asterisk gave up on a leg that we asked for, perhaps before the leg existed."""

    at: Instant
    cause: str
    leg: LegId
    reason: str
    """`no_answer`, `busy`, `rejected` or `failed`."""


@dataclass(frozen=True, slots=True)
class FeatureDialled:
    """A feature code was dialled at a seat; the dialplan waits for the answer (`AnswerFeature`)."""

    at: Instant
    cause: str
    leg: LegId
    channel: str
    seat: SeatId
    feature: str
    """`login`, `logout`, `ready` or `not_ready`."""
    argument: str
    """The agent's number, or the digit of a not-ready reason."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone registered for a seat (a SIP contact), as Asterisk knows it."""

    seat: SeatId
    contact: str
    """Its SIP address: another one after the phone registered anew from elsewhere."""
    reachable: bool | None
    """Whether it answers when asked (OPTIONS); None: not asked yet, or never asked."""
    rtt_s: float | None = None
    """How long its last answer took; None: there is none."""
    user_agent: str = ""
    """What it calls itself; '' when not known."""


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """A phone registered, unregistered, stopped answering or answers again."""

    at: Instant
    cause: str
    phone: Phone
    gone: bool = False
    """It is registered no more: it unregistered, its registration ran out, or another one replaced it."""


@dataclass(frozen=True, slots=True)
class PhonesSeen:
    """All registered phones, asked for now and then: for what changes without an event, such as the time
    that answers take. Whether a phone can be reached is told by `PhoneChanged` alone, which may be newer.
    """

    at: Instant
    cause: str
    phones: tuple[Phone, ...]


@dataclass(frozen=True, slots=True)
class LegSnapshot:
    """One channel as Asterisk showed it when asked."""

    leg: LegId
    channel: str
    endpoint: str
    call: CallId | None
    linked: LegId
    number: str
    dialled: str
    up: bool
    """Answered."""
    ringing: bool
    bridge: str | None
    place: str
    """Where the dialplan has it: `waiting`, `fallback`, `agent`, `held`, `parked`, `after`, `diverted`,
    `closed`, `voicemail`, `callback`; `other` is anywhere else."""
    hotline: str
    queue: QueueId
    priority: int
    queued_at: Instant | None
    started_at: Instant | None
    held_by: LegId = ""
    """Of a leg on hold: who holds it."""
    recording: str = ""
    """The recording that runs on it."""
    steps: str = ""
    """What a supervisor asked of agents for this caller, as `cti.calls.steps` writes it."""
    choice: str = ""
    """What was chosen in the flow's menu."""
    on_hold: bool | None = None
    """Of a leg in a bridge: whether its own phone holds the call; None when that could not be told."""
    callback: str = ""
    """Of a seat's leg that the service asked for: the callback whose citizen it dials once it is answered."""


@dataclass(frozen=True, slots=True)
class PbxSnapshot:
    """Everything that is in Asterisk now. Whatever is not in here has ended."""

    at: Instant
    cause: str
    legs: tuple[LegSnapshot, ...]
    phones: tuple[Phone, ...]
    """Those that are registered."""
    booted_at: Instant
    """When this Asterisk started; no leg is older."""

    @property
    def reachable_seats(self) -> frozenset[SeatId]:
        """Seats whose phone can be rung, as far as is known."""
        return frozenset(phone.seat for phone in self.phones if phone.reachable is not False)


@dataclass(frozen=True, slots=True)
class PbxLost:
    """The AMI connection is gone. Calls go on in Asterisk; nothing may be concluded about them."""

    at: Instant
    cause: str


FlowFact: TypeAlias = (
    MenuChosen | LineClosed | VoicemailStarted | VoicemailEnded | CallbackAsked | RatingAsked | RatingGiven
)
"""What a caller did in a flow, before, instead of or after waiting."""

Fact: TypeAlias = (
    LegStarted
    | LegRinging
    | LegAnswered
    | LegJoined
    | LegParted
    | LegEnded
    | CallArrived
    | SeatDialled
    | DialEnded
    | CallerQueued
    | CallerNeeds
    | CallerFellBack
    | CallerLeft
    | CallerServed
    | CallerHeld
    | SupervisorDoes
    | LegHeld
    | LegResumed
    | LegLeaving
    | LegLingers
    | ClockSet
    | FlowFact
    | RecordingStarted
    | RecordingFinished
    | LegMeasured
    | OriginateFailed
    | FeatureDialled
    | PhoneChanged
    | PhonesSeen
    | PbxSnapshot
    | PbxLost
)
