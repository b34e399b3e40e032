"""The router: events in, effects out.

An event that does not fit raises `InvalidEvent` and has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from heapq import merge
from itertools import islice
from typing import Any

from acd import on_agents, on_callbacks, on_contacts, on_offers, on_time, stored_figures
from acd.effects import Effect
from acd.estimate import Estimate
from acd.events import (
    AgentEngaged,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentMoved,
    AgentNotReady,
    AgentPhoneBack,
    AgentPhoneLost,
    AgentReady,
    AgentReleased,
    AgentRestored,
    CallbackAltered,
    CallbackAttemptEnded,
    CallbackCancelled,
    CallbackRequested,
    CallbackTaken,
    ContactAltered,
    ContactLeft,
    ContactQueued,
    ContactRestored,
    ContactServedElsewhere,
    Event,
    OfferAnswered,
    OfferEnded,
    OfferLapsed,
    PlaceKept,
    PolicyChanged,
    TelephonyBack,
    TelephonyLost,
    TimePassed,
    WrapUpExtended,
)
from acd.floor import Floor
from acd.matching import settle
from acd.model import (
    AgentId,
    AgentState,
    Calendar,
    ContactId,
    ContactState,
    Instant,
    Policy,
    QueueId,
    RoutingStep,
    Skill,
)
from acd.policy import check_policy, step_problems
from acd.records import Agent, AgentRecord, CallbackRecord, ContactRecord
from acd.requirement import need_of
from acd.snapshot import load, save
from acd.stored_figures import Parts
from acd.tallies import (
    AgentFigures,
    AgentInterval,
    IntervalFigures,
    QueueFigures,
    SkillFigures,
    WorkTime,
)

HANDLERS: Mapping[type[Any], Callable[[Floor, Any], None]] = {
    ContactQueued: on_contacts.contact_queued,
    ContactAltered: on_contacts.contact_altered,
    ContactLeft: on_contacts.contact_left,
    ContactRestored: on_contacts.contact_restored,
    ContactServedElsewhere: on_contacts.contact_served_elsewhere,
    PlaceKept: on_contacts.place_kept,
    CallbackRequested: on_callbacks.callback_requested,
    CallbackAltered: on_callbacks.callback_altered,
    CallbackCancelled: on_callbacks.callback_cancelled,
    CallbackTaken: on_callbacks.callback_taken,
    CallbackAttemptEnded: on_callbacks.callback_attempt_ended,
    AgentLoggedIn: on_agents.agent_logged_in,
    AgentLoggedOut: on_agents.agent_logged_out,
    AgentMoved: on_agents.agent_moved,
    AgentPhoneLost: on_agents.agent_phone_lost,
    AgentPhoneBack: on_agents.agent_phone_back,
    AgentReady: on_agents.agent_ready,
    AgentNotReady: on_agents.agent_not_ready,
    WrapUpExtended: on_agents.wrap_up_extended,
    AgentEngaged: on_agents.agent_engaged,
    AgentReleased: on_agents.agent_released,
    AgentRestored: on_agents.agent_restored,
    OfferAnswered: on_offers.offer_answered,
    OfferEnded: on_offers.offer_ended,
    OfferLapsed: on_offers.offer_lapsed,
    TelephonyLost: on_offers.telephony_lost,
    TelephonyBack: on_offers.telephony_back,
    TimePassed: on_time.time_passed,
    PolicyChanged: on_time.policy_changed,
}


class Router:
    """Which contact goes to which agent. Pure: the same events give the same effects, always."""

    def __init__(self, policy: Policy) -> None:
        """Raises `InvalidPolicy` with everything that is wrong with the policy."""
        check_policy(policy)
        self._floor = Floor(policy)

    def handle(self, event: Event) -> tuple[Effect, ...]:
        """What follows from the event, causes before consequences.

        Raises `InvalidTransition` or `UnknownEntity`, both `InvalidEvent`; then nothing has changed.
        """
        floor = self._floor
        floor.at, floor.cause, floor.effects = event.at, event.cause, []
        HANDLERS[type(event)](floor, event)
        if not floor.hours_known:
            floor.watch_hours()
            for queue in floor.terms:
                floor.keep_hours(queue)
        if floor.unsettled_agents or floor.unsettled_contacts or floor.broken_promises:
            settle(floor)
        return tuple(floor.effects)

    def next_deadline(self) -> Instant | None:
        """When to send `TimePassed` at the latest, if nothing else happens."""
        return self._floor.timers.next_due()

    def agents(self) -> Iterable[AgentRecord]:
        """All agents of the policy, logged out ones too, and removed ones until they log out."""
        return [agent.view() for agent in self._floor.agents.values()]

    def agent(self, agent: AgentId) -> AgentRecord | None:
        known = self._floor.agents.get(agent)
        return known.view() if known else None

    def no_longer_from(self, callback: ContactId) -> Instant:
        """From when on no attempt may begin of a callback that waits or is being offered."""
        return self._floor.timers.due(("callback", callback))

    def agent_at(self, seat: str) -> AgentId | None:
        """Who is logged in at the seat."""
        return self._floor.seats.get(seat)

    def queue_names(self) -> Iterable[QueueId]:
        """The queues that contacts can be put into: those of the policy."""
        return self._floor.policy.queues.keys()

    def agents_of(self, queue: QueueId) -> dict[AgentState, int]:
        """How many agents have what the queue requires, by state; all agents, for an unknown queue none."""
        return _by_state(self._staff_of(queue))

    def agents_having(self, skill: Skill) -> dict[AgentState, int]:
        """How many agents have the skill, by state."""
        return _by_state(self._having(skill))

    def knows_queue(self, queue: QueueId) -> bool:
        """Whether contacts can be queued there; not in one that was removed and drains."""
        return queue in self._floor.policy.queues

    def has_queue(self, queue: QueueId) -> bool:
        """Whether the queue is there, be it that it drains."""
        return queue in self._floor.queues

    def step_problems(self, steps: tuple[RoutingStep, ...]) -> tuple[str, ...]:
        """What is wrong with steps that somebody gives one contact."""
        return step_problems(steps, self._floor.policy)

    def contacts(self) -> Iterable[ContactRecord]:
        return [contact.view() for contact in self._floor.contacts.values()]

    def contact(self, contact: ContactId) -> ContactRecord | None:
        known = self._floor.contacts.get(contact)
        return known.view() if known else None

    def callbacks(self) -> Iterable[CallbackRecord]:
        """All open callbacks, in the order in which they were requested."""
        return [callback.view() for callback in self._floor.callbacks.values()]

    def callback(self, callback: ContactId) -> CallbackRecord | None:
        known = self._floor.callbacks.get(callback)
        return known.view() if known else None

    def callback_of(self, caller: str) -> ContactId | None:
        """The open callback that a further request of the caller would join."""
        return self._floor.callback_of.get(caller)

    def to_be_dialled(self, queue: QueueId, most: int) -> list[ContactId]:
        """The queue's callbacks that ring the customer first and wait for an agent, the first ones first."""
        stages = [
            stage.waiting for stage in self._floor.waiting.stages.values() if stage.queue.queue == queue
        ]
        callbacks = (self._floor.callbacks.get(rank[3]) for rank in merge(*stages))
        return [
            each.callback
            for each in islice((each for each in callbacks if each is not None and each.rings_customer), most)
        ]

    def dialling_hours(self, queue: QueueId) -> Calendar | None:
        """When citizens of the queue's callbacks may be dialled, be it that it drains; None: at any hour."""
        return self._floor.terms[queue].callbacks.hours

    def promised(self, queue: QueueId) -> int:
        """How many agents are kept free for citizens of the queue's callbacks who are being dialled."""
        floor = self._floor
        promised = (
            floor.callbacks[each.promised] for each in floor.agents.values() if each.promised is not None
        )
        return sum(callback.queue == queue for callback in promised)

    def queue_figures(self, queue: QueueId | None) -> QueueFigures:
        """Today's and the present figures of a queue; of all together for None."""
        figures = self._floor.figures.queue(queue)
        figures.work = self._work(self._staff_of(queue))
        return figures

    def estimate(self, contact: ContactId) -> Estimate | None:
        """A waiting contact's position and remaining wait; None while too little is known."""
        known, position = self._floor.contacts.get(contact), self.position(contact)
        if known is None or position is None:
            return None
        pace = self._floor.paces.get(known.queue)
        return None if pace is None else pace.estimate(position)

    def position(self, contact: ContactId) -> int | None:
        """A waiting contact's place in its queue by arrival, from 1."""
        known = self._floor.contacts.get(contact)
        if known is None or known.state is ContactState.CONNECTED:
            return None
        return self._floor.figures.position(known.queue, known.queued_at, contact)

    def agent_figures(self, agent: AgentId) -> AgentFigures | None:
        """Today's figures of an agent; None for one whom the router does not know."""
        known = self._floor.agents.get(agent)
        if known is None:
            return None
        handled_s, available_s = self._floor.working_time(known)
        return AgentFigures(
            agent=agent, answered=known.answered, handled_s=handled_s, available_s=available_s
        )

    def agent_intervals(self, agent: AgentId) -> list[AgentInterval]:
        """What an agent did in each of the last intervals, first one first."""
        known = self._floor.agents.get(agent)
        interval_s = self._floor.figures.intervals.interval_s
        return [
            AgentInterval(begins=number * interval_s, ends=(number + 1) * interval_s, **asdict(work))
            for number, work in sorted(self._floor.work_by_interval([known] if known else []).items())
        ]

    def queue_intervals(self, queue: QueueId | None) -> list[IntervalFigures]:
        """The last intervals in which something happened in a queue, or in all for None, first one first."""
        work = self._floor.work_by_interval(self._staff_of(queue))
        return self._floor.figures.intervals.history(None if queue is None else [queue], work)

    def skill_figures(self, skill: Skill) -> SkillFigures:
        """Today's and the present figures of the queues that name a skill, and of the agents who have it."""
        figures = self._floor.figures.skill(skill, self.queues_naming(skill))
        figures.work = self._work(self._having(skill))
        return figures

    def skill_intervals(self, skill: Skill) -> list[IntervalFigures]:
        """The last intervals in which something happened to a skill, first one first."""
        work = self._floor.work_by_interval(self._having(skill))
        return self._floor.figures.intervals.history(self.queues_naming(skill), work)

    def _staff_of(self, queue: QueueId | None) -> Iterable[Agent]:
        agents = self._floor.agents.values()
        if queue is None:
            return agents
        need = self._floor.needs.get(queue)
        return [agent for agent in agents if need is not None and need.accepts(agent.policy)]

    def _having(self, skill: Skill) -> list[Agent]:
        return [agent for agent in self._floor.agents.values() if skill in agent.policy.skills]

    def queues_naming(self, skill: Skill) -> list[QueueId]:
        """By day, as configured: what a night mode asks for does not move a queue to another skill."""
        return [queue for queue, terms in self._floor.terms.items() if skill in need_of(terms).skills]

    def _work(self, agents: Iterable[Agent]) -> WorkTime:
        return WorkTime.total((agent.answered, *self._floor.working_time(agent)) for agent in agents)

    @property
    def day_began(self) -> Instant | None:
        """The local midnight from which on today's figures count; None before the first was told."""
        return self._floor.figures.day_began

    def reset_figures(self, boundary: Instant) -> None:
        """A new local day began at `boundary`: the counts start from 0."""
        floor = self._floor
        floor.at = max(floor.at, boundary)
        floor.figures.reset(boundary)
        for agent in floor.agents.values():
            floor.count_time(agent)
            agent.handled_s, agent.available_s, agent.answered = 0.0, 0.0, 0
            floor.figures.changes.note("agent", agent.agent)
            if agent.uncounted_since is not None:
                agent.uncounted_since = max(agent.uncounted_since, boundary)

    def figures_snapshot(self) -> Parts:
        """The figures alone, JSON-able, for a restart where agents and contacts come back as events."""
        return stored_figures.whole(self._floor)

    def figures_changes(self) -> Parts:
        """What changed of `figures_snapshot` since this was last asked; None for a part to be deleted."""
        return stored_figures.changes(self._floor)

    def restore_figures(self, saved: Mapping[str, Any]) -> None:
        """Takes over a `figures_snapshot`, before any agent or contact comes back.

        One of an earlier local day wants `reset_figures` afterwards.
        """
        self._floor.figures.changes.tracked = True
        stored_figures.take_over(self._floor, saved)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as a JSON-able dict."""
        return save(self._floor)

    @classmethod
    def restore(cls, policy: Policy, saved: Mapping[str, Any]) -> Router:
        """A router that goes on exactly where the one that made the snapshot under this policy stood."""
        router = cls(policy)
        load(router._floor, saved)
        return router


def _by_state(agents: Iterable[Agent]) -> dict[AgentState, int]:
    counts = dict.fromkeys(AgentState, 0)
    for agent in agents:
        counts[agent.state] += 1
    return counts
