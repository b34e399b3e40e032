"""How long things take: talk, patience, ring. Every sample is seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator


class Distribution(Protocol):
    def sample(self, rng: Generator) -> float:
        """One duration, in seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    value_s: float

    def sample(self, rng: Generator) -> float:
        del rng
        return self.value_s


@dataclass(frozen=True, slots=True)
class Exponential:
    mean_s: float

    def sample(self, rng: Generator) -> float:
        return float(rng.exponential(self.mean_s))


@dataclass(frozen=True, slots=True)
class LogNormal:
    """By the mean and the standard deviation of the durations themselves, not of their logarithms.

    The usual shape of handling times: Brown et al. (2005), Statistical Analysis of a Telephone Call Center.
    """

    mean_s: float
    sd_s: float

    def sample(self, rng: Generator) -> float:
        variance = math.log1p((self.sd_s / self.mean_s) ** 2)
        return float(rng.lognormal(math.log(self.mean_s) - variance / 2, math.sqrt(variance)))


@dataclass(frozen=True, slots=True)
class Erlang:
    """The sum of `k` exponential stages, `mean_s` together."""

    mean_s: float
    k: int

    def sample(self, rng: Generator) -> float:
        return float(rng.gamma(self.k, self.mean_s / self.k))


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the durations that were measured, each as likely as the next."""

    values_s: tuple[float, ...]

    def sample(self, rng: Generator) -> float:
        return self.values_s[int(rng.integers(len(self.values_s)))]


@dataclass(frozen=True, slots=True)
class Never:
    """Of endless patience."""

    def sample(self, rng: Generator) -> float:
        del rng
        return math.inf
