"""The simulator's day: nothing lost, nothing twice, and the same again for the same seed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np

from acd.model import (
    AgentPolicy,
    AgentState,
    Diversion,
    Limit,
    OverflowRule,
    Policy,
    QueuePolicy,
)
from cti.simulate.arrivals import piecewise, poisson
from cti.simulate.distributions import Exponential, LogNormal
from cti.simulate.engine import simulate
from cti.simulate.model import Arrival, Fate, Handling, Outcome, Scenario, Shift

HOUR = 3_600.0


def center(
    agents: int = 6,
    calls_an_hour: float = 150.0,
    seed: int = 1,
    handling: Handling | None = None,
    overflow: tuple[OverflowRule, ...] = (),
    talk_s: float = 120.0,
    patience_s: float = 60.0,
) -> Scenario:
    rng = np.random.default_rng(seed)
    names = [f"a{number}" for number in range(agents)]
    queues = {
        "one": QueuePolicy("one", {"x": 1}, overflow=overflow),
        "two": QueuePolicy("two", {"y": 2}, wrap_up_s=0.0),
    }
    return Scenario(
        policy=Policy(
            queues,
            {
                name: AgentPolicy(name, {"x": 1} | ({"y": 3} if turn % 2 else {}))
                for turn, name in enumerate(names)
            },
        ),
        arrivals=[
            Arrival(
                at,
                "one" if rng.random() < 0.6 else "two",
                float(rng.exponential(talk_s)),
                float(rng.exponential(patience_s)) if math.isfinite(patience_s) else math.inf,
            )
            for at in poisson(calls_an_hour / HOUR, 0.0, 3 * HOUR, rng)
        ],
        shifts=[Shift(name, f"seat-{name}", 0.0, 3 * HOUR) for name in names],
        handling=handling or Handling(),
    )


def test_the_same_seed_gives_the_same_day() -> None:
    day = center(handling=Handling(Exponential(4.0), 0.1))
    assert simulate(day, 5) == simulate(day, 5)
    assert simulate(day, 5) != simulate(day, 6)


def test_every_arrival_ends_once_and_the_router_counts_the_same() -> None:
    outcome = simulate(center(handling=Handling(Exponential(4.0), 0.1)), 2)
    fates = Counter(call.fate for call in outcome.calls)
    whole = outcome.figures[None]
    assert fates[Fate.UNSERVED] == 0
    assert fates[Fate.ANSWERED] == whole.answered > 100
    assert fates[Fate.ABANDONED] == whole.abandoned > 10
    assert whole.offered == len(outcome.calls)
    assert whole.waiting == whole.talking == 0


def test_no_agent_has_two_calls_at_once_and_only_calls_within_their_skills() -> None:
    day = center()
    by_agent = defaultdict(list)
    for call in simulate(day, 2).calls:
        if call.agent is not None:
            assert call.answered_at is not None
            assert call.left_at is not None
            assert call.queue == "one" or int(call.agent[1:]) % 2
            by_agent[call.agent].append((call.answered_at, call.left_at + call.wrap_up_s))
    assert len(by_agent) == 6
    for spans in by_agent.values():
        spans.sort()
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(spans))


def test_busy_time_is_the_calls_talk_and_wrap_up() -> None:
    outcome = simulate(center(), 2)
    spent = spent_in(outcome)
    answered = [call for call in outcome.calls if call.fate is Fate.ANSWERED]
    assert math.isclose(spent[AgentState.BUSY], sum(call.talk_s for call in answered), rel_tol=1e-9)
    first_queue = [call for call in answered if call.queue == "one"]
    in_time = [call for call in first_queue if call.left_at is not None and call.left_at < 3 * HOUR - 10]
    assert all(math.isclose(call.wrap_up_s, 10.0, rel_tol=1e-9) for call in in_time)
    assert all(call.wrap_up_s == 0.0 for call in answered if call.queue == "two")


def spent_in(outcome: Outcome) -> dict[AgentState, float]:
    spent: dict[AgentState, float] = defaultdict(float)
    for stretch in outcome.stretches:
        spent[stretch.state] += stretch.ends - stretch.begins
    return spent


def test_an_agent_who_does_not_answer_is_away_for_a_while_and_the_caller_keeps_the_place() -> None:
    outcome = simulate(center(agents=2, handling=Handling(no_answer_share=1.0), patience_s=math.inf), 1)
    assert {call.fate for call in outcome.calls} == {Fate.UNSERVED}
    assert spent_in(outcome)[AgentState.NOT_READY] > HOUR


def test_a_full_queue_sends_contacts_away() -> None:
    rule = OverflowRule(Limit.SIZE, Diversion.BUSY, threshold=1)
    outcome = simulate(center(agents=2, overflow=(rule,)), 1)
    sent_away = [call for call in outcome.calls if call.fate is Fate.DIVERTED]
    assert len(sent_away) == outcome.figures["one"].diverted > 10
    assert all(call.waited_s == 0.0 for call in sent_away)


def test_overflow_to_another_queue_shows_where_the_contact_ended() -> None:
    rule = OverflowRule(Limit.WAITED, Diversion.QUEUE, threshold=20, target="two")
    outcome = simulate(center(agents=3, overflow=(rule,)), 1)
    moved = outcome.figures["one"].moved_away
    assert moved > 10
    assert outcome.figures["two"].offered == sum(call.queue == "two" for call in outcome.calls)


def test_nobody_is_on_duty_outside_the_shifts() -> None:
    day = center()
    outcome = simulate(day, 3)
    assert min(stretch.begins for stretch in outcome.stretches) == 0.0
    late = [stretch for stretch in outcome.stretches if stretch.ends > 3 * HOUR]
    assert {stretch.state for stretch in late} <= {AgentState.BUSY}


def test_piecewise_arrivals_keep_to_their_rates() -> None:
    at = piecewise(
        [(0.0, HOUR, 0.5), (HOUR, 2 * HOUR, 0.0), (2 * HOUR, 3 * HOUR, 0.1)], np.random.default_rng(1)
    )
    counts = Counter(int(each // HOUR) for each in at)
    assert counts[1] == 0
    assert abs(counts[0] - 1800) < 3 * math.sqrt(1800)
    assert abs(counts[2] - 360) < 3 * math.sqrt(360)


def test_a_lognormal_has_the_mean_and_the_spread_asked_for() -> None:
    rng = np.random.default_rng(1)
    samples = np.array([LogNormal(180.0, 90.0).sample(rng) for _ in range(20_000)])
    assert abs(samples.mean() - 180.0) < 3
    assert abs(samples.std() - 90.0) < 4
