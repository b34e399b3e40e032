"""What must hold of a router after each event, worked out a second time in the plainest way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from acd.effects import (
    AgentChanged,
    CallbackChanged,
    CancelOffer,
    ContactChanged,
    ContactDiverted,
    Decided,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.events import (
    CallbackRequested,
    ContactLeft,
    ContactQueued,
    ContactRestored,
    ContactServedElsewhere,
    Event,
    PolicyChanged,
    TimePassed,
)
from acd.metrics import INTERVALS_KEPT
from acd.model import AgentState, CallbackEnd, ContactState, Diversion, Policy, QueuePolicy, RoutingStep
from acd.records import Agent, Contact
from acd.router import Router
from acd.staff_room import RESTING
from acd.states import InvalidEvent, OfferState
from acd.tallies import Tally
from tests.unit.acd import oracle
from tests.unit.acd.watch_callbacks import check_callbacks
from tests.unit.acd.watch_effects import check_effects, check_stories
from tests.unit.acd.watch_groups import Recounted, check_groups
from tests.unit.acd.watch_indices import check_indices
from tests.unit.acd.watch_trace import check_trace


class Recount:
    """Figures of one queue, from what was told and said."""

    def __init__(self) -> None:
        self.offered = self.answered = self.abandoned = self.short_abandoned = self.timely = 0
        self.moved_away = self.diverted = self.handled = self.took_callback = self.returned = 0
        self.callbacks_requested = self.callbacks_reached = 0
        self.callbacks_unreached = self.callbacks_dropped = 0
        self.handled_s = 0.0
        self.longest_waited_s: float | None = None


@dataclass
class Shift:
    """What one agent does, from what was said about them."""

    state: AgentState = AgentState.LOGGED_OUT
    since: float = 0.0
    serving: str | None = None
    serves_now: bool = False
    serving_s: float = 0.0
    takes: str | None = None
    """The queue of the contact that was just connected with the agent; "" for one that counts nothing."""


ON_CALLS = (AgentState.BUSY, AgentState.WRAP_UP)
AVAILABLE = (AgentState.READY, AgentState.RESERVED)
DAY = "day"
CHECKS_PER_FULL_ONE = 6
"""Sums over queues, skills and intervals are compared this often, as that takes long."""


class Watched:
    """A router of which every step is checked. Raises `AssertionError` where a rule is broken."""

    def __init__(self, rules: Policy, decisions_only: bool = False) -> None:
        """With `decisions_only` what is compared is who is offered to whom, which is quicker."""
        self.decisions_only = decisions_only
        self.router = Router(rules)
        self.rules = rules
        self.queues: dict[str, QueuePolicy] = dict(rules.queues)
        self.recounts: dict[tuple[str | int, str], Recount] = {}
        """By the day or the interval's number, and by queue."""
        self.work: dict[tuple[str | int, str], list[float]] = {}
        """By the day or the interval's number, and by agent: answered, on calls, available."""
        self.interval_s = rules.interval_s
        self.day_began = float("-inf")
        self.shifts: dict[str, Shift] = {}
        self.away: dict[str, str] = {}
        """The queue of each contact that waits where the router does not serve."""
        self.again: set[str] = set()
        """Contacts that wait once more; how their first wait ended is counted."""
        self.queued_at: dict[str, float] = {}
        self.states: dict[str, ContactState] = {}
        self.queue_of: dict[str, str] = {}
        self.open_offers: dict[str, MakeOffer] = {}
        self.callbacks: set[str] = set()
        """The open ones."""
        self.decisions = self.checks = 0
        self.accepted: set[type] = set()
        """The kinds of events that the router acted on or had a reason to ignore."""

    def tell(self, event: Event) -> tuple[Effect, ...] | None:
        """The effects; None when the event was refused, after seeing that it changed nothing."""
        before = "" if self.decisions_only else json.dumps(self.router.snapshot())
        was_ready = {
            a.agent for a in self.router.agents() if a.state is AgentState.READY and a.reason != RESTING
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
        if isinstance(event, PolicyChanged):
            self.queues |= event.policy.queues
        if isinstance(event, ContactQueued | ContactRestored):
            self.queued_at.setdefault(event.contact, event.queued_at)
        self._pass_time(event.at)
        if self.router._floor.policy.interval_s != self.interval_s:
            self._change_interval()
        self._count(event, said)
        self._count_work(event, said)
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
        self._check_figures()
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
                free = effect.state is AgentState.READY and effect.reason != RESTING
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

    def new_day(self, at: float) -> None:
        """Local midnight: the day's figures begin again, the intervals go on."""
        self._pass_time(at)
        self.router.reset_figures(at)
        self.day_began = at
        for counted in (self.recounts, self.work):
            for key in [key for key in counted if key[0] == DAY]:
                del counted[key]
        self.check()

    def _change_interval(self) -> None:
        self.interval_s = self.router._floor.policy.interval_s
        for counted in (self.recounts, self.work):
            for key in [key for key in counted if key[0] != DAY]:
                del counted[key]

    def _kept(self, period: int) -> bool:
        """Whether an interval is still remembered; only the oldest are not, when there are too many."""
        intervals = self.router._floor.figures.intervals
        assert len(intervals) <= INTERVALS_KEPT
        if period in intervals:
            return True
        assert len(intervals) == INTERVALS_KEPT
        assert period < min(intervals)
        return False

    def _counts(self, queue: str, at: float) -> list[Recount]:
        return [self.recounts.setdefault((period, queue), Recount()) for period in self._periods(at)]

    def _periods(self, at: float) -> list[int | str]:
        """The interval of an instant, and the day unless it was an earlier one."""
        return [int(at // self.interval_s), *([DAY] if at >= self.day_began else [])]

    def _waited(self, queue: str, since: float, at: float, answered: bool) -> None:
        for recount in self._counts(queue, at):
            wait_s = at - since
            if answered:
                recount.answered += 1
                recount.timely += wait_s <= self.queues[queue].timely_s
            else:
                recount.abandoned += 1
                recount.short_abandoned += wait_s <= self.queues[queue].short_abandon_s
            recount.longest_waited_s = max(wait_s, recount.longest_waited_s or 0.0)

    def _offered(self, contact: str, queue: str, at: float) -> None:
        before = self.away.pop(contact, None)
        if before is None or before != queue:
            for recount in self._counts(queue, at):
                recount.offered += 1
        if before is not None and before != queue:
            for recount in self._counts(before, at):
                recount.moved_away += 1

    def _count(self, event: Event, said: Iterable[Effect]) -> None:
        new = isinstance(event, ContactQueued) and event.contact not in {*self.states, *self.away}
        if isinstance(event, ContactQueued) and new and event.returned:
            self.again.add(event.contact)
        if isinstance(event, ContactLeft):
            self._orphan_offers(event.contact)
            state = self.states.pop(event.contact, None)
            since = self.queued_at.pop(event.contact, 0.0)
            if state in (ContactState.WAITING, ContactState.OFFERED):
                if event.contact in self.again:
                    pass
                elif event.waits_elsewhere:
                    self.away[event.contact] = self.queue_of[event.contact]
                elif event.takes_callback:
                    for recount in self._counts(self.queue_of[event.contact], event.at):
                        recount.took_callback += 1
                else:
                    self._waited(self.queue_of[event.contact], since, event.at, answered=False)
        if isinstance(event, ContactServedElsewhere):
            state = self.states.get(event.contact)
            if self._was_taken(event):
                queue, since = event.queue, event.queued_at
                if state is not None:
                    self._orphan_offers(event.contact)
                    queue, since = self.queue_of[event.contact], self.queued_at[event.contact]
                    self.away[event.contact] = queue
                if event.contact in self.again:
                    del self.away[event.contact]
                else:
                    self._offered(event.contact, queue, since)
                    answered = event.answered_at is not None
                    self._waited(queue, since, event.answered_at or event.at, answered)
        told = {effect.callback for effect in said if isinstance(effect, CallbackChanged)}
        for effect in said:
            sent_away = isinstance(effect, ContactDiverted) and effect.to in (
                Diversion.MESSAGE,
                Diversion.BUSY,
            )
            if isinstance(effect, ContactDiverted) and sent_away and effect.contact not in self.again:
                for recount in self._counts(effect.queue, effect.at):
                    recount.diverted += 1
            if isinstance(effect, CallbackChanged):
                self._count_callback(event, effect)
            if not isinstance(effect, ContactChanged):
                continue
            record = self.router.contact(effect.contact)
            if effect.contact in told or (record is not None and record.callback):
                if effect.state is ContactState.CONNECTED:
                    assert effect.agent is not None
                    self.shifts.setdefault(effect.agent, Shift()).takes = ""
                continue
            before = self.states.get(effect.contact)
            again = effect.contact in self.again
            if before is not None and self.queue_of[effect.contact] != effect.queue and not again:
                for recount in self._counts(self.queue_of[effect.contact], effect.at):
                    recount.moved_away += 1
                for recount in self._counts(effect.queue, effect.at):
                    recount.offered += 1
            if before is None and effect.state is ContactState.WAITING and again:
                for recount in self._counts(effect.queue, effect.at):
                    recount.returned += 1
            elif before is None and effect.state is ContactState.WAITING:
                self._offered(effect.contact, effect.queue, effect.at)
            connected = effect.state is ContactState.CONNECTED
            if connected and before is not ContactState.CONNECTED:
                assert effect.agent is not None
                counts = before is not None or effect.contact in self.away
                self.shifts.setdefault(effect.agent, Shift()).takes = effect.queue if counts else ""
                if counts and not again:
                    if before is None:
                        self._offered(effect.contact, effect.queue, effect.at)
                    self._waited(effect.queue, self.queued_at[effect.contact], effect.at, answered=True)
            self.states[effect.contact] = effect.state
            self.queue_of[effect.contact] = effect.queue
        known = {record.contact for record in self.router.contacts()}
        for contact in [name for name in self.states if name not in known]:
            del self.states[contact]
            self.queued_at.pop(contact, None)
        self.again &= self.states.keys()

    def _was_taken(self, event: ContactServedElsewhere) -> bool:
        """Whether the router did not ignore it, as it does for who talks already."""
        return self.router.contact(event.contact) is None

    def _count_callback(self, event: Event, change: CallbackChanged) -> None:
        if change.callback not in self.callbacks:
            self.callbacks.add(change.callback)
            assert isinstance(event, CallbackRequested)
            for recount in self._counts(change.queue, change.at) if not event.restored else ():
                recount.callbacks_requested += 1
        if change.end is None:
            return
        self.callbacks.remove(change.callback)
        for recount in self._counts(change.queue, change.at):
            if change.end is CallbackEnd.REACHED:
                recount.callbacks_reached += 1
            elif change.end in (CallbackEnd.CANCELLED, CallbackEnd.CALLED_AGAIN):
                recount.callbacks_dropped += 1
            else:
                recount.callbacks_unreached += 1

    def _pass_time(self, at: float) -> None:
        """Counts what everybody did up to now."""
        interval_s = self.interval_s
        for agent, shift in self.shifts.items():
            since, shift.since = shift.since, max(shift.since, at)
            if shift.state not in ON_CALLS + AVAILABLE or at <= since:
                continue
            place = 1 if shift.state in ON_CALLS else 2
            if place == 1 and shift.serves_now:
                shift.serving_s += at - since
            self.work.setdefault((DAY, agent), [0, 0.0, 0.0])[place] += at - since
            while since < at:
                number = int(since // interval_s)
                until = min(at, (number + 1) * interval_s)
                self.work.setdefault((number, agent), [0, 0.0, 0.0])[place] += until - since
                since = until

    def _count_work(self, event: Event, said: Iterable[Effect]) -> None:
        if (
            isinstance(event, ContactServedElsewhere)
            and event.agent in self.router._floor.agents
            and self._was_taken(event)
            and event.answered_at is not None
        ):
            self._took(event.agent, event.answered_at)
        for effect in said:
            if isinstance(effect, CallbackChanged) and effect.end is CallbackEnd.REACHED:
                self._reached(effect)
            if not isinstance(effect, AgentChanged):
                continue
            shift = self.shifts.setdefault(effect.agent, Shift())
            if effect.state is AgentState.BUSY:
                if shift.state is not AgentState.BUSY:
                    shift.serves_now = False
                if shift.takes is not None:
                    self._handled(shift, event.at)
                if shift.takes:
                    self._took(effect.agent, event.at)
                    shift.serving, shift.serves_now = shift.takes, True
                shift.takes = None
            elif effect.state is AgentState.WRAP_UP:
                shift.serves_now = shift.serving is not None
            elif effect.state is not AgentState.RESERVED:
                self._handled(shift, event.at)
            shift.state, shift.since = effect.state, max(shift.since, event.at)
        for shift in self.shifts.values():
            shift.takes = None
        for key in [key for key in self.work if key[0] == DAY and key[1] not in self.router._floor.agents]:
            del self.work[key]

    def _reached(self, change: CallbackChanged) -> None:
        """A callback's citizen talks: from now on the agent serves them."""
        contact = self.router.contact(change.callback)
        agent = self.router.agent(contact.agent) if contact is not None and contact.agent else None
        if agent is not None and agent.contact == change.callback and agent.state is AgentState.BUSY:
            shift = self.shifts[agent.agent]
            self._handled(shift, change.at)
            self._took(agent.agent, change.at)
            shift.serving, shift.serves_now = change.queue, True

    def _took(self, agent: str, at: float) -> None:
        for period in self._periods(at):
            self.work.setdefault((period, agent), [0, 0.0, 0.0])[0] += 1

    def _handled(self, shift: Shift, at: float) -> None:
        if shift.serving is not None:
            for recount in self._counts(shift.serving, at):
                recount.handled += 1
                recount.handled_s += shift.serving_s
        shift.serving, shift.serves_now, shift.serving_s = None, False, 0.0

    def _check_figures(self) -> None:
        contacts = list(self.router.contacts())
        floor = self.router._floor
        total = Recount()
        for (period, queue), recount in self.recounts.items():
            if period != DAY:
                assert isinstance(period, int)
                if self._kept(period):
                    self._same(floor.figures.intervals[period].queues[queue], recount)
                continue
            figures = self.router.queue_figures(queue)
            self._same(figures, recount)
            for name, value in vars(recount).items():
                if name == "longest_waited_s":
                    total.longest_waited_s = max(value or 0.0, total.longest_waited_s or 0.0) or None
                else:
                    setattr(total, name, getattr(total, name) + value)
            waits = [
                c.queued_at
                for c in contacts
                if c.queue == queue and c.state is not ContactState.CONNECTED and not c.callback
            ]
            assert figures.waiting == len(waits)
            assert figures.longest_waiting_since == (min(waits) if waits else None)
            assert figures.talking == sum(
                c.queue == queue and c.state is ContactState.CONNECTED for c in contacts
            )
        total.offered -= total.moved_away
        total.moved_away = 0
        whole = self.router.queue_figures(None)
        whole.longest_waited_s = whole.longest_waited_s or None
        self._same(whole, total)
        self._check_work()
        self.checks += 1
        if self.checks % CHECKS_PER_FULL_ONE == 0:
            check_groups(self.router, Recounted(self.recounts, self.work, self._kept))

    def _check_work(self) -> None:
        """Working times, up to each agent's last change of state, and of everybody up to the present."""
        self._pass_time(self.router._floor.at)
        for agent in self.router._floor.agents:
            day = self.router.agent_figures(agent)
            assert day is not None
            expected = self.work.get((DAY, agent), [0, 0.0, 0.0])
            assert [day.answered, day.handled_s, day.available_s] == pytest.approx(expected), agent
            each = {
                round(one.begins / self.interval_s): [
                    one.answered,
                    one.handled_s,
                    one.available_s,
                ]
                for one in self.router.agent_intervals(agent)
            }
            recounted = {period: work for (period, name), work in self.work.items() if name == agent}
            recounted.pop(DAY, None)
            assert each.keys() <= recounted.keys()
            for period, work in recounted.items():
                assert isinstance(period, int)
                if period in each or self._kept(period):
                    assert each[period] == pytest.approx(work), agent

    @staticmethod
    def _same(figures: Tally, recount: Recount) -> None:
        for name, value in vars(recount).items():
            assert getattr(figures, name) == pytest.approx(value), name
