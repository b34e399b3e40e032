"""Random interleavings of every event, short ones of many policies and a long one of one, break no rule."""

from __future__ import annotations

import inspect
from typing import get_args

from hypothesis import HealthCheck, settings

from acd.events import Event
from tests.unit.acd.effort import effort
from tests.unit.acd.random_day import ORDINARY, Chance
from tests.unit.acd.router_machine import RouterMachine
from tests.unit.acd.watch import Watched

TestRouterMachine = RouterMachine.TestCase
TestRouterMachine.settings = settings(
    max_examples=effort(60),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_every_kind_of_event_has_a_rule() -> None:
    rules = inspect.getsource(RouterMachine)
    missing = {kind.__name__ for kind in get_args(Event) if kind.__name__ not in rules}
    assert not missing, f"{missing} would never be told"


def test_a_long_random_day_breaks_no_rule() -> None:
    chance = Chance(seed=13)
    watched = Watched(ORDINARY)
    for _ in range(effort(2000)):
        chance.now += chance.random.random() * 2
        watched.wake(chance.now)
        watched.tell(chance.event(watched.router))
    if effort(2000) >= 2000:
        assert watched.decisions > 100
        assert watched.accepted == set(get_args(Event)), "a kind of event that was never right"
