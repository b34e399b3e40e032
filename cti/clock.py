"""Time for the pipeline: seconds since the epoch that never jump."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from acd.model import Calendar, Instant, Policy
from cti.records_json import JSON

log = structlog.get_logger(__name__)

SLEW_PER_S = 0.05
STATE = "clock"
"""In the journal's state: this clock, for the next service."""
LOOK_EVERY_S = 1.0
STEP_S = 2.0
"""By so much no clock is slewed between two looks: it was set."""
HOURS_AGREE_S = 2.0
"""So far calendars may be off before they are moved."""
KEPT_AGREES_S = 0.1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SteadyClock:
    """Follows the machine's clock by at most `SLEW_PER_S` seconds a second.

    A machine's clock that is set by an hour would otherwise end every wrap-up at once, or none.
    """

    def __init__(self, kept: JSON = None) -> None:
        """`kept`: what the last service's clock said of itself; this one goes on with it, unless the machine
        was started anew meanwhile.
        """
        self._boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        self._offset_s = time.time() - time.monotonic()
        if isinstance(kept, Mapping) and kept.get("boot") == self._boot:
            offset_s = kept.get("offset_s")
            self._offset_s = offset_s if isinstance(offset_s, float) else self._offset_s
        self._followed_at = time.monotonic()

    def now(self) -> Instant:
        elapsed = time.monotonic()
        allowed = (elapsed - self._followed_at) * SLEW_PER_S
        error = (time.time() - elapsed) - self._offset_s
        self._offset_s += max(-allowed, min(allowed, error))
        self._followed_at = elapsed
        return elapsed + self._offset_s

    def ahead_s(self) -> float:
        """How far the machine's clock is ahead of this one, which has not followed it yet."""
        return time.time() - self.now()

    def kept(self) -> dict[str, JSON]:
        """For the next service on this machine."""
        return {"boot": self._boot, "offset_s": self._offset_s}


class ClockSteps:
    """Tells whenever the machine's clock was set, to whoever asks again and again."""

    def __init__(self, ahead_s: Callable[[], float]) -> None:
        """`ahead_s` is that of the `SteadyClock`, which itself follows a set clock slowly."""
        self._ahead_s = ahead_s
        self._was_ahead_s = ahead_s()

    def since_last_s(self) -> float:
        """By how much it was set since this was last asked; 0.0 if it was not."""
        ahead_s = self._ahead_s()
        by_s, self._was_ahead_s = ahead_s - self._was_ahead_s, ahead_s
        return by_s if abs(by_s) > STEP_S else 0.0


class ClockWatch:
    """Sees to what goes by the machine's clock when it is set, and to the clock of the next service."""

    def __init__(
        self,
        clock: SteadyClock,
        move_hours: Callable[[], Awaitable[None]],
        keep: Callable[[dict[str, JSON]], None],
    ) -> None:
        """`move_hours` puts the policy `by_the_wall` in force again."""
        self._clock = clock
        self._move_hours = move_hours
        self._keep = keep
        self._steps = ClockSteps(clock.ahead_s)
        self._moved_by_s = clock.ahead_s()
        self._kept_s = float("inf")

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        ahead_s, kept = self._clock.ahead_s(), self._clock.kept()
        offset_s = kept["offset_s"]
        if isinstance(offset_s, float) and abs(offset_s - self._kept_s) > KEPT_AGREES_S:
            self._kept_s = offset_s
            self._keep({STATE: kept})
        by_s = self._steps.since_last_s()
        if by_s:
            log.warning("clock_set", by_s=round(by_s, 1), ahead_s=round(ahead_s, 1))
        if abs(ahead_s - self._moved_by_s) > HOURS_AGREE_S:
            self._moved_by_s = ahead_s
            await self._move_hours()


def by_the_wall(policy: Policy, ahead_s: float) -> Policy:
    """The policy with calendars that mean the machine's clock, when that is ahead of the pipeline's."""
    if abs(ahead_s) <= HOURS_AGREE_S:
        return policy

    def moved(calendar: Calendar | None) -> Calendar | None:
        return None if calendar is None else replace(calendar, utc_offset_s=calendar.utc_offset_s + ahead_s)

    return replace(
        policy,
        queues={
            name: replace(
                queue,
                calendar=moved(queue.calendar),
                callbacks=replace(queue.callbacks, hours=moved(queue.callbacks.hours)),
            )
            for name, queue in policy.queues.items()
        },
    )
