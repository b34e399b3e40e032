"""Everything about routing in YAML reaches the router as what it means."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model import (
    AllOf,
    AnyOf,
    CallbackTerms,
    Criterion,
    Diversion,
    Has,
    Limit,
    NoneOf,
    OneOf,
    OverflowRule,
    Policy,
    QueuePolicy,
    Requirement,
    Reserve,
    RoutingStep,
)
from config.load import load_site
from config.policy import fixed_offset_s, hotline_steps, requirement_of, routing_policy
from config.routing import CallbackConfig, QueueConfig, RequirementConfig
from cti.callbacks.pacing import DialTerms
from tests.unit.config.site_files import SiteFiles

QUEUE = """\
    ring_timeout_s: 20
    requirement: {any_of: [{skill: consumer, at_least: 4}, {none_of: [{skill: consumer, at_most: 1}]}]}
    steps:
      - {requirement: {agents: ["1002"]}, ttl_s: 5, beyond_queue: true}
      - {requirement: {all_of: [{skill: consumer, at_least: 2, at_most: 4}]}, ttl_s: 10}
    weight: 1.5
    criteria: [proficiency, fewest_scarce]
    offer_backoff_s: 7
    max_offers_per_agent: 2
    auto_answer: true
    transfer_priority: 6
    calendar: office
    overflow:
      - {limit: closed, to: message, target: welcome}
      - {limit: size, threshold: 5, to: busy}
      - {limit: waited, threshold: 60, to: queue, target: general}
      - {limit: nobody_logged_in, to: busy}
"""
REST = """\
calendars:
  - id: office
    name: 工作时间
    hours: [{weekdays: [mon, fri], opens: "08:30", closes: "17:00"}, {weekdays: [sun]}]
    holidays: ["2026-10-01"]
routing:
  priority_worth_s: 30
  reserves: [{skill: consumer, keep: 1, urgent_from: 5}]
  max_occupancy: 0.85
  max_rest_s: 12
  keep_place_s: 90
"""


def loaded(files: SiteFiles) -> Policy:
    return routing_policy(load_site(files.directory, prompts=files.prompts))


def test_every_key_of_a_queue_reaches_the_router(files: SiteFiles) -> None:
    files.edit("calls", "    ring_timeout_s: 20\n", QUEUE)
    files.edit("service", "api:\n", REST + "api:\n")
    policy = loaded(files)
    queue = policy.queues["consumer"]
    assert queue.requirement == AnyOf((Has("consumer", 4), NoneOf((Has("consumer", 1, 1),))))
    assert queue.steps == (
        RoutingStep(OneOf(("1002",)), 5.0, beyond_queue=True),
        RoutingStep(AllOf((Has("consumer", 2, 4),)), 10.0),
    )
    assert (queue.weight, queue.offer_backoff_s, queue.max_offers_per_agent) == (1.5, 7.0, 2)
    assert queue.criteria == (Criterion.PROFICIENCY, Criterion.FEWEST_SCARCE)
    assert queue.auto_answer
    assert queue.transfer_priority == 6
    assert queue.overflow == (
        OverflowRule(Limit.CLOSED, Diversion.MESSAGE, 0.0, "welcome"),
        OverflowRule(Limit.SIZE, Diversion.BUSY, 5.0),
        OverflowRule(Limit.WAITED, Diversion.QUEUE, 60.0, "general"),
        OverflowRule(Limit.NOBODY_LOGGED_IN, Diversion.BUSY),
    )
    assert queue.calendar is not None
    assert [(span.weekdays, span.opens_s, span.closes_s) for span in queue.calendar.hours] == [
        ((0, 4), 30_600.0, 61_200.0),
        ((6,), 0.0, 86_400.0),
    ]
    assert queue.calendar.holidays == ("2026-10-01",)
    assert queue.calendar.utc_offset_s == 28_800.0
    assert (policy.priority_worth_s, policy.max_occupancy, policy.max_rest_s) == (30.0, 0.85, 12.0)
    assert policy.reserves == (Reserve("consumer", 1, 5),)
    assert policy.keep_place_s == 90.0
    assert policy.skills == ("consumer",)


def test_night_mode_and_an_agents_own_terms_reach_the_router(files: SiteFiles) -> None:
    files.edit("calls", "    ring_timeout_s: 20\n", "    calendar: office\n    night_skills: {}\n")
    files.edit("service", "api:\n", REST + "api:\n")
    files.edit(
        "people",
        "skills: {consumer: 3}",
        "skills: {consumer: 3}\n    queues: {general: 5}\n    max_wrap_up_s: 8",
    )
    policy = loaded(files)
    assert policy.queues["consumer"].night_skills == {}
    assert policy.agents["1001"].queues == {"general": 5.0}
    assert policy.agents["1001"].max_wrap_up_s == 8.0
    assert policy.agents["1002"].queues is None


def test_terms_of_callbacks_reach_the_router(files: SiteFiles) -> None:
    terms = (
        "max_attempts: 2, busy_delay_s: 60, no_answer_delay_s: 61, failed_delay_s: 62, "
        "expires_s: 3600, owner_ttl_s: 63, priority: -2, calendar: office, "
        "mode: customer_first, max_abandoned_rate: 0.03, abandoned_after_s: 3, abandoned_prompt: welcome"
    )
    files.edit("calls", "    ring_timeout_s: 20\n", f"    callbacks: {{{terms}}}\n")
    files.edit("service", "api:\n", REST + "api:\n")
    policy = loaded(files)
    found = policy.queues["consumer"].callbacks
    hours = found.hours
    assert found == CallbackTerms(2, 60.0, 61.0, 62.0, 3600.0, 63.0, -2, hours, 3.0, "welcome")
    assert hours is not None
    assert hours.holidays == ("2026-10-01",)
    assert policy.queues["general"].callbacks == CallbackTerms()


def test_steps_of_a_hotline_are_kept_by_its_number(files: SiteFiles) -> None:
    files.edit(
        "calls",
        "    priority: 5\n",
        "    priority: 5\n    steps: [{requirement: {skill: consumer, at_least: 3}, ttl_s: 9}]\n",
    )
    site = load_site(files.directory, prompts=files.prompts)
    assert hotline_steps(site) == {"12345": (), "12315": (RoutingStep(Has("consumer", 3), 9.0),)}


def test_what_is_left_out_is_as_the_router_has_it(files: SiteFiles) -> None:
    policy = loaded(files)
    assert policy.queues["general"] == QueuePolicy("general")
    plain = Policy(policy.queues, policy.agents, skills=("consumer",))
    assert policy == plain


def test_each_setting_of_a_queue_can_be_written() -> None:
    """Nothing that the router does in a queue is out of the operations staff's reach."""
    written = set(QueueConfig.model_fields)
    assert {each.name for each in fields(QueuePolicy)} - {"queue"} <= written
    terms = {each.name for each in fields(CallbackTerms)} - {"hours"}
    dialled = {each.name for each in fields(DialTerms)}
    assert terms | dialled | {"calendar"} == set(CallbackConfig.model_fields)


