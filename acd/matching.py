"""Who serves whom. One event usually makes one agent or one contact worth looking at; only those are."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TypeAlias

from acd.callbacks import dial_for, promise_anew
from acd.decision import explain
from acd.floor import Floor
from acd.index import Stage
from acd.model import AgentId, AgentState, ContactId, ContactState, Criterion
from acd.ranking import ContactRank, PairRank, pair_head

_Pair: TypeAlias = tuple[PairRank, AgentId, ContactId, bool]
"""How good the pair is, the pair, and whether it was found for the sake of the agent."""
_IDLE_ALONE = (Criterion.LONGEST_IDLE,)


def settle(floor: Floor) -> None:
    """Makes every offer that can be made, the best pair first; none while no phone can be rung.

    Before the event no ready agent could serve a waiting contact, so a new pair has one of the unsettled in
    it. Each offer only takes pairs away: the best pair of each of the unsettled, found once, stays an upper
    bound until it is looked at again.
    """
    heap: list[_Pair] = []
    if floor.can_ring:
        for agent in floor.unsettled_agents:
            _push(heap, _best_for_agent(floor, agent))
        for contact in floor.unsettled_contacts:
            _push(heap, _best_for_contact(floor, contact))
    floor.unsettled_agents.clear()
    floor.unsettled_contacts.clear()
    while heap:
        _, agent, contact, for_agent = heappop(heap)
        contact_free = contact in floor.waiting
        if contact_free and not floor.contacts[contact].dialled:
            promise_anew(floor)  # citizens who answered have theirs: they come before everybody
        agent_free = agent in floor.ready
        if agent_free and contact_free and not _held_back(floor, agent, contact):
            _offer(floor, agent, contact)
        elif for_agent and agent_free:
            _push(heap, _best_for_agent(floor, agent))
        elif contact_free and not for_agent:
            _push(heap, _best_for_contact(floor, contact))
    promise_anew(floor)


def _push(heap: list[_Pair], pair: _Pair | None) -> None:
    if pair is not None:
        heappush(heap, pair)


def _held_back(floor: Floor, agent: AgentId, contact: ContactId) -> bool:
    return floor.reserved_for(floor.agents[agent], floor.waiting.place_of(contact)[0]) is not None


def _best_for_agent(floor: Floor, name: AgentId) -> _Pair | None:
    agent = floor.agents[name]
    now, penalties, reserves = floor.at, agent.policy.queues, floor.policy.reserves
    best: PairRank | None = None
    best_strict, best_points = 0, 0.0
    for stage in floor.waiting.near(agent):
        if not stage.waiting:
            continue
        queue, first = stage.queue, stage.waiting[0]
        penalty_s = penalties.get(queue.queue, 0.0) if penalties else 0.0
        if best is not None and (
            first[0] > best_strict
            # The score, written out: most stages are looked at for this comparison alone.
            or (first[0] == best_strict and queue.weight * (now - first[1] - penalty_s) < best_points)
        ):
            continue
        if not stage.need.accepts(agent.policy):
            continue
        if reserves and floor.reserved_for(agent, stage) is not None:
            continue
        rank = _first_open_to(floor, stage, name)
        if rank is None:
            continue
        head = pair_head(rank, queue, penalty_s, now)
        if best is None or head < best:
            best = head
            best_strict, best_points = head[0], -head[1]
    if best is None:
        return None
    contact = best[-1]
    stage, _ = floor.waiting.place_of(contact)
    return (best + floor.agent_part(agent, floor.contacts[contact], stage), name, contact, True)


def _first_open_to(floor: Floor, stage: Stage, agent: AgentId) -> ContactRank | None:
    """The first in the stage whom this agent may be asked to serve."""
    for rank in stage.waiting:
        if not floor.tried_in_vain(agent, floor.contacts[rank[3]]):
            return rank
    return None


def _best_for_contact(floor: Floor, name: ContactId) -> _Pair | None:
    stage, rank = floor.waiting.place_of(name)
    contact = floor.contacts[name]
    accepts, queue = stage.need.accepts, stage.queue
    first_will_do = queue.criteria == _IDLE_ALONE and queue.queue not in floor.penalised
    reserves = floor.policy.reserves
    heads: dict[float, PairRank] = {}
    best: _Pair | None = None
    for _, candidate in floor.ready.candidates(stage.need):
        agent = floor.agents[candidate]
        if (
            not accepts(agent.policy)
            or floor.tried_in_vain(candidate, contact)
            or (reserves and floor.reserved_for(agent, stage) is not None)
        ):
            continue
        penalty_s = agent.penalty_s(queue.queue)
        head = heads.get(penalty_s)
        if head is None:
            head = heads[penalty_s] = pair_head(rank, queue, penalty_s, floor.at)
        pair = (head + floor.agent_part(agent, contact, stage), candidate, name, False)
        if best is None or pair < best:
            best = pair
        if first_will_do:
            break
    return best


def _offer(floor: Floor, agent_name: AgentId, contact_name: ContactId) -> None:
    agent, contact = floor.agents[agent_name], floor.contacts[contact_name]
    assert agent.state is AgentState.READY
    assert contact.state is ContactState.WAITING
    callback = floor.callbacks.get(contact_name)
    if callback is not None and callback.rings_customer:
        dial_for(floor, callback, agent)
        return
    offer = floor.new_offer_id(contact_name)
    floor.effects.append(explain(floor, agent, contact, offer))
    floor.make_offer(agent, contact, offer)
