"""Nothing in a router's indices that is not in its state, and nothing of its state that they miss."""

from __future__ import annotations

from collections import Counter

from acd.floor import Floor
from acd.index import ReadyIndex, Stage
from acd.model import AgentState, ContactState, Limit, QueuePolicy
from acd.records import Agent, Contact
from acd.staff_room import SPARED
from tests.unit.acd import oracle


def check_indices(floor: Floor) -> None:
    """Each index is worked out anew from agents, contacts, offers and the policy, and compared whole."""
    agents = list(floor.agents.values())
    crew = [agent for agent in agents if agent.state is not AgentState.LOGGED_OUT]
    free = [agent for agent in crew if agent.state is AgentState.READY and agent.reason not in SPARED]
    waiting = [each for each in floor.contacts.values() if each.state is ContactState.WAITING]
    _check_agents(floor.ready, {agent.agent: (agent.idle_since, agent.agent) for agent in free}, floor)
    _check_agents(floor.staff, {agent.agent: (0.0, agent.agent) for agent in crew}, floor)
    assert floor.seats == {agent.seat: agent.agent for agent in crew}
    assert set(floor.agents) == set(floor.policy.agents) | {agent.agent for agent in crew}
    assert not floor.unsettled_agents
    assert not floor.unsettled_contacts
    _check_queues(floor)
    _check_stages(floor, waiting, crew)
    _check_timers(floor, waiting, crew)


def _check_agents(index: ReadyIndex, ranks: dict[str, tuple[float, str]], floor: Floor) -> None:
    assert index.everyone == sorted(ranks.values())
    by_key: dict[str, list[tuple[float, str]]] = {}
    for name, rank in ranks.items():
        skills = floor.agents[name].policy.skills
        for key in (f"agent:{name}", *(f"skill:{skill}" for skill in skills)):
            by_key.setdefault(key, []).append(rank)
    assert index._by_key == {key: sorted(members) for key, members in by_key.items()}
    assert {name: rank for name, (rank, _) in index._rank_of.items()} == ranks


def _check_queues(floor: Floor) -> None:
    """Those of the policy and those that still hold somebody; with the terms of the hour."""
    held = Counter(each.queue for each in floor.contacts.values())
    held += Counter(each.queue for each in floor.callbacks.values())
    assert floor.open_contacts == held
    names = set(floor.policy.queues) | set(held)
    assert set(floor.queues) == set(floor.terms) == set(floor.needs) == names
    assert set(floor.paces) <= names
    for name, terms in floor.terms.items():
        assert floor.policy.queues.get(name, terms) == terms
        if floor.hours_known:
            assert floor.queues[name] == oracle.terms_at(terms, floor.at)
    holders = Counter(skill for agent in floor.policy.agents.values() for skill in agent.skills)
    for name, agent in floor.agents.items():
        shares = [1 / holders[skill] for skill in sorted(agent.policy.skills) if skill in holders]
        assert floor.scarce[name] == sum(shares)


def _check_stages(floor: Floor, waiting: list[Contact], crew: list[Agent]) -> None:
    index = floor.waiting
    assert len(index) == len(waiting)
    assert set(index._place_of) == {contact.contact for contact in waiting}
    placed: list[tuple[str, int]] = []
    for key, stage in index.stages.items():
        assert stage.key == key
        assert stage.waiting or stage.skipped
        assert stage.waiting == sorted(stage.waiting)
        placed += [(rank[3], id(stage)) for rank in stage.waiting]
        assert stage.staffed == any(oracle_accepts(stage, agent, floor.queues) for agent in crew)
        for name in stage.skipped:
            assert stage in index._skipped_by[name]
        anchors = () if stage.anchors is None else stage.anchors
        assert all(index._by_anchor[anchor][key] is stage for anchor in anchors)
        assert (key in index._unanchored) == (stage.anchors is None)
        for agent in crew:
            if stage.waiting and oracle_accepts(stage, agent, floor.queues):
                assert stage in index.near(agent), "an agent would not find those whom they can serve"
    assert sorted(placed) == sorted((name, id(stage)) for name, (stage, _) in index._place_of.items())
    entries = [key for stages in index._by_anchor.values() for key in stages] + list(index._unanchored)
    assert set(entries) <= set(index.stages)
    assert all(index._by_anchor.values()), "an anchor without a stage"
    skipped = {name: {id(stage) for stage in stages} for name, stages in index._skipped_by.items()}
    assert skipped.keys() <= index._place_of.keys()
    for name, stages in skipped.items():
        assert all(name in stage.skipped for stage in index.stages.values() if id(stage) in stages)
        assert stages <= {id(stage) for stage in index.stages.values()}
    for contact in waiting:
        _check_steps(floor, contact)
        stage, rank = index.place_of(contact.contact)
        step = oracle.present_step(floor, contact, crew)
        assert stage.key[:2] == (contact.queue, None if step is None else step.requirement)
        assert stage.key[2] == (step is not None and step.beyond_queue)
        assert stage.queue == floor.queues[contact.queue]
        assert rank == oracle.contact_rank(floor, contact)
        urgent = [
            oracle.priority_of(contact, stage.queue) >= each.urgent_from for each in floor.policy.reserves
        ]
        assert stage.key[3] == sum(1 << bit for bit, may in enumerate(urgent) if may)


