"""What a day is held against."""

from __future__ import annotations

from dataclasses import dataclass

FEWEST_CALLS = 10
"""Fewer calls say nothing."""


@dataclass(frozen=True, slots=True)
class Target:
    answered: float = 0.95
    """Of the calls that arrive."""
    timely: float = 0.80
    """Of the calls that are answered."""

    def missed_by(self, offered: int, answered: int, timely: int) -> bool:
        """Whether so many calls, answered and timely ones, are below the target."""
        if offered < FEWEST_CALLS:
            return False
        return answered < self.answered * offered or timely < self.timely * answered
