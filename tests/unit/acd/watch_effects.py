"""What a router says of agents, contacts, offers and callbacks, against what it knows of them afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from acd.effects import (
    AgentChanged,
    CallbackChanged,
    ContactChanged,
    DialCallback,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.events import Event
from acd.model import AgentState, CallbackMode
from acd.records import HISTORY_LENGTH
from acd.refusals import Step
from acd.router import Router
from acd.states import AGENT, CALLBACK, CONTACT, OFFER
from acd.transitions import Table


def check_effects(router: Router, event: Event, said: Iterable[Effect]) -> None:
    """Each names its cause and its moment; the last one of an entity says how it stands."""
    floor = router._floor
    agents: dict[str, AgentChanged] = {}
    contacts: dict[str, ContactChanged] = {}
    callbacks: dict[str, CallbackChanged] = {}
    for effect in said:
        assert effect.cause == event.cause
        if not isinstance(effect, MakeOffer):
            assert getattr(effect, "at", event.at) == event.at
        if isinstance(effect, AgentChanged):
            agents[effect.agent] = effect
        elif isinstance(effect, ContactChanged):
            contacts[effect.contact] = effect
        elif isinstance(effect, CallbackChanged):
            assert (effect.state is None) == (effect.end is not None)
            callbacks[effect.callback] = effect
        elif isinstance(effect, MakeOffer):
            offer, terms = floor.offers[effect.offer], floor.queues[effect.queue]
            assert (offer.contact, offer.queue, offer.agent) == (effect.contact, effect.queue, effect.agent)
            assert (offer.seat, offer.made_at) == (effect.seat, event.at)
            assert (effect.ring_timeout_s, effect.auto_answer) == (terms.ring_timeout_s, terms.auto_answer)
            assert effect.callback == floor.contacts[effect.contact].callback
        elif isinstance(effect, DialCallback):
            assert effect.callback in floor.callbacks
            if effect.mode is CallbackMode.AGENT_FIRST:
                assert floor.contacts[effect.callback].agent == effect.agent
            else:
                assert floor.callbacks[effect.callback].agent == effect.agent
        elif isinstance(effect, OfferClosed):
            assert effect.made_at <= event.at
    _check_last(router, agents, contacts, callbacks)


def _check_last(
    router: Router,
    agents: dict[str, AgentChanged],
    contacts: dict[str, ContactChanged],
    callbacks: dict[str, CallbackChanged],
) -> None:
    for name, agent in agents.items():
        known = router.agent(name)
        if known is not None and agent.state is not AgentState.LOGGED_OUT:
            view = (known.seat, known.state, known.reason, known.until, known.contact)
            assert (agent.seat, agent.state, agent.reason, agent.until, agent.contact) == view
            assert (agent.next_state, agent.next_reason) == (known.next_state, known.next_reason)
    for name, contact in contacts.items():
        record = router.contact(name)
        if record is not None:
            assert (contact.queue, contact.state, contact.agent) == (record.queue, record.state, record.agent)
    for name, callback in callbacks.items():
        open_one = router.callback(name)
        assert (open_one is None) == (callback.state is None)
        if open_one is not None:
            for field in open_one.__dataclass_fields__:
                assert getattr(callback, field) == getattr(open_one, field), field


def check_stories(router: Router) -> None:
    """What an error would tell of an entity: its last triggers, where each led, and when."""
    floor = router._floor
    for agent in floor.agents.values():
        _check_story(agent.history, agent.state, AGENT)
    for contact in floor.contacts.values():
        _check_story(contact.history, contact.state, CONTACT)
    for callback in floor.callbacks.values():
        _check_story(callback.history, callback.state, CALLBACK)
    for offer in floor.offers.values():
        _check_story(offer.history, offer.state, OFFER)


def _check_story(story: list[Step], state: str, table: Table) -> None:
    assert len(story) <= HISTORY_LENGTH
    assert not story or story[-1][2] == state
    for at, trigger, after in story:
        assert isinstance(at, float)
        assert trigger in table.triggers
        assert after in table.states
