"""Legs: they come, ring, are answered, leave and end, and the call that each belongs to with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from acd.model import AgentId, AttemptOutcome, Instant, SeatId
from cti.calls import attempts, dialled
from cti.calls import facts as f
from cti.calls.belief import RouterBelief
from cti.calls.commanded import Commanded
from cti.calls.connections import Connections
from cti.calls.flows import caller_left
from cti.calls.offers import Offers
from cti.calls.outcome import NETWORK_FAULTS, end_of_call
from cti.calls.outputs import Output
from cti.calls.quality import Sound
from cti.calls.records import EndedBy, LegRecord
from cti.calls.state import Changed, Leg, LiveState, Offer, OpenCall

LegFact: TypeAlias = f.LegStarted | f.LegRinging | f.LegAnswered | f.LegMeasured | f.LegLeaving | f.LegEnded


class Legs:
    """The part of the call model that follows legs. `changed` is told of each call that it alters."""

    def __init__(
        self,
        state: LiveState,
        belief: RouterBelief,
        offers: Offers,
        commanded: Commanded,
        connections: Connections,
        seats: frozenset[SeatId],
        agent_at: Mapping[SeatId, AgentId],
        changed: Changed,
        tell: Callable[[Output], None],
    ) -> None:
        self._state = state
        self._belief = belief
        self._offers = offers
        self._commanded = commanded
        self._connections = connections
        self._seats = seats
        self._agent_at = agent_at
        self._changed = changed
        self._tell = tell

    def note(self, fact: LegFact) -> None:
        match fact:
            case f.LegStarted():
                self._started(fact)
            case f.LegRinging():
                leg = self._state.legs.get(fact.leg)
                if leg is not None and leg.record.ringing_at is None:
                    leg.record.ringing_at = fact.at
                    self._changed_of(leg, fact.at, fact.cause)
            case f.LegAnswered():
                leg = self._state.legs.get(fact.leg)
                if leg is not None and leg.record.answered_at is None:
                    leg.record.answered_at = fact.at
                    self._changed_of(leg, fact.at, fact.cause)
            case f.LegMeasured():
                leg = self._state.legs.get(fact.leg)
                if leg is not None and fact.quality is not None and fact.final:
                    leg.record.measured(Sound.of(fact.quality))  # kept with the leg's end, which follows
            case f.LegLeaving():
                self._leaving(fact)
            case f.LegEnded():
                self._ended(fact)

    def _started(self, fact: f.LegStarted) -> None:
        known = self._state.legs.get(fact.leg)
        if known is not None or self._state.is_over(fact.leg):
            if known is not None and not known.record.channel:
                known.record.channel = fact.channel
            if known is not None and known.call is None:
                self._join_call(known, fact)
            return
        seat = fact.endpoint if fact.endpoint in self._seats else None
        offer = self._state.offers.get(fact.leg)
        record = LegRecord(
            leg=fact.leg,
            channel=fact.channel,
            endpoint=fact.endpoint,
            seat=seat,
            agent=offer.made.agent if offer else self._agent_at.get(seat) if seat else None,
            number=fact.number,
            started_at=fact.at,
        )
        leg = Leg(record, None, fact.linked, fact.dialled)
        self._state.begin(leg)
        self._join_call(leg, fact)
        if seat is not None:
            self._tell_all(self._belief.seat(seat, fact.at, fact.cause))

    def _join_call(self, leg: Leg, fact: f.LegStarted) -> None:
        call = self._call_for(fact, self._state.offers.get(fact.leg))
        if call is not None:
            self._state.attach(leg, call)
            self._changed(call, fact.at, fact.cause)

    def _call_for(self, fact: f.LegStarted, offer: Offer | None) -> OpenCall | None:
        if offer is not None:
            return self._state.calls.get(offer.made.contact)
        own = self._state.calls.get(fact.leg)
        if own is not None and own.caller == fact.leg:
            return own
        for candidate in (self._commanded.came(fact.leg), fact.call, fact.linked):
            if candidate is None or candidate == fact.leg:
                continue
            if candidate in self._state.calls:
                return self._state.calls[candidate]
            linked = self._state.legs.get(candidate)
            if linked is not None and linked.call is not None:
                return self._state.calls.get(linked.call)
        return None

    def _leaving(self, fact: f.LegLeaving) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is not None and leg.record.seat is not None:
            leg.leaving = True
            call = self._state.call_of(leg)
            leg.handed_on = leg.bridge is None and (call is None or not self._state.held_by(call, leg))
            self._tell_all(self._belief.seat(leg.record.seat, fact.at, fact.cause))

    def _ended(self, fact: f.LegEnded) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is None:
            self._state.remember(fact.leg)
            self._commanded.never_came(fact.leg, fact.at, fact.cause)
            return
        self._connections.part(leg, fact.at, fact.cause)
        self._connections.let_go(leg, fact.at, fact.cause)
        leg.record.ended_at, leg.record.hangup_cause = fact.at, fact.hangup_cause
        self._state.end(leg)
        self._state.remember(fact.leg)
        call = self._state.call_of(leg)
        seat = leg.record.seat
        self._connections.recordings_over(leg, call, fact.cause)
        if seat is not None:
            if call is not None and fact.leg == call.record.call:  # it dialled the citizen
                outcome, by_agent = AttemptOutcome.CANCELLED, fact.hung_up_by_peer
                self._tell_all(attempts.ended(call, outcome, fact.at, fact.cause, by_agent=by_agent))
            self._offers.leg_ended(leg, call, fact)
            self._tell_all(self._belief.seat(seat, fact.at, fact.cause))
        if call is not None:
            self._left_call(leg, call, fact)

    def _left_call(self, leg: Leg, call: OpenCall, fact: f.LegEnded) -> None:
        del call.live[fact.leg]
        # Who leaves while others talk on does not end the call (a consulted colleague, one of a conference),
        # nor does who handed it on.
        decides = fact.leg == call.citizen or (leg.was_connected and not leg.handed_on and not call.talks)
        # A leg ends when its dialplan has: that of who left first may be told after another's.
        left_first = fact.leg == call.citizen and leg.was_connected and leg.moved_at < call.decided_at
        if decides and fact.hung_up_by_peer and (call.record.ended_by is None or left_first):
            call.record.ended_by, call.decided_at = end_of_call(leg.record), leg.moved_at
        if fact.leg == call.caller:
            self._tell_all(caller_left(call.record, fact.leg, fact.at, fact.cause))
        if fact.leg == call.record.call and leg.record.seat is None:
            outcome = dialled.outcome_of_end(call, leg.record, fact.hangup_cause, fact.hung_up_by_peer)
            self._tell_all(attempts.ended(call, outcome, fact.at, fact.cause))
        call.cut_off |= fact.leg == call.caller and fact.hangup_cause in NETWORK_FAULTS
        if not call.live:
            self._offers.call_over(call, fact.at, fact.cause)
            call.record.ended_at = max(leg.ended_at or fact.at for leg in call.record.legs)
            call.record.outcome = call.record.outcome_when_ended()
            call.record.ended_by = call.record.ended_by or EndedBy.SYSTEM
            del self._state.calls[call.record.call]
        self._changed(call, fact.at, fact.cause)

    def _changed_of(self, leg: Leg, at: Instant, cause: str) -> None:
        call = self._state.call_of(leg)
        if call is not None:
            self._changed(call, at, cause)

    def _tell_all(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            self._tell(output)
