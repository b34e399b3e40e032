"""The figures, worked out a second time in the plainest way, from the events and what the router says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

import pytest

from acd.effects import (
    AgentChanged,
    CallbackChanged,
    ContactChanged,
    ContactDiverted,
    Effect,
)
from acd.events import (
    CallbackRequested,
    ContactLeft,
    ContactQueued,
    ContactRestored,
    ContactServedElsewhere,
    Event,
    PolicyChanged,
)
from acd.intervals import INTERVALS_KEPT
from acd.model import AgentState, CallbackEnd, ContactState, Diversion, Policy, QueuePolicy
from acd.router import Router
from acd.tallies import Tally
from tests.unit.acd.watch_groups import Recounted, check_groups


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


class WatchedFigures:
    """A router's figures, counted a second time from what it was told and said."""

    def __init__(self, router: Router, rules: Policy) -> None:
        self.router = router
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
        self.callbacks: set[str] = set()
        """The open ones."""
        self.checks = 0

    def take(self, event: Event, said: Iterable[Effect]) -> None:
        """Counts one event that was accepted, and what the router said to it."""
        if isinstance(event, PolicyChanged):
            self.queues |= event.policy.queues
        if isinstance(event, ContactQueued | ContactRestored):
            self.queued_at.setdefault(event.contact, event.queued_at)
        self._pass_time(event.at)
        if self.router._floor.policy.interval_s != self.interval_s:
            self._change_interval()
        self._count(event, said)
        self._count_work(event, said)

    def was_served_elsewhere(self, event: Event) -> TypeGuard[ContactServedElsewhere]:
        """Whether the router took that in; it ignores it of who talks already."""
        return isinstance(event, ContactServedElsewhere) and self.router.contact(event.contact) is None

    def begin_day(self, at: float) -> None:
        """Local midnight: the day's figures begin again, the intervals go on."""
        self._pass_time(at)
        self.router.reset_figures(at)
        self.day_began = at
        for counted in (self.recounts, self.work):
            for key in [key for key in counted if key[0] == DAY]:
                del counted[key]

    def _change_interval(self) -> None:
        self.interval_s = self.router._floor.policy.interval_s
        for counted in (self.recounts, self.work):
            for key in [key for key in counted if key[0] != DAY]:
                del counted[key]

    def _kept(self, period: int) -> bool:
        """Whether an interval is still remembered; only the oldest are not, when there are too many."""
        intervals = self.router._floor.figures.intervals.kept
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
        dialled = isinstance(event, ContactQueued) and event.callback is not None
        if isinstance(event, ContactQueued) and new and (event.returned or dialled):
            self.again.add(event.contact)
        if isinstance(event, ContactLeft):
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
        if self.was_served_elsewhere(event):
            state = self.states.get(event.contact)
            queue, since = event.queue, event.queued_at
            if state is not None:
                queue, since = self.queue_of[event.contact], self.queued_at[event.contact]
                self.away[event.contact] = queue
            if event.contact in self.again:
                del self.away[event.contact]
            else:
                self._offered(event.contact, queue, since)
                answered = event.answered_at is not None
                if event.takes_callback:
                    for recount in self._counts(queue, event.at):
                        recount.took_callback += 1
                else:
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
                for recount in self._counts(effect.queue, effect.at) if not dialled else ():
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
            self.was_served_elsewhere(event)
            and event.agent in self.router._floor.agents
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

    def check(self) -> None:
        contacts = list(self.router.contacts())
        floor = self.router._floor
        total = Recount()
        for (period, queue), recount in self.recounts.items():
            if period != DAY:
                assert isinstance(period, int)
                if self._kept(period):
                    self._same(floor.figures.intervals.kept[period].queues[queue], recount)
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
