"""What the call model keeps while a call is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from acd.effects import MakeOffer
from acd.model import AgentId, Instant, SeatId
from cti.calls.actions import Place
from cti.calls.facts import CallId, LegId
from cti.calls.records import CallRecord, CallState, HoldKind, HoldRecord, LegRecord, SegmentRecord

MOVES_WITHIN_S = 5.0
"""A leg that is not where a command sent it so long afterwards does not go there any more."""
DONE_LEGS_KEPT = 6_000
"""Ended legs and calls remembered, so that a fact that comes late does not open a call again: at 10 calls a
second those of the last three minutes.
"""
_BEFORE_THE_TALK = ("greeting", "dialling", "waiting", "fallback")
_CONNECTS = frozenset({Place.CONNECT, Place.CONSULT, Place.CONFERENCE})


@dataclass(slots=True)
class Leg:
    record: LegRecord
    call: CallId | None
    linked: LegId
    dialled: str
    bridge: str | None = None
    was_connected: bool = False
    moved_at: Instant = float("-inf")
    """When it last entered or left a bridge: what is told of an earlier time is known already."""
    leaving: bool = False
    """Its phone has hung up."""
    holding: bool = False
    """Its phone has it on hold, by its own key, whether it is connected or not."""
    handed_on: bool = False
    """It was connected with nobody and held nobody when its phone hung up: it had transferred them."""
    clock_set: bool = False
    """The machine's clock was set while it was there: it may have rung for less than it should."""
    callback: str = ""
    """Its phone rings for this callback by an offer that the router knows nothing of any more."""
    recording: str | None = None
    """The recording that runs on it."""
    recordings: dict[str, Instant] = field(default_factory=dict)
    """All that were made on it, with when each was first seen to run."""
    bound_for: Place | None = None
    """Where a command sent it, until it is there."""
    sent_at: Instant = float("-inf")

    def moves(self, at: Instant) -> bool:
        """Whether a command sent it elsewhere and it is not there yet."""
        return self.bound_for is not None and at < self.sent_at + MOVES_WITHIN_S


@dataclass(slots=True)
class OpenCall:
    record: CallRecord
    place: str
    """The caller's state while no agent has them, which a talking caller keeps."""
    caller: LegId | None
    live: dict[LegId, None] = field(default_factory=dict)
    """Legs that have not ended, in the order in which they came."""
    talks: dict[str, SegmentRecord] = field(default_factory=dict)
    """The segments that go on, by bridge: two at once while somebody changes over."""
    handler: LegId | None = None
    """The agent's leg that has the caller in hand, talking or holding."""
    waits: bool = False
    """Queued again after an agent had it."""
    decided_at: Instant = float("-inf")
    """When the leg that `ended_by` speaks of left its last bridge."""
    cut_off: bool = False
    """The caller's leg ended through a fault of the network."""
    attempt_over: bool = False
    """The router knows what came of the attempt of a callback that this call is."""
    agent_known: bool = False
    """The router knows whose phone dialled the citizen of a callback; see `RouterBelief.called_back`."""
    wait_counted: bool = False
    """The router's figures hold how the wait ended, or it was not theirs to count."""

    @property
    def wait_is_over(self) -> bool:
        """The caller was answered, gave up, was sent away or is to be called back."""
        record = self.record
        over = record.answered_at is not None or record.ended_at is not None
        return over or self.place in ("diverted", "callback") or self.caller not in self.live

    @property
    def waits_since(self) -> Instant | None:
        """When the caller was queued, if they still wait, in Asterisk's plain queue too."""
        again = self.waits and self.caller in self.live
        return self.record.queued_at if again or not self.wait_is_over else None

    @property
    def citizen(self) -> LegId | None:
        """The leg of the citizen: the caller's, or the first one beyond the trunk of a call that went out."""
        return self.caller if self.caller is not None else self.record.outside

    @property
    def caller_left_at(self) -> Instant | None:
        return next((leg.ended_at for leg in self.record.legs if leg.leg == self.caller), None)

    @property
    def segment(self) -> SegmentRecord | None:
        """The segment that goes on: the caller's, if there is one."""
        own = (segment for segment in self.talks.values() if self.caller in segment.legs)
        return next(own, None) or next(iter(self.talks.values()), None)

    @property
    def hold(self) -> HoldRecord | None:
        """The hold that goes on: the citizen's, or one by a phone that they are connected with.

        In a call from seat to seat it is that of who dialled. What a phone's other line holds is none.
        """
        subject = self.record.subject
        talk = next((each.legs for each in self.talks.values() if subject in each.legs), ())
        going = [hold for hold in self.record.holds if hold.ended_at is None]
        own = next((hold for hold in going if hold.leg == subject), None)
        return own or next((h for h in going if h.kind is HoldKind.PHONE and h.leg in talk), None)

    @property
    def state(self) -> CallState | None:
        """None once it has ended."""
        record, hold = self.record, self.hold
        if record.ended_at is not None:
            return None
        if hold is not None:
            return CallState.PARKED if hold.kind is HoldKind.PARKED else CallState.HELD
        if self.talks:
            return CallState.TALKING
        if any(offer.outcome is None for offer in record.offers):
            return CallState.OFFERED
        if record.answered_at is None or self.waits or self.place not in _BEFORE_THE_TALK:
            return CallState(self.place)
        # Nothing tells of the farewell. With somebody else in the call the caller is on the way to them.
        alone = all(leg == self.citizen for leg in self.live)
        return CallState.AFTER if alone else CallState.TALKING

    @property
    def caller_talks(self) -> bool:
        return any(self.caller in segment.legs for segment in self.talks.values())

    @property
    def caller_channel(self) -> str:
        """Asterisk's name of the caller's channel. Raises StopIteration for a call that an agent began."""
        return next(leg.channel for leg in self.record.legs if leg.leg == self.caller)


