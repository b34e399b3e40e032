"""What a requirement asks of an agent, and how it is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model import AgentPolicy, AllOf, AnyOf, Has, NoneOf, OneOf, QueuePolicy, Requirement
from acd.requirement import OBJECTIONS_KEPT, agent_keys, described, holds, need_of
from tests.unit.acd import oracle
from tests.unit.acd.effort import effort
from tests.unit.acd.floorplan import Center, policy
from tests.unit.acd.random_policies import requirements, skills

ANN = AgentPolicy("ann", {"tax": 3, "english": 5})


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        (Has("tax"), True),
        (Has("tax", 4), False),
        (Has("tax", 1, 2), False),
        (Has("tax", 2, 3), True),
        (Has("law", 0), False),
        (AllOf((Has("tax"), Has("english"))), True),
        (AllOf((Has("tax"), Has("law"))), False),
        (AllOf(()), True),
        (AnyOf((Has("law"), Has("english"))), True),
        (AnyOf((Has("law"), OneOf(("bob",)))), False),
        (AnyOf(()), False),
        (NoneOf((Has("law"), Has("english", 1, 4))), True),
        (NoneOf((Has("tax"),)), False),
        (NoneOf(()), True),
        (OneOf(("bob", "ann")), True),
        (OneOf(()), False),
    ],
)
def test_an_expression_holds_by_its_words_and_a_missing_skill_is_false(
    requirement: Requirement, met: bool
) -> None:
    assert holds(requirement, ANN) is met
    need = need_of(QueuePolicy("q"), requirement)
    assert need.accepts(ANN) is met
    assert (need.objection(ANN) is None) is met


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        (Has("law"), "lacks skill law"),
        (Has("tax", 4), "skill tax is 3, needs 4"),
        (Has("tax", 1, 2), "skill tax is 3, at most 2 is asked for"),
        (
            AnyOf((Has("law", 2), Has("tax", 1, 2))),
            "is not any of (skill law of 2 or more; skill tax between 1 and 2)",
        ),
        (NoneOf((Has("law"), Has("tax"))), "has skill tax of 1 or more"),
        (OneOf(("bob", "cyd")), "is not one of the agents bob, cyd"),
        (AllOf((Has("tax"), Has("law"))), "lacks skill law"),
        (
            AnyOf((AllOf((Has("law"),)), NoneOf((Has("tax"),)))),
            "is not any of (all of (skill law of 1 or more); none of (skill tax of 1 or more))",
        ),
    ],
)
def test_the_first_reason_against_an_agent_can_be_read(requirement: Requirement, reason: str) -> None:
    assert need_of(QueuePolicy("q"), requirement).objection(ANN) == reason


def test_a_step_asks_for_something_of_the_queues_own_agents() -> None:
    queue = QueuePolicy("q", required_skills={"law": 1}, requirement=NoneOf((Has("trainee"),)))
    step = Has("tax", 3)
    assert not need_of(queue, step).accepts(ANN)
    assert need_of(queue, step, beyond_queue=True).accepts(ANN)
    assert need_of(queue).accepts(AgentPolicy("bob", {"law": 2}))
    assert not need_of(queue).accepts(AgentPolicy("bob", {"law": 2, "trainee": 1}))


def test_an_agent_with_a_list_of_queues_serves_no_other() -> None:
    need = need_of(QueuePolicy("q"))
    assert need.accepts(AgentPolicy("ann", {}, {"q": 0.0}))
    assert not need.accepts(AgentPolicy("ann", {}, {"p": 0.0}))
    assert need.objection(AgentPolicy("ann", {}, {"p": 0.0})) == "does not serve queue q"


def test_of_a_step_beyond_the_queue_it_is_no_objection_that_an_agent_does_not_serve_it() -> None:
    need = need_of(QueuePolicy("q"), Has("tax"), beyond_queue=True)
    elsewhere = AgentPolicy("ann", {"tax": 3}, {"p": 0.0})
    assert need.accepts(elsewhere)
    assert need.objection(elsewhere) is None


def test_objections_are_remembered_by_agent_and_terms_for_so_many_agents() -> None:
    need = need_of(QueuePolicy("q", {"law": 1}))
    for number in range(OBJECTIONS_KEPT + 1):
        assert need.objection(AgentPolicy(f"a{number}", {})) == "lacks skill law"
    assert len(need._told) == OBJECTIONS_KEPT
    assert need.objection(AgentPolicy("a0", {"law": 1})) is None, "of other terms nothing is remembered"


def test_words_for_a_conjunction() -> None:
    assert described(AllOf((Has("tax", 2), OneOf(("ann",))))) == (
        "all of (skill tax of 2 or more; one of the agents ann)"
    )


@settings(max_examples=effort(300), deadline=None)
@given(requirement=requirements, required=skills, have=skills, name=st.sampled_from(("ann", "bob")))
def test_a_need_accepts_exactly_whom_the_definition_does_and_finds_them_by_its_keys(
    requirement: Requirement, required: dict[str, int], have: dict[str, int], name: str
) -> None:
    queue = QueuePolicy("q", required_skills=required, requirement=requirement)
    agent = AgentPolicy(name, have)
    need = need_of(queue)
    assert need.accepts(agent) is oracle.belongs(agent, queue)
    if need.accepts(agent):
        for keys in need.covers:
            assert set(keys) & set(agent_keys(agent))


def test_alternatives_hold_at_their_bounds_and_are_told_in_words() -> None:
    either = AnyOf((Has("tax", 2, 4), Has("law", 3)))
    need = need_of(QueuePolicy("q"), either)
    center = Center(policy(agents={f"a{level}": {"tax": level} for level in range(1, 6)}))
    accepted = [name for name, terms in center.router._floor.policy.agents.items() if need.accepts(terms)]
    assert accepted == ["a2", "a3", "a4"]
    assert described(NoneOf((Has("tax"), Has("law", 2)))) == (
        "none of (skill tax of 1 or more; skill law of 2 or more)"
    )
