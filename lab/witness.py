"""What Asterisk and PostgreSQL say about a stretch of calls, each counted on its own.

Asterisk's side comes from its event log (CEL) and its call-detail records (CDR); nothing of the service's
call model is used, so that both can be wrong only in different ways.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.ami.cel import read_cel
from cti.calls import facts as f


@dataclass(slots=True)
class Talk:
    """A stretch with the same parties in one bridge, a seat among them. Times are seconds since the epoch."""

    legs: frozenset[str]
    began_at: float
    recorded: dict[str, str] = field(default_factory=dict)
    """The recordings that it is in, each with the leg whose recorder ran."""
    ended_at: float | None = None


@dataclass(slots=True)
class SeenCall:
    """One inbound call as Asterisk's log has it. Times are seconds since the epoch."""

    call: str
    number: str
    arrived_at: float
    queued_at: float | None = None
    answered_at: float | None = None
    """When the caller and a seat were first in one bridge."""
    seat: str | None = None
    ended_at: float | None = None
    """When the caller's leg ended."""
    over_at: float | None = None
    """When its last leg ended."""
    recorded: set[str] = field(default_factory=set)
    """The recordings that should be kept of it."""
    talks: list[Talk] = field(default_factory=list)


@dataclass(slots=True)
class AsteriskSaw:
    calls: dict[str, SeenCall] = field(default_factory=dict)
    seat_leg_started_at: dict[str, float] = field(default_factory=dict)
    """When each seat's channel came into being, by leg: the phone is told to ring then."""
    seat_leg_ended_at: dict[str, float] = field(default_factory=dict)
    cdr_calls: int = 0
    """Inbound calls among the call-detail records."""
    seats: dict[str, str] = field(default_factory=dict)
    """The seat of each leg that has one."""

    @property
    def answered(self) -> list[SeenCall]:
        return [call for call in self.calls.values() if call.answered_at is not None]

    @property
    def abandoned(self) -> list[SeenCall]:
        return [c for c in self.calls.values() if c.queued_at is not None and c.answered_at is None]


def read_asterisk(
    event_log: Path, cdr: Path, trunk: str, truly: Callable[[float], float] = lambda noted: noted
) -> AsteriskSaw:
    """Counts what Asterisk wrote down. `truly` turns a time of Asterisk's clock into this machine's."""
    saw = told_by((replace(noted, at=truly(noted.at)) for noted in read_cel(event_log, 0.0)), trunk)
    saw.cdr_calls = _count_cdr(cdr, trunk)
    return saw


def told_by(facts: Iterable[f.Fact], trunk: str) -> AsteriskSaw:
    """What the facts of the log say, in their order."""
    reader = _Reader(trunk)
    for fact in facts:
        reader.take(fact)
    return reader.saw


