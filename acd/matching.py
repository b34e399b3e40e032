"""Who serves whom. One event usually makes one agent or one contact worth looking at; only those are."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TypeAlias

from acd.decision import explain
from acd.floor import Floor
from acd.model import AgentId, AgentState, ContactId, ContactState
from acd.ranking import PairRank, agent_rank

_Pair: TypeAlias = tuple[PairRank, AgentId, ContactId, bool]
"""How good the pair is, the pair, and whether it was found for the sake of the agent."""


def settle(floor: Floor) -> None:
    """Makes every offer that can be made, the best pair first.

    Before the event no ready agent could serve a waiting contact, so a new pair has one of the unsettled in
    it. Each offer only takes pairs away: the best pair of each of the unsettled, found once, stays an upper
    bound until it is looked at again.
    """
    heap: list[_Pair] = []
    for agent in floor.unsettled_agents:
        _push(heap, _best_for_agent(floor, agent))
    for contact in floor.unsettled_contacts:
        _push(heap, _best_for_contact(floor, contact))
    floor.unsettled_agents.clear()
    floor.unsettled_contacts.clear()
    while heap:
        _, agent, contact, for_agent = heappop(heap)
        agent_free = agent in floor.ready
        contact_free = contact in floor.waiting
        if agent_free and contact_free:
            _offer(floor, agent, contact)
        elif for_agent and agent_free:
            _push(heap, _best_for_agent(floor, agent))
        elif contact_free and not for_agent:
            _push(heap, _best_for_contact(floor, contact))


def _push(heap: list[_Pair], pair: _Pair | None) -> None:
    if pair is not None:
        heappush(heap, pair)


def _best_for_agent(floor: Floor, name: AgentId) -> _Pair | None:
    agent = floor.agents[name]
    best = None
    for group in floor.waiting.servable(agent):
        head = group.waiting[0]
        if best is None or head < best:
            best = head
    if best is None:
        return None
    return ((best, agent_rank(agent)), name, best[-1], True)


def _best_for_contact(floor: Floor, name: ContactId) -> _Pair | None:
    group, rank = floor.waiting.place_of(name)
    need = group.need
    for candidate in floor.ready.candidates(need):
        agent = floor.agents[candidate[-1]]
        if need.accepts(agent.agent, agent.skills):
            return ((rank, candidate), agent.agent, name, False)
    return None


def _offer(floor: Floor, agent_name: AgentId, contact_name: ContactId) -> None:
    agent, contact = floor.agents[agent_name], floor.contacts[contact_name]
    assert agent.state is AgentState.READY
    assert contact.state is ContactState.WAITING
    offer = floor.new_offer_id(contact_name)
    floor.effects.append(explain(floor, agent, contact, offer))
    floor.make_offer(agent, contact, offer)
