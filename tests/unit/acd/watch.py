"""What must hold of a router after each event, worked out a second time in the plainest way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from acd.effects import (
    AgentChanged,
    CancelOffer,
    ContactChanged,
    Decided,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.events import ContactLeft, ContactQueued, ContactRestored, Event, PolicyChanged
from acd.model import AgentPolicy, AgentState, ContactState, Policy, QueuePolicy
from acd.router import Router
from acd.states import InvalidEvent

Score = tuple[int, float, str, float, str]


class Recount:
    """Today's figures of one queue, from what was told and said."""

    def __init__(self) -> None:
        self.offered = self.answered = self.abandoned = self.short_abandoned = self.timely = 0


class Watched:
    """A router of which every step is checked. Raises `AssertionError` where a rule is broken."""

    def __init__(self, rules: Policy) -> None:
        self.router = Router(rules)
        self.rules = rules
        self.queues: dict[str, QueuePolicy] = dict(rules.queues)
        self.skills: dict[str, AgentPolicy] = dict(rules.agents)
        self.recount: dict[str, Recount] = {}
        self.queued_at: dict[str, float] = {}
        self.states: dict[str, ContactState] = {}
        self.queue_of: dict[str, str] = {}
        self.open_offers: dict[str, MakeOffer] = {}
        self.decisions = 0

    def tell(self, event: Event) -> tuple[Effect, ...] | None:
        """The effects; None when the event was refused, after seeing that it changed nothing."""
        before = json.dumps(self.router.snapshot())
        was_ready = {a.agent for a in self.router.agents() if a.state is AgentState.READY}
        was_waiting = {c.contact for c in self.router.contacts() if c.state is ContactState.WAITING}
        try:
            said = self.router.handle(event)
        except InvalidEvent:
            assert json.dumps(self.router.snapshot()) == before, "an illegal event changed something"
            return None
        if isinstance(event, PolicyChanged):
            self.queues |= event.policy.queues
            self.skills |= event.policy.agents
        if isinstance(event, ContactQueued | ContactRestored):
            self.queued_at.setdefault(event.contact, event.queued_at)
        self._count(event, said)
        self._check_order(event, said, was_ready, was_waiting)
        self._check_offers(said)
        self.check()
        return said

    def check(self) -> None:
        """Everything that holds whenever the router is at rest."""
        self._check_links()
        self._check_nobody_is_forgotten()
        self._check_indices()
        self._check_figures()

    def serves(self, agent: str, queue: str) -> bool:
        have = self.skills[agent].skills
        return all(have.get(skill, 0) >= least for skill, least in self.queues[queue].required_skills.items())

    def _score(self, agent: str, contact: str) -> Score:
        record = self.router.contact(contact)
        assert record is not None
        priority = self.queues[record.queue].priority + record.priority
        return (-priority, record.queued_at, contact, self.router._floor.agents[agent].idle_since, agent)

    def _check_order(self, event: Event, said: Iterable[Effect], ready: set[str], waiting: set[str]) -> None:
        """Each decision is the best of all pairs at its moment."""
        for effect in said:
            if isinstance(effect, AgentChanged):
                (ready.add if effect.state is AgentState.READY else ready.discard)(effect.agent)
            elif isinstance(effect, ContactChanged):
                (waiting.add if effect.state is ContactState.WAITING else waiting.discard)(effect.contact)
            elif isinstance(effect, Decided):
                self.decisions += 1
                best = min(
                    self._score(agent, contact)
                    for agent in ready
                    for contact in waiting
                    if self.serves(agent, self.queue_of[contact])
                )
                assert (best[2], best[4]) == (effect.contact, effect.agent)
                eligible = sum(self.serves(agent, effect.queue) for agent in ready)
                assert effect.eligible == eligible
                assert effect.candidates[0].agent == effect.agent
                assert effect.candidates[0].against is None
                assert all(other.against for other in effect.candidates[1:])

    def _check_offers(self, said: Iterable[Effect]) -> None:
        """One offer per agent and contact; a decision before each; each ends once."""
        decided: set[str] = set()
        for effect in said:
            if isinstance(effect, Decided):
                decided.add(effect.decision)
            elif isinstance(effect, MakeOffer):
                assert effect.offer in decided
                for other in self.open_offers.values():
                    assert other.agent != effect.agent, "two offers for one agent"
                    assert other.contact != effect.contact, "two offers for one contact"
                self.open_offers[effect.offer] = effect
            elif isinstance(effect, CancelOffer):
                assert effect.offer in self.open_offers
            elif isinstance(effect, OfferClosed):
                made = self.open_offers.pop(effect.offer)
                assert made.agent == effect.agent
                assert made.contact in (effect.contact, f"{effect.contact} (left)")

    def _orphan_offers(self, contact: str) -> None:
        """A contact that left and comes back is a new one; what still rings rings for the old one."""
        for offer, made in self.open_offers.items():
            if made.contact == contact:
                self.open_offers[offer] = replace(made, contact=f"{contact} (left)")

    def _check_links(self) -> None:
        agents = {record.agent: record for record in self.router.agents()}
        contacts = {record.contact: record for record in self.router.contacts()}
        floor = self.router._floor
        for record in agents.values():
            assert (record.state is AgentState.LOGGED_OUT) == (record.seat is None)
            offer = floor.agents[record.agent].offer
            if record.state is AgentState.RESERVED:
                assert offer in floor.offers
            if record.state in (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT):
                assert record.contact is None
                assert offer is None
            assert (record.until is not None) == (record.state is AgentState.WRAP_UP)
        for contact in contacts.values():
            offer = floor.contacts[contact.contact].offer
            assert (offer is not None) == (contact.state is ContactState.OFFERED)
            if offer is not None:
                assert floor.offers[offer].agent == contact.agent
                assert contact.agent is not None
                assert floor.agents[contact.agent].offer == offer
            assert (contact.agent is None) == (contact.state is ContactState.WAITING)
        seats = [record.seat for record in agents.values() if record.seat]
        assert len(seats) == len(set(seats))

    def _check_nobody_is_forgotten(self) -> None:
        for agent in self.router.agents():
            for contact in self.router.contacts():
                if agent.state is AgentState.READY and contact.state is ContactState.WAITING:
                    assert not self.serves(agent.agent, contact.queue), (agent, contact)

    def _check_indices(self) -> None:
        floor = self.router._floor
        by_id = {record.agent: record for record in self.router.agents()}
        ready = sorted(name for name, record in by_id.items() if record.state is AgentState.READY)
        staff = sorted(name for name, record in by_id.items() if record.state is not AgentState.LOGGED_OUT)
        assert sorted(name for _, name in floor.ready.everyone) == ready
        assert sorted(name for _, name in floor.staff.everyone) == staff
        for index, members in ((floor.ready, ready), (floor.staff, staff)):
            listed = {key: [name for _, name in ranks] for key, ranks in index._by_key.items()}
            keys = {key for name in members for key in floor.agents[name].keys}
            assert set(listed) == keys
            for key, names in listed.items():
                assert sorted(names) == [name for name in members if key in floor.agents[name].keys]
        waiting = sorted(c.contact for c in self.router.contacts() if c.state is ContactState.WAITING)
        listed_contacts = [rank[-1] for group in floor.waiting.classes.values() for rank in group.waiting]
        assert sorted(listed_contacts) == waiting
        assert all(group.waiting for group in floor.waiting.classes.values())
        assert set(floor.seats.values()) == set(staff)
        assert not floor.unsettled_agents
        assert not floor.unsettled_contacts
        held = {record.queue for record in self.router.contacts()}
        assert set(floor.queues) == set(floor.policy.queues) | held
        for kind, name in dict(floor.timers.items()):
            assert name in floor.offers if kind == "offer" else by_id[name].state is AgentState.WRAP_UP

    def _count(self, event: Event, said: Iterable[Effect]) -> None:
        if isinstance(event, ContactLeft):
            self._orphan_offers(event.contact)
            state = self.states.pop(event.contact, None)
            waited = event.at - self.queued_at.pop(event.contact, 0.0)
            if state in (ContactState.WAITING, ContactState.OFFERED):
                recount = self.recount[self.queue_of[event.contact]]
                recount.abandoned += 1
                recount.short_abandoned += waited <= self.queues[self.queue_of[event.contact]].short_abandon_s
        for effect in said:
            if not isinstance(effect, ContactChanged):
                continue
            before = self.states.get(effect.contact)
            recount = self.recount.setdefault(effect.queue, Recount())
            if before is None and effect.state is ContactState.WAITING:
                recount.offered += 1
            if before is not None and effect.state is ContactState.CONNECTED:
                recount.answered += 1
                recount.timely += (
                    effect.at - self.queued_at[effect.contact] <= self.queues[effect.queue].timely_s
                )
            self.states[effect.contact] = effect.state
            self.queue_of[effect.contact] = effect.queue
        known = {record.contact for record in self.router.contacts()}
        for contact in [name for name in self.states if name not in known]:
            del self.states[contact]
            self.queued_at.pop(contact, None)

    def _check_figures(self) -> None:
        contacts = list(self.router.contacts())
        total = Recount()
        for queue, recount in self.recount.items():
            figures = self.router.queue_figures(queue)
            for name, value in vars(recount).items():
                assert getattr(figures, name) == value, (queue, name)
                setattr(total, name, getattr(total, name) + value)
            waits = [
                c.queued_at for c in contacts if c.queue == queue and c.state is not ContactState.CONNECTED
            ]
            assert figures.waiting == len(waits)
            assert figures.longest_waiting_since == (min(waits) if waits else None)
            assert figures.talking == sum(
                c.queue == queue and c.state is ContactState.CONNECTED for c in contacts
            )
        whole = self.router.queue_figures(None)
        for name, value in vars(total).items():
            assert getattr(whole, name) == value, name
