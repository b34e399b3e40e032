"""Keeps what the router believes equal to what is so.

The router knows contacts and whether agents are on a call. Rather than say at each place what a fact means to
it, this part compares after each fact, for the call and the seat concerned, and tells the difference. While
Asterisk is out of sight nothing is told; the next snapshot compares everything, so one way serves restart and
reconnect.
"""

from __future__ import annotations

from typing import TypeAlias

from acd import events as acd
from acd.model import AgentId, Instant, SeatId
from cti.calls.facts import CallId
from cti.calls.outputs import CutOffUnseen
from cti.calls.records import Direction
from cti.calls.state import LiveState, OpenCall

Told: TypeAlias = acd.Event | CutOffUnseen


class RouterBelief:
    """Contacts that the router was told of, and agents it was told are on a call."""

    def __init__(self, state: LiveState, agent_at: dict[SeatId, AgentId]) -> None:
        self._state = state
        self._agent_at = agent_at
        self._contacts: dict[CallId, tuple[OpenCall, AgentId | None]] = {}
        """What the router was told: who has the contact in hand; None for one that waits."""
        self._engaged: dict[SeatId, AgentId] = {}
        self.quiet = True
        """Nothing is told while Asterisk is out of sight."""

    def forget(self, call_id: CallId) -> None:
        """The router gave the contact up by itself."""
        self._contacts.pop(call_id, None)

    def call(self, call: OpenCall, at: Instant, cause: str) -> list[Told]:
        """Compares one call, open or over."""
        name = call.record.call
        told: list[Told] = []
        wanted = self._is_contact(call)
        agent = self._state.handler_of(call) if wanted else None
        if name in self._contacts:
            _, before = self._contacts[name]
            taken_unseen = not wanted and call.record.answered_at is not None and not call.wait_counted
            call.wait_counted |= call.wait_is_over and not taken_unseen
            # Who goes from one agent to another, or back to wait, leaves first: the router knows nobody who
            # hands a contact on.
            leaves = not wanted or (before is not None and before != agent)
            if not self.quiet and leaves:
                del self._contacts[name]
                if not taken_unseen:
                    told.append(
                        acd.ContactLeft(
                            at,
                            cause,
                            name,
                            call.cut_off,
                            waits_elsewhere=before is None and call.waits_since is not None,
                            takes_callback=call.place == "callback",
                        )
                    )
            elif not self.quiet and before != agent:
                told += self._contact(call, at, cause)
        if name not in self._contacts:
            told += self._served_elsewhere(call, cause)
        if not self.quiet and wanted and name not in self._contacts:
            told += self._contact(call, at, cause)
        if not self.quiet:
            told += self.called_back(call, at, cause)
        return told

    def called_back(self, call: OpenCall, at: Instant, cause: str) -> list[acd.Event]:
        """The citizen of a callback talks with the agent whose phone dialled them, if the router does not
        know: after a restart, or when its offer was taken back while Asterisk was out of sight.
        """
        record, leg = call.record, self._state.legs.get(call.record.call)
        callback, queue = record.callback, record.queue
        if callback is None or queue is None or record.answered_at is None or call.agent_known:
            return []
        if leg is None or leg.record.seat is None or not self._state.engages(leg):
            return []
        agent = self._agent_at.get(leg.record.seat)
        if agent is None or agent != leg.record.agent:
            return []
        call.agent_known = True
        self._engaged[leg.record.seat] = agent
        return [acd.ContactRestored(at, cause, callback, queue, record.priority, record.started_at, agent)]

    def _contact(self, call: OpenCall, at: Instant, cause: str) -> list[acd.Event]:
        record, agent = call.record, self._state.handler_of(call)
        name, queue, queued_at = record.call, record.queue, record.queued_at
        if queue is None or queued_at is None:
            return []
        self._contacts[name] = call, agent
        if agent is None:
            return [
                acd.ContactQueued(
                    at,
                    cause,
                    name,
                    queue,
                    record.priority,
                    queued_at,
                    returned=call.wait_counted,
                    callback=None if call.attempt_over else record.callback,
                )
            ]
        seat = self._state.legs[call.handler].record.seat if call.handler is not None else None
        if seat is not None:
            self._engaged[seat] = agent
        return [acd.ContactRestored(at, cause, name, queue, record.priority, queued_at, agent)]

    def _served_elsewhere(self, call: OpenCall, cause: str) -> list[Told]:
        """How a wait ended that the router did not see, for its figures: told at once, in sight or not.

        So the figures hold what the call's record says, and are journaled with it.
        """
        record = call.record
        if call.wait_counted or not call.wait_is_over:
            return []
        call.wait_counted = True
        if record.queue is None or record.queued_at is None or record.direction is not Direction.INBOUND:
            return []
        called_back = record.callback_at if record.answered_at is None else None
        left = record.ended_at or call.caller_left_at or record.queued_at
        over = record.answered_at or called_back or left
        told: list[Told] = [
            acd.ContactServedElsewhere(
                over,
                cause,
                record.call,
                record.queue,
                record.queued_at,
                record.answered_at,
                record.agent,
                takes_callback=called_back is not None,
            )
        ]
        if call.cut_off and record.answered_at is None and called_back is None:
            told.append(CutOffUnseen(over, cause, record.call, record.number, record.queued_at))
        return told

    def _is_contact(self, call: OpenCall) -> bool:
        if call.record.ended_at is not None or call.place != "waiting":
            return False
        if call.caller is None or call.caller not in call.live:
            return False
        if self._state.handler_of(call) is not None:
            return True
        if call.caller_talks or call.hold is not None:
            return False  # what an agent's second line still does is no matter
        waits = call.waits or call.record.answered_at is None
        return waits and not self._state.rung_unasked(call)

    def seat(self, seat: SeatId, at: Instant, cause: str) -> list[acd.Event]:
        """Compares one seat."""
        if self.quiet:
            return []
        agent = self._agent_at.get(seat)
        engaged = agent is not None and self._state.is_engaged(seat)
        believed = self._engaged.get(seat)
        if engaged and agent is not None and believed is None:
            self._engaged[seat] = agent
            return [acd.AgentEngaged(at, cause, agent)]
        if not engaged and believed is not None:
            del self._engaged[seat]
            return [acd.AgentReleased(at, cause, believed)]
        return []

    def offer_answered(self, call_id: CallId, seat: SeatId, agent: AgentId) -> None:
        """The router learns of it by `OfferAnswered`."""
        self._engaged[seat] = agent
        if call_id in self._contacts:
            self._contacts[call_id] = self._contacts[call_id][0], agent

    def lose_sight(self, at: Instant, cause: str) -> list[acd.Event]:
        """Lets no more offers be made, takes back every waiting contact, then falls quiet."""
        told: list[acd.Event] = [acd.TelephonyLost(at, cause)]
        for call_id, (_, agent) in list(self._contacts.items()):
            if agent is None:
                del self._contacts[call_id]
                told.append(acd.ContactLeft(at, cause, call_id, waits_elsewhere=True))
        self.quiet = True
        return told

    def everything(self, at: Instant, cause: str) -> list[Told]:
        """Compares all calls and seats: who is taken comes before who waits, the longest waiting first.

        Offers may be made after that: the router knows then who waits and who is on a call.
        """
        calls = sorted(self._state.calls.values(), key=lambda c: (c.record.queued_at or at, c.record.call))
        told = [event for call, _ in list(self._contacts.values()) for event in self.call(call, at, cause)]
        for call in calls:
            if self._state.handler_of(call) is not None:
                told += self.call(call, at, cause)
        for seat in dict.fromkeys([*self._engaged, *self._agent_at]):
            told += self.seat(seat, at, cause)
        for call in calls:
            told += self.call(call, at, cause)
        told.append(acd.TelephonyBack(at, cause))
        return told
