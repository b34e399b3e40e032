"""The call model: Asterisk's channels and bridges, told as facts, become calls.

`CallModel.handle` takes one fact and returns what follows from it. Facts may come twice, late or not at all:
a fact that is known changes nothing, and `PbxSnapshot` supplies what is missing. Every time in a record comes
from a fact, so a stretch read afterwards from Asterisk's log gives the same record as one that was watched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acd.effects import MakeOffer, OfferClosed
from acd.model import AgentId, AttemptOutcome, Instant, QueueId, SeatId
from cti.calls import attempts, dialled
from cti.calls import facts as f
from cti.calls.actions import Action, DialCitizen
from cti.calls.belief import RouterBelief
from cti.calls.callers import Callers
from cti.calls.commanded import Commanded
from cti.calls.connections import Connections
from cti.calls.facts import CallId, Fact, LegId, PbxSnapshot
from cti.calls.flows import caller_left
from cti.calls.offers import Offers
from cti.calls.outcome import NETWORK_FAULTS, end_of_call
from cti.calls.outputs import CallUpdated, Output
from cti.calls.quality import Sound
from cti.calls.reconcile import facts_of
from cti.calls.records import CallRecord, Direction, EndedBy, LegRecord, Route
from cti.calls.restoring import restored
from cti.calls.state import Leg, LiveState, Offer, OpenCall

DONE_LEGS_KEPT = 6_000
"""Ended legs and calls remembered, so that a fact that comes late does not open a call again: at 10 calls a
second those of the last three minutes.
"""


class CallModel:
    """All open calls. Its owner reports who sits where and each offer that the router made or closed.

    It begins with Asterisk out of sight: facts build the records, and routing events come from the first
    `PbxSnapshot` on.
    """

    def __init__(self, *, seats: frozenset[SeatId], trunk: str) -> None:
        self._seats = seats
        self._trunk = trunk
        self._state = LiveState()
        self._agent_at: dict[SeatId, AgentId] = {}
        self._belief = RouterBelief(self._state, self._agent_at)
        self._done: dict[LegId, None] = {}
        self._fell_back: dict[CallId, None] = {}
        """Calls whose callers came to the fallback queue, which is asked about after every event."""
        self._out: list[Output] = []
        self._offers = Offers(self._state, self._changed, self._tell)
        self._commanded = Commanded(self._state, self._changed)
        self._connections = Connections(self._state, self._belief, self._changed, self._tell)
        self._callers = Callers(
            self._state, self._belief, self._connections, trunk, self.is_over, self._changed, self._tell
        )

    # -- what the owner asks and tells -----------------------------------------------------------------------

    @property
    def calls(self) -> dict[CallId, OpenCall]:
        """Open calls by id, for reading."""
        return self._state.calls

    @property
    def in_sight(self) -> bool:
        """Whether what the model says is what is so: Asterisk is connected and was asked."""
        return not self._belief.quiet

    @property
    def state(self) -> LiveState:
        """Legs and bridges, for reading."""
        return self._state

    def commanded(self, action: Action, at: Instant) -> tuple[Output, ...]:
        """An action of a command goes to Asterisk: somebody is rung, a leg is sent elsewhere."""
        self._commanded.note(action, at)
        return self._take()

    def is_over(self, leg: LegId) -> bool:
        """Whether a leg has ended, or was asked for and never came about."""
        return leg in self._done

    def leg(self, leg: LegId) -> Leg | None:
        """A leg that has not ended."""
        return self._state.legs.get(leg)

    def seat_engaged(self, seat: SeatId) -> bool:
        """Whether the seat's phone is on a call that is not an unanswered offer."""
        return self._state.is_engaged(seat)

    def place_of(self, leg_id: LegId) -> tuple[SeatId, CallId] | None:
        """The seat whose leg it is, and the call that it belongs to; None for any other leg."""
        leg = self._state.legs.get(leg_id)
        if leg is None or leg.record.seat is None or leg.call is None:
            return None
        return leg.record.seat, leg.call

    def aside_for(self, leg_id: LegId) -> list[LegId]:
        """Agents' legs that are connected with nobody because they have this one on hold by command."""
        leg = self._state.legs.get(leg_id)
        call = self._state.call_of(leg) if leg is not None else None
        if leg is None or call is None:
            return []
        legs = (self._state.legs[name] for name in call.live)
        return [
            each.record.leg
            for each in legs
            if each.record.seat is not None and each.bridge is None and leg in self._state.held_by(call, each)
        ]

    def talking(self) -> list[tuple[LegId, str]]:
        """Seats' legs that are connected, with Asterisk's names of their channels."""
        return [
            (leg_id, leg.record.channel)
            for leg_id, leg in self._state.legs.items()
            if leg.record.seat is not None and leg.bridge is not None and leg.record.channel
        ]

    def in_fallback(self) -> Iterator[tuple[CallId, OpenCall]]:
        """Callers in Asterisk's plain queue for whom no phone rings, while Asterisk is in sight."""
        if self._belief.quiet:
            return
        for call_id in list(self._fell_back):
            call = self._state.calls.get(call_id)
            if call is None or call.place != "fallback":
                del self._fell_back[call_id]
                continue
            waits = call.caller in call.live and (call.record.answered_at is None or call.waits)
            if waits and not self._state.rung_unasked(call):
                yield call_id, call

    def restore(self, record: CallRecord) -> None:
        """Takes up an open call as the journal last knew it; a snapshot must follow."""
        for leg in restored(self._state, record, self._trunk):
            self._remember(leg)

    def forget_done(self, legs: Iterable[LegId]) -> None:
        """Names legs of calls that were closed before a restart: facts about them change nothing."""
        for leg in legs:
            self._remember(leg)

    def agent_sat(self, seat: SeatId, agent: AgentId | None, at: Instant, cause: str) -> tuple[Output, ...]:
        """Who sits at a seat from now on."""
        if agent is None:
            self._out += self._belief.seat(seat, at, cause)
            self._agent_at.pop(seat, None)
        else:
            self._agent_at[seat] = agent
            self._out += self._belief.seat(seat, at, cause)
        return self._take()

    def offer_made(self, offer: MakeOffer, at: Instant) -> tuple[Output, ...]:
        """The router decided to ring a seat: its leg will have the offer's id."""
        self._offers.made(offer, at)
        return self._take()

    def citizen_dialled(self, dial: DialCitizen, at: Instant) -> tuple[Output, ...]:
        """The service dials a citizen: the call is there from now on, and its leg will have the same id."""
        call = self._state.calls[dial.leg] = dialled.begun(dial, at)
        self._changed(call, at, dial.cause)
        return self._take()

    def altered(
        self,
        call_id: CallId,
        at: Instant,
        cause: str,
        *,
        queue: QueueId | None = None,
        priority: int | None = None,
        steps: str | None = None,
    ) -> tuple[Output, ...]:
        """A waiting caller has another queue, priority or steps; None: as before."""
        self._callers.altered(call_id, at, cause, queue, priority, steps)
        return self._take()

    def sent_away(self, call_id: CallId, at: Instant, cause: str) -> tuple[Output, ...]:
        """The router gave a waiting caller up: it hears a message or the busy tone."""
        self._callers.sent_away(call_id, at, cause)
        return self._take()

    def offer_closed(self, closed: OfferClosed) -> tuple[Output, ...]:
        """The router says how an offer ended."""
        self._offers.closed(closed)
        return self._take()

    def handle(self, fact: Fact) -> tuple[Output, ...]:
        """Takes one fact and returns what follows, in causal order."""
        match fact:
            case PbxSnapshot():
                for leg in self._state.legs.values():
                    if leg.moved_at >= fact.at:
                        leg.moved_at = float("-inf")  # the clock was set back; the snapshot is what is so
                for implied in facts_of(fact, self._state, self._trunk):
                    self._apply(implied)
                self._connections.check(fact.at, fact.cause)
                for leg_id in list(self._state.asked):  # no link tells of them any more
                    self._remember(leg_id)
                    self._commanded.never_came(leg_id, fact.at, fact.cause)
                for call in list(self._state.calls.values()):
                    self._offers.settle(call, fact.at, fact.cause)
                    if dialled.is_unbegun(call.record):
                        self._never_began(call, AttemptOutcome.CANCELLED, fact.at, fact.cause)
                self._offers.found(fact)
                self._belief.quiet = False
                self._out += self._belief.everything(fact.at, fact.cause)
            case f.PbxLost():
                self._lose_sight(fact.at, fact.cause)
            case _:
                self._apply(fact)
        return self._take()

    def _apply(self, fact: Fact) -> None:
        match fact:
            case f.LegStarted():
                self._leg_started(fact)
            case f.LegRinging():
                leg = self._state.legs.get(fact.leg)
                if leg is not None and leg.record.ringing_at is None:
                    leg.record.ringing_at = fact.at
                    self._leg_changed(leg, fact.at, fact.cause)
            case f.LegAnswered():
                leg = self._state.legs.get(fact.leg)
                if leg is not None and leg.record.answered_at is None:
                    leg.record.answered_at = fact.at
                    self._leg_changed(leg, fact.at, fact.cause)
            case f.LegMeasured():
                leg = self._state.legs.get(fact.leg)
                if leg is not None and fact.quality is not None and fact.final:
                    leg.record.measured(Sound.of(fact.quality))
                    self._leg_changed(leg, fact.at, fact.cause)
            case f.LegJoined():
                self._connections.joined(fact)
            case f.LegParted():
                self._connections.parted(fact)
            case f.CallerHeld():
                self._connections.held(fact)
            case f.LegHeld():
                self._connections.phone_held(fact)
            case f.LegResumed():
                self._connections.phone_resumed(fact)
            case f.LegLeaving():
                self._leg_leaving(fact)
            case f.ClockSet():
                for leg in self._state.legs.values():
                    leg.clock_set = True
            case f.LegLingers():
                pass  # it is hung up, and its end tells the rest
            case f.RecordingStarted():
                self._connections.recording_started(fact)
            case f.RecordingFinished():
                self._connections.recording_finished(fact)
            case f.LegEnded():
                self._leg_ended(fact)
            case f.CallArrived():
                self._callers.arrived(fact)
            case f.SeatDialled():
                self._seat_dialled(fact)
            case f.DialEnded():
                call = self._state.calls.get(fact.call)
                self._out += attempts.ended(call, attempts.outcome_of(fact), fact.at, fact.cause)
            case f.CallerQueued():
                self._callers.queued(fact)
            case f.CallerNeeds():
                self._callers.needs(fact)
            case f.CallerFellBack() | f.CallerServed() | f.CallerLeft():
                self._callers.moved(fact)
            case f.OriginateFailed():
                self._originate_failed(fact)
            case (
                f.MenuChosen()
                | f.LineClosed()
                | f.VoicemailStarted()
                | f.VoicemailEnded()
                | f.CallbackAsked()
                | f.RatingAsked()
                | f.RatingGiven()
            ):
                self._callers.went_through_flow(fact)
            case _:
                pass  # features and reachability are the owner's business

    # -- legs ------------------------------------------------------------------------------------------------

    def _leg_started(self, fact: f.LegStarted) -> None:
        known = self._state.legs.get(fact.leg)
        if known is not None or fact.leg in self._done:
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
            self._out += self._belief.seat(seat, fact.at, fact.cause)

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

    def _leg_leaving(self, fact: f.LegLeaving) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is not None and leg.record.seat is not None:
            leg.leaving = True
            call = self._state.call_of(leg)
            leg.handed_on = leg.bridge is None and (call is None or not self._state.held_by(call, leg))
            self._out += self._belief.seat(leg.record.seat, fact.at, fact.cause)

    def _leg_ended(self, fact: f.LegEnded) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is None:
            self._remember(fact.leg)
            self._commanded.never_came(fact.leg, fact.at, fact.cause)
            return
        self._connections.part(leg, fact.at, fact.cause)
        self._connections.let_go(leg, fact.at, fact.cause)
        leg.record.ended_at, leg.record.hangup_cause = fact.at, fact.hangup_cause
        self._state.end(leg)
        self._remember(fact.leg)
        call = self._state.call_of(leg)
        seat = leg.record.seat
        self._connections.recordings_over(leg, call, fact.cause)
        if seat is not None:
            if call is not None and fact.leg == call.record.call:  # it dialled the citizen
                self._out += attempts.ended(call, AttemptOutcome.CANCELLED, fact.at, fact.cause)
            self._offers.leg_ended(leg, call, fact)
            self._out += self._belief.seat(seat, fact.at, fact.cause)
        if call is not None:
            self._leg_left_call(leg, call, fact)

    def _leg_left_call(self, leg: Leg, call: OpenCall, fact: f.LegEnded) -> None:
        del call.live[fact.leg]
        # Who leaves while others talk on does not end the call (a consulted colleague, one of a conference),
        # nor does who handed it on.
        decides = fact.leg == call.citizen or (leg.was_connected and not leg.handed_on and not call.talks)
        if decides and fact.hung_up_by_peer and call.record.ended_by is None:
            call.record.ended_by = end_of_call(leg.record)
        if fact.leg == call.caller:
            self._out += caller_left(call.record, fact.leg, fact.at, fact.cause)
        if fact.leg == call.record.call and leg.record.seat is None:
            outcome = dialled.outcome_of_end(call, leg.record, fact.hangup_cause, fact.hung_up_by_peer)
            self._out += attempts.ended(call, outcome, fact.at, fact.cause)
        call.cut_off |= fact.leg == call.caller and fact.hangup_cause in NETWORK_FAULTS
        if not call.live:
            self._offers.call_over(call, fact.at, fact.cause)
            call.record.ended_at = max(leg.ended_at or fact.at for leg in call.record.legs)
            call.record.outcome = call.record.outcome_when_ended()
            call.record.ended_by = call.record.ended_by or EndedBy.SYSTEM
            del self._state.calls[call.record.call]
        self._changed(call, fact.at, fact.cause)

    # -- calls -----------------------------------------------------------------------------------------------

    def _seat_dialled(self, fact: f.SeatDialled) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is None or leg.call is not None:
            return
        beside = self._state.calls.get(fact.call)
        if beside is not None and self._state.connected_at(fact.seat, beside):
            self._state.attach(leg, beside)
            self._changed(beside, fact.at, fact.cause)
            return
        call_id = fact.leg  # though it names the call of another line, which the phone has hung up just now
        direction, number = Direction.OUTBOUND, fact.number
        if fact.to_seat:
            direction, number = Direction.INTERNAL, ""
        record = CallRecord(call_id, direction, "", None, 0, number, fact.number, leg.record.started_at)
        record.route, record.agent, record.seat = Route.DIRECT, leg.record.agent, leg.record.seat
        call = OpenCall(record, "dialling", None)
        self._state.calls[call_id] = call
        self._state.attach(leg, call)
        record.work_order = fact.work_order or None
        if fact.callback:
            record.callback, record.route = fact.callback, Route.ACD
            self._out += attempts.began(self._state, self._belief, call, leg, fact.at, fact.cause)
        self._changed(call, fact.at, fact.cause)

    def _originate_failed(self, fact: f.OriginateFailed) -> None:
        if fact.leg in self._state.legs:
            return  # the leg's own end says it, and more exactly
        call = self._state.calls.get(fact.leg)
        if call is not None and dialled.is_unbegun(call.record):
            self._never_began(call, dialled.outcome_of_failure(fact.reason), fact.at, fact.cause)
        self._remember(fact.leg)
        self._commanded.never_came(fact.leg, fact.at, fact.cause)
        self._offers.originate_failed(fact)

    def _never_began(self, call: OpenCall, outcome: AttemptOutcome, at: Instant, cause: str) -> None:
        """A citizen was to be dialled, and no leg came of it."""
        self._out += attempts.ended(call, outcome, at, cause)
        dialled.give_up(call, at)
        del self._state.calls[call.record.call]
        self._remember(call.record.call)
        self._changed(call, at, cause)

    def _lose_sight(self, at: Instant, cause: str) -> None:
        for leg in self._state.legs.values():
            leg.holding = False  # Asterisk's log would not tell that the phone resumed
        self._out += self._belief.lose_sight(at, cause)
        self._offers.lose_sight(at, cause)

    # -- output ----------------------------------------------------------------------------------------------

    def _leg_changed(self, leg: Leg, at: Instant, cause: str) -> None:
        call = self._state.call_of(leg)
        if call is not None:
            self._changed(call, at, cause)

    def _changed(self, call: OpenCall, at: Instant, cause: str) -> None:
        """Notes that the record changed, once a fact and last, and what that means to the router."""
        call.record.version += 1
        call.record.state = call.state
        if call.place == "fallback":
            self._fell_back[call.record.call] = None
        self._out = [o for o in self._out if not (isinstance(o, CallUpdated) and o.record is call.record)]
        self._out += self._belief.call(call, at, cause)
        self._out.append(CallUpdated(at, cause, call.record))

    def _tell(self, output: Output) -> None:
        self._out.append(output)

    def _remember(self, leg: LegId) -> None:
        self._done[leg] = None
        while len(self._done) > DONE_LEGS_KEPT:
            del self._done[next(iter(self._done))]

    def _take(self) -> tuple[Output, ...]:
        out, self._out = tuple(self._out), []
        return out
