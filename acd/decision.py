"""The explanation of a routing decision, bounded in size whatever the size of the floor."""

from __future__ import annotations

from itertools import islice

from acd.effects import Candidate, Decided
from acd.floor import Floor
from acd.model import AgentState, ContactState, OfferId
from acd.records import Agent, Contact

MAX_CANDIDATES = 12
MAX_PASSED_OVER = 6
MAX_LOOKED_AT = 64
"""At most so many ready agents are looked at to explain a choice, and so many of the others."""


def explain(floor: Floor, agent: Agent, contact: Contact, offer: OfferId) -> Decided:
    """Why `agent` serves `contact`. To be called while the agent is ready and the contact waits."""
    need = floor.needs[contact.queue]
    candidates = [Candidate(agent.agent, None)]
    eligible = 1
    criterion = "only_candidate"
    for _, name in islice(floor.ready.candidates(need), MAX_LOOKED_AT):
        other = floor.agents[name]
        if other is agent or not need.accepts(other.agent, other.skills):
            continue
        eligible += 1
        if criterion == "only_candidate":
            criterion = "longest_idle" if other.idle_since > agent.idle_since else "agent_id"
        if len(candidates) < MAX_CANDIDATES:
            candidates.append(Candidate(name, _second_to(agent, other)))
    for _, name in islice(floor.staff.candidates(need), MAX_LOOKED_AT):
        if len(candidates) >= MAX_CANDIDATES:
            break
        other = floor.agents[name]
        if other.state is not AgentState.READY:
            against = need.objection(other.agent, other.skills) or _occupied(other)
            candidates.append(Candidate(name, against))
    return Decided(
        at=floor.at,
        cause=floor.cause,
        decision=offer,
        contact=contact.contact,
        queue=contact.queue,
        agent=agent.agent,
        criterion=criterion,
        waited_s=max(0.0, floor.at - contact.queued_at),
        eligible=eligible,
        candidates=tuple(candidates),
        passed_over=tuple(_passed_over(floor, agent, contact)),
    )


def _second_to(chosen: Agent, other: Agent) -> str:
    if other.idle_since > chosen.idle_since:
        return f"idle {other.idle_since - chosen.idle_since:.1f} s less"
    return "equally long idle, later by id"


def _occupied(agent: Agent) -> str:
    return f"{agent.state} ({agent.reason})" if agent.reason else str(agent.state)


def _passed_over(floor: Floor, agent: Agent, chosen: Contact) -> list[str]:
    reasons: list[str] = []
    for name in floor.figures.oldest(MAX_LOOKED_AT):
        other = floor.contacts[name]
        if len(reasons) == MAX_PASSED_OVER or other.queued_at >= chosen.queued_at:
            break
        if other.state is ContactState.OFFERED:
            reason: str | None = f"is being offered to {other.agent}"
        else:
            reason = floor.needs[other.queue].objection(agent.agent, agent.skills)
        reasons.append(f"{name} in {other.queue}: {reason or 'has lower priority'}")
    return reasons
