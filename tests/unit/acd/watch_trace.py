"""A decision's explanation against the state it was made in: complete as far as it goes, and true."""

from __future__ import annotations

from acd.decision import MAX_CANDIDATES, MAX_PASSED_OVER
from acd.effects import Candidate, Decided
from acd.floor import Floor
from acd.model import AgentState, RoutingStep
from acd.records import Agent, Contact
from acd.requirement import described
from tests.unit.acd import oracle

WORDS = {
    "penalty": "penalty of ",
    "longest_idle": "idle ",
    "proficiency": "proficiency ",
    "least_occupied": "occupied ",
    "preferred": "not preferred by this contact",
    "fewest_scarce": "has scarcer skills ",
    "agent_id": "equal in everything, later by id",
}
"""How the reason against an agent begins who was second by that criterion."""
TRIED, KEPT = "did not take this contact before", "kept free for urgent contacts that need skill "


def check_trace(floor: Floor, told: Decided, ready: set[str], offered: set[str], waiting: set[str]) -> None:
    """`ready`, `offered` and `waiting` are who was that as the decision was made."""
    crew = [agent for agent in floor.agents.values() if agent.state is not AgentState.LOGGED_OUT]
    free = [floor.agents[name] for name in sorted(ready)]
    chosen, contact = floor.agents[told.agent], floor.contacts[told.contact]
    step = oracle.present_step(floor, contact, crew)
    assert told.step == ("any agent of the queue" if step is None else described(step.requirement))
    assert told.queue == contact.queue
    assert told.waited_s == max(0.0, told.at - contact.queued_at)
    rivals = [
        agent for agent in free if agent is not chosen and oracle.eligible(floor, agent, contact, step, free)
    ]
    assert told.eligible == 1 + len(rivals)
    lost_by = {agent.agent: _lost_by(floor, chosen, agent, contact, step) for agent in rivals}
    order = [name for name, _ in oracle.comparison(floor, chosen, contact, step)]
    closest = max(lost_by.values(), key=order.index, default="only_candidate")
    assert told.criterion == closest
    assert told.candidates[0] == Candidate(told.agent, None)
    assert len({each.agent for each in told.candidates}) == len(told.candidates) <= MAX_CANDIDATES
    named = {each.agent: each.against for each in told.candidates[1:]}
    assert len(named) == MAX_CANDIDATES - 1 or lost_by.keys() <= named.keys(), "a rival is not accounted for"
    for name, against in named.items():
        _check_against(floor, floor.agents[name], against or "", contact, step, lost_by.get(name), free)
    _check_passed_over(floor, told, chosen, contact, free, offered, waiting)


def _lost_by(floor: Floor, chosen: Agent, other: Agent, contact: Contact, step: RoutingStep | None) -> str:
    pairs = zip(
        oracle.comparison(floor, chosen, contact, step),
        oracle.comparison(floor, other, contact, step),
        strict=True,
    )
    name, better, worse = next((name, mine, theirs) for (name, mine), (_, theirs) in pairs if mine != theirs)
    assert better < worse, "the chosen one is not the better one"
    return name


def _check_against(
    floor: Floor,
    other: Agent,
    against: str,
    contact: Contact,
    step: RoutingStep | None,
    lost_by: str | None,
    free: list[Agent],
) -> None:
    fits = oracle.may_serve(other.policy, floor.queues[contact.queue], step)
    if lost_by is not None:
        assert against.startswith(WORDS[lost_by])
    elif other in free and fits:
        assert against == _kept_from(floor, other, contact, free)
    elif fits:
        assert against.split(" (")[0] in {*AgentState}, "neither ready nor without what it takes"
    else:
        assert against
        assert not against.startswith((*WORDS.values(), TRIED, KEPT))


def _kept_from(floor: Floor, agent: Agent, contact: Contact, free: list[Agent]) -> str | None:
    """Why an agent who has what it takes was not eligible."""
    if agent.agent in contact.tried:
        until = contact.tried[agent.agent][1]
        if until is None or until > floor.at:
            return TRIED
    priority = oracle.priority_of(contact, floor.queues[contact.queue])
    for reserve in floor.policy.reserves:
        having = [each for each in free if reserve.skill in each.policy.skills]
        if agent in having and priority < reserve.urgent_from and len(having) <= reserve.keep:
            return f"{KEPT}{reserve.skill}"
    return None


def _check_passed_over(
    floor: Floor,
    told: Decided,
    chosen: Agent,
    contact: Contact,
    free: list[Agent],
    offered: set[str],
    waiting: set[str],
) -> None:
    """Whoever has waited longer is named, the longest first, with the reason that holds."""
    crew = [agent for agent in floor.agents.values() if agent.state is not AgentState.LOGGED_OUT]
    longer = [floor.contacts[name] for name in offered | waiting]
    longer = [each for each in longer if each.queued_at < contact.queued_at]
    longer.sort(key=lambda each: (each.queued_at, each.contact))
    assert len(told.passed_over) == min(len(longer), MAX_PASSED_OVER)
    mine = oracle.pair_score(floor, chosen, contact, oracle.present_step(floor, contact, crew))
    for other, said in zip(longer, told.passed_over, strict=False):
        assert said.startswith(f"{other.contact} in {other.queue}: ")
        why = said.split(": ", 1)[1]
        if other.contact in offered:
            assert why.startswith("is being offered to ")
            continue
        step = oracle.present_step(floor, other, crew)
        if not oracle.may_serve(chosen.policy, floor.queues[other.queue], step):
            assert why.startswith(("lacks skill", "skill ", "has skill", "has ", "is not ", "does not serve"))
            assert not why.startswith(("has lower priority", "has a lower score"))
        elif (kept := _kept_from(floor, chosen, other, free)) is not None:
            assert why == kept
        else:
            theirs = oracle.pair_score(floor, chosen, other, step)
            assert theirs > mine, "passed over without a reason"
            assert why == ("has lower priority" if theirs[0] > mine[0] else "has a lower score")
