"""What a waiting caller is told of the place in the queue and of the wait, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from acd.estimate import Estimate, worth_announcing
from acd.model import Instant
from cti.calls.actions import Announce
from cti.calls.facts import CallId
from cti.calls.state import OpenCall

EVERY_S = 0.9
"""How often it is looked whom to tell their place: with each heartbeat, however many timers fall due."""
FIRST_S = 10.0
"""Nobody is told anything sooner: many are answered by then."""
GAP_S = 30.0
"""Between one announcement to a caller and the next."""
LAST_PLACE = 10
MINUTES = (1, 2, 3, 5, 10)
"""The waits that there are prompts for."""


@dataclass(slots=True)
class _Heard:
    at: Instant
    estimate: Estimate


class Announcer:
    """Remembers what each caller heard last. After a restart everybody may hear the present place once."""

    def __init__(self) -> None:
        self._heard: dict[CallId, _Heard] = {}
        self._looked_at = 0.0

    def announce(
        self,
        calls: Iterable[OpenCall],
        told_place: frozenset[str],
        estimate_of: Callable[[CallId], Estimate | None],
        at: Instant,
        cause: str,
    ) -> list[Announce]:
        """Tells waiting callers their place and expected wait, where these got better; once a second.

        `told_place`: the hotline numbers whose callers are told.
        """
        if at - self._looked_at < EVERY_S:
            return []
        self._looked_at = at
        announced: list[Announce] = []
        for call in calls:
            record = call.record
            if record.hotline not in told_place or record.queued_at is None:
                continue
            if call.place != "waiting" or any(offer.outcome is None for offer in record.offers):
                continue
            prompts = self.due(record.call, record.queued_at, estimate_of(record.call), at)
            if prompts:
                announced.append(Announce(cause, call.caller_channel, prompts))
        return announced

    def due(
        self, call: CallId, queued_at: Instant, estimate: Estimate | None, at: Instant
    ) -> tuple[str, ...]:
        """The prompts to play to the caller now; none when nothing got better, or it is too soon."""
        if estimate is None or at - queued_at < FIRST_S:
            return ()
        heard = self._heard.get(call)
        if heard is not None and at - heard.at < GAP_S:
            return ()
        if not worth_announcing(heard.estimate if heard is not None else None, estimate):
            return ()
        self._heard[call] = _Heard(at, estimate)
        return prompts_of(estimate)

    def forget(self, call: CallId) -> None:
        self._heard.pop(call, None)


def prompts_of(estimate: Estimate) -> tuple[str, ...]:
    """The place and the expected wait, rounded up, as names of prompts."""
    place = str(estimate.position) if estimate.position <= LAST_PLACE else "more"
    minutes = next((str(each) for each in MINUTES if estimate.wait_s <= each * 60.0), "more")
    return f"position-{place}", f"wait-{minutes}"
