"""The day itself: a heap of what is going to happen, the router's decisions about it, and no clock."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from itertools import count

import numpy as np

from acd.effects import AgentChanged, CancelOffer, ContactDiverted, Effect, MakeOffer
from acd.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentReady,
    AgentReleased,
    ContactLeft,
    ContactQueued,
    Event,
    OfferAnswered,
    OfferEnded,
    TimePassed,
)
from acd.model import AgentId, AgentState, ContactState, Diversion, Instant, OfferOutcome
from acd.router import Router
from cti.simulate.model import Call, Fate, Outcome, Scenario, Stretch

SEAT_TAKEN_S = 5.0
"""Who finds the seat taken by somebody on a last call looks again so much later."""


def simulate(scenario: Scenario, seed: int) -> Outcome:
    """Lets the scenario happen. The same scenario and seed give the same outcome.

    Raises `acd.policy.InvalidPolicy`.
    """
    return _Day(scenario, seed).run()


class _Day:
    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.rng = np.random.default_rng(seed)
        self.router = Router(scenario.policy)
        self.now: Instant = -math.inf
        self.outcome = Outcome(calls=[Call(each.queue, each.at, each.talk_s) for each in scenario.arrivals])
        self._ahead: list[tuple[Instant, int, Event]] = []
        self._order = count()
        self._states: dict[AgentId, tuple[AgentState, Instant]] = {}
        self._ringing: dict[str, MakeOffer] = {}
        self._arrivals = {str(number): each for number, each in enumerate(scenario.arrivals)}
        for shift in scenario.shifts:
            self._later(shift.begins, AgentLoggedIn(shift.begins, "shift", shift.agent, shift.seat))
            self._later(shift.ends, AgentLoggedOut(shift.ends, "shift", shift.agent))
        for contact, each in self._arrivals.items():
            self._later(
                each.at,
                ContactQueued(each.at, "arrival", contact, each.queue, each.priority, each.at, each.steps),
            )

    def run(self) -> Outcome:
        while True:
            due = self.router.next_deadline()
            if self._ahead and (due is None or self._ahead[0][0] <= due):
                self.now, _, event = heappop(self._ahead)
                self._happen(event)
            elif due is not None and self._ahead:
                self.now = max(self.now, due)
                self._tell(TimePassed(self.now, "time"))
            else:
                break
        for agent in list(self._states):
            self._close_stretch(agent)
        for queue in (None, *self.scenario.policy.queues):
            self.outcome.figures[queue] = self.router.queue_figures(queue)
        return self.outcome

    def _later(self, at: Instant, event: Event) -> None:
        heappush(self._ahead, (at, next(self._order), event))

    def _happen(self, event: Event) -> None:
        match event:
            case ContactQueued(contact=contact):
                patience_s = self._arrivals[contact].patience_s
                if math.isfinite(patience_s):
                    gives_up = self.now + patience_s
                    self._later(gives_up, ContactLeft(gives_up, "patience", contact))
                self._tell(event)
            case ContactLeft(contact=contact, cause="patience"):
                known = self.router.contact(contact)
                if known is not None and known.state is not ContactState.CONNECTED:
                    self._leave(contact, Fate.ABANDONED)
                    self._tell(event)
            case OfferAnswered(offer=offer):
                self._answered(event, offer)
            case OfferEnded(offer=offer):
                if self._ringing.pop(offer, None) is not None:
                    self._tell(event)
            case AgentLoggedIn():
                self._sit_down(event)
            case AgentLoggedOut(agent=agent):
                if self._state(agent) is not AgentState.LOGGED_OUT:
                    self._tell(event)
            case AgentReady(agent=agent):
                if self._state(agent) is AgentState.NOT_READY:
                    self._tell(event)
            case _:
                self._tell(event)

    def _sit_down(self, event: AgentLoggedIn) -> None:
        """Logs in and is ready, once whoever sat there before has finished their last call."""
        if self._state(event.agent) is not AgentState.LOGGED_OUT:
            return
        if self.router.agent_at(event.seat) is not None:
            again = self.now + SEAT_TAKEN_S
            self._later(again, AgentLoggedIn(again, event.cause, event.agent, event.seat))
            return
        self._tell(event)
        self._tell(AgentReady(self.now, event.cause, event.agent))

    def _state(self, agent: AgentId) -> AgentState:
        known = self.router.agent(agent)
        return AgentState.LOGGED_OUT if known is None else known.state

    def _answered(self, event: OfferAnswered, name: str) -> None:
        offer = self._ringing.pop(name, None)
        if offer is None:
            return
        call, arrival = self._call(offer.contact), self._arrivals[offer.contact]
        call.fate, call.answered_at, call.agent = Fate.ANSWERED, self.now, offer.agent
        self._tell(event)
        over = self.now + arrival.talk_s
        call.left_at = over
        self._later(over, ContactLeft(over, "talked", offer.contact))
        self._later(over, AgentReleased(over, "talked", offer.agent))

    def _tell(self, event: Event) -> None:
        self.outcome.events += 1
        for effect in self.router.handle(event):
            self._follow(effect)

    def _follow(self, effect: Effect) -> None:
        match effect:
            case MakeOffer():
                self._ring(effect)
            case CancelOffer(offer=offer):
                self._later(self.now, OfferEnded(self.now, "cancelled", offer, OfferOutcome.CANCELLED))
            case AgentChanged():
                self._changed(effect)
            case ContactDiverted(contact=contact, to=to, target=target):
                if to is Diversion.QUEUE:
                    self._call(contact).queue = target
                elif to in (Diversion.MESSAGE, Diversion.BUSY):
                    self._leave(contact, Fate.DIVERTED)
            case _:
                pass

    def _ring(self, offer: MakeOffer) -> None:
        handling = self.scenario.handling
        self._ringing[offer.offer] = offer
        ring_s = handling.ring.sample(self.rng)
        missed = handling.no_answer_share > 0 and self.rng.random() < handling.no_answer_share
        if missed or ring_s > offer.ring_timeout_s:
            ends = self.now + offer.ring_timeout_s
            self._later(ends, OfferEnded(ends, "rang out", offer.offer, OfferOutcome.NO_ANSWER))
            back = ends + handling.away_s
            self._later(back, AgentReady(back, "back", offer.agent))
        else:
            answered = self.now + ring_s
            self._later(answered, OfferAnswered(answered, "answered", offer.offer))

    def _changed(self, change: AgentChanged) -> None:
        if change.state is AgentState.WRAP_UP and change.contact is not None and change.until is not None:
            self._call(change.contact).wrap_up_s = change.until - change.since
        known = self._states.get(change.agent)
        if known is not None and known[0] is change.state:
            return
        self._close_stretch(change.agent)
        if change.state is not AgentState.LOGGED_OUT:
            self._states[change.agent] = (change.state, self.now)

    def _close_stretch(self, agent: AgentId) -> None:
        known = self._states.pop(agent, None)
        if known is not None:
            self.outcome.stretches.append(Stretch(agent, known[0], known[1], self.now))

    def _leave(self, contact: str, fate: Fate) -> None:
        call = self._call(contact)
        call.fate, call.left_at = fate, self.now

    def _call(self, contact: str) -> Call:
        return self.outcome.calls[int(contact)]
