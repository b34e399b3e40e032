"""How long a call rang, talked and was held: from its bridges and holds, not from channel lifetimes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acd.model import Instant, OfferOutcome
from cti.calls.records import CallRecord, HoldKind, SegmentRecord, WrapUpRecord


@dataclass(frozen=True, slots=True)
class CallTimes:
    """Of the citizen, or who dialled an internal call, and of the agents who wrapped the call up. What still
    goes on counts up to now.
    """

    ring_s: float
    """The agents' phones, for offers; at no time two."""
    talk_s: float
    """Connected with an agent or another party, and not on hold."""
    hold_s: float
    """Hearing music after an agent had taken the call: on hold by command or by the agent's phone, parked."""
    wrap_up_s: float
    """Of all agents together."""


def call_times(record: CallRecord, wrap_ups: Sequence[WrapUpRecord], now: Instant) -> CallTimes:
    """`now` is of use for what still goes on."""
    end = record.ended_at if record.ended_at is not None else now
    citizen = record.subject
    segments = [segment for segment in record.segments if citizen in segment.legs]
    talks = [(s.started_at, _until(s.ended_at, end)) for s in segments]
    apart = [
        (hold.started_at, _until(hold.ended_at, end))
        for hold in record.holds
        if hold.kind is not HoldKind.PHONE and hold.leg == citizen
    ]
    held_in_talk_s = sum(
        _overlap((segment.started_at, _until(segment.ended_at, end)), hold)
        for segment in segments
        for hold in _merged(_held_by_phones(record, segment, end))
    )
    rang = sum(
        _until(offer.ended_at, end) - offer.made_at
        for offer in record.offers
        if offer.outcome is not OfferOutcome.FAILED
    )
    return CallTimes(
        ring_s=rang,
        talk_s=sum(stop - start for start, stop in _merged(talks)) - held_in_talk_s,
        hold_s=sum(stop - start for start, stop in _merged(apart)) + held_in_talk_s,
        wrap_up_s=sum(_until(each.ended_at, now) - each.started_at for each in wrap_ups),
    )


def _held_by_phones(
    record: CallRecord, segment: SegmentRecord, end: Instant
) -> list[tuple[Instant, Instant]]:
    """When a phone in the segment had it on hold. The hold of its other line is none of this one."""
    return [
        (hold.started_at, _until(hold.ended_at, end))
        for hold in record.holds
        if hold.kind is HoldKind.PHONE and hold.leg in segment.legs and hold.leg != record.subject
    ]


def _until(ended_at: Instant | None, end: Instant) -> Instant:
    return end if ended_at is None else ended_at


def _overlap(one: tuple[Instant, Instant], other: tuple[Instant, Instant]) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _merged(spans: list[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """The same stretches without overlaps."""
    merged: list[tuple[Instant, Instant]] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
