"""What is wrong with a policy, and what a new one changes."""

from __future__ import annotations

from typing import Any

import pytest

from acd.events import PolicyChanged
from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Calendar,
    CallbackTerms,
    Criterion,
    Has,
    NoneOf,
    OneOf,
    OpeningHours,
    Policy,
    QueuePolicy,
    Requirement,
    Reserve,
    RoutingStep,
)
from acd.policy import InvalidPolicy, difference, problems
from acd.router import Router
from tests.unit.acd.floorplan import Center, policy


def queue(**terms: Any) -> Policy:
    return policy([QueuePolicy("q", **terms)])


def terms_of_callbacks(setting: str, value: Any) -> CallbackTerms:
    return CallbackTerms(**{setting: value})


def step(requirement: Requirement, ttl_s: float = 5.0) -> Policy:
    return queue(steps=(RoutingStep(requirement, ttl_s),))


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (queue(wrap_up_s=-1), "queue q: wrap_up_s is -1; 0 or more seconds would be right"),
        (queue(timely_s=float("nan")), "queue q: timely_s is nan; 0 or more seconds would be right"),
        (queue(weight=0), "queue q: weight is 0; a number above 0 would be right"),
        (queue(max_offers_per_agent=0), "queue q: max_offers_per_agent is 0; at least 1 would be right"),
        (
            queue(callbacks=CallbackTerms(max_attempts=0)),
            "queue q, callbacks: max_attempts is 0; at least 1 would be right",
        ),
        *(
            (
                queue(callbacks=terms_of_callbacks(setting, -1.0)),
                f"queue q, callbacks: {setting} is -1; 0 or more seconds would be right",
            )
            for setting in (
                "busy_delay_s",
                "no_answer_delay_s",
                "failed_delay_s",
                "expires_s",
                "owner_ttl_s",
                "abandoned_after_s",
            )
        ),
        (
            queue(criteria=(Criterion.PREFERRED,) * 2),
            "queue q: criteria names one twice; each once would be right",
        ),
        (
            queue(required_skills={"tax": 6}),
            "queue q, required_skills, tax: proficiency is 6; 1 to 5 would be right",
        ),
        (
            policy([QueuePolicy("q", {"tax": 1})], skills=()),
            "queue q, required_skills: there is no skill tax; a configured one would be right",
        ),
        (step(Has("tax"), 0), "queue q, step 1: ttl_s is 0; a time above 0 would be right"),
        (step(AnyOf(())), "queue q, step 1: is empty; at least one part would be right"),
        (
            step(OneOf(())),
            "queue q, step 1: names no agent, so nobody can ever meet it; at least one would be right",
        ),
        (
            queue(requirement=AllOf((Has("tax", 4, 2),))),
            "queue q, requirement: skill tax between 4 and 2; 1 to 5, the lower first, would be right",
        ),
        (
            policy(agents={"ann": {"tax": 0}}),
            "agent ann, skills, tax: proficiency is 0; 1 to 5 would be right",
        ),
        (
            policy(agents={"ann": AgentPolicy("ann", {}, {"nowhere": 0})}),
            "agent ann, queues: there is no queue nowhere; a configured one would be right",
        ),
        (
            policy(agents={"ann": AgentPolicy("ann", {}, {"q": -2})}),
            "agent ann: penalty in queue q is -2; 0 or more seconds would be right",
        ),
        (
            policy(agents={"ann": AgentPolicy("ann", {}, None, -1.0)}),
            "agent ann: max_wrap_up_s is -1; 0 or more seconds would be right",
        ),
        (
            policy(reserves=(Reserve("tax", 0, 1),)),
            "reserve of skill tax: keeps 0 agents; at least 1 would be right",
        ),
        (
            policy(reserves=(Reserve("tax", 1, 1),), skills=("law",)),
            "reserve of skill tax: there is no skill tax; a configured one would be right",
        ),
        (
            policy(agents={"ann": {"tax": 1}}, skills=()),
            "agent ann, skills: there is no skill tax; a configured one would be right",
        ),
        (
            policy(interval_s=0.0),
            "policy: interval_s is 0; a time above 0 would be right",
        ),
        (
            policy(max_occupancy=1.5),
            "policy: max_occupancy is 1.5; a share above 0 and up to 1 would be right",
        ),
        (
            policy(max_occupancy=0.0),
            "policy: max_occupancy is 0; a share above 0 and up to 1 would be right",
        ),
        (
            policy(priority_worth_s=-1.0),
            "policy: priority_worth_s is -1; 0 or more seconds would be right",
        ),
        (
            Policy({"a": QueuePolicy("b")}, {}),
            "queue a: is named b in itself; two queues cannot share one name",
        ),
        (
            Policy({}, {"a": AgentPolicy("b")}),
            "agent a: is named b in itself; two agents cannot share one name",
        ),
    ],
)
def test_a_mistake_in_the_policy_is_named_with_its_place_and_what_would_be_right(
    rules: Policy, problem: str
) -> None:
    assert problems(rules) == (problem,)
    with pytest.raises(InvalidPolicy) as refused:
        Router(rules)
    assert refused.value.problems == (problem,)


