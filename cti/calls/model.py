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
from cti.calls.legs import Legs
from cti.calls.offers import Offers
from cti.calls.outputs import CallUpdated, Output
from cti.calls.reconcile import facts_of
from cti.calls.records import CallRecord, Direction, Route
from cti.calls.restoring import restored
from cti.calls.state import Leg, LiveState, OpenCall


class CallModel:
    """All open calls. Its owner reports who sits where and each offer that the router made or closed.

    It begins with Asterisk out of sight: facts build the records, and routing events come from the first
    `PbxSnapshot` on.
    """

    def __init__(self, *, seats: frozenset[SeatId], trunk: str) -> None:
        self._trunk = trunk
        self._state = LiveState()
        self._agent_at: dict[SeatId, AgentId] = {}
        self._belief = RouterBelief(self._state, self._agent_at)
        self._fell_back: dict[CallId, None] = {}
        """Calls whose callers came to the fallback queue, which is asked about after every event."""
        self._out: list[Output] = []
        self._offers = Offers(self._state, self._changed, self._tell)
        self._commanded = Commanded(self._state, self._changed)
        self._connections = Connections(self._state, self._belief, self._changed, self._tell)
        self._callers = Callers(
            self._state, self._belief, self._connections, trunk, self._changed, self._tell
        )
        self._legs = Legs(
            self._state,
            self._belief,
            self._offers,
            self._commanded,
            self._connections,
            seats,
            self._agent_at,
            self._changed,
            self._tell,
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
        return self._state.is_over(leg)

    def leg(self, leg: LegId) -> Leg | None:
        """A leg that has not ended."""
        return self._state.legs.get(leg)

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
            self._state.remember(leg)

    def forget_done(self, legs: Iterable[LegId]) -> None:
        """Names legs of calls that were closed before a restart: facts about them change nothing."""
        for leg in legs:
            self._state.remember(leg)

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
                    self._state.remember(leg_id)
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
            case (
                f.LegStarted()
                | f.LegRinging()
                | f.LegAnswered()
                | f.LegMeasured()
                | f.LegLeaving()
                | f.LegEnded()
            ):
                self._legs.note(fact)
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
            case f.ClockSet():
                for leg in self._state.legs.values():
                    leg.clock_set = True
            case f.LegLingers():
                pass  # it is hung up, and its end tells the rest
            case f.RecordingStarted():
                self._connections.recording_started(fact)
            case f.RecordingFinished():
                self._connections.recording_finished(fact)
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
        self._state.remember(fact.leg)
        self._commanded.never_came(fact.leg, fact.at, fact.cause)
        self._offers.originate_failed(fact)

    def _never_began(self, call: OpenCall, outcome: AttemptOutcome, at: Instant, cause: str) -> None:
        """A citizen was to be dialled, and no leg came of it."""
        self._out += attempts.ended(call, outcome, at, cause)
        dialled.give_up(call, at)
        del self._state.calls[call.record.call]
        self._state.remember(call.record.call)
        self._changed(call, at, cause)

    def _lose_sight(self, at: Instant, cause: str) -> None:
        for leg in self._state.legs.values():
            leg.holding = False  # Asterisk's log would not tell that the phone resumed
        self._out += self._belief.lose_sight(at, cause)
        self._offers.lose_sight(at, cause)

    # -- output ----------------------------------------------------------------------------------------------

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

    def _take(self) -> tuple[Output, ...]:
        out, self._out = tuple(self._out), []
        return out
