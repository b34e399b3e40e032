"""The time of day of a lab's programs, which can be set while they run, as that of the machine they are on.

libfaketime stands between a program and its C library and adds what the lab's file says. Intervals
(CLOCK_MONOTONIC) are left alone, as the kernel leaves them when a clock is set. One thing is gentler than
there: a thread that already waits for a time of day goes on as if nothing had been.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab import roots

_SLACK_S: Final = 5.0
"""A program may note a time shortly before or after the clock was set, and write it down later."""


@dataclass(frozen=True, slots=True)
class _Period:
    began_at: float
    offset_s: float


class LabClock:
    """Begins right. Programs that were started through it follow each `set` at once, all of them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "offset"
        self._periods: list[_Period] = []
        self.set(0.0)

    def set(self, offset_s: float) -> None:
        """From now on the programs' clock is so many seconds ahead of this machine's."""
        self._periods.append(_Period(time.time(), offset_s))
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset_s:+.0f}\n")
        new.replace(self._file)

    def through(self) -> list[str]:
        """The beginning of a command line: what follows runs by this clock."""
        variables = self.environment() | {"LD_PRELOAD": str(roots.clock_library())}
        return ["env", *(f"{name}={value}" for name, value in variables.items())]

    def environment(self) -> dict[str, str]:
        return {
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
            "NO_FAKE_STAT": "1",
        }

    def truly(self, noted: float) -> float:
        """When it was by this machine's clock, for a time that one of the programs noted.

        Raises LookupError for one that they cannot have noted.
        """
        ends = [*(period.began_at for period in self._periods[1:]), time.time()]
        for period, ended_at in zip(self._periods, ends, strict=True):
            if period.began_at - _SLACK_S <= noted - period.offset_s <= ended_at + _SLACK_S:
                return noted - period.offset_s
        raise LookupError(f"no clock of this lab ever showed {noted}")