def test_a_policy_that_names_only_configured_skills_is_sound() -> None:
    rules = policy(
        [QueuePolicy("q", {"tax": 1}, requirement=AnyOf((Has("law"),)))],
        {"ann": {"tax": 1, "law": 5}},
        skills=("tax", "law"),
        reserves=(Reserve("law", 1, 1),),
    )
    assert problems(rules) == ()


@pytest.mark.parametrize("rules", [policy(interval_s=0.5), policy(max_occupancy=1.0), step(Has("tax"), 0.5)])
def test_any_time_above_none_and_a_whole_share_are_right(rules: Policy) -> None:
    assert problems(rules) == ()


def test_all_mistakes_are_named_at_once() -> None:
    assert len(problems(queue(wrap_up_s=-1, timely_s=-1, weight=-1))) == 3


def test_a_wrong_policy_at_run_time_changes_nothing() -> None:
    center = Center(policy())
    center.queue("c1")
    before = center.router.snapshot()
    with pytest.raises(InvalidPolicy):
        center.router.handle(PolicyChanged(center.now, "x", queue(weight=0)))
    assert center.router.snapshot() == before


def test_the_difference_names_what_is_new_gone_and_other() -> None:
    old = policy([QueuePolicy("gone"), QueuePolicy("q")], {"ann": {"tax": 1}, "bob": {}})
    new = policy(
        [QueuePolicy("q", priority=2), QueuePolicy("new")], {"ann": {"tax": 2}, "cyd": {}}, keep_place_s=9.0
    )
    assert difference(old, new) == (
        "queue gone: removed",
        "queue new: added",
        "queue q: priority 0 -> 2",
        "agent ann: skills {'tax': 1} -> {'tax': 2}",
        "agent bob: removed",
        "agent cyd: added",
        "keep_place_s: 0.0 -> 9.0",
    )
    assert difference(old, old) == ()


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"calendar": Calendar((OpeningHours((0,), 60, 60),))}, "open from 60 to 60"),
        ({"calendar": Calendar((OpeningHours((0,), 0, 50), OpeningHours((0,), 50, 60)))}, None),
        ({"steps": (RoutingStep(NoneOf((Has("law"),)), 5),)}, "step 1: there is no skill law"),
        ({"requirement": Has("tax", 1, 5)}, None),
        ({"offer_backoff_s": 0.0, "wrap_up_s": 0.0, "required_skills": {"tax": 5}}, None),
        ({"max_offers_per_agent": 1}, None),
    ],
)
def test_settings_at_the_edge_of_what_is_right(terms: dict[str, object], problem: str | None) -> None:
    found = problems(policy([QueuePolicy("q", **terms)], skills=("tax",)))  # type: ignore[arg-type]
    assert found == () if problem is None else problem in found[0]


def test_a_refused_policy_says_all_that_is_wrong_in_one_line() -> None:
    wrong = policy([QueuePolicy("q", weight=0, timely_s=-1)])
    with pytest.raises(InvalidPolicy) as refused:
        Router(wrong)
    assert str(refused.value) == "; ".join(problems(wrong))
