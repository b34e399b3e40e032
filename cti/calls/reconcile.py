"""Turns a snapshot of Asterisk into the facts that lead from what the model knows to what is there."""

from __future__ import annotations

from collections.abc import Iterator

from cti.calls import facts as f
from cti.calls.facts import Fact, LegSnapshot, PbxSnapshot
from cti.calls.state import LiveState

RESTORED = "restored:"
"""Prefix of the name of a bridge known from the journal, which does not keep Asterisk's name for it."""

_GIVEN_UP = frozenset({"closed", "diverted", "voicemail", "callback"})
"""Who is there waits for nobody any more; the event log has told how they came there."""


def facts_of(snapshot: PbxSnapshot, state: LiveState, trunk: str) -> Iterator[Fact]:
    """The facts in an order in which they could have happened. Consume it while applying them to `state`."""
    at, cause = snapshot.at, snapshot.cause
    shown = sorted(snapshot.legs, key=lambda leg: (leg.started_at or at, leg.leg))
    present = {leg.leg for leg in shown}
    for leg_id in [leg_id for leg_id in state.legs if leg_id not in present]:
        yield f.LegEnded(at, cause, leg_id, 0, False)
    for leg in shown:
        gone_from = state.legs[leg.leg].bridge if leg.leg in state.legs else None
        if leg.bridge is None and gone_from is not None:
            yield f.LegParted(at, cause, leg.leg, gone_from)
    for leg in shown:
        yield from _leg(leg, snapshot, trunk)
    for leg in shown:  # who holds them is known by now
        if leg.place in ("held", "parked") and leg.bridge is None and leg.call is not None:
            yield f.CallerHeld(at, cause, leg.leg, leg.call, leg.held_by)
    for leg in shown:
        known = state.legs.get(leg.leg)
        if known is None:
            continue
        if leg.bridge is None:
            continue
        if known.bridge is not None and known.bridge.startswith(RESTORED):
            state.rename_bridge(known.bridge, leg.bridge)
        else:
            yield f.LegJoined(at, cause, leg.leg, leg.bridge)
        if leg.on_hold is not None:  # the event log has neither: what is seen now counts from now
            yield f.LegHeld(at, cause, leg.leg) if leg.on_hold else f.LegResumed(at, cause, leg.leg)


def _leg(leg: LegSnapshot, snapshot: PbxSnapshot, trunk: str) -> Iterator[Fact]:
    cause, began = snapshot.cause, leg.started_at or snapshot.at
    yield f.LegStarted(
        began, cause, leg.leg, leg.channel, leg.endpoint, leg.call, leg.linked, leg.number, leg.dialled
    )
    if leg.up:
        yield f.LegAnswered(snapshot.at, cause, leg.leg)
    elif leg.ringing:
        yield f.LegRinging(snapshot.at, cause, leg.leg)
    if leg.recording and leg.call is not None:
        # Since when it runs is not seen: nothing from before counts as told of in it.
        yield f.RecordingStarted(snapshot.at, cause, leg.leg, leg.call, leg.recording)
    if leg.endpoint == trunk and leg.hotline:
        yield from _caller(leg, snapshot, began)


def _caller(leg: LegSnapshot, snapshot: PbxSnapshot, began: float) -> Iterator[Fact]:
    cause = snapshot.cause
    call = leg.call or leg.leg
    yield f.CallArrived(began, cause, leg.leg, call, leg.hotline, leg.number, leg.dialled)
    if leg.steps:
        yield f.CallerNeeds(snapshot.at, cause, leg.leg, call, leg.steps)
    if leg.choice:
        yield f.MenuChosen(snapshot.at, cause, leg.leg, call, leg.choice)
    # Who is not in the waiting loop now queued when they first did, and no later.
    loops = leg.place in ("waiting", "fallback") and leg.bridge is None
    if leg.queued_at is not None and leg.place not in _GIVEN_UP:
        asked = snapshot.at if loops else leg.queued_at
        yield f.CallerQueued(asked, cause, leg.leg, call, leg.queue, leg.priority, leg.queued_at)
    if leg.place == "fallback":
        yield f.CallerFellBack(snapshot.at, cause, leg.leg, call)
    elif leg.place == "after":
        yield f.CallerServed(snapshot.at, cause, leg.leg, call)
