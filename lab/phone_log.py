"""What the agents' phones saw: every call that rang or was dialled there, from its first ring on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.phones import PhoneEvent, PhonePool, What

HUNG_UP_HERE = "Connection reset by user"
"""baresip's reason for a call that its own user ended or refused."""
_USER = re.compile(r"sips?:([^@;>]*)")


@dataclass(slots=True)
class PhoneCall:
    """One call at a phone. Times are seconds since the epoch."""

    seat: str
    call_id: str
    number: str
    """The other party's, as the phone shows it."""
    outgoing: bool
    began_at: float
    """When it began to ring, or, dialled from here, when it was connected."""
    answered_at: float | None = None
    ended_at: float | None = None
    """None: it goes on, or the phone died with it."""
    hung_up_here: bool = False


class PhoneLog:
    """Keeps what happens at every phone of a pool from now on."""

    def __init__(self, phones: PhonePool) -> None:
        self._events = phones.events()
        self._calls: dict[tuple[str, str], PhoneCall] = {}
        self._closed: list[PhoneCall] = []

    def calls(self) -> list[PhoneCall]:
        """All so far, in the order in which they began."""
        for event in self._events.taken():
            self._take(event)
        return sorted([*self._closed, *self._calls.values()], key=lambda call: (call.began_at, call.seat))

    def _take(self, event: PhoneEvent) -> None:
        if event.what not in (What.INCOMING, What.ESTABLISHED, What.CLOSED):
            return
        key, at = (event.seat, event.call_id), event.at.timestamp()
        call = self._calls.get(key)
        if call is None:
            if event.what is What.CLOSED:
                return  # dialled from here and never connected
            number = _USER.search(event.peer)
            call = PhoneCall(event.seat, event.call_id, number[1] if number else "", event.outgoing, at)
            self._calls[key] = call
        if event.what is What.ESTABLISHED:
            call.answered_at = at
        elif event.what is What.CLOSED:
            call.ended_at, call.hung_up_here = at, event.reason == HUNG_UP_HERE
            self._closed.append(self._calls.pop(key))
