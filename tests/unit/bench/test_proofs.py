"""The proofs by simulation: their own arithmetic, and the smallest of them in earnest."""

from __future__ import annotations

import math
from statistics import fmean, stdev

import numpy as np
import pytest

from acd.model import QueuePolicy
from bench.confidence import T_95, interval
from bench.erlang import erlang_a, one_run
from bench.fairness import calls_of, in_turn, routed
from bench.skills import wallace_whitt


@pytest.mark.parametrize(
    ("agents", "erlangs", "wait_share", "mean_wait_s", "abandon_share"),
    [(5, 4, 0.345, 14.06, 0.117), (40, 42, 0.584, 11.30, 0.0942), (500, 490, 0.300, 1.33, 0.0111)],
)
def test_erlang_a_gives_the_published_values(
    agents: int, erlangs: float, wait_share: float, mean_wait_s: float, abandon_share: float
) -> None:
    exact = erlang_a(agents, erlangs)
    assert exact.wait_share == pytest.approx(wait_share, abs=0.0005)
    assert exact.mean_wait_s == pytest.approx(mean_wait_s, abs=0.005)
    assert exact.abandon_share == pytest.approx(abandon_share, abs=0.0005)


def test_the_router_waits_as_erlang_a_says() -> None:
    exact = erlang_a(5, 4.0)
    runs = [one_run(5, 4.0, 1_000, seed) for seed in range(10)]
    for measure in ("wait_share", "mean_wait_s", "abandon_share"):
        mean, half_width = interval([getattr(run, measure) for run in runs])
        wanted = getattr(exact, measure)
        # The interval holds it in 95 of 100 cases; twice as wide, a failure is no chance.
        assert abs(mean - wanted) <= 2 * half_width
        assert half_width < 0.2 * wanted


def test_an_interval_is_as_wide_as_students_t_says() -> None:
    values = [float(each) for each in range(10)]
    mean, half_width = interval(values)
    assert mean == fmean(values)
    assert half_width == pytest.approx(T_95[10] * stdev(values) / math.sqrt(10))


def test_the_peer_with_one_line_is_the_router_itself() -> None:
    calls = calls_of(3, 2.0)
    router = routed(calls, QueuePolicy("small", wrap_up_s=0.0))
    peer = in_turn(calls, {"large": "line", "small": "line"})
    for queue in router:
        assert np.allclose(router[queue], peer[queue], atol=1e-6)
        assert max(router[queue]) > 10


@pytest.mark.parametrize("skills", [1, 2, 6])
def test_wallace_and_whitts_agents_are_spread_evenly(skills: int) -> None:
    setting = wallace_whitt(skills)
    assert {len(each) for each in setting.agents.values()} == {skills}
    able = [sum(kind in each for each in setting.agents.values()) for kind in setting.kinds]
    assert set(able) == {15 * skills}
