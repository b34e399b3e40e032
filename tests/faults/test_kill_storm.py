"""The service is killed at random moments under load: the short variant of `make faults-kill`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from lab.storm import Storm, storm

SHORT = Storm(calls=20, kills=4, seed=7, seats=6, calls_per_s=0.8, patience_s=(3.0, 30.0), greeting="thanks")


async def test_kills_at_random_moments_cost_no_call_no_recording_and_no_place(tmp_path: Path) -> None:
    report = await storm(SHORT, tmp_path / "storm", Console())
    report.write(tmp_path / "kill.json")
    assert report.problems == []
    assert (report.kills >= SHORT.kills, report.calls >= SHORT.calls) == (True, True)
    assert report.recordings == report.answered > 0
    assert report.restart_to_routing_ms.n > 0
