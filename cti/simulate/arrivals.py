"""When contacts arrive."""

from __future__ import annotations

from collections.abc import Iterable

from numpy.random import Generator

from acd.model import Instant


def poisson(rate_per_s: float, begins: Instant, ends: Instant, rng: Generator) -> list[Instant]:
    """The instants of a Poisson process of constant rate, rising."""
    return scattered(int(rng.poisson(rate_per_s * (ends - begins))), begins, ends, rng)


def scattered(count: int, begins: Instant, ends: Instant, rng: Generator) -> list[Instant]:
    """`count` instants of an interval, rising: a Poisson process of which the count is known."""
    return [float(at) for at in sorted(rng.uniform(begins, ends, count))]


def piecewise(rates: Iterable[tuple[Instant, Instant, float]], rng: Generator) -> list[Instant]:
    """A Poisson process whose rate per second is constant within each (begins, ends, rate)."""
    return sorted(at for begins, ends, rate in rates for at in poisson(rate, begins, ends, rng))
