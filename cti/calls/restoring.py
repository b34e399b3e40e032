"""An open call as the journal last knew it, taken up by a service that has just begun."""

from __future__ import annotations

from cti.calls import dialled
from cti.calls.facts import LegId
from cti.calls.flows import place_of
from cti.calls.reconcile import RESTORED
from cti.calls.records import CallRecord
from cti.calls.state import Leg, LiveState, OpenCall


def restored(state: LiveState, record: CallRecord, trunk: str) -> list[LegId]:
    """Puts the call into `state` and returns those of its legs that have ended."""
    ended: list[LegId] = []
    unbegun = record.call if dialled.is_unbegun(record) else None
    caller = next((leg.leg for leg in record.legs if leg.endpoint == trunk), unbegun)
    call = OpenCall(record, place_of(record), caller)
    call.attempt_over = record.answered_at is not None
    state.calls[record.call] = call
    for leg in record.legs:
        if leg.ended_at is not None:
            ended.append(leg.leg)
            continue
        state.begin(Leg(leg, record.call, record.call, record.dialled))
        call.live[leg.leg] = None
    for segment in record.segments:
        for leg_id in segment.legs:
            if leg_id in state.legs:
                leg_restored = state.legs[leg_id]
                leg_restored.was_connected = True
                leg_restored.moved_at = segment.ended_at or segment.started_at
                if segment.ended_at is None:
                    state.enter(leg_id, RESTORED + segment.segment)
        if segment.ended_at is None:
            call.talks[RESTORED + segment.segment] = segment
        if caller in segment.legs:
            seats = (leg for leg in record.legs if leg.leg in segment.legs and leg.seat is not None)
            call.handler = next((leg.leg for leg in seats), None)
    call.wait_counted = call.wait_is_over
    return ended
