"""What commands asked of Asterisk and is not so yet: legs that are to come, legs on their way elsewhere."""

from __future__ import annotations

from acd.model import Instant
from cti.calls.actions import Action, DialFromSeat, RingParty, SendLeg
from cti.calls.facts import CallId, LegId
from cti.calls.state import AskedLeg, Changed, LiveState


class Commanded:
    """The part of the call model that knows it. `changed` is told of each call for which somebody is rung."""

    def __init__(self, state: LiveState, changed: Changed) -> None:
        self._state = state
        self._changed = changed

    def note(self, action: Action, at: Instant) -> None:
        """The action goes to Asterisk now."""
        match action:
            case RingParty():
                seat = action.endpoint if action.number is None else None
                self._state.asked[action.leg] = AskedLeg(action.call, seat)
                self._told(action.call, at, action.cause)
            case DialFromSeat():
                self._state.asked[action.leg] = AskedLeg(action.leg, action.seat)
            case SendLeg():
                for channel, place in (
                    (action.channel, action.place),
                    (action.other_channel, action.other_place),
                ):
                    leg = next((x for x in self._state.legs.values() if x.record.channel == channel), None)
                    if leg is not None:
                        leg.bound_for, leg.sent_at = place, at
            case _:
                pass

    def came(self, leg: LegId) -> CallId | None:
        """A leg is there: for which call it was asked for, if it was."""
        asked = self._state.asked.pop(leg, None)
        return asked.call if asked is not None else None

    def never_came(self, leg: LegId, at: Instant, cause: str) -> None:
        """Nothing came of a leg. If it was asked for, its caller may be offered to others again."""
        call = self.came(leg)
        if call is not None:
            self._told(call, at, cause)

    def _told(self, call_id: CallId, at: Instant, cause: str) -> None:
        call = self._state.calls.get(call_id)
        if call is not None:
            self._changed(call, at, cause)
