"""What must hold of a router after each event, worked out a second time in the plainest way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from acd.effects import (
    AgentChanged,
    CancelOffer,
    Candidate,
    ContactChanged,
    ContactDiverted,
    Decided,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.events import ContactLeft, ContactQueued, ContactRestored, Event, PolicyChanged, TimePassed
from acd.model import AgentState, ContactState, Diversion, Policy, QueuePolicy, RoutingStep
from acd.records import Agent, Contact
from acd.router import Router
from acd.staff_room import RESTING
from acd.states import InvalidEvent
from tests.unit.acd import oracle


class Recount:
    """Today's figures of one queue, from what was told and said."""

    def __init__(self) -> None:
        self.offered = self.answered = self.abandoned = self.short_abandoned = self.timely = 0
        self.moved_away = self.diverted = 0


class Watched:
    """A router of which every step is checked. Raises `AssertionError` where a rule is broken."""

    def __init__(self, rules: Policy, decisions_only: bool = False) -> None:
        """With `decisions_only` what is compared is who is offered to whom, which is quicker."""
        self.decisions_only = decisions_only
        self.router = Router(rules)
        self.rules = rules
        self.queues: dict[str, QueuePolicy] = dict(rules.queues)
        self.recount: dict[str, Recount] = {}
        self.queued_at: dict[str, float] = {}
        self.states: dict[str, ContactState] = {}
        self.queue_of: dict[str, str] = {}
        self.open_offers: dict[str, MakeOffer] = {}
        self.decisions = 0

    def tell(self, event: Event) -> tuple[Effect, ...] | None:
        """The effects; None when the event was refused, after seeing that it changed nothing."""
        before = "" if self.decisions_only else json.dumps(self.router.snapshot())
        was_ready = {
            a.agent for a in self.router.agents() if a.state is AgentState.READY and a.reason != RESTING
        }
        was_waiting = {c.contact for c in self.router.contacts() if c.state is ContactState.WAITING}
        try:
            said = self.router.handle(event)
        except InvalidEvent:
            after = "" if self.decisions_only else json.dumps(self.router.snapshot())
            assert after == before, "an illegal event changed something"
            return None
        if isinstance(event, PolicyChanged):
            self.queues |= event.policy.queues
        if isinstance(event, ContactQueued | ContactRestored):
            self.queued_at.setdefault(event.contact, event.queued_at)
        self._count(event, said)
        if self.decisions_only:
            self._check_order(said, was_ready, was_waiting)
            self._check_nobody_is_forgotten()
            return said
        self._check_order(said, was_ready, was_waiting)
        self._check_offers(said)
        self.check()
        return said

    def wake(self, now: float) -> list[Effect]:
        """Tells the router of the time when something is due, as the service does before anything else."""
        due = self.router.next_deadline()
        if due is None or due > now:
            return []
        return [*(self.tell(TimePassed(now, "wake")) or ()), *self.wake(now)]

    def check(self) -> None:
        """Everything that holds whenever the router is at rest."""
        self._check_links()
        self._check_nobody_is_forgotten()
        self._check_indices()
        self._check_figures()

    def _check_order(self, said: Iterable[Effect], ready: set[str], waiting: set[str]) -> None:
        """Each decision is the best of all pairs at its moment."""
        floor = self.router._floor
        effects = list(said)
        last = max((place for place, effect in enumerate(effects) if isinstance(effect, Decided)), default=-1)
        for effect in effects[: last + 1]:
            if isinstance(effect, AgentChanged):
                free = effect.state is AgentState.READY and effect.reason != RESTING
                (ready.add if free else ready.discard)(effect.agent)
            elif isinstance(effect, ContactChanged):
                (waiting.add if effect.state is ContactState.WAITING else waiting.discard)(effect.contact)
            elif isinstance(effect, Decided):
                self.decisions += 1
                pairs = self._pairs(ready, waiting & set(floor.contacts))
                best = min(oracle.pair_score(floor, *pair) for pair in pairs)
                agent = floor.agents[effect.agent]
                contact = floor.contacts[effect.contact]
                assert (best[4], best[-1]) == (effect.contact, effect.agent)
                assert effect.eligible == sum(contact is other for _, other, _ in pairs)
                assert (effect.criterion == "only_candidate") == (effect.eligible == 1)
                assert effect.candidates[0] == Candidate(agent.agent, None)
                assert all(other.against for other in effect.candidates[1:])
                assert effect.score == -best[1]

    def _pairs(
        self, ready: Iterable[str], waiting: Iterable[str]
    ) -> list[tuple[Agent, Contact, RoutingStep | None]]:
        """All eligible pairs of these agents and contacts, with the step that the contact is at."""
        floor = self.router._floor
        free = [floor.agents[name] for name in ready]
        staff = [agent for agent in floor.agents.values() if agent.state is not AgentState.LOGGED_OUT]
        found = []
        for name in waiting:
            contact = floor.contacts[name]
            step = oracle.present_step(floor, contact, staff)
            found += [
                (agent, contact, step) for agent in free if oracle.eligible(floor, agent, contact, step, free)
            ]
        return found

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
            resting = record.state is AgentState.READY and record.reason == RESTING
            assert (record.until is not None) == (record.state is AgentState.WRAP_UP or resting)
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
        ready = [a.agent for a in self.router.agents() if a.state is AgentState.READY and a.reason != RESTING]
        waiting = [c.contact for c in self.router.contacts() if c.state is ContactState.WAITING]
        assert not self._pairs(ready, waiting)

    def _check_indices(self) -> None:
        floor = self.router._floor
        by_id = {record.agent: record for record in self.router.agents()}
        ready = sorted(
            name
            for name, record in by_id.items()
            if record.state is AgentState.READY and record.reason != RESTING
        )
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
        listed_contacts = [rank[-1] for stage in floor.waiting.stages.values() for rank in stage.waiting]
        assert sorted(listed_contacts) == waiting == sorted(floor.waiting._place_of)
        found = {id(stage) for each in floor.waiting._by_anchor.values() for stage in each.values()}
        found |= {id(stage) for stage in floor.waiting._unanchored.values()}
        unreachable = {id(stage) for stage in floor.waiting.stages.values() if stage.anchors == ()}
        assert found | unreachable == {id(stage) for stage in floor.waiting.stages.values()}
        crew = [agent for agent in floor.agents.values() if agent.state is not AgentState.LOGGED_OUT]
        for stage in floor.waiting.stages.values():
            assert stage.waiting or stage.skipped
            assert stage.staffed == any(stage.need.accepts(agent.policy) for agent in crew)
            for contact in stage.skipped:
                assert stage in floor.waiting._skipped_by[contact]
        for name in waiting:
            stage = floor.waiting.place_of(name)[0]
            step = oracle.present_step(floor, floor.contacts[name], crew)
            assert stage.key[1] == (None if step is None else step.requirement)
        assert set(floor.seats.values()) == set(staff)
        assert not floor.unsettled_agents
        assert not floor.unsettled_contacts
        held = {record.queue for record in self.router.contacts()}
        assert set(floor.queues) == set(floor.policy.queues) | held
        for kind, name in dict(floor.timers.items()):
            if kind == "offer":
                assert name in floor.offers
            elif kind == "hours":
                assert floor.terms[name].calendar is not None
            elif kind in ("step", "retry", "overflow"):
                assert name in waiting
            elif kind == "kept":
                assert name in floor.kept_places
            else:
                assert by_id[name].until is not None

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
            if isinstance(effect, ContactDiverted) and effect.to in (Diversion.MESSAGE, Diversion.BUSY):
                self.recount[effect.queue].diverted += 1
            if not isinstance(effect, ContactChanged):
                continue
            before = self.states.get(effect.contact)
            if before is not None and self.queue_of[effect.contact] != effect.queue:
                self.recount[self.queue_of[effect.contact]].moved_away += 1
                self.recount.setdefault(effect.queue, Recount()).offered += 1
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
        total.offered -= total.moved_away
        total.moved_away = 0
        for name, value in vars(total).items():
            assert getattr(whole, name) == value, name
