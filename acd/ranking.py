"""Who comes first: among waiting contacts, and among ready agents. Smaller ranks come first."""

from __future__ import annotations

from typing import TypeAlias

from acd.model import AgentId, ContactId, Instant, QueuePolicy
from acd.records import Agent, Contact

ContactRank: TypeAlias = tuple[int, Instant, ContactId]
AgentRank: TypeAlias = tuple[Instant, AgentId]
PairRank: TypeAlias = tuple[ContactRank, AgentRank]


def contact_rank(contact: Contact, queue: QueuePolicy) -> ContactRank:
    """Higher priority (the queue's plus the contact's own), then the longer wait, then the id."""
    return (-(queue.priority + contact.priority), contact.queued_at, contact.contact)


def agent_rank(agent: Agent) -> AgentRank:
    """The longest idle, then the id."""
    return (agent.idle_since, agent.agent)
