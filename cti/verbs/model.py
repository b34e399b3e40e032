"""What a verb is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from acd import events as acd
from acd.effects import AgentChanged
from acd.model import AgentId, ContactId, Instant, Policy, SeatId
from acd.router import Router
from cti.calls.actions import Action
from cti.calls.facts import CallId
from cti.calls.model import CallModel
from cti.calls.outputs import CallbackWanted
from cti.calls.supervision import Change
from cti.calls.supervisions import Supervisions

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Order:
    """A command as it comes into the inbox."""

    at: Instant
    cause: str
    command: str
    """Its id, new for each."""
    by: str
    supervisor: bool
    agent: AgentId | None
    key: str | None
    digest: str
    asked: object
    """The dataclass of a verb."""


@dataclass(frozen=True, slots=True)
class Switchboard:
    """What handlers need to know of the site."""

    seats: tuple[SeatId, ...]
    trunk: str
    """Its endpoint."""
    caller_number: str
    """The number shown to whom the hotline calls."""
    ring_timeout_s: float = 30.0
    """How long a party rings that is not an offer's."""
    take_talk: tuple[str, ...] = ()
    """How phones begin to call themselves that take the event `talk`."""


class Situation(Protocol):
    """What handlers may look at. They change nothing in it."""

    @property
    def calls(self) -> CallModel: ...
    @property
    def router(self) -> Router: ...
    @property
    def agents(self) -> Mapping[AgentId, AgentChanged]: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def switchboard(self) -> Switchboard: ...
    @property
    def reachable(self) -> set[SeatId]:
        """Seats whose phone can be rung."""

    def phone_name(self, seat: SeatId) -> str:
        """What the seat's phone calls itself (User-Agent); '' when that is not known."""

    @property
    def supervisions(self) -> Supervisions: ...
    @property
    def supervisors(self) -> frozenset[AgentId]:
        """Agents who may supervise from a phone."""

    def joins(self, wanted: CallbackWanted) -> ContactId | None:
        """The open callback that a request would join; None: it would stand for itself."""

    @property
    def reasons(self) -> frozenset[str]:
        """Why an agent may be not ready."""


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """An order under way, as its handlers see it."""

    command: str
    """Also the cause of every action of it, so that a failed action finds its command."""
    at: Instant
    """When it was accepted."""
    by: str
    supervisor: bool
    agent: AgentId | None
    asked: A
    stage: str
    """What the handler set last; '' at first."""
    result: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked for is so."""


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str
    sentence: str


Outcome: TypeAlias = Done | Failed


@dataclass(frozen=True, slots=True)
class Progress:
    """What a handler decided: things to do, what the router is told, and where the command stands then."""

    actions: tuple[Action, ...] = ()
    events: tuple[acd.Event | CallbackWanted, ...] = ()
    supervise: tuple[Change, ...] = ()
    """What changes about supervisions."""
    stage: str = ""
    result: Mapping[str, str] = field(default_factory=dict)
    """Added to what was there."""
    call: CallId | None = None
    """The call it is about, where that is known only now."""
    outcome: Outcome | None = None
    """None: to be followed until it is so, or its time is up."""


DONE = Progress(outcome=Done())

Begin: TypeAlias = Callable[[Situation, Command[A], Instant], Progress]
"""Raises `Refused` when the state does not allow it; then nothing is done."""
Follow: TypeAlias = Callable[[Situation, Command[A], Instant], Progress | None]
"""Asked after everything that happens, and after a restart too, so it goes by what is. None: nothing new."""


def _never(_situation: Situation, _command: Command[Any], _at: Instant) -> Progress | None:
    return None


NO_EFFECT = Failed("no_effect", "It did not come about in time.")


@dataclass(frozen=True, slots=True)
class Verb(Generic[A]):
    """One row of the table."""

    name: str
    asks: type[A]
    """A frozen dataclass that `cti.records_json` can encode. A field `call` says which call it is about."""
    begin: Begin[A]
    follow: Follow[A] = _never
    within_s: float = 5.0
    """A command that has not come about by then has failed."""
    too_late: Failed = NO_EFFECT
    """Why it has failed then."""
    answered: bool = False
    """No fact tells its effect: it is done once Asterisk has answered every action of it."""
    secret: bool = False
    """What is asked is never written down, in the journal neither."""
