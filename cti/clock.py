"""Time for the pipeline: seconds since the epoch that never jump."""

from __future__ import annotations

import time

from acd.model import Instant

SLEW_PER_S = 0.05


class SteadyClock:
    """Follows the machine's clock by at most `SLEW_PER_S` seconds a second.

    A machine's clock that is set by an hour would otherwise end every wrap-up at once, or none.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()
        self._followed_at = time.monotonic()

    def now(self) -> Instant:
        elapsed = time.monotonic()
        allowed = (elapsed - self._followed_at) * SLEW_PER_S
        error = (time.time() - elapsed) - self._offset_s
        self._offset_s += max(-allowed, min(allowed, error))
        self._followed_at = elapsed
        return elapsed + self._offset_s
