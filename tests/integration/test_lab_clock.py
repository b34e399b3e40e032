"""Programs of a lab follow its clock while they run; their intervals do not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from lab.clock import LabClock

HOUR_S = 3600.0
TELLS = """
import sys, time
for line in sys.stdin:
    print(time.time(), time.monotonic(), flush=True)
"""


def test_a_running_program_follows_the_clock_as_it_is_set(tmp_path: Path) -> None:
    clock = LabClock(tmp_path / "clock")
    with subprocess.Popen(
        [*clock.through(), sys.executable, "-c", TELLS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None

        def told() -> tuple[float, float]:
            """How far the program's clocks are from this one's."""
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write("\n")
            program.stdin.flush()
            wall, monotonic = map(float, program.stdout.readline().split())
            return wall - time.time(), monotonic - time.monotonic()

        for offset_s in (0.0, HOUR_S, -HOUR_S, 0.0):
            clock.set(offset_s)
            wall, monotonic = told()
            assert abs(wall - offset_s) < 5.0
            assert abs(monotonic) < 5.0
        program.stdin.close()
