"""A simulated day as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cti.simulate.report import Report
from cti.simulate.staffing import Staffing
from cti.simulate.target import Target


def plot(report: Report, target: Target, staffing: Staffing | None, file: Path) -> None:
    """Writes the picture; the file's ending says which kind. Raises `OSError`, `ValueError`."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    rates, waits, work, people = figure.subplots(4, 1, sharex=True)
    rows = report.intervals
    hours = [24 * number / len(rows) for number in range(len(rows))]
    width = 24 / len(rows)

    def line(axes: Axes, values: list[float | None], label: str, colour: str) -> None:
        numbers = [float("nan") if value is None else value for value in values]
        axes.step(hours, numbers, where="post", label=label, color=colour)

    line(rates, [row.answer_rate for row in rows], "answered", "tab:blue")
    line(rates, [row.timely_rate for row in rows], "answered in time", "tab:green")
    rates.axhline(target.answered, color="tab:blue", linestyle=":", linewidth=1)
    rates.axhline(target.timely, color="tab:green", linestyle=":", linewidth=1)
    rates.set(ylabel="share (dotted: target)", ylim=(0, 1.03))
    line(waits, [row.mean_wait_s for row in rows], "mean wait", "tab:blue")
    line(waits, [row.p90_wait_s for row in rows], "90 % wait less", "tab:orange")
    waits.set(ylabel="seconds")
    line(work, [row.occupancy for row in rows], "occupancy", "tab:red")
    work.set(ylabel="share", ylim=(0, 1.03))
    people.bar(hours, [row.offered for row in rows], width, align="edge", color="0.85", label="calls")
    people.set(ylabel="calls")
    seated = people.twinx()
    on_duty = [row.on_duty or 0.0 for row in rows]
    seated.step(hours, on_duty, where="post", color="tab:purple", label="agents on duty")
    if staffing is not None:
        wanted = [have + need.more for have, need in zip(on_duty, staffing.needs, strict=True)]
        seated.step(hours, wanted, where="post", color="tab:red", linestyle="--", label="agents needed")
    seated.set(ylabel="agents", ylim=(0, None))
    people.set(xlabel="hour of the day", xlim=(0, 24), xticks=range(0, 25, 2))
    for axes in (rates, waits, work):
        axes.legend(loc="lower right", fontsize=8)
        axes.grid(alpha=0.3)
    seated.legend(loc="upper right", fontsize=8)
    figure.savefig(file, dpi=110)
