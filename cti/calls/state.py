"""What the call model keeps while a call is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from acd.effects import MakeOffer
from acd.model import Instant, SeatId
from cti.calls.facts import CallId, LegId
from cti.calls.records import CallRecord, LegRecord, SegmentRecord


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


@dataclass(slots=True)
class OpenCall:
    record: CallRecord
    place: str
    """`greeting`, `waiting`, `fallback` or `after`; a talking caller keeps the last one."""
    caller: LegId | None
    live: dict[LegId, None] = field(default_factory=dict)
    """Legs that have not ended, in the order in which they came."""
    segment: SegmentRecord | None = None
    cut_off: bool = False
    """The caller's leg ended through a fault of the network."""
    attempt_over: bool = False
    """The router knows what came of the attempt of a callback that this call is."""
    wait_counted: bool = False
    """The router's figures hold how the wait ended, or it was not theirs to count."""

    @property
    def wait_is_over(self) -> bool:
        """The caller was answered, gave up, or was sent away."""
        record = self.record
        over = record.answered_at is not None or record.ended_at is not None
        return over or self.place == "diverted" or self.caller not in self.live

    @property
    def waits_since(self) -> Instant | None:
        """When the caller was queued, if they still wait, in Asterisk's plain queue too."""
        return None if self.wait_is_over else self.record.queued_at

    @property
    def caller_left_at(self) -> Instant | None:
        return next((leg.ended_at for leg in self.record.legs if leg.leg == self.caller), None)

    @property
    def caller_channel(self) -> str:
        """Asterisk's name of the caller's channel. Raises StopIteration for a call that an agent began."""
        return next(leg.channel for leg in self.record.legs if leg.leg == self.caller)


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

    def call_of(self, leg: Leg) -> OpenCall | None:
        return self.calls.get(leg.call) if leg.call is not None else None

    def engages(self, leg: Leg) -> bool:
        """Whether the leg keeps its seat's agent from other work.

        A feature code does not, and neither does the ringing of an offer, which the router knows of.
        """
        if leg.record.seat is None or leg.dialled.startswith("*"):
            return False
        offer = self.offers.get(leg.record.leg)
        return offer is None or offer.answered

    def engaging_legs(self, seat: SeatId) -> Iterator[Leg]:
        return (leg for leg in self.legs.values() if leg.record.seat == seat and self.engages(leg))

    def rings_unasked(self, call: OpenCall) -> bool:
        """Whether a phone rings for the caller, or was just answered, that the router knows nothing of.

        It rings for an offer from before a restart, or for the fallback queue. Until it ends the caller is
        not offered to anybody else, nor moved: between the answer and the connection too.
        """
        return any(
            leg.record.seat is not None and not leg.was_connected and leg.record.leg not in self.offers
            for leg_id in call.live
            if (leg := self.legs[leg_id])
        )

    def enter(self, leg: LegId, bridge: str) -> None:
        self.legs[leg].bridge = bridge
        self.bridges.setdefault(bridge, {})[leg] = None

    def exit(self, leg: LegId) -> str | None:
        """Takes a leg out of its bridge and returns the bridge's name."""
        bridge = self.legs[leg].bridge
        if bridge is not None:
            self.legs[leg].bridge = None
            del self.bridges[bridge][leg]
        return bridge

    def rename_bridge(self, old: str, new: str) -> None:
        members = self.bridges.pop(old)
        self.bridges.setdefault(new, {}).update(members)
        for leg in members:
            self.legs[leg].bridge = new
