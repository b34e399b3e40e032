"""Who is connected with whom: bridges become segments, holds are noted, recordings find their segment."""

from __future__ import annotations

from collections.abc import Callable

from acd import events as acd
from acd.model import AgentId, AttemptOutcome, Instant, OfferOutcome
from cti.calls import attempts
from cti.calls import facts as f
from cti.calls.belief import RouterBelief
from cti.calls.facts import LegId
from cti.calls.outcome import settle_offer
from cti.calls.outputs import CallerAnswered, Output, RecordingDue, RecordingVoid
from cti.calls.reconcile import RESTORED
from cti.calls.records import Direction, HoldKind, HoldRecord, Route, SegmentRecord
from cti.calls.state import Changed, Leg, LiveState, OpenCall


class Connections:
    """The part of the call model that follows bridges. `changed` is told of each call that it alters."""

    def __init__(
        self,
        state: LiveState,
        belief: RouterBelief,
        changed: Changed,
        tell: Callable[[Output], None],
    ) -> None:
        self._state = state
        self._belief = belief
        self._changed = changed
        self._tell = tell

    # -- bridges and segments --------------------------------------------------------------------------------

    def joined(self, fact: f.LegJoined) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is None or leg.bridge == fact.bridge or fact.at <= leg.moved_at:
            return
        if leg.bridge is not None and leg.bridge.startswith(RESTORED):
            # It never parted from there, so this is that connection, whatever a clock that was set says.
            self._state.rename_bridge(leg.bridge, fact.bridge)
            return
        self.part(leg, fact.at, fact.cause)
        leg.moved_at = fact.at
        self._state.enter(fact.leg, fact.bridge)
        self._end_holds(leg, fact.at, fact.cause)
        self._resegment(fact.bridge, fact.at, fact.cause)
        if leg.holding:
            self._held_at_phone(leg, fact.at, fact.cause)

    def parted(self, fact: f.LegParted) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is None or leg.bridge is None or fact.at <= leg.moved_at:
            return
        if leg.bridge == fact.bridge or leg.bridge.startswith(RESTORED):
            self.part(leg, fact.at, fact.cause)

    def check(self, at: Instant, cause: str) -> None:
        """Segments for bridges whose parties were known before their call was."""
        for bridge in list(self._state.bridges):
            self._resegment(bridge, at, cause)

    def part(self, leg: Leg, at: Instant, cause: str) -> None:
        """The leg is in no bridge any more, if it was in one."""
        bridge = self._state.exit(leg.record.leg)
        if bridge is not None:
            leg.moved_at = at
            self._end_holds(leg, at, cause)
            self._resegment(bridge, at, cause, left=leg)
            if not self._state.bridges[bridge]:
                del self._state.bridges[bridge]

    def _resegment(self, bridge: str, at: Instant, cause: str, left: Leg | None = None) -> None:
        """Ends and begins segments so that each open one has exactly the parties of its bridge."""
        members = tuple(self._state.bridges[bridge])
        concerned = [self._state.legs[m] for m in members] + ([left] if left else [])
        parties = members if len(members) > 1 else ()
        for call in [self._state.call_of(leg) for leg in concerned]:
            if call is None:
                continue
            open_one = call.talks.get(bridge)
            if open_one is not None and open_one.legs != parties:
                open_one.ended_at = at
                del call.talks[bridge]
                self._changed(call, at, cause)
            if parties and bridge not in call.talks:
                self._begin_segment(call, bridge, parties, at, cause)

    def _begin_segment(
        self, call: OpenCall, bridge: str, parties: tuple[LegId, ...], at: Instant, cause: str
    ) -> None:
        legs = [self._state.legs[party] for party in parties]
        for leg in legs:
            leg.was_connected = True
            self._state.attach(leg, call)
        seat_leg = self._in_hand(call, legs)
        segment = SegmentRecord(
            segment=f"{call.record.call}/{len(call.record.segments) + 1}",
            legs=parties,
            agent=seat_leg.record.agent if seat_leg else None,
            seat=seat_leg.record.seat if seat_leg else None,
            recorded_leg=_recording_for(call, legs),
            started_at=at,
        )
        call.talks[bridge] = segment
        call.record.segments.append(segment)
        if call.caller is None or call.caller in call.live:
            call.record.ended_by = None  # whoever left before, the call went on
        if call.caller in parties:
            call.waits = False
            call.handler = seat_leg.record.leg if seat_leg else None
        if seat_leg is not None:
            self._connected(call, seat_leg, at, cause)
        self._changed(call, at, cause)

    def _in_hand(self, call: OpenCall, legs: list[Leg]) -> Leg | None:
        """Of the seats among the legs the one that had the caller in hand before, else the call's first."""
        seats = sorted((leg for leg in legs if leg.record.seat is not None), key=_place_in(call))
        return next((leg for leg in seats if leg.record.leg == call.handler), seats[0] if seats else None)

    def _connected(self, call: OpenCall, seat_leg: Leg, at: Instant, cause: str) -> None:
        record = call.record
        if record.answered_at is None:
            record.answered_at = at
            record.agent, record.seat = seat_leg.record.agent, seat_leg.record.seat
            if record.direction is Direction.INBOUND or record.queued_at is not None:
                record.route = Route.FALLBACK if call.place == "fallback" else Route.ACD
            if record.direction is Direction.INBOUND:
                self._tell(CallerAnswered(at, cause, record.number))
        for told in self._belief.called_back(call, at, cause):  # first: who reached the citizen counts it
            self._tell(told)
        for output in attempts.ended(call, AttemptOutcome.REACHED, at, cause):
            self._tell(output)
        offer = self._state.offers.get(seat_leg.record.leg)
        if offer is None:
            settle_offer(call, seat_leg.record.leg, OfferOutcome.ACCEPTED, at)
        elif not offer.answered:
            offer.answered = True
            self._belief.offer_answered(record.call, offer.made.seat, offer.made.agent)
            self._tell(acd.OfferAnswered(at, cause, seat_leg.record.leg))

    # -- holds -----------------------------------------------------------------------------------------------

    def held(self, fact: f.CallerHeld) -> None:
        """A party is in no bridge and hears music. Told again after it was taken up, it changes nothing."""
        leg = self._state.legs.get(fact.leg)
        call = self._state.call_of(leg) if leg is not None else None
        if leg is None or call is None or fact.at < leg.moved_at:
            return
        self.part(leg, fact.at, fact.cause)
        by = self._state.legs.get(fact.by)
        kind = HoldKind.SERVICE if fact.by else HoldKind.PARKED
        known = next((h for h in call.record.holds if h.leg == fact.leg and h.ended_at is None), None)
        if fact.leg == call.caller and by is not None and call.handler not in self._state.legs:
            call.handler = fact.by  # whoever holds the caller has them in hand, though nobody saw them talk
        if known is not None and known.kind is kind:
            if known.agent is None and by is not None:
                known.agent = by.record.agent
                self._changed(call, fact.at, fact.cause)
            return
        if known is not None:
            known.ended_at = fact.at
        agent: AgentId | None = by.record.agent if by is not None else None
        call.record.holds.append(HoldRecord(fact.leg, kind, agent, fact.at))
        if fact.leg == call.caller:
            call.waits = False
        self._changed(call, fact.at, fact.cause)

    def phone_held(self, fact: f.LegHeld) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is None:
            return
        leg.holding = True
        if leg.bridge is not None and fact.at >= leg.moved_at:
            self._held_at_phone(leg, fact.at, fact.cause)

    def _held_at_phone(self, leg: Leg, at: Instant, cause: str) -> None:
        call = self._state.call_of(leg)
        own = [h for h in call.record.holds if h.leg == leg.record.leg] if call is not None else []
        if call is None or any(h.ended_at is None or h.ended_at > at for h in own):
            return
        call.record.holds.append(HoldRecord(leg.record.leg, HoldKind.PHONE, leg.record.agent, at))
        self._changed(call, at, cause)

    def phone_resumed(self, fact: f.LegResumed) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is not None:
            leg.holding = False
            self._end_holds(leg, fact.at, fact.cause, HoldKind.PHONE)

    def _end_holds(self, leg: Leg, at: Instant, cause: str, kind: HoldKind | None = None) -> None:
        """Ends the leg's holds, or those of one kind alone."""
        call = self._state.call_of(leg)
        for hold in call.record.holds if call is not None else ():
            if call is not None and hold.leg == leg.record.leg and hold.ended_at is None:
                if hold.started_at > at or kind not in (None, hold.kind):
                    continue
                hold.ended_at = at
                self._changed(call, at, cause)

    def let_go(self, leg: Leg, at: Instant, cause: str) -> None:
        """The leg waits again, or has ended: nobody holds it."""
        self._end_holds(leg, at, cause)

    # -- recordings ------------------------------------------------------------------------------------------

    def recording_started(self, fact: f.RecordingStarted) -> None:
        leg = self._state.legs.get(fact.leg)
        name = fact.recording or fact.leg
        if leg is None or name in leg.recordings:
            return
        leg.recordings[name] = fact.at
        leg.recording = name

    def recording_finished(self, fact: f.RecordingFinished) -> None:
        leg = self._state.legs.get(fact.leg)
        if leg is not None and fact.recording in ("", leg.recording):
            leg.recording = None

    def recordings_over(self, leg: Leg, call: OpenCall | None, cause: str) -> None:
        """The leg has ended, and so have its recordings: each belongs to the first segment it covers."""
        name = leg.record.leg
        segments = call.record.segments if call is not None else []
        names = dict.fromkeys(leg.recordings)
        if leg.record.seat is not None:
            names.setdefault(name)
        for segment in segments:
            if segment.recorded_leg is not None and leg_of_recording(segment.recorded_leg) == name:
                names.setdefault(segment.recorded_leg)
        for recording in names:
            first = next((s for s in segments if s.recorded_leg == recording), None)
            if call is not None and first is not None:
                self._tell(RecordingDue(cause, recording, call.record.call, first.segment, first.started_at))
            else:
                began = leg.recordings.get(recording)
                known = began is not None and any(_recorded(s, name, began) for s in segments)
                self._tell(RecordingVoid(cause, recording, known))


