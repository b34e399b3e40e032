"""What is kept about a command. Written whole to the journal when it is accepted and when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from acd.model import AgentId, Instant
from cti.calls.facts import CallId


class CommandState(StrEnum):
    ACCEPTED = "accepted"
    """Journaled and begun; its outcome is not known yet."""
    DONE = "done"
    """What was asked for is so."""
    REFUSED = "refused"
    """The state did not allow it: nothing was done."""
    FAILED = "failed"
    """It was begun and did not come about, or nobody can say whether it did."""


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One command: who asked for what, when, and what became of it. What was asked in detail is not in here:
    it may hold keys pressed or numbers dialled.
    """

    command: str
    verb: str
    by: str
    """An agent's number, else the token's name."""
    accepted_at: Instant
    cause: str
    """The request's id, which the log has too."""
    supervisor: bool = False
    """Whether `by` may act on other people's calls."""
    agent: AgentId | None = None
    """As whom it acts; None: as nobody's phone."""
    call: CallId | None = None
    key: str | None = None
    """The client's idempotency key."""
    digest: str = ""
    """Of what was asked, so that a key that comes with something else is found out."""
    state: CommandState = CommandState.ACCEPTED
    ended_at: Instant | None = None
    reason: str | None = None
    """Why it was refused or failed: a stable id."""
    sentence: str | None = None
    """The same for people."""
    result: dict[str, str] = field(default_factory=dict)
    """What it brought about, as the id of a call that it began."""
