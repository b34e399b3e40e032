"""The dialler's pace: of the citizens who answer, no larger share than the rate is left without an agent."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.callbacks.pacing import (
    MOST_AHEAD,
    Attempts,
    Moment,
    expected_without,
    highest_share,
    may_dial,
)
from cti.views import Holds

LIMIT_S = 2.0


@dataclass
class Room:
    """A room of agents, and citizens who answer by chance, driven by nothing but the rule."""

    chance: random.Random
    agents: int
    answers: float
    """The probability that a citizen answers."""
    rate: float
    ring_s: tuple[float, float] = (3.0, 30.0)
    talk_s: tuple[float, float] = (5.0, 200.0)
    leaves: float = 0.0
    """The probability that an agent goes home as a call of theirs, or a citizen's ringing, ends."""
    free: int = 0
    ringing: int = 0
    waiting: dict[int, None] = field(default_factory=dict)
    ended: int = 0
    answered: int = 0
    abandoned: int = 0
    left: int = 0
    most_ahead: int = 0
    """The most citizens who were being dialled beyond the agents who were free."""

    def run(self, citizens: int) -> None:
        self.free = self.agents
        clock, numbers, due = 0.0, count(), list[tuple[float, int, str]]()
        to_dial = citizens
        while True:
            moment = Moment(self.free, self.ringing, len(self.waiting))
            allowed = may_dial(moment, Attempts(self.ended, self.answered, self.abandoned), self.rate)
            for _ in range(min(to_dial, allowed.dials)):
                heappush(due, (clock + self.chance.uniform(*self.ring_s), next(numbers), "rang"))
                to_dial -= 1
                self.ringing += 1
            self.most_ahead = max(self.most_ahead, self.ringing + len(self.waiting) - self.free)
            if not due:
                return
            clock, number, what = heappop(due)
            if what == "rang":
                self._rang(number, clock, due)
            elif what == "talked":
                self._agent_is_free(clock, due)
            elif number in self.waiting:
                del self.waiting[number]
                self.abandoned += 1
                self._over(answered=True)

    def _rang(self, number: int, clock: float, due: list[tuple[float, int, str]]) -> None:
        self.ringing -= 1
        if self.free and self.chance.random() < self.leaves:
            self.free -= 1
            self.left += 1
        if self.chance.random() >= self.answers:
            self._over(answered=False)
        elif self.free:
            self.free -= 1
            self._talks(number, clock, due)
        else:
            self.waiting[number] = None
            heappush(due, (clock + LIMIT_S, number, "gives up"))

    def _agent_is_free(self, clock: float, due: list[tuple[float, int, str]]) -> None:
        if self.chance.random() < self.leaves:
            self.left += 1
        elif self.waiting:
            number = next(iter(self.waiting))
            del self.waiting[number]
            self._talks(number, clock, due)
        else:
            self.free += 1

    def _talks(self, number: int, clock: float, due: list[tuple[float, int, str]]) -> None:
        heappush(due, (clock + self.chance.uniform(*self.talk_s), number, "talked"))
        self._over(answered=True)

    def _over(self, *, answered: bool) -> None:
        self.ended += 1
        self.answered += answered
        assert self.abandoned <= self.rate * self.answered + self.left + 1e-9


@given(
    seed=st.integers(0, 2**32),
    agents=st.integers(1, 30),
    answers=st.floats(0.02, 1.0),
    rate=st.sampled_from([0.01, 0.03, 0.1]),
    talk_s=st.tuples(st.floats(1.0, 30.0), st.floats(30.0, 400.0)),
)
@settings(max_examples=60, deadline=None)
def test_the_share_of_the_abandoned_is_never_above_the_rate_whatever_chance_does(
    seed: int, agents: int, answers: float, rate: float, talk_s: tuple[float, float]
) -> None:
    room = Room(random.Random(seed), agents, answers, rate, talk_s=talk_s)
    room.run(600)
    assert room.ended == 600


