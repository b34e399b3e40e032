"""Who comes first: among waiting contacts, and among ready agents. Smaller ranks come first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from acd.model import AgentId, ContactId, Criterion, Instant, Policy, QueuePolicy, Skill
from acd.records import Agent, Contact

ContactRank: TypeAlias = tuple[int, Instant, Instant, ContactId]
"""Strict priority (negated), start of the wait with priority counted in, start of the wait, id. It does not
change with time, and within a queue it orders contacts as their scores do."""
_BEFORE_ALL = 1_000_000
"""More than priorities can add up to."""
IdleRank: TypeAlias = tuple[Instant, AgentId]
PairRank: TypeAlias = tuple[Any, ...]
"""How good it is that this agent serves this contact now: strict priority (negated), score (negated), then as
in the contact's rank, then the queue's criteria, idle rank and id."""


def priority_of(contact: Contact, queue: QueuePolicy) -> int:
    """The contact's own, its queue's, and what the queue gives or takes callbacks.

    A citizen who was dialled and answered comes before everybody: the call was not their idea.
    """
    if contact.dialled:
        return _BEFORE_ALL
    return queue.priority + contact.priority + (queue.callbacks.priority if contact.callback else 0)


def contact_rank(contact: Contact, queue: QueuePolicy, policy: Policy) -> ContactRank:
    priority = priority_of(contact, queue)
    if policy.priority_worth_s is None or contact.dialled:
        return (-priority, contact.place_from, contact.queued_at, contact.contact)
    start = contact.place_from - priority * policy.priority_worth_s
    return (0, start, contact.queued_at, contact.contact)


def score(rank: ContactRank, queue: QueuePolicy, penalty_s: float, now: Instant) -> float:
    """Points a contact has in the eyes of an agent with that penalty: its wait and the worth of its priority,
    in seconds, times the queue's weight."""
    return queue.weight * (now - rank[1] - penalty_s)


def pair_head(rank: ContactRank, queue: QueuePolicy, penalty_s: float, now: Instant) -> PairRank:
    """The part of a pair's rank that is about the contact."""
    return (rank[0], -score(rank, queue, penalty_s, now), rank[1], rank[2], rank[3])


def idle_rank(agent: Agent) -> IdleRank:
    """The longest idle, then the id."""
    return (agent.idle_since, agent.agent)


def criterion_value(
    criterion: Criterion,
    agent: Agent,
    contact: Contact,
    skills: tuple[Skill, ...],
    scarce: Mapping[AgentId, float],
) -> float:
    """How the agent stands by one criterion; less is better. `scarce`: how scarce each agent's skills are."""
    match criterion:
        case Criterion.LONGEST_IDLE:
            return agent.idle_since
        case Criterion.PROFICIENCY:
            have = agent.policy.skills
            return -float(sum(have.get(skill, 0) for skill in skills))
        case Criterion.LEAST_OCCUPIED:
            return agent.occupancy
        case Criterion.PREFERRED:
            return 0.0 if agent.agent in contact.preferred else 1.0
        case Criterion.FEWEST_SCARCE:
            return scarce[agent.agent]


def scarcity_of(agents: Iterable[Agent], policy: Policy) -> dict[AgentId, float]:
    """The sum over an agent's skills of 1 / number of agents in the policy who have the skill.

    A skill that only agents have who are about to leave counts nothing.
    """
    holders: dict[Skill, int] = {}
    for agent in policy.agents.values():
        for skill in agent.skills:
            holders[skill] = holders.get(skill, 0) + 1
    scarcity = {skill: 1 / count for skill, count in holders.items()}
    return {
        agent.agent: sum(scarcity[skill] for skill in sorted(agent.policy.skills) if skill in scarcity)
        for agent in agents
    }
