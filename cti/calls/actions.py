"""What the service asks of Asterisk. `cti.ami` encodes each as one AMI action."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from acd.model import Instant, QueueId, SeatId
from cti.calls.facts import CallId, LegId


@dataclass(frozen=True, slots=True)
class RingSeat:
    """Ring a seat's phone; its answer records and bridges in the dialplan. Never sent twice."""

    cause: str
    leg: LegId
    """The channel id to use: also the offer's id and the recording's name."""
    seat: SeatId
    call: CallId
    caller_channel: str
    queue: QueueId
    shown_number: str
    """What the phone displays. Filtered to digits and a leading plus before it leaves."""
    ring_timeout_s: float
    auto_answer: bool = False
    """The phone is asked to answer by itself."""


@dataclass(frozen=True, slots=True)
class DialFromSeat:
    """Ring a seat's phone; answered, it dials a number and is recorded. Never sent twice."""

    cause: str
    leg: LegId
    """The channel id to use: also the call's id and the recording's name."""
    seat: SeatId
    number: str
    """Whom to dial, and what the phone displays. Filtered to digits and a leading plus before it leaves."""
    ring_timeout_s: float
    callback: str = ""
    """The callback that the call is an attempt of."""
    work_order: str = ""
    """The work order that the call is about (回访)."""
    auto_answer: bool = False
    until: Instant | None = None
    """Who answers from then on does not dial: nobody may be called any more. None: at any time."""


@dataclass(frozen=True, slots=True)
class DialCitizen:
    """Ring a citizen; answered, they hear the recording notice and wait in the queue. Never sent twice."""

    cause: str
    leg: LegId
    """The channel id to use: also the call's id."""
    trunk: str
    number: str
    """Whom to dial. Filtered to digits and a leading plus before it leaves."""
    shown_number: str
    ring_timeout_s: float
    callback: str
    """The callback that the call is an attempt of."""
    hotline: str
    """The line whose notice they hear, and whose rating follows."""
    queue: QueueId
    priority: int
    work_order: str = ""
    """The work order that the call is about (回访)."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a leg. Harmless when it has ended already."""

    cause: str
    leg: LegId
    """Asterisk accepts the unique id in place of the channel's name."""
    hangup_cause: int = 16


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Move a caller from the fallback queue to the waiting loop, keeping its place."""

    cause: str
    channel: str


@dataclass(frozen=True, slots=True)
class MoveToQueue:
    """A waiting caller belongs to another queue: noted on the channel, where a restart finds it."""

    cause: str
    channel: str
    queue: QueueId


@dataclass(frozen=True, slots=True)
class NotePriority:
    """A waiting caller has another priority: noted on the channel, where a restart finds it."""

    cause: str
    channel: str
    priority: int


@dataclass(frozen=True, slots=True)
class NoteSteps:
    """A waiting caller needs other agents: noted on the channel, where a restart finds it."""

    cause: str
    channel: str
    steps: str
    """As `cti.calls.steps` writes them."""


@dataclass(frozen=True, slots=True)
class SendAway:
    """A waiting caller hears a message, or the busy tone, and is then hung up."""

    cause: str
    channel: str
    prompt: str | None
    """The message's name; None for the busy tone."""


class Place(StrEnum):
    """A stretch of the dialplan to which the service sends a leg (docs/call-control.md)."""

    CONNECT = "hl-agent"
    """Record, and be connected with `HL_PEER`; a caller whose agent hangs up hears the farewell."""
    HELD = "hl-held"
    """Music, until `HL_HELD_BY` is gone: then a caller waits in the queue again."""
    ASIDE = "hl-aside"
    """Silence, until `HL_HOLDS` is gone."""
    CONSULT = "hl-consult"
    """Record, and be connected with `HL_PEER`, who goes aside when this leg hangs up."""
    CONFERENCE = "hl-conference"
    """Everybody who is in the call's conference."""
    PARKED = "hl-parked"
    """Music, for anybody to take up; after a while a caller waits in the queue again."""
    WAITING = "hl-waiting"
    """The queue."""
    AFTER = "hl-after"
    """What follows a call: the rating of the line, if it has one, and the farewell."""


@dataclass(frozen=True, slots=True)
class SetFact:
    """A variable of a leg, which it carries wherever it goes."""

    cause: str
    leg: LegId
    name: str
    """Begins with `HL_`."""
    value: str


