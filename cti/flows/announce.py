"""What a waiting caller is told of the place in the queue and of the wait, and when."""

from __future__ import annotations

from dataclasses import dataclass

from acd.estimate import Estimate, worth_announcing
from acd.model import Instant
from cti.calls.facts import CallId

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
