"""Keeps what the router believes equal to what is so.

The router knows contacts and whether agents are on a call. Rather than say at each place what a fact means to
it, this part compares after each fact, for the call and the seat concerned, and tells the difference. While
Asterisk is out of sight nothing is told; the next snapshot compares everything, so one way serves restart and
reconnect.
"""

from __future__ import annotations

from acd import events as acd
from acd.model import AgentId, Instant, SeatId
from cti.calls.facts import CallId
from cti.calls.state import LiveState, OpenCall


class RouterBelief:
    """Contacts that the router was told of, and agents it was told are on a call."""

    def __init__(self, state: LiveState, agent_at: dict[SeatId, AgentId]) -> None:
        self._state = state
        self._agent_at = agent_at
        self._contacts: dict[CallId, None] = {}
        self._engaged: dict[SeatId, AgentId] = {}
        self.quiet = True
        """Nothing is told while Asterisk is out of sight."""

    def forget(self, call_id: CallId) -> None:
        """The router gave the contact up by itself."""
        self._contacts.pop(call_id, None)

    def call(self, call_id: CallId, at: Instant, cause: str, *, cut_off: bool = False) -> list[acd.Event]:
        """Compares one call, open or over; `cut_off` says how the caller left."""
        if self.quiet:
            return []
        call = self._state.calls.get(call_id)
        wanted = call is not None and self._is_contact(call)
        if wanted == (call_id in self._contacts):
            return []
        if call is None or not wanted:
            del self._contacts[call_id]
            return [acd.ContactLeft(at, cause, call_id, cut_off)]
        record = call.record
        if record.queue is None or record.queued_at is None:
            return []
        self._contacts[call_id] = None
        segment = call.segment
        if segment is None:
            return [acd.ContactQueued(at, cause, call_id, record.queue, record.priority, record.queued_at)]
        if segment.agent is None or segment.seat is None:
            return []
        self._engaged[segment.seat] = segment.agent
        return [
            acd.ContactRestored(
                at, cause, call_id, record.queue, record.priority, record.queued_at, segment.agent
            )
        ]

    def _is_contact(self, call: OpenCall) -> bool:
        if call.caller is None or call.caller not in call.live or call.place != "waiting":
            return False
        if call.segment is not None:
            return call.segment.agent is not None
        return call.record.answered_at is None and not self._state.rings_unasked(call)

    def seat(self, seat: SeatId, at: Instant, cause: str) -> list[acd.Event]:
        """Compares one seat."""
        if self.quiet:
            return []
        agent = self._agent_at.get(seat)
        engaged = agent is not None and any(True for _ in self._state.engaging_legs(seat))
        believed = self._engaged.get(seat)
        if engaged and agent is not None and believed is None:
            self._engaged[seat] = agent
            return [acd.AgentEngaged(at, cause, agent)]
        if not engaged and believed is not None:
            del self._engaged[seat]
            return [acd.AgentReleased(at, cause, believed)]
        return []

    def offer_answered(self, seat: SeatId, agent: AgentId) -> None:
        """The router learns of it by `OfferAnswered`."""
        self._engaged[seat] = agent

    def lose_sight(self, at: Instant, cause: str) -> list[acd.Event]:
        """Takes back every waiting contact and every ringing offer, then falls quiet."""
        told: list[acd.Event] = []
        for call_id in list(self._contacts):
            call = self._state.calls.get(call_id)
            if call is None or call.segment is None:
                del self._contacts[call_id]
                told.append(acd.ContactLeft(at, cause, call_id))
        self.quiet = True
        return told

    def everything(self, at: Instant, cause: str) -> list[acd.Event]:
        """Compares all calls and seats: who is taken comes before who waits, the longest waiting first."""
        calls = sorted(self._state.calls.values(), key=lambda c: (c.record.queued_at or at, c.record.call))
        told = [event for call_id in list(self._contacts) for event in self.call(call_id, at, cause)]
        for call in calls:
            if call.segment is not None:
                told += self.call(call.record.call, at, cause)
        for seat in dict.fromkeys([*self._engaged, *self._agent_at]):
            told += self.seat(seat, at, cause)
        for call in calls:
            told += self.call(call.record.call, at, cause)
        return told
