"""Callers who are asked out of Asterisk's plain queue at one moment come back in any order.

They are told to the router in the order of their places. Otherwise a service that dies between two offers
would have rung for the later caller first.
"""

from __future__ import annotations

from acd.events import ContactLeft, ContactQueued, ContactRestored, ContactServedElsewhere
from acd.model import Instant
from cti.calls.facts import CallId

HOLD_S = 0.5
"""So long a caller waits for earlier ones to come back; it usually takes milliseconds."""


class Returning:
    """Who was asked for and has not come back, and who came back before an earlier one."""

    def __init__(self) -> None:
        self._asked: dict[CallId, tuple[Instant, Instant]] = {}
        """When each was queued, and until when it is waited for."""
        self._held: dict[CallId, ContactQueued] = {}

    def ask(self, call: CallId, queued_at: Instant, at: Instant) -> None:
        """The caller is asked out of the plain queue."""
        self._asked[call] = queued_at, at + HOLD_S

    def came(self, event: ContactQueued) -> list[ContactQueued]:
        """Whom the router is to know of now, in their order: nobody while an earlier one is still to come."""
        self._asked.pop(event.contact, None)
        self._held[event.contact] = event
        return self.due(event.at)

    def due(self, at: Instant) -> list[ContactQueued]:
        """Whom the router is to know of by this moment."""
        if not self._held:
            return []
        self._asked = {call: asked for call, asked in self._asked.items() if asked[1] > at}
        first = min((queued_at for queued_at, _ in self._asked.values()), default=float("inf"))
        ready = [event for event in self._held.values() if event.queued_at <= first]
        for event in ready:
            del self._held[event.contact]
        return sorted(ready, key=lambda event: event.queued_at)

    def take(self, call: CallId) -> ContactQueued | None:
        """Something else happens to the caller, who is waited for no more; what was held back of them."""
        self._asked.pop(call, None)
        return self._held.pop(call, None)

    def next_deadline(self) -> Instant | None:
        """When somebody held has waited long enough for one of those before them."""
        if not self._held:
            return None
        return min((until for _, until in self._asked.values()), default=None)


def served_unseen(
    held: ContactQueued, event: ContactLeft | ContactRestored | ContactServedElsewhere
) -> ContactServedElsewhere | None:
    """For the figures: how the wait ended of a caller who was held back until this event."""
    if held.returned or isinstance(event, ContactServedElsewhere):
        return None
    if isinstance(event, ContactLeft) and event.waits_elsewhere:
        return None
    takes_callback = isinstance(event, ContactLeft) and event.takes_callback
    answered_at, agent = (event.at, event.agent) if isinstance(event, ContactRestored) else (None, None)
    return ContactServedElsewhere(
        event.at,
        event.cause,
        held.contact,
        held.queue,
        held.queued_at,
        answered_at,
        agent,
        takes_callback,
    )