@given(seed=st.integers(0, 2**32), agents=st.integers(1, 20), answers=st.floats(0.05, 1.0))
@settings(max_examples=40, deadline=None)
def test_with_a_rate_of_nothing_nobody_is_abandoned(seed: int, agents: int, answers: float) -> None:
    room = Room(random.Random(seed), agents, answers, 0.0)
    room.run(300)
    assert (room.abandoned, room.most_ahead) == (0, 0)


@given(seed=st.integers(0, 2**32), agents=st.integers(1, 20), rate=st.sampled_from([0.0, 0.03]))
@settings(max_examples=40, deadline=None)
def test_only_agents_who_leave_while_a_phone_rings_for_them_can_add_to_it(
    seed: int, agents: int, rate: float
) -> None:
    room = Room(random.Random(seed), agents, 0.6, rate, leaves=0.05)
    room.run(300)


def test_once_enough_answered_more_citizens_are_dialled_than_agents_are_free() -> None:
    room = Room(random.Random(7), 10, 0.4, 0.03)
    room.run(3_000)
    assert room.most_ahead > 3
    assert 0 < room.abandoned <= 0.03 * room.answered


@pytest.mark.parametrize(
    ("moment", "so_far", "rate", "dials", "holds"),
    [
        (Moment(3, 0), Attempts(), 0.03, 3, Holds.LITTLE_DATA),
        (Moment(3, 2, 1), Attempts(), 0.03, 0, Holds.LITTLE_DATA),
        (Moment(0, 0), Attempts(900, 500, 0), 0.03, 0, Holds.NO_AGENT_FREE),
        (Moment(2, 1), Attempts(900, 500, 0), 0.0, 1, Holds.ONE_EACH),
        (Moment(5, 5), Attempts(99, 33, 0), 0.03, 0, Holds.LITTLE_DATA),
        (Moment(5, 5), Attempts(2_000, 100, 0), 0.03, 3, Holds.ABANDONED_RATE),
        (Moment(5, 5), Attempts(2_000, 100, 3), 0.03, 0, Holds.ABANDONED_RATE),
        (Moment(5, 7), Attempts(2_000, 100, 0), 0.03, 1, Holds.ABANDONED_RATE),
        (Moment(5, 5), Attempts(1_000, 900, 0), 0.03, 0, Holds.ANSWER_RATE),
        (Moment(1, 1), Attempts(10**6, 10**5, 0), 0.03, 0, Holds.ANSWER_RATE),
        (Moment(150, 150), Attempts(10**7, 10**5, 0), 0.03, MOST_AHEAD - 150, Holds.ABANDONED_RATE),
    ],
)
def test_why_no_more_are_dialled(
    moment: Moment, so_far: Attempts, rate: float, dials: int, holds: Holds
) -> None:
    allowance = may_dial(moment, so_far, rate)
    assert (allowance.dials, allowance.holds) == (dials, holds)


def test_few_answers_leave_it_open_that_many_more_answer() -> None:
    assert highest_share(0, 0) == 1.0
    assert highest_share(5, 10) > 0.75
    assert 0.5 < highest_share(5_000, 10_000) < 0.52


@given(dialled=st.integers(1, 12), agents=st.integers(0, 12), share=st.floats(0.0, 1.0))
def test_what_is_expected_is_the_mean_over_all_ways_to_answer(
    dialled: int, agents: int, share: float
) -> None:
    mean = 0.0
    for ways in range(2**dialled):
        answers = ways.bit_count()
        mean += max(0, answers - agents) * share**answers * (1 - share) ** (dialled - answers)
    assert expected_without(dialled, agents, share) == pytest.approx(mean)


def test_the_rate_of_the_abandoned_is_their_share_of_the_answered() -> None:
    assert Attempts().rate == 0.0
    assert Attempts(100, 50, 2).rate == 0.04
