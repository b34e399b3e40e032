"""Asterisk goes by the machine's clock, the service by its own: what both say of a call is on one of them."""

from __future__ import annotations

from dataclasses import replace

from cti.ami.times import live_on_our_clock, logged_on_our_clock, on_asterisks_clock, snapshot_on_our_clock
from cti.calls import facts as f
from cti.calls.actions import DialFromSeat, HangUp
from tests.support.conversation import leg_started, shown, snapshot

AHEAD_S = 3600.0


def test_since_when_a_caller_waits_is_told_live_on_asterisks_clock() -> None:
    queued = f.CallerQueued(10.0, "t", "c", "c", "general", 0, 3609.5)
    asked = f.CallbackAsked(10.0, "t", "c", "c", "general", 0, 3609.5, "13800000000")
    for fact in (queued, asked):
        ours = live_on_our_clock(fact, AHEAD_S)
        assert isinstance(ours, f.CallerQueued | f.CallbackAsked)
        assert (ours.at, ours.queued_at) == (10.0, 9.5)
    other = leg_started("c", "trunk", 10.0)
    assert live_on_our_clock(other, AHEAD_S) is other


def test_from_when_on_nobody_is_dialled_is_said_on_asterisks_clock() -> None:
    dial = DialFromSeat("c", "cb-1-o1-0", "seat-01", "139", 15.0, "cb-1", until=100.0)
    assert on_asterisks_clock(dial, AHEAD_S) == replace(dial, until=3700.0)
    for other in (replace(dial, until=None), HangUp("c", "cb-1-o1-0")):
        assert on_asterisks_clock(other, AHEAD_S) is other


def test_all_times_of_the_log_are_asterisks() -> None:
    queued = logged_on_our_clock(f.CallerQueued(3610.0, "t", "c", "c", "general", 0, 3609.5), AHEAD_S)
    assert queued == f.CallerQueued(10.0, "t", "c", "c", "general", 0, 9.5)
    assert logged_on_our_clock(leg_started("c", "trunk", 3610.0), AHEAD_S).at == 10.0


def test_a_snapshot_shows_asterisks_times_at_a_moment_of_ours() -> None:
    there = snapshot(
        shown("c", "trunk", "c", place="waiting", queued_at=3609.5, started_at=3605.0),
        shown("o", "seat-01", "c", place="agent", started_at=3612.0),
        at=20.0,
    )
    ours = snapshot_on_our_clock(there, AHEAD_S)
    assert ours.at == 20.0
    assert [(leg.queued_at, leg.started_at) for leg in ours.legs] == [(9.5, 5.0), (None, 12.0)]