def _check_steps(floor: Floor, contact: Contact) -> None:
    """A step's time is its own, and begins when the one before it is over, or sooner if that was passed."""
    assert contact.steps == contact.own_steps + floor.queues[contact.queue].steps
    assert len(contact.step_ends) <= len(contact.steps)
    before: float | None = None
    for step, end in zip(contact.steps, contact.step_ends, strict=False):
        begins = end - step.ttl_s
        if before is None:
            assert end == contact.steps_from + step.ttl_s
        else:
            assert begins <= before + 1e-3
            assert begins <= floor.at + 1e-3
        before = end


def oracle_accepts(stage: Stage, agent: Agent, queues: dict[str, QueuePolicy]) -> bool:
    _, requirement, beyond_queue, _ = stage.key
    member = beyond_queue or oracle.belongs(agent.policy, queues[stage.key[0]])
    return member and (requirement is None or oracle.meets(requirement, agent.policy))


def _check_timers(floor: Floor, waiting: list[Contact], crew: list[Agent]) -> None:
    timers = dict(floor.timers.items())
    due = _due(floor, waiting, crew)
    assert {key for key in timers if key[0] not in ("overflow", "callback")} == due.keys()
    for key, when in due.items():
        assert when is None or timers[key] == when, key
    assert {name for kind, name in timers if kind == "callback"} <= floor.callbacks.keys()
    assert {name for kind, name in timers if kind == "overflow"} <= {each.contact for each in waiting}
    for contact in waiting:
        if contact.dialled:
            after_s = floor.queues[contact.queue].callbacks.abandoned_after_s
            assert timers["overflow", contact.contact] == contact.steps_from + after_s
        for number, rule in enumerate(floor.queues[contact.queue].overflow):
            reached = contact.queued_at + rule.threshold
            followed = (
                contact.callback or contact.dialled or f"{contact.queue}/{number}" in contact.diversions
            )
            if rule.limit is Limit.WAITED and reached > floor.at and not followed:
                assert timers["overflow", contact.contact] <= reached


def _due(floor: Floor, waiting: list[Contact], crew: list[Agent]) -> dict[tuple[str, str], float | None]:
    """What has to wake the router, and when; None where the state does not say when."""
    due: dict[tuple[str, str], float | None] = {("offer", name): None for name in floor.offers}
    due |= {("kept", caller): None for caller in floor.kept_places}
    for name, terms in floor.terms.items():
        change = None if terms.calendar is None else oracle.next_change(terms.calendar, floor.at)
        if change is not None and floor.hours_known:
            due["hours", name] = change
    for agent in crew:
        if agent.until is not None:
            due["wrap_up" if agent.state is AgentState.WRAP_UP else "rest", agent.agent] = agent.until
    for contact in waiting:
        queue, name = floor.queues[contact.queue], contact.contact
        ends: list[float] = []
        for step, end in zip(contact.own_steps + queue.steps, contact.step_ends, strict=False):
            if end > floor.at:
                ends.append(end)
                if any(oracle.may_serve(agent.policy, queue, step) for agent in crew):
                    break
        if ends:
            due["step", name] = min(ends)
        again = [until for _, until in contact.tried.values() if until is not None and until > floor.at]
        if again:
            due["retry", name] = min(again)
    return due
