"""The router's whole state as plain data, and back. What can be derived is derived again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from acd.floor import Floor
from acd.model import AgentState, ContactState, OfferOutcome, QueuePolicy
from acd.records import Agent, Contact, Offer
from acd.requirement import need_of_skills
from acd.states import OfferState, Step

VERSION = 1


def save(floor: Floor) -> dict[str, Any]:
    """JSON-able; lists keep the order in which things are looked at."""
    return {
        "version": VERSION,
        "offers_made": floor.offers_made,
        "draining": [
            asdict(terms) for queue, terms in floor.queues.items() if queue not in floor.policy.queues
        ],
        "agents": [_agent(agent) for agent in floor.agents.values()],
        "contacts": [asdict(contact) for contact in floor.contacts.values()],
        "offers": [asdict(offer) for offer in floor.offers.values()],
        "timers": [[*key, due] for key, due in floor.timers.items()],
        "figures": floor.figures.snapshot(),
    }


def load(floor: Floor, saved: Mapping[str, Any]) -> None:
    """Fills a fresh floor from `save`'s data.

    Raises `ValueError` for a snapshot of another version.
    """
    if saved["version"] != VERSION:
        raise ValueError(f"snapshot has version {saved['version']}, this router reads {VERSION}")
    floor.offers_made = saved["offers_made"]
    for terms in saved["draining"]:
        queue = QueuePolicy(**terms)
        floor.queues[queue.queue] = queue
        floor.needs[queue.queue] = need_of_skills(queue.required_skills)
    floor.agents.clear()
    for data in saved["agents"]:
        agent = Agent(data["agent"], data["skills"])
        for name, value in data.items():
            setattr(agent, name, value)
        agent.state, agent.next_state = AgentState(agent.state), AgentState(agent.next_state)
        agent.history = _history(data["history"])
        floor.agents[agent.agent] = agent
        if agent.state is not AgentState.LOGGED_OUT:
            floor.enter_staff(agent)
        if agent.state is AgentState.READY:
            floor.enter_ready(agent)
    floor.figures.restore(saved["figures"])
    for data in saved["contacts"]:
        contact = Contact(
            **data | {"state": ContactState(data["state"]), "history": _history(data["history"])}
        )
        floor.reinstate(contact)
    for data in saved["offers"]:
        outcome = data["outcome"]
        floor.offers[data["offer"]] = Offer(
            **data
            | {
                "state": OfferState(data["state"]),
                "outcome": OfferOutcome(outcome) if outcome else None,
                "history": _history(data["history"]),
            }
        )
    for kind, name, due in saved["timers"]:
        floor.timers.set((kind, name), due)
    floor.unsettled_agents.clear()
    floor.unsettled_contacts.clear()


def _agent(agent: Agent) -> dict[str, Any]:
    data = asdict(agent)
    del data["keys"]
    return data


def _history(steps: list[list[Any]]) -> list[Step]:
    return [(at, trigger, after) for at, trigger, after in steps]
