"""The explanation of a routing decision, bounded in size whatever the size of the floor."""

from __future__ import annotations

from itertools import islice

from acd.effects import Candidate, Decided
from acd.floor import Floor
from acd.index import Stage
from acd.model import AgentState, ContactState, Criterion, OfferId
from acd.ranking import ContactRank, criterion_value, score
from acd.records import Agent, Contact
from acd.requirement import described

MAX_CANDIDATES = 12
MAX_PASSED_OVER = 6
MAX_LOOKED_AT = 64
"""At most so many ready agents are looked at to explain a choice, and so many of the others."""


def explain(floor: Floor, agent: Agent, contact: Contact, offer: OfferId) -> Decided:
    """Why `agent` serves `contact`. To be called while the agent is ready and the contact waits."""
    stage, rank = floor.waiting.place_of(contact.contact)
    candidates, eligible, criterion = _ready_ones(floor, agent, contact, stage)
    agents, objection = floor.agents, stage.need.objection
    for _, name in islice(floor.staff.candidates(stage.need), MAX_LOOKED_AT):
        if len(candidates) >= MAX_CANDIDATES:
            break
        other = agents[name]
        if other.state is not AgentState.READY or other.reason is not None:
            candidates.append(Candidate(name, objection(other.policy) or _occupied(other)))
    requirement = stage.key[1]
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
        passed_over=tuple(_passed_over(floor, agent, contact, rank)),
        step="any agent of the queue" if requirement is None else described(requirement),
        score=score(rank, stage.queue, agent.penalty_s(contact.queue), floor.at),
    )


def _ready_ones(
    floor: Floor, agent: Agent, contact: Contact, stage: Stage
) -> tuple[list[Candidate], int, str]:
    """The chosen one and other ready agents, how many of them were eligible, and what decided."""
    candidates = [Candidate(agent.agent, None)]
    closest: tuple[int, str] | None = None
    eligible = 1
    for _, name in islice(floor.ready.candidates(stage.need), MAX_LOOKED_AT):
        other = floor.agents[name]
        if other is agent or not stage.need.accepts(other.policy):
            continue
        against = _kept_from(floor, other, contact, stage)
        if against is None:
            eligible += 1
            order, decided_by, against = _second_to(floor, agent, other, contact, stage)
            if closest is None or order > closest[0]:
                closest = (order, decided_by)
        if len(candidates) < MAX_CANDIDATES:
            candidates.append(Candidate(name, against))
    return candidates, eligible, closest[1] if closest else "only_candidate"


def _kept_from(floor: Floor, agent: Agent, contact: Contact, stage: Stage) -> str | None:
    """Why a ready agent with what it takes was not eligible all the same."""
    if floor.tried_in_vain(agent.agent, contact):
        return "did not take this contact before"
    skill = floor.reserved_for(agent, stage)
    return None if skill is None else f"kept free for urgent contacts that need skill {skill}"


def _second_to(
    floor: Floor, chosen: Agent, other: Agent, contact: Contact, stage: Stage
) -> tuple[int, str, str]:
    """What set the chosen agent before another: how late in the order of comparison, its name, in words."""
    queue = stage.queue
    penalties = chosen.penalty_s(queue.queue), other.penalty_s(queue.queue)
    if penalties[0] != penalties[1]:
        return (0, "penalty", f"penalty of {penalties[1]:g} s in this queue")
    for order, criterion in enumerate(queue.criteria, start=1):
        values = [
            criterion_value(criterion, each, contact, stage.need.skills, floor.scarce)
            for each in (chosen, other)
        ]
        if values[0] != values[1]:
            return (order, str(criterion), _in_words(criterion, values[0], values[1]))
    last = len(queue.criteria) + 1
    if chosen.idle_since != other.idle_since:
        words = _in_words(Criterion.LONGEST_IDLE, chosen.idle_since, other.idle_since)
        return (last, str(Criterion.LONGEST_IDLE), words)
    return (last + 1, "agent_id", "equal in everything, later by id")


def _in_words(criterion: Criterion, chosen: float, other: float) -> str:
    match criterion:
        case Criterion.LONGEST_IDLE:
            return f"idle {other - chosen:.1f} s less"
        case Criterion.PROFICIENCY:
            return f"proficiency {-other:g} against {-chosen:g}"
        case Criterion.LEAST_OCCUPIED:
            return f"occupied {other:.0%} against {chosen:.0%}"
        case Criterion.PREFERRED:
            return "not preferred by this contact"
        case Criterion.FEWEST_SCARCE:
            return f"has scarcer skills ({other:.3f} against {chosen:.3f})"


def _occupied(agent: Agent) -> str:
    return f"{agent.state} ({agent.reason})" if agent.reason else str(agent.state)


def _passed_over(floor: Floor, agent: Agent, chosen: Contact, rank: ContactRank) -> list[str]:
    reasons: list[str] = []
    for name in floor.figures.oldest(MAX_PASSED_OVER):
        other = floor.contacts[name]
        if other.queued_at >= chosen.queued_at:
            break
        reasons.append(f"{name} in {other.queue}: {_why_passed_over(floor, agent, other, rank)}")
    return reasons


def _why_passed_over(floor: Floor, agent: Agent, other: Contact, rank: ContactRank) -> str:
    if other.state is ContactState.OFFERED:
        return f"is being offered to {other.agent}"
    stage, place = floor.waiting.place_of(other.contact)
    objection = stage.need.objection(agent.policy)
    if objection is not None:
        return objection
    kept = _kept_from(floor, agent, other, stage)
    if kept is not None:
        return kept
    return "has lower priority" if place[0] > rank[0] else "has a lower score"
