"""Citizens while no agent has them: they arrive, wait, go through flows and are sent elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from acd.model import AttemptOutcome, Instant, QueueId
from cti.calls import attempts
from cti.calls import facts as f
from cti.calls.belief import RouterBelief
from cti.calls.connections import Connections
from cti.calls.facts import CallId, LegId
from cti.calls.flows import take
from cti.calls.outcome import NETWORK_FAULTS
from cti.calls.outputs import Output
from cti.calls.records import CallOutcome, CallRecord, Direction, LegRecord
from cti.calls.state import Changed, Leg, LiveState, OpenCall


class Callers:
    """The part of the call model that follows callers. `changed` is told of each call that it alters."""

    def __init__(
        self,
        state: LiveState,
        belief: RouterBelief,
        connections: Connections,
        trunk: str,
        changed: Changed,
        tell: Callable[[Output], None],
    ) -> None:
        self._state = state
        self._belief = belief
        self._connections = connections
        self._trunk = trunk
        self._changed = changed
        self._tell = tell

    def arrived(self, fact: f.CallArrived) -> None:
        call = self._open(fact.call, fact.leg, fact.at, fact.number, fact.dialled)
        if call is not None and not call.record.hotline:
            call.record.hotline = fact.hotline
            call.record.number, call.record.dialled = fact.number, fact.dialled
            self._state.legs[fact.leg].record.number = fact.number
            self._changed(call, fact.at, fact.cause)

    def _open(
        self, call_id: CallId, leg_id: LegId, at: Instant, number: str, dialled: str
    ) -> OpenCall | None:
        """The inbound call of a caller's leg, made when it is new; None when it is over already."""
        if self._state.is_over(leg_id):
            return None
        leg = self._state.legs.get(leg_id)
        if leg is None:
            leg = Leg(LegRecord(leg_id, "", self._trunk, None, None, number, at), None, call_id, dialled)
            self._state.begin(leg)
        call = self._state.calls.get(call_id)
        if call is None:
            record = CallRecord(
                call_id, Direction.INBOUND, "", None, 0, number, dialled, leg.record.started_at
            )
            call = OpenCall(record, "greeting", leg_id)
            self._state.calls[call_id] = call
        self._state.attach(leg, call)
        return call

    def queued(self, fact: f.CallerQueued) -> None:
        call = self._open(fact.call, fact.leg, fact.at, "", "")
        if call is None:
            return
        leg = self._state.legs[fact.leg]
        if call.record.queued_at is None:
            call.record.queued_at = fact.queued_at
        if fact.at < leg.moved_at:  # told again, or late: since then an agent had the caller
            if call.place == "greeting":
                call.place = "waiting"
                call.record.queue, call.record.priority = fact.queue, fact.priority
                self._changed(call, fact.at, fact.cause)
            return
        call.record.queue, call.record.priority = fact.queue, fact.priority
        if call.place != "diverted":  # a caller who was sent away is told of again after a restart
            call.place = "waiting"
        held = call.hold is not None and call.hold.started_at < fact.at
        if (leg.was_connected or held) and leg.bridge is None:
            call.waits = True
            call.record.ended_by = None  # whoever left before, the call goes on
            leg.moved_at = fact.at
            self._connections.let_go(leg, fact.at, fact.cause)
        self._changed(call, fact.at, fact.cause)

    def needs(self, fact: f.CallerNeeds) -> None:
        call = self._open(fact.call, fact.leg, fact.at, "", "")
        if call is not None and call.record.steps != fact.steps:
            call.record.steps = fact.steps
            self._changed(call, fact.at, fact.cause)

    def altered(
        self,
        call_id: CallId,
        at: Instant,
        cause: str,
        queue: QueueId | None,
        priority: int | None,
        steps: str | None,
    ) -> None:
        """A waiting caller has another queue, priority or steps; None: as before."""
        call = self._state.calls.get(call_id)
        if call is not None:
            record = call.record
            record.queue = record.queue if queue is None else queue
            record.priority = record.priority if priority is None else priority
            record.steps = record.steps if steps is None else steps
            self._changed(call, at, cause)

    def sent_away(self, call_id: CallId, at: Instant, cause: str) -> None:
        """The router gave a waiting caller up: it hears a message or the busy tone."""
        call = self._state.calls.get(call_id)
        if call is not None:
            call.place, call.wait_counted = "diverted", True
            call.record.outcome = CallOutcome.DIVERTED
            self._belief.forget(call_id)
            for output in attempts.ended(call, AttemptOutcome.ABANDONED, at, cause):
                self._tell(output)
            self._changed(call, at, cause)

    def moved(self, fact: f.CallerFellBack | f.CallerServed | f.CallerLeft) -> None:
        call = self._open(fact.call, fact.leg, fact.at, "", "")
        if call is not None:
            if isinstance(fact, f.CallerLeft):
                call.cut_off |= fact.hangup_cause in NETWORK_FAULTS
            call.place = "fallback" if isinstance(fact, f.CallerFellBack) else "after"
            self._changed(call, fact.at, fact.cause)

    def went_through_flow(self, fact: f.FlowFact) -> None:
        call = self._state.calls.get(fact.call)
        if call is None or fact.leg not in call.live:
            return
        changed, concluded = take(call, fact)
        if changed:
            self._changed(call, fact.at, fact.cause)
        for output in concluded:
            self._tell(output)