requirements: st.SearchStrategy[Requirement] = st.recursive(
    st.one_of(
        st.builds(
            lambda skill, bounds: Has(skill, *sorted(bounds)),
            st.sampled_from(["a", "b"]),
            st.tuples(st.integers(1, 5), st.integers(1, 5)),
        ),
        st.builds(
            lambda agents: OneOf(tuple(agents)), st.lists(st.sampled_from(["1001", "1002"]), min_size=1)
        ),
    ),
    lambda part: st.one_of(
        *(
            st.builds(lambda parts, kind=kind: kind(tuple(parts)), st.lists(part, min_size=1, max_size=3))
            for kind in (AllOf, AnyOf, NoneOf)
        )
    ),
    max_leaves=6,
)


def as_written(requirement: Requirement) -> dict[str, object]:
    match requirement:
        case Has(skill, least, most):
            return {"skill": skill, "at_least": least, "at_most": most}
        case OneOf(agents):
            return {"agents": list(agents)}
        case AllOf(parts):
            return {"all_of": [as_written(part) for part in parts]}
        case AnyOf(parts):
            return {"any_of": [as_written(part) for part in parts]}
        case NoneOf(parts):
            return {"none_of": [as_written(part) for part in parts]}


@settings(max_examples=100)
@given(requirements)
def test_a_requirement_written_down_is_read_as_the_same(requirement: Requirement) -> None:
    written = RequirementConfig.model_validate(as_written(requirement), strict=False)
    assert requirement_of(written) == requirement


@pytest.mark.parametrize(
    ("zone", "offset_s"),
    [("Asia/Shanghai", 28_800.0), ("UTC", 0.0), ("Asia/Kolkata", 19_800.0), ("Europe/Berlin", None)],
)
def test_only_a_zone_that_keeps_its_clocks_has_a_fixed_offset(zone: str, offset_s: float | None) -> None:
    assert fixed_offset_s(zone) == offset_s


def test_the_example_uses_what_the_router_can_do() -> None:
    policy = routing_policy(load_site(Path(__file__).parents[3] / "config" / "hotline"))
    queues = policy.queues.values()
    assert {criterion for queue in queues for criterion in queue.criteria} >= {
        Criterion.FEWEST_SCARCE,
        Criterion.PROFICIENCY,
        Criterion.LEAST_OCCUPIED,
    }
    assert {rule.to for queue in queues for rule in queue.overflow} == {Diversion.QUEUE}
    assert any(queue.night_skills for queue in queues)
    assert len(policy.queues["enterprise"].steps) == 2
    assert policy.reserves
    assert policy.max_occupancy
    assert policy.keep_place_s