def _recorded(segment: SegmentRecord, leg: LegId, since: Instant) -> bool:
    """Whether a recording has the leg's conversation in this segment, or a part of it after that time."""
    after = segment.ended_at is None or segment.ended_at > since
    return after and leg in segment.legs and segment.recorded_leg is not None


def _place_in(call: OpenCall) -> Callable[[Leg], int]:
    """In which order legs came to the call; those of another one last."""
    order = {leg: place for place, leg in enumerate(call.live)}
    return lambda leg: order.get(leg.record.leg, len(order))


AGAIN = "_r"
"""Between a leg's id and the number of its recording, from the second on. No id of a leg has it in it."""


def leg_of_recording(recording: str) -> LegId:
    """The leg whose recorder made it."""
    leg, again, number = recording.rpartition(AGAIN)
    return leg if again and number.isdigit() else recording


def _recording_for(call: OpenCall, legs: list[Leg]) -> str | None:
    """The recording that covers a segment of these legs: a new one before one that covered others already."""
    taken = {segment.recorded_leg for segment in call.record.segments}
    recorded = sorted(legs, key=lambda leg: leg.record.seat is None)
    for leg in recorded:
        if leg.recording is not None and leg.recording not in taken:
            return leg.recording
    for leg in recorded:
        name = leg.record.leg
        if not leg.recordings and leg.record.seat is not None and name not in taken:
            return name
    return next((leg.recording for leg in recorded if leg.recording is not None), None)
