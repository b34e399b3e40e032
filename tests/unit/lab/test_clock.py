"""A lab's clock tells what a time that was noted under it was in truth."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.clock import LabClock

BEGAN = 1_000_000.0


def test_a_noted_time_is_told_by_the_period_in_which_it_was_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [BEGAN]
    monkeypatch.setattr(time, "time", lambda: now[0])
    clock = LabClock(tmp_path / "clock")
    now[0] += 60
    clock.set(3600.0)
    now[0] += 60
    clock.set(-3600.0)
    now[0] += 60
    assert clock.truly(BEGAN + 30) == BEGAN + 30
    assert clock.truly(BEGAN + 90 + 3600) == BEGAN + 90
    assert clock.truly(BEGAN + 150 - 3600) == BEGAN + 150
    with pytest.raises(LookupError, match="no clock of this lab"):
        clock.truly(BEGAN + 1800)


def test_what_runs_through_it_reads_its_file(tmp_path: Path) -> None:
    clock = LabClock(tmp_path / "clock")
    file = tmp_path / "clock" / "offset"
    assert file.read_text() == "+0\n"
    clock.set(-3600.0)
    assert file.read_text() == "-3600\n"
    assert clock.environment()["FAKETIME_TIMESTAMP_FILE"] == str(file)
