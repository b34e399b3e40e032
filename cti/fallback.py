"""Asterisk's plain queue, the fallback: whose seats it may ring, and whom it is to give back. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from acd.model import AgentState, Instant, SeatId
from cti.calls.actions import PauseSeat, TakeOver
from cti.calls.facts import CallId
from cti.calls.state import OpenCall
from cti.desk import Desk
from cti.returning import Returning

TAKE_OVER_AGAIN_S = 5.0
"""A caller who is still in the fallback queue this long after we asked for them is asked for again."""
FALLBACK_STATES = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP})
"""Whose seats the fallback queue may ring; Asterisk itself passes over a phone in use."""


class SeatPauses:
    """What the fallback queue was told of each seat."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._paused: dict[SeatId, bool] = {}

    def tell(self, seat: SeatId, cause: str) -> list[PauseSeat]:
        """Tells the fallback queue whether it may ring the seat, when that is new."""
        agent = self._desk.agent_at.get(seat)
        paused = agent is None or self._desk.agents[agent].state not in FALLBACK_STATES
        if self._paused.get(seat) is paused:
            return []
        self._paused[seat] = paused
        return [PauseSeat(cause, seat, paused)]

    def tell_all(self, seats: Iterable[SeatId], cause: str) -> list[PauseSeat]:
        """Tells it of every seat, whatever it was told before: Asterisk may have forgotten."""
        self._paused.clear()
        return [pause for seat in seats for pause in self.tell(seat, cause)]


class TakeOvers:
    """Whom the fallback queue was asked for."""

    def __init__(self, returning: Returning) -> None:
        """`returning` is told of everybody who is asked for."""
        self._returning = returning
        self._asked_for: dict[CallId, Instant] = {}

    def due(self, callers: Iterable[tuple[CallId, OpenCall]], at: Instant, cause: str) -> list[TakeOver]:
        """Takes callers out of the fallback queue. `callers`: who is there and has no phone ringing."""
        due: list[TakeOver] = []
        for call_id, call in callers:
            if at - self._asked_for.get(call_id, 0.0) < TAKE_OVER_AGAIN_S:
                continue
            self._asked_for[call_id] = at
            self._returning.ask(call_id, call.record.queued_at or at, at)
            due.append(TakeOver(cause, call.caller_channel))
        return due

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self._asked_for.pop(call, None)
