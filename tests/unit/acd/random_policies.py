"""Policies, requirements and steps of any kind, for searches."""

from __future__ import annotations

from hypothesis import strategies as st

from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Calendar,
    CallbackTerms,
    Criterion,
    Diversion,
    Has,
    Limit,
    NoneOf,
    OneOf,
    OpeningHours,
    OverflowRule,
    Policy,
    QueuePolicy,
    Reserve,
    RoutingStep,
)

AGENTS = ("ann", "bob", "cyd", "dan")
QUEUES = ("p", "q", "r")
SKILLS = ("tax", "english")

criteria = st.lists(st.sampled_from(Criterion), max_size=3, unique=True).map(tuple)
skills = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5))
leaves = st.one_of(
    st.builds(Has, st.sampled_from(SKILLS), st.integers(1, 3), st.integers(3, 5)),
    st.builds(OneOf, st.lists(st.sampled_from(AGENTS), min_size=1, max_size=2, unique=True).map(tuple)),
)
requirements = st.recursive(
    leaves,
    lambda parts: st.one_of(
        *(
            st.builds(kind, st.lists(parts, min_size=1, max_size=2).map(tuple))
            for kind in (AllOf, AnyOf, NoneOf)
        )
    ),
    max_leaves=3,
)
steps = st.lists(
    st.builds(RoutingStep, requirements, st.sampled_from((5.0, 20.0)), st.booleans()), max_size=2
).map(tuple)


OFFICE_HOURS = Calendar(
    (OpeningHours(tuple(range(7)), 0, 28_830), OpeningHours(tuple(range(7)), 28_860, 86_400)),
)
"""Closed for half a minute soon after `START`, which is 08:00 in China."""


callback_terms = st.builds(
    CallbackTerms,
    max_attempts=st.integers(1, 2),
    busy_delay_s=st.sampled_from((0.0, 5.0)),
    no_answer_delay_s=st.just(20.0),
    failed_delay_s=st.sampled_from((0.0, 5.0)),
    expires_s=st.sampled_from((60.0, 300.0)),
    owner_ttl_s=st.sampled_from((0.0, 10.0)),
    priority=st.integers(-1, 1),
    hours=st.none() | st.just(OFFICE_HOURS),
)


def overflow_from(place: int, names: list[str]) -> st.SearchStrategy[tuple[OverflowRule, ...]]:
    """Rules that lead only to queues further on, so that none comes back."""
    to_queue = [(Diversion.QUEUE, name) for name in names[place + 1 :]]
    elsewhere = [(Diversion.CALLBACK, ""), (Diversion.MESSAGE, "sorry"), (Diversion.BUSY, "")]
    limits = (Limit.NOBODY_LOGGED_IN, Limit.SIZE, Limit.EXPECTED_WAIT, Limit.WAITED)
    rule = st.builds(
        lambda limit, to, threshold: OverflowRule(limit, to[0], threshold, to[1]),
        st.sampled_from(limits),
        st.sampled_from(to_queue + elsewhere),
        st.sampled_from((1.0, 10.0)),
    )
    return st.lists(rule, max_size=2).map(tuple)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = draw(st.lists(st.sampled_from(QUEUES), min_size=1, unique=True))
    queues = [
        QueuePolicy(
            name,
            required_skills=draw(st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 4), max_size=1)),
            requirement=draw(st.none() | st.none() | requirements),
            steps=draw(st.just(()) | steps),
            priority=draw(st.integers(0, 1)),
            weight=draw(st.sampled_from((1.0, 1.0, 3.0))),
            wrap_up_s=draw(st.sampled_from((0.0, 10.0))),
            criteria=draw(st.just((Criterion.LONGEST_IDLE,)) | criteria),
            offer_backoff_s=draw(st.sampled_from((0.0, 30.0))),
            max_offers_per_agent=draw(st.sampled_from((None, None, 1))),
            overflow=draw(st.just(()) | overflow_from(place, names)),
            callbacks=draw(st.just(CallbackTerms()) | callback_terms),
            calendar=(calendar := draw(st.none() | st.just(OFFICE_HOURS))),
            night_skills=None if calendar is None else draw(st.sampled_from((None, {}, {"english": 1}))),
        )
        for place, name in enumerate(names)
    ]
    served = st.none() | st.none() | st.dictionaries(st.sampled_from(names), st.sampled_from((0.0, 15.0)))
    agents = [
        AgentPolicy(name, draw(skills), draw(served), draw(st.sampled_from((None, None, 5.0))))
        for name in draw(st.lists(st.sampled_from(AGENTS), min_size=1, unique=True))
    ]
    reserve = st.builds(Reserve, st.sampled_from(SKILLS), st.integers(1, 2), st.integers(1, 3))
    return Policy(
        queues={queue.queue: queue for queue in queues},
        agents={agent.agent: agent for agent in agents},
        priority_worth_s=draw(st.sampled_from((None, 10.0))),
        reserves=tuple(draw(st.just([]) | st.lists(reserve, max_size=2))),
        max_occupancy=draw(st.sampled_from((None, None, 0.8))),
        keep_place_s=draw(st.sampled_from((0.0, 60.0))),
        interval_s=draw(st.sampled_from((900.0, 900.0, 7.0))),
    )
