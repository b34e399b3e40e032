"""How long a contact will wait, from how fast its queue was served lately, and how sure that is.

A gap is the time from one answer to the next while somebody waited throughout: it shows what the agents can
do, not how few callers came. The wait at position p is p gaps; with n gaps of mean m and variance v behind
it, its 95 % error is 1.96 * sqrt(p * v + p * p * v / n): the spread of p gaps, and that of the mean itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from acd.model import Instant

GAPS_KEPT = 30
GAPS_NEEDED = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    position: int
    """1 is the next one of the queue, by arrival."""
    wait_s: float
    error_s: float
    """The wait is within this of `wait_s` in 95 of 100 cases, if service goes on as it did."""


@dataclass(slots=True)
class Pace:
    """Of one queue: the last answers while contacts waited."""

    last_answer: Instant | None = None
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=GAPS_KEPT))

    def answered(self, queued_at: Instant, at: Instant) -> None:
        if self.last_answer is not None and queued_at <= self.last_answer <= at:
            self.gaps.append(at - self.last_answer)
        self.last_answer = at

    def estimate(self, position: int) -> Estimate | None:
        """None before enough has been seen."""
        count = len(self.gaps)
        if count < GAPS_NEEDED:
            return None
        mean = sum(self.gaps) / count
        variance = sum((gap - mean) ** 2 for gap in self.gaps) / (count - 1)
        error_s = 1.96 * sqrt(position * variance + position * position * variance / count)
        return Estimate(position, position * mean, error_s)

    def saved(self) -> dict[str, Any]:
        return {"last_answer": self.last_answer, "gaps": list(self.gaps)}

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Pace:
        return cls(saved["last_answer"], deque(saved["gaps"], maxlen=GAPS_KEPT))


def worth_announcing(last: Estimate | None, now: Estimate) -> bool:
    """Whether a caller who heard `last` should hear `now`: only if it got better."""
    return last is None or (now.position < last.position and now.wait_s < last.wait_s)
