"""The bench of the router: what it writes, and that it notices a missed floor."""

from __future__ import annotations

from typing import Any

from bench.routing import growth, measure, missed


def test_a_size_is_told_with_every_figure() -> None:
    row = measure(5, 10, 12, 300)
    assert row["agents"] == 5
    assert row["waiting"] == 10
    assert row["decisions_per_s"] < row["events_per_s"]
    assert 0 < row["p50_us"] <= row["p99_us"]
    assert row["bytes_per_waiting"] > 100
    assert row["ratio_to_scan"] > 0


def test_each_missed_floor_is_named() -> None:
    def row(events_per_s: int, p99_us: float) -> dict[str, Any]:
        return {"events_per_s": events_per_s, "p99_us": p99_us}

    assert missed([row(30_000, 50.0), row(21_000, 900.0)]) == []
    assert len(missed([row(60_000, 50.0), row(19_000, 1_000.0)])) == 3
    assert growth([row(30_000, 1.0), row(20_000, 1.0)]) == 1.5
