"""Asterisk's times on the service's clock, and back: Asterisk goes by the machine's, which may be set."""

from __future__ import annotations

from dataclasses import replace

from cti.calls.actions import Action, DialFromSeat
from cti.calls.facts import CallbackAsked, CallerQueued, Fact, PbxSnapshot


def on_asterisks_clock(action: Action, ahead_s: float) -> Action:
    """An action with its times by the machine's clock, which is `ahead_s` of the service's."""
    if isinstance(action, DialFromSeat) and action.until is not None:
        return replace(action, until=action.until + ahead_s)
    return action


def live_on_our_clock(fact: Fact, ahead_s: float) -> Fact:
    """A fact told live, whose own time is the service's; since when a caller waits is told by Asterisk."""
    if isinstance(fact, CallerQueued | CallbackAsked):
        return replace(fact, queued_at=fact.queued_at - ahead_s)
    return fact


def snapshot_on_our_clock(snapshot: PbxSnapshot, ahead_s: float) -> PbxSnapshot:
    """What a snapshot shows, whose own time is the service's."""
    legs = tuple(
        replace(
            leg,
            queued_at=None if leg.queued_at is None else leg.queued_at - ahead_s,
            started_at=None if leg.started_at is None else leg.started_at - ahead_s,
        )
        for leg in snapshot.legs
    )
    return replace(snapshot, legs=legs)


def logged_on_our_clock(fact: Fact, ahead_s: float) -> Fact:
    """A fact from Asterisk's log, with all its times."""
    return replace(live_on_our_clock(fact, ahead_s), at=fact.at - ahead_s)