class _Reader:
    def __init__(self, trunk: str) -> None:
        self.saw = AsteriskSaw()
        self._trunk = trunk
        self._call_of: dict[str, str] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._talks: dict[str, Talk] = {}
        self._recorders: dict[str, str] = {}
        """The recording that runs on a leg."""

    def take(self, fact: f.Fact) -> None:
        saw = self.saw
        match fact:
            case f.CallArrived():
                saw.calls.setdefault(fact.call, SeenCall(fact.call, fact.number, fact.at))
                self._call_of[fact.leg] = fact.call
            case f.CallerQueued() if fact.call in saw.calls:
                call = saw.calls[fact.call]
                call.queued_at = call.queued_at or fact.at
            case f.LegStarted():
                self._started(fact)
            case f.RecordingStarted():
                self._recorders[fact.leg] = fact.recording or fact.leg
            case f.RecordingFinished():
                self._recorders.pop(fact.leg, None)
            case f.LegJoined() if fact.leg not in self._members.setdefault(fact.bridge, {}):
                self._members[fact.bridge][fact.leg] = None
                self._talk_in(fact.bridge, fact.at)
            case f.LegParted() if fact.leg in self._members.get(fact.bridge, {}):
                del self._members[fact.bridge][fact.leg]
                self._talk_in(fact.bridge, fact.at)
            case f.LegEnded():
                self._ended(fact)
            case _:
                pass

    def _started(self, fact: f.LegStarted) -> None:
        if fact.call is not None:
            self._call_of.setdefault(fact.leg, fact.call)
        if fact.endpoint != self._trunk:
            self.saw.seats[fact.leg] = fact.endpoint
            self.saw.seat_leg_started_at[fact.leg] = fact.at

    def _talk_in(self, bridge: str, at: float) -> None:
        """One talk ends and another begins when somebody enters or leaves the bridge."""
        before = self._talks.pop(bridge, None)
        if before is not None:
            before.ended_at = at
        legs = tuple(self._members[bridge])
        seats = [leg for leg in legs if leg in self.saw.seats]
        if len(legs) < 2 or not seats:
            return
        recorded = {self._recorders[leg]: leg for leg in legs if leg in self._recorders}
        talk = self._talks[bridge] = Talk(frozenset(legs), at, recorded or {leg: leg for leg in seats})
        for call in {self._call_of[leg]: None for leg in legs if self._call_of.get(leg) in self.saw.calls}:
            self._belongs(talk, self.saw.calls[call], seats[0])

    def _belongs(self, talk: Talk, call: SeenCall, seat_leg: str) -> None:
        call.talks.append(talk)
        call.recorded |= talk.recorded.keys()
        for leg in talk.legs:
            self._call_of.setdefault(leg, call.call)
        if call.call in talk.legs and call.answered_at is None:
            call.answered_at, call.seat = talk.began_at, self.saw.seats[seat_leg]

    def _ended(self, fact: f.LegEnded) -> None:
        if fact.leg in self.saw.seats:
            self.saw.seat_leg_ended_at[fact.leg] = fact.at
        if fact.leg in self.saw.calls:
            self.saw.calls[fact.leg].ended_at = fact.at
        call = self.saw.calls.get(self._call_of.get(fact.leg, ""))
        if call is not None:
            call.over_at = max(call.over_at or fact.at, fact.at)


def _count_cdr(path: Path, trunk: str) -> int:
    """Calls that a trunk's channel began: Asterisk writes more than one record for some."""
    if not path.exists():
        return 0
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = [row for row in csv.reader(file) if len(row) > 4]
    return len({row[1] for row in rows if row[4].startswith(f"PJSIP/{trunk}-")})


@dataclass(slots=True)
class ArchiveSays:
    """What PostgreSQL has. Rows are keyed by the call's id."""

    calls: dict[str, dict[str, Any]]
    recordings: list[dict[str, Any]]
    work_orders: list[dict[str, Any]]
    segments: list[dict[str, Any]]
    offers: list[dict[str, Any]]
    agent_states: list[dict[str, Any]]
    decisions: int

    @property
    def answered(self) -> list[dict[str, Any]]:
        return [call for call in self.calls.values() if call["outcome"] == "answered"]

    @property
    def abandoned(self) -> list[dict[str, Any]]:
        return [call for call in self.calls.values() if call["outcome"] == "abandoned"]


async def read_archive(engine: AsyncEngine) -> ArchiveSays:
    """Reads the whole archive of a lab, inbound calls alone."""
    async with engine.connect() as connection:

        async def rows(query: str) -> list[dict[str, Any]]:
            return [dict(row) for row in (await connection.execute(text(query))).mappings()]

        calls = await rows("SELECT * FROM calls WHERE direction = 'inbound'")
        return ArchiveSays(
            calls={call["call"]: call for call in calls},
            recordings=await rows("SELECT * FROM recordings"),
            work_orders=await rows("SELECT * FROM work_orders"),
            segments=await rows("SELECT * FROM segments"),
            offers=await rows("SELECT * FROM offers"),
            agent_states=await rows("SELECT * FROM agent_states ORDER BY at"),
            decisions=len(await rows("SELECT decision FROM decisions")),
        )