@dataclass(frozen=True, slots=True)
class SendLeg:
    """Send a leg elsewhere in the dialplan, out of its bridge if it is in one; together with another."""

    cause: str
    channel: str
    place: Place
    other_channel: str | None = None
    """Leaves at the same moment, so that neither is hung up because the other went."""
    other_place: Place | None = None


@dataclass(frozen=True, slots=True)
class RingParty:
    """Ring a seat, or a number through the trunk, for a call that goes on. Never sent twice."""

    cause: str
    leg: LegId
    """The channel id to use."""
    endpoint: str
    """The seat, or the trunk."""
    number: str | None
    """What to dial through the trunk; None for a seat."""
    call: CallId
    place: Place
    """Where its answer leads."""
    peer: str
    """The channel that it is to be connected with; '' for a place that needs none."""
    shown_number: str
    ring_timeout_s: float
    auto_answer: bool = False


@dataclass(frozen=True, slots=True)
class Announce:
    """A waiting caller hears prompts between the music."""

    cause: str
    channel: str
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferCallback:
    """A waiting caller is offered a callback by key, where the flow has one."""

    cause: str
    channel: str


@dataclass(frozen=True, slots=True)
class Mute:
    """The others hear a leg no more, or again."""

    cause: str
    channel: str
    muted: bool


@dataclass(frozen=True, slots=True)
class PressKey:
    """Send one key to whoever is at a channel. Logged nowhere."""

    cause: str
    channel: str
    key: str


@dataclass(frozen=True, slots=True)
class AnswerPhone:
    """Ask a phone that rings to answer by itself. What came of it is told by its leg alone."""

    cause: str
    channel: str


@dataclass(frozen=True, slots=True)
class RingSupervisor:
    """Ring a supervisor's phone, which waits in silence when it is answered. Never sent twice."""

    cause: str
    leg: LegId
    """The channel id to use: also the supervision's id."""
    seat: SeatId
    shown_number: str
    """The number of the agent, for the phone's display."""
    ring_timeout_s: float


@dataclass(frozen=True, slots=True)
class SendSupervisor:
    """Send a supervisor's phone to what it is to do next; `HL_SPIED` on it says beside which leg."""

    cause: str
    channel: str
    doing: str
    """`wait`, `listen`, `whisper`, `barge` or `take`: an extension of the dialplan's `hl-supervise`."""


@dataclass(frozen=True, slots=True)
class EndLeg:
    """End a leg of a call that is to be over. When Asterisk knows no such leg it is told as ended."""

    cause: str
    leg: LegId


@dataclass(frozen=True, slots=True)
class AnswerFeature:
    """Tell the dialplan how a feature code ended, so that the phone plays the right prompt."""

    cause: str
    channel: str
    result: str
    """`ok`, `later` (it holds after the present call), `refused` or `locked` (too many wrong PINs)."""


@dataclass(frozen=True, slots=True)
class PauseSeat:
    """Keep a seat out of the fallback queue, or let it in: the logged-in and willing seats are in."""

    cause: str
    seat: SeatId
    paused: bool


@dataclass(frozen=True, slots=True)
class Beat:
    """The heartbeat: the dialplan routes through us while it is fresh."""

    cause: str
    at_s: int
    """Whole seconds since the epoch."""


Action: TypeAlias = (
    RingSeat
    | RingParty
    | DialFromSeat
    | DialCitizen
    | HangUp
    | TakeOver
    | MoveToQueue
    | NotePriority
    | NoteSteps
    | SendAway
    | SetFact
    | SendLeg
    | Announce
    | OfferCallback
    | Mute
    | PressKey
    | AnswerPhone
    | RingSupervisor
    | SendSupervisor
    | EndLeg
    | AnswerFeature
    | PauseSeat
    | Beat
)


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """Asterisk refused an action, or no answer came before its deadline. A fact like any other."""

    at: float
    cause: str
    action: Action
    reason: str
    """`refused: <Asterisk's message>`, `deadline`, `not_connected` (nothing was sent) or `lost` (the link
    dropped before the answer). `deadline` and `lost` leave open whether Asterisk carried it out.
    """


@dataclass(frozen=True, slots=True)
class ActionDone:
    """Asterisk carried out an action whose effect no other fact tells."""

    at: float
    cause: str
    action: Action
