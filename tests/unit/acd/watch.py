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
    DialCallback,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.events import (
    ContactLeft,
    Event,
    TelephonyBack,
    TelephonyLost,
    TimePassed,
)
from acd.model import AgentState, CallbackMode, ContactState, OfferState, Policy, RoutingStep
from acd.records import Agent, Contact
from acd.refusals import InvalidEvent
from acd.router import Router
from acd.staff_room import PROMISED, RESTING, SPARED
from tests.unit.acd import oracle
from tests.unit.acd.watch_callbacks import check_callbacks
from tests.unit.acd.watch_effects import check_effects, check_stories
from tests.unit.acd.watch_figures import WatchedFigures
from tests.unit.acd.watch_indices import check_indices
from tests.unit.acd.watch_trace import check_trace


class Watched:
    """A router of which every step is checked. Raises `AssertionError` where a rule is broken."""

    def __init__(self, rules: Policy, decisions_only: bool = False) -> None:
        """With `decisions_only` what is compared is who is offered to whom, which is quicker."""
        self.decisions_only = decisions_only
        self.router = Router(rules)
        self.rules = rules
        self.open_offers: dict[str, MakeOffer] = {}
        self.figures = WatchedFigures(self.router, rules)
        self.decisions = 0
        self.can_ring = True
        self.accepted: set[type] = set()
        """The kinds of events that the router acted on or had a reason to ignore."""

    def tell(self, event: Event) -> tuple[Effect, ...] | None:
        """The effects; None when the event was refused, after seeing that it changed nothing."""
        before = "" if self.decisions_only else json.dumps(self.router.snapshot())
        was_ready = {
            a.agent for a in self.router.agents() if a.state is AgentState.READY and a.reason not in SPARED
        }
        was_waiting = {c.contact for c in self.router.contacts() if c.state is ContactState.WAITING}
        was_offered = {c.contact for c in self.router.contacts() if c.state is ContactState.OFFERED}
        try:
            said = self.router.handle(event)
        except InvalidEvent:
            after = "" if self.decisions_only else json.dumps(self.router.snapshot())
            assert after == before, "an illegal event changed something"
            return None
        self.accepted.add(type(event))
        if isinstance(event, TelephonyLost | TelephonyBack):
            self.can_ring = isinstance(event, TelephonyBack)
        assert self.can_ring or not any(map(_rings, said))
        if isinstance(event, ContactLeft) or self.figures.was_served_elsewhere(event):
            self._orphan_offers(event.contact)
        self.figures.take(event, said)
        self._check_order(said, was_ready, was_waiting, was_offered)
        self._check_offers(said)
        if self.decisions_only:
            self._check_nobody_is_forgotten()
        else:
            check_effects(self.router, event, said)
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
        check_indices(self.router._floor)
        self.figures.check()
        check_callbacks(self.router)
        check_stories(self.router)

    def _check_order(
        self, said: Iterable[Effect], ready: set[str], waiting: set[str], offered: set[str]
    ) -> None:
        """Each decision is the best of all pairs at its moment, and says why of every other."""
        floor = self.router._floor
        effects = list(said)
        last = max((place for place, effect in enumerate(effects) if isinstance(effect, Decided)), default=-1)
        for effect in effects[: last + 1]:
            if isinstance(effect, AgentChanged):
                free = effect.state is AgentState.READY and effect.reason not in SPARED
                (ready.add if free else ready.discard)(effect.agent)
            elif isinstance(effect, ContactChanged):
                (waiting.add if effect.state is ContactState.WAITING else waiting.discard)(effect.contact)
                (offered.add if effect.state is ContactState.OFFERED else offered.discard)(effect.contact)
            elif isinstance(effect, Decided):
                self.decisions += 1
                known = set(floor.contacts)
                pairs = self._pairs(ready, waiting & known)
                best = min(oracle.pair_score(floor, *pair) for pair in pairs)
                assert (best[4], best[-1]) == (effect.contact, effect.agent)
                assert effect.score == -best[1]
                check_trace(floor, effect, ready, offered & known, waiting & known)

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
        offers = self.router._floor.offers.values()
        ringing = {each.offer for each in offers if each.state is not OfferState.GIVEN_UP}
        assert ringing == set(self.open_offers)

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
            promised = floor.agents[record.agent].promised
            assert (promised is not None) == (record.state is AgentState.READY and record.reason == PROMISED)
            assert promised is None or floor.callbacks[promised].agent == record.agent
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
        ready = [
            a.agent for a in self.router.agents() if a.state is AgentState.READY and a.reason not in SPARED
        ]
        waiting = [c.contact for c in self.router.contacts() if c.state is ContactState.WAITING]
        assert not self.can_ring or not self._pairs(ready, waiting)

    def new_day(self, at: float) -> None:
        """Local midnight: the day's figures begin again, the intervals go on."""
        self.figures.begin_day(at)
        self.check()


def _rings(effect: Effect) -> bool:
    """Whether a phone is to ring because of it, by the router's own decision."""
    return isinstance(effect, MakeOffer) or (
        isinstance(effect, DialCallback) and effect.mode is CallbackMode.CUSTOMER_FIRST
    )
