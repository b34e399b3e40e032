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
    recorded: set[str] = field(default_factory=set)
    """Seat legs whose recorder was started while they were connected with this caller."""


@dataclass(slots=True)
class AsteriskSaw:
    calls: dict[str, SeenCall] = field(default_factory=dict)
    seat_leg_started_at: dict[str, float] = field(default_factory=dict)
    """When each seat's channel came into being, by leg: the phone is told to ring then."""
    seat_leg_ended_at: dict[str, float] = field(default_factory=dict)
    cdr_calls: int = 0
    """Inbound calls among the call-detail records."""

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
    saw = AsteriskSaw()
    seats: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    for noted in read_cel(event_log, 0.0):
        fact = replace(noted, at=truly(noted.at))
        match fact:
            case f.CallArrived():
                saw.calls.setdefault(fact.call, SeenCall(fact.call, fact.number, fact.at))
            case f.CallerQueued() if fact.call in saw.calls:
                call = saw.calls[fact.call]
                call.queued_at = call.queued_at or fact.at
            case f.LegStarted() if fact.endpoint != trunk:
                seats[fact.leg] = fact.endpoint
                saw.seat_leg_started_at[fact.leg] = fact.at
            case f.LegJoined():
                members.setdefault(fact.bridge, set()).add(fact.leg)
                _connect(saw, members[fact.bridge], seats, fact.at)
            case f.LegParted():
                members.get(fact.bridge, set()).discard(fact.leg)
            case f.LegEnded():
                if fact.leg in seats:
                    saw.seat_leg_ended_at[fact.leg] = fact.at
                if fact.leg in saw.calls:
                    saw.calls[fact.leg].ended_at = fact.at
            case _:
                pass
    saw.cdr_calls = _count_cdr(cdr, trunk)
    return saw


def _connect(saw: AsteriskSaw, together: Iterable[str], seats: dict[str, str], at: float) -> None:
    callers = [saw.calls[leg] for leg in together if leg in saw.calls]
    legs = [leg for leg in together if leg in seats]
    for call in callers:
        for leg in legs:
            call.recorded.add(leg)
            if call.answered_at is None:
                call.answered_at, call.seat = at, seats[leg]


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
