"""What a supervision is: a supervisor's phone beside an agent's calls. What follows is in `supervisions`.

Pure. The id of a supervision is also that of the leg that the service rings for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from acd.model import AgentId, Instant, SeatId
from cti.calls.facts import CallId, LegId

FEATURE_CODE = "*2"
"""What the codes begin with by which a supervisor supervises from a phone."""


class Mode(StrEnum):
    LISTEN = "listen"
    WHISPER = "whisper"
    """The agent hears the supervisor, the citizen does not."""
    BARGE = "barge"
    """All three hear one another: the supervisor is a party of the call."""


class Afterwards(StrEnum):
    """What becomes of a supervision when the call is over."""

    WAIT = "wait"
    """It waits for the agent's next call, and listens to that."""
    STOP = "stop"


class Doing(StrEnum):
    """What the supervisor's phone was sent to do: an extension of the dialplan's `hl-supervise`."""

    NOTHING = ""
    """Not known: to be sent anew."""
    WAIT = "wait"
    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE = "take"


class Ended(StrEnum):
    """Why a supervision is over."""

    NOT_ANSWERED = "not_answered"
    """The supervisor's phone could not be rung, or nobody took it."""
    STOPPED = "stopped"
    HUNG_UP = "hung_up"
    CALL_OVER = "call_over"
    TOOK_OVER = "took_over"
    AGENT_LEFT = "agent_left"
    """The agent left a call that the supervisor had barged into: it is the supervisor's now."""


@dataclass(slots=True)
class Supervision:
    supervision: LegId
    by: str
    """Who supervises: a token's name, or an agent's number."""
    seat: SeatId
    """Whose phone they use."""
    agent: AgentId
    mode: Mode
    afterwards: Afterwards
    started_at: Instant
    channel: str = ""
    connected: bool = False
    """The supervisor's phone was answered."""
    call: CallId | None = None
    """Which call of the agent's it follows, through hold and transfer."""
    spied: LegId | None = None
    """The agent's leg in it; None while nobody has the call."""
    doing: Doing = Doing.NOTHING
    at_leg: LegId | None = None
    """The leg that `doing` is about."""
    sent_at: Instant = 0.0
    """When it was last sent."""
    bridge: str | None = None
    """The bridge that the leg entered since then."""
    party_of: CallId | None = None
    """The call that the supervisor spoke in: their leg belongs to it for good, and ends with it."""
    taking: bool = False
    stopping: Ended | None = None
    hung_up: bool = False
    """Its leg was asked to end."""

    @property
    def state(self) -> str:
        """`ringing`, `waiting` for a call, or `on` one."""
        if not self.connected:
            return "ringing"
        return "on" if self.spied is not None else "waiting"


@dataclass(frozen=True, slots=True)
class Began:
    supervision: Supervision


@dataclass(frozen=True, slots=True)
class ModeChanged:
    supervision: LegId
    mode: Mode


@dataclass(frozen=True, slots=True)
class Stopping:
    supervision: LegId


@dataclass(frozen=True, slots=True)
class TakingOver:
    supervision: LegId


Change: TypeAlias = Began | ModeChanged | Stopping | TakingOver


@dataclass(frozen=True, slots=True)
class Told:
    """Something happened to a supervision that is to be written down."""

    supervision: Supervision
    what: str
    """`supervision_on_call`, or `supervision_ended`."""
    call: CallId | None
    reason: str = ""
