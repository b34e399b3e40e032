"""Steps that somebody gives one contact are looked at before they hold."""

from __future__ import annotations

import pytest

from acd.model import AllOf, AnyOf, Has, NoneOf, OneOf, QueuePolicy, Requirement, RoutingStep
from tests.unit.acd.floorplan import Center, policy

RULES = policy([QueuePolicy("q"), QueuePolicy("old")], {"ann": {"tax": 1}}, skills=("tax",))


@pytest.mark.parametrize(
    ("requirement", "named"),
    [
        (Has("tax", 2), None),
        (AllOf((Has("tax"), OneOf(("ann",)))), None),
        (Has("law"), "skill law"),
        (AnyOf((Has("tax"), NoneOf((OneOf(("zoe",)),)))), "agent zoe"),
        (OneOf(()), "names no agent"),
        (AllOf(()), "is empty"),
    ],
)
def test_what_is_not_there_is_named(requirement: Requirement, named: str | None) -> None:
    problems = Center(RULES).router.step_problems((RoutingStep(requirement, 10.0),))
    if named is None:
        assert problems == ()
    else:
        [problem] = problems
        assert problem.startswith("step 1: ")
        assert named in problem


def test_a_negative_time_is_refused() -> None:
    [problem] = Center(RULES).router.step_problems((RoutingStep(Has("tax"), -1.0),))
    assert problem.startswith("step 1: ttl_s is -1;")


def test_a_queue_that_drains_is_there_but_takes_nobody_in() -> None:
    center = Center(RULES)
    center.queue("c1", "old")
    center.apply(policy([QueuePolicy("q")], {"ann": {}}))
    router = center.router
    assert (router.has_queue("old"), router.knows_queue("old")) == (True, False)
    assert (router.has_queue("q"), router.knows_queue("q"), router.has_queue("none")) == (True, True, False)