Changed: TypeAlias = Callable[[OpenCall, Instant, str], None]
"""Told of a call that was altered, when, and because of what."""


@dataclass(frozen=True, slots=True)
class AskedLeg:
    """A leg that the service asked for and that is not there yet."""

    call: CallId
    seat: SeatId | None
    """None: a number outside."""


@dataclass(slots=True)
class Offer:
    made: MakeOffer
    answered: bool = False


class LiveState:
    """Legs, bridges, calls and offers, with the questions that several parts of the model ask of them."""

    def __init__(self) -> None:
        self.calls: dict[CallId, OpenCall] = {}
        self.legs: dict[LegId, Leg] = {}
        self.bridges: dict[str, dict[LegId, None]] = {}
        self.offers: dict[LegId, Offer] = {}
        self.asked: dict[LegId, AskedLeg] = {}
        """Legs that commands asked for and that are not there yet."""
        self._done: dict[LegId, None] = {}
        self._at_seat: dict[SeatId, dict[LegId, None]] = {}
        """Legs of each seat's phone: asked for with nearly every fact, when hundreds are up."""
        self._of_agent: dict[AgentId, dict[LegId, None]] = {}
        """Legs of each agent, asked for by each supervision that waits after everything that happens."""

    def begin(self, leg: Leg) -> None:
        """The leg is there."""
        self.legs[leg.record.leg] = leg
        if leg.record.seat is not None:
            self._at_seat.setdefault(leg.record.seat, {})[leg.record.leg] = None
        if leg.record.agent is not None:
            self._of_agent.setdefault(leg.record.agent, {})[leg.record.leg] = None

    def end(self, leg: Leg) -> None:
        """The leg is there no more."""
        del self.legs[leg.record.leg]
        if leg.record.seat is not None:
            del self._at_seat[leg.record.seat][leg.record.leg]
        if leg.record.agent is not None:
            del self._of_agent[leg.record.agent][leg.record.leg]

    def legs_of(self, agent: AgentId) -> list[Leg]:
        """The agent's legs, in the order in which they came."""
        return [self.legs[leg] for leg in self._of_agent.get(agent, ())]

    def is_over(self, leg: LegId) -> bool:
        """Whether a leg has ended, or was asked for and never came about."""
        return leg in self._done

    def remember(self, leg: LegId) -> None:
        """The leg, or the call, is over: a fact that comes late does not open it again."""
        self._done[leg] = None
        while len(self._done) > DONE_LEGS_KEPT:
            del self._done[next(iter(self._done))]

    def call_of(self, leg: Leg) -> OpenCall | None:
        return self.calls.get(leg.call) if leg.call is not None else None

    def citizen_leg(self, call: OpenCall) -> Leg | None:
        """The citizen's leg, while it is there."""
        return self.legs.get(call.citizen or "")

    def held_by(self, call: OpenCall, leg: Leg) -> list[Leg]:
        """Who is on hold by command for the agent of the leg; who was held last comes last."""
        return [
            self.legs[hold.leg]
            for hold in call.record.holds
            if hold.ended_at is None
            and hold.kind is HoldKind.SERVICE
            and hold.agent == leg.record.agent
            and hold.leg in self.legs
        ]

    def beside(self, leg: Leg) -> list[Leg]:
        """The others in the leg's bridge."""
        members = self.bridges[leg.bridge] if leg.bridge is not None else {}
        return [self.legs[other] for other in members if other != leg.record.leg]

    def place_of(self, leg_id: LegId) -> tuple[SeatId, CallId] | None:
        """The seat whose leg it is, and the call that it belongs to; None for any other leg."""
        leg = self.legs.get(leg_id)
        if leg is None or leg.record.seat is None or leg.call is None:
            return None
        return leg.record.seat, leg.call

    def aside_for(self, leg_id: LegId) -> list[LegId]:
        """Agents' legs that are connected with nobody because they have this one on hold by command."""
        leg = self.legs.get(leg_id)
        call = self.call_of(leg) if leg is not None else None
        if leg is None or call is None:
            return []
        legs = (self.legs[name] for name in call.live)
        return [
            each.record.leg
            for each in legs
            if each.record.seat is not None and each.bridge is None and leg in self.held_by(call, each)
        ]

    def talking(self) -> list[tuple[LegId, str]]:
        """Seats' legs that are connected, with Asterisk's names of their channels."""
        return [
            (leg_id, leg.record.channel)
            for leg_id, leg in self.legs.items()
            if leg.record.seat is not None and leg.bridge is not None and leg.record.channel
        ]

    def connected_at(self, seat: SeatId, call: OpenCall) -> bool:
        """Whether a line of the seat's phone is connected in the call, or holds somebody in it."""
        legs = (self.legs[name] for name in call.live)
        lines = [leg for leg in legs if leg.record.seat == seat and not leg.leaving]
        return any(leg.bridge is not None or self.held_by(call, leg) for leg in lines)

    def engages(self, leg: Leg) -> bool:
        """Whether the leg keeps its seat's agent from other work.

        A feature code does not, unless it is one of supervision (`*2…`), and neither does the ringing of an
        offer, which the router knows of, or a leg whose phone has hung up after an answer. What it means that
        a phone was not answered is told by the leg's end.
        """
        if leg.leaving and leg.record.answered_at is not None:
            return False
        if leg.record.seat is None or (leg.dialled.startswith("*") and not leg.dialled.startswith("*2")):
            return False
        offer = self.offers.get(leg.record.leg)
        return offer is None or offer.answered

    def is_engaged(self, seat: SeatId) -> bool:
        """Whether the seat's phone is on a call that is not an unanswered offer."""
        return any(self.engages(self.legs[leg]) for leg in self._at_seat.get(seat, ()))

    def rung(self, call: OpenCall) -> list[LegId]:
        """Who is rung for the call, by an offer, a command or a phone, from the asking to the connection."""
        offers = self.offers.items()
        offered = [leg for leg, to in offers if to.made.contact == call.record.call and not to.answered]
        return [*offered, *self.rung_unasked(call)]

    def rung_unasked(self, call: OpenCall) -> list[LegId]:
        """Of those the ones that the router knows nothing of.

        They are rung by a command or a phone, for an offer from before a restart, or for the fallback queue.
        Until there are none the caller is not offered to anybody else, nor moved.
        """
        known = {call.citizen, call.handler}
        known |= {hold.leg for hold in call.record.holds if hold.ended_at is None}
        asked = [leg for leg, to_come in self.asked.items() if to_come.call == call.record.call]
        return asked + [
            leg
            for leg in call.live
            if leg not in known and leg not in self.offers and not self.legs[leg].was_connected
        ]

    def in_use(self, seat: SeatId) -> bool:
        """Whether the seat's phone is on a call, rings, or is about to."""
        return (
            bool(self._at_seat.get(seat))
            or any(to_come.seat == seat for to_come in self.asked.values())
            or any(offer.made.seat == seat and not offer.answered for offer in self.offers.values())
        )

    def attach(self, leg: Leg, call: OpenCall) -> None:
        """The leg is one of the call's, unless it is another's already."""
        if leg.call is None:
            leg.call = call.record.call
            call.record.legs.append(leg.record)
            call.live[leg.record.leg] = None

    def handler_of(self, call: OpenCall) -> AgentId | None:
        """The agent who has the caller in hand; None while it waits, is parked, or hears a farewell."""
        leg = self.legs.get(call.handler) if call.handler is not None else None
        return leg.record.agent if leg is not None and not call.waits else None

    def enter(self, leg: LegId, bridge: str) -> None:
        self.legs[leg].bridge = bridge
        self.legs[leg].bound_for = None
        self.bridges.setdefault(bridge, {})[leg] = None

    def exit(self, leg: LegId) -> str | None:
        """Takes a leg out of its bridge and returns the bridge's name; None when it was in none."""
        bridge = self.legs[leg].bridge
        if self.legs[leg].bound_for not in _CONNECTS:
            self.legs[leg].bound_for = None
        if bridge is not None:
            self.legs[leg].bridge = None
            del self.bridges[bridge][leg]
        return bridge

    def rename_bridge(self, old: str, new: str) -> None:
        members = self.bridges.pop(old)
        self.bridges.setdefault(new, {}).update(members)
        for leg in members:
            self.legs[leg].bridge = new
        for call in self.calls.values():
            if old in call.talks:
                call.talks[new] = call.talks.pop(old)
