"""The router's whole state as plain data, and back. What can be derived is derived again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from acd import stored_figures
from acd.callbacks import open_callback
from acd.codec import plain, rebuilt
from acd.estimate import Pace
from acd.floor import Floor
from acd.hours import at_night
from acd.model import (
    AgentState,
    AttemptOutcome,
    CallbackEnd,
    CallbackMode,
    CallbackState,
    ContactState,
    OfferOutcome,
    OfferState,
)
from acd.records import Agent, Callback, Contact, Offer
from acd.staff_room import SPARED

VERSION = 11
_DERIVED = frozenset({"keys", "policy"})


def save(floor: Floor) -> dict[str, Any]:
    """JSON-able; lists keep the order in which things are looked at."""
    return {
        "version": VERSION,
        "offers_made": floor.offers_made,
        "can_ring": floor.can_ring,
        "hours_known": floor.hours_known,
        "paces": {queue: pace.saved() for queue, pace in sorted(floor.paces.items())},
        "in_force": [queue for queue in sorted(floor.queues) if floor.queues[queue] != floor.terms[queue]],
        "kept_places": dict(floor.kept_places),
        "draining": [
            plain(terms) for queue, terms in sorted(floor.terms.items()) if queue not in floor.policy.queues
        ],
        "leaving": [
            plain(agent.policy) for name, agent in floor.agents.items() if name not in floor.policy.agents
        ],
        "agents": [_saved(agent) for agent in floor.agents.values()],
        "callbacks": [_saved(callback) for callback in floor.callbacks.values()],
        "broken_promises": list(floor.broken_promises),
        "contacts": [_saved(contact) for contact in floor.contacts.values()],
        "offers": [_saved(offer) for offer in floor.offers.values()],
        "timers": [[*key, due] for key, due in floor.timers.items()],
        "figures": stored_figures.whole(floor),
    }


def load(floor: Floor, saved: Mapping[str, Any]) -> None:
    """Fills a fresh floor from `save`'s data.

    Raises `ValueError` for a snapshot of another version.
    """
    if saved["version"] != VERSION:
        raise ValueError(f"snapshot has version {saved['version']}, this router reads {VERSION}")
    floor.offers_made = saved["offers_made"]
    floor.can_ring = saved["can_ring"]
    floor.kept_places = dict(saved["kept_places"])
    for terms in map(rebuilt, saved["draining"]):
        floor.terms[terms.queue] = terms
    floor.queues = {
        queue: at_night(terms) if queue in saved["in_force"] else terms
        for queue, terms in floor.terms.items()
    }
    floor.hours_known = saved["hours_known"]
    floor.paces = {queue: Pace.of(pace) for queue, pace in saved["paces"].items()}
    policies = dict(floor.policy.agents) | {terms.agent: terms for terms in map(rebuilt, saved["leaving"])}
    stored_figures.take_over(floor, saved["figures"])
    floor.agents.clear()
    for data in saved["agents"]:
        agent = Agent(policy=policies[data["agent"]], **_read(data))
        agent.state, agent.next_state = AgentState(agent.state), AgentState(agent.next_state)
        floor.agents[agent.agent] = agent
    floor.derive()
    for agent in floor.agents.values():
        if agent.state is not AgentState.LOGGED_OUT:
            floor.enter_staff(agent)
        if agent.state is AgentState.READY and agent.reason not in SPARED:
            floor.enter_ready(agent)
    for data in saved["callbacks"]:
        callback = Callback(**_read(data))
        callback.state, callback.mode = CallbackState(callback.state), CallbackMode(callback.mode)
        if callback.last_outcome is not None:
            callback.last_outcome = AttemptOutcome(callback.last_outcome)
        callback.ends_as = None if callback.ends_as is None else CallbackEnd(callback.ends_as)
        open_callback(floor, callback)
    floor.broken_promises = dict.fromkeys(saved["broken_promises"])
    for data in saved["contacts"]:
        contact = Contact(**_read(data))
        contact.state = ContactState(contact.state)
        floor.reinstate(contact)
    for data in saved["offers"]:
        offer = Offer(**_read(data))
        offer.state = OfferState(offer.state)
        offer.outcome = None if offer.outcome is None else OfferOutcome(offer.outcome)
        floor.offers[offer.offer] = offer
    floor.timers.clear()
    for kind, name, due in saved["timers"]:
        floor.timers.set((kind, name), due)
    floor.unsettled_agents.clear()
    floor.unsettled_contacts.clear()


def _saved(entity: Agent | Callback | Contact | Offer) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for each in fields(entity):
        if each.name in _DERIVED:
            continue
        value = getattr(entity, each.name)
        if each.name == "history":
            value = [list(step) for step in value]
        elif each.name in ("step_ends", "diversions"):
            value = list(value)
        elif each.name == "tried":
            value = {agent: list(tried) for agent, tried in value.items()}
        elif isinstance(value, tuple):
            value = plain(value)
        data[each.name] = value
    return data


def _read(data: Mapping[str, Any]) -> dict[str, Any]:
    """What `_saved` gave, as an entity has it."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name == "history":
            value = [(at, trigger, after) for at, trigger, after in value]
        elif name == "tried":
            value = {agent: (count, until) for agent, (count, until) in value.items()}
        elif name in ("own_steps", "steps"):
            value = rebuilt(value)
        elif name in ("step_ends", "diversions"):
            value = list(value)
        found[name] = value
    return found
