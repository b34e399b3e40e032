"""Places of callers who were cut off, as the journal keeps them over a restart. Pure.

The router forgets a kept place once its caller has taken it. A router of a later process, or one that lost
sight of Asterisk meanwhile, is told with the contact which place it took.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.effects import PlaceChanged
from acd.events import PlaceKept
from acd.model import Instant
from cti.calls.facts import CallId
from cti.records_json import JSON, instant_of, instant_text

PLACES = "place/"
"""Before all of it in the journal's state."""
_KEPT, _TAKEN = PLACES + "kept/", PLACES + "taken/"


class KeptPlaces:
    """By the caller's key (`cti.caller_key`) while they are kept, by the call once they are taken."""

    def __init__(self, saved: Mapping[str, JSON]) -> None:
        """`saved`: what the journal's state has under `PLACES`."""
        self._saved = dict(saved)
        self._taken = {
            key.removeprefix(_TAKEN): instant_of(str(body))
            for key, body in saved.items()
            if key.startswith(_TAKEN)
        }

    def changed(self, change: PlaceChanged) -> dict[str, JSON]:
        """The router keeps a place, or no more; what the journal's state is to keep of it."""
        key = _KEPT + change.caller
        if change.until is not None:
            return {key: {"from": instant_text(change.place_from), "until": instant_text(change.until)}}
        if change.taken_by is None:
            return {key: None}
        self._taken[change.taken_by] = change.place_from
        return {key: None, _TAKEN + change.taken_by: instant_text(change.place_from)}

    def taken_by(self, call: CallId) -> Instant | None:
        """Since when the caller had waited whose place the call took; None when it took none."""
        return self._taken.get(call)

    def over(self, call: CallId) -> dict[str, JSON]:
        """The call is over; what the journal's state is to forget."""
        return {} if self._taken.pop(call, None) is None else {_TAKEN + call: None}

    def restored(self, now: Instant, cause: str) -> tuple[list[PlaceKept], dict[str, JSON]]:
        """What the router is to be told after a restart, and what of the journal's state is of no use."""
        kept: list[PlaceKept] = []
        stale: dict[str, JSON] = {}
        for key, body in self._saved.items():
            if not key.startswith(_KEPT) or not isinstance(body, Mapping):
                continue
            until = instant_of(str(body["until"]))
            if until > now:
                place_from = instant_of(str(body["from"]))
                kept.append(PlaceKept(now, cause, key.removeprefix(_KEPT), place_from, until))
            else:
                stale[key] = None
        return kept, stale
