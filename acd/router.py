"""The router: events in, effects out.

An event that does not fit raises `InvalidEvent` and has changed nothing: each handler asks the tables about
everything that it is going to touch before it touches anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from acd.effects import Effect
from acd.events import (
    AgentEngaged,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentNotReady,
    AgentReady,
    AgentReleased,
    AgentRestored,
    ContactAltered,
    ContactLeft,
    ContactQueued,
    ContactRestored,
    Event,
    OfferAnswered,
    OfferEnded,
    PolicyChanged,
    TimePassed,
    WrapUpExtended,
)
from acd.floor import Floor
from acd.matching import settle
from acd.metrics import QueueFigures
from acd.model import AgentId, AgentState, ContactId, ContactState, Instant, OfferOutcome, Policy, QueueId
from acd.records import Agent, AgentRecord, Contact, ContactRecord, Offer
from acd.snapshot import load, save
from acd.states import (
    AGENT,
    CONTACT,
    GONE,
    OFFER,
    AgentTrigger,
    ContactTrigger,
    InvalidTransition,
    OfferState,
    OfferTrigger,
    UnknownEntity,
)

NOT_READY_AFTER = {
    OfferOutcome.NO_ANSWER: "rona",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.BUSY: "busy_elsewhere",
    OfferOutcome.FAILED: "phone_unreachable",
}
"""Why an agent is not ready after an offer that ended like this."""
LOGGED_IN = "logged_in"
"""Why an agent who has just logged in is not ready."""
_OUR_REASONS = frozenset(NOT_READY_AFTER.values())


class Router:
    """Which contact goes to which agent. Pure: the same events give the same effects, always."""

    def __init__(self, policy: Policy) -> None:
        self._floor = Floor(policy)
        self._handlers: Mapping[type[Any], Callable[[Any], None]] = {
            ContactQueued: self._contact_queued,
            ContactAltered: self._contact_altered,
            ContactLeft: self._contact_left,
            ContactRestored: self._contact_restored,
            AgentLoggedIn: self._agent_logged_in,
            AgentLoggedOut: self._agent_logged_out,
            AgentReady: self._agent_ready,
            AgentNotReady: self._agent_not_ready,
            WrapUpExtended: self._wrap_up_extended,
            AgentEngaged: self._agent_engaged,
            AgentReleased: self._agent_released,
            AgentRestored: self._agent_restored,
            OfferAnswered: self._offer_answered,
            OfferEnded: self._offer_ended,
            TimePassed: self._time_passed,
            PolicyChanged: self._policy_changed,
        }

    def handle(self, event: Event) -> tuple[Effect, ...]:
        """What follows from the event, causes before consequences.

        Raises `InvalidTransition` or `UnknownEntity`, both `InvalidEvent`; then nothing has changed.
        """
        floor = self._floor
        floor.at, floor.cause, floor.effects = event.at, event.cause, []
        self._handlers[type(event)](event)
        if floor.unsettled_agents or floor.unsettled_contacts:
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

    def agent_at(self, seat: str) -> AgentId | None:
        """Who is logged in at the seat."""
        return self._floor.seats.get(seat)

    def agents_of(self, queue: QueueId) -> dict[AgentState, int]:
        """How many agents have what the queue requires, by state; all agents, for an unknown queue none."""
        counts = dict.fromkeys(AgentState, 0)
        need = self._floor.needs.get(queue)
        if need is not None:
            for agent in self._floor.agents.values():
                if need.accepts(agent.policy):
                    counts[agent.state] += 1
        return counts

    def contacts(self) -> Iterable[ContactRecord]:
        return [contact.view() for contact in self._floor.contacts.values()]

    def contact(self, contact: ContactId) -> ContactRecord | None:
        known = self._floor.contacts.get(contact)
        return known.view() if known else None

    def queue_figures(self, queue: QueueId | None) -> QueueFigures:
        """Today's and the present figures of a queue; of all together for None."""
        return self._floor.figures.queue(queue)

    def reset_figures(self, boundary: Instant) -> None:
        """A new local day began at `boundary`: the counts start from 0."""
        self._floor.figures.reset(boundary)
        for agent in self._floor.agents.values():
            agent.handled_s = agent.available_s = 0.0
            agent.counted_at = boundary

    def figures_snapshot(self) -> dict[str, Any]:
        """The day's figures alone, JSON-able, for a restart where agents and contacts come back as events."""
        return self._floor.figures.snapshot()

    def restore_figures(self, saved: Mapping[str, Any]) -> None:
        """Takes over a `figures_snapshot` of the same local day, before any contact comes back."""
        self._floor.figures.restore(saved)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as a JSON-able dict."""
        return save(self._floor)

    @classmethod
    def restore(cls, policy: Policy, saved: Mapping[str, Any]) -> Router:
        """A router that goes on exactly where the one that made the snapshot under this policy stood."""
        router = cls(policy)
        load(router._floor, saved)
        return router

    # Contacts

    def _contact_queued(self, event: ContactQueued) -> None:
        floor = self._floor
        known = floor.contacts.get(event.contact)
        state = known.state if known else GONE
        if not CONTACT.allows(event.contact, state, ContactTrigger.QUEUED):
            return
        if event.queue not in floor.policy.queues:
            raise UnknownEntity("queue", event.queue)
        floor.figures.queued(event.queue, event.contact, event.queued_at)
        floor.admit(
            Contact(
                event.contact,
                event.queue,
                event.priority,
                event.queued_at,
                ContactState.WAITING,
                event.at,
                place_from=event.queued_at,
                own_steps=event.steps,
            ),
            ContactTrigger.QUEUED,
        )

    def _contact_altered(self, event: ContactAltered) -> None:
        floor = self._floor
        contact = floor.contacts.get(event.contact)
        state = contact.state if contact else GONE
        history = contact.history if contact else ()
        if not CONTACT.allows(event.contact, state, ContactTrigger.ALTERED, history) or contact is None:
            return
        if event.queue is not None and event.queue not in floor.policy.queues:
            raise UnknownEntity("queue", event.queue)
        waits = contact.state is ContactState.WAITING
        if waits:
            floor.leave_waiting(contact)
        if event.queue is not None and event.queue != contact.queue:
            floor.change_queue(contact, event.queue)
        if event.priority is not None:
            contact.priority = event.priority
        if event.steps is not None:
            contact.own_steps = event.steps
        if waits:
            floor.enter_waiting(contact)
        floor.tell_contact(contact, ContactTrigger.ALTERED)

    def _contact_left(self, event: ContactLeft) -> None:
        floor = self._floor
        contact = floor.contacts.get(event.contact)
        if contact is None:
            CONTACT.allows(event.contact, GONE, ContactTrigger.LEFT)
            return
        CONTACT.allows(contact.contact, contact.state, ContactTrigger.LEFT, contact.history)
        if contact.state is ContactState.CONNECTED:
            floor.figures.ended(contact.queue)
        else:
            short_abandon_s = floor.queues[contact.queue].short_abandon_s
            floor.figures.abandoned(
                contact.queue, contact.contact, contact.queued_at, event.at, short_abandon_s
            )
        if contact.offer is not None:
            floor.withdraw_offer(floor.offers[contact.offer], OfferTrigger.WITHDRAWN, OfferOutcome.CANCELLED)
        floor.forget(contact, ContactTrigger.LEFT)

    def _contact_restored(self, event: ContactRestored) -> None:
        floor = self._floor
        contact = floor.contacts.get(event.contact)
        if not CONTACT.allows(
            event.contact, contact.state if contact else GONE, ContactTrigger.FOUND_TALKING
        ):
            return
        agent = floor.agents.get(event.agent)
        takes = agent is not None and AGENT.allows(
            agent.agent, agent.state, AgentTrigger.CONNECTED, agent.history
        )
        terms = floor.queues.get(contact.queue if contact else event.queue)
        if terms is None:
            raise UnknownEntity("queue", event.queue)
        offer = floor.offers.get(contact.offer) if contact and contact.offer else None
        if offer is not None and offer.agent == event.agent:
            self._answer(offer)
            return
        if contact is None:
            contact = Contact(
                event.contact,
                event.queue,
                event.priority,
                event.queued_at,
                ContactState.CONNECTED,
                event.at,
                event.agent,
                place_from=event.queued_at,
            )
            floor.figures.found_talking(event.queue, event.contact, event.queued_at, event.at, terms.timely_s)
            floor.admit(contact, ContactTrigger.FOUND_TALKING)
        else:
            self._connect(contact, event.agent)
        if takes and agent is not None:
            self._occupy(agent, AgentTrigger.CONNECTED, contact)

    # Agents

    def _agent_logged_in(self, event: AgentLoggedIn) -> None:
        agent = self._agent(event.agent)
        AGENT.allows(agent.agent, agent.state, AgentTrigger.LOG_IN, agent.history)
        self._check_seat_free(event.seat, event.agent)
        self._sit_down(agent, event.seat)
        self._floor.move_agent(agent, AgentTrigger.LOG_IN, AgentState.NOT_READY, LOGGED_IN)

    def _agent_logged_out(self, event: AgentLoggedOut) -> None:
        agent = self._agent(event.agent)
        if not AGENT.allows(agent.agent, agent.state, AgentTrigger.LOG_OUT, agent.history):
            return
        if agent.state in (AgentState.RESERVED, AgentState.BUSY):
            self._wish(agent, AgentTrigger.LOG_OUT, AgentState.LOGGED_OUT, None)
        else:
            self._leave_work(agent)
            self._floor.move_agent(agent, AgentTrigger.LOG_OUT, AgentState.LOGGED_OUT)

    def _agent_ready(self, event: AgentReady) -> None:
        agent = self._agent(event.agent)
        if not AGENT.allows(agent.agent, agent.state, AgentTrigger.READY, agent.history):
            return
        if agent.state in (AgentState.RESERVED, AgentState.BUSY):
            self._wish(agent, AgentTrigger.READY, AgentState.READY, None)
        else:
            self._leave_work(agent)
            agent.idle_since = event.at
            self._floor.move_agent(agent, AgentTrigger.READY, AgentState.READY)

    def _agent_not_ready(self, event: AgentNotReady) -> None:
        agent = self._agent(event.agent)
        AGENT.allows(agent.agent, agent.state, AgentTrigger.NOT_READY, agent.history)
        if agent.state in (AgentState.RESERVED, AgentState.BUSY):
            self._wish(agent, AgentTrigger.NOT_READY, AgentState.NOT_READY, event.reason)
        else:
            self._leave_work(agent)
            self._floor.move_agent(agent, AgentTrigger.NOT_READY, AgentState.NOT_READY, event.reason)

    def _wrap_up_extended(self, event: WrapUpExtended) -> None:
        floor = self._floor
        agent = self._agent(event.agent)
        AGENT.allows(agent.agent, agent.state, AgentTrigger.WRAP_UP_EXTENDED, agent.history)
        assert agent.until is not None
        until = agent.until + max(0.0, event.seconds)
        ceiling_s = agent.policy.max_wrap_up_s
        if ceiling_s is not None:
            until = max(agent.until, min(until, agent.since + ceiling_s))
        if until > agent.until:
            agent.wrap_up_until = until
            floor.move_agent(agent, AgentTrigger.WRAP_UP_EXTENDED, AgentState.WRAP_UP, until=until)

    def _agent_engaged(self, event: AgentEngaged) -> None:
        agent = self._agent(event.agent)
        if AGENT.allows(agent.agent, agent.state, AgentTrigger.ENGAGED, agent.history):
            self._occupy(agent, AgentTrigger.ENGAGED, None)

    def _agent_released(self, event: AgentReleased) -> None:
        floor = self._floor
        agent = self._agent(event.agent)
        if not AGENT.allows(agent.agent, agent.state, AgentTrigger.RELEASED, agent.history):
            return
        contact = floor.contacts.get(agent.contact) if agent.contact else None
        if contact is not None and contact.agent == agent.agent and contact.state is ContactState.CONNECTED:
            floor.figures.ended(contact.queue)
            floor.forget(contact, ContactTrigger.RELEASED)
        if agent.wrap_up_s > 0:
            ceiling_s = agent.policy.max_wrap_up_s
            wrap_up_s = agent.wrap_up_s if ceiling_s is None else min(agent.wrap_up_s, ceiling_s)
            agent.wrap_up_until = event.at + wrap_up_s
            agent.wrap_up_s = 0.0
        if agent.worked:
            agent.idle_since = event.at
        self._go_on(agent, AgentTrigger.RELEASED)

    def _agent_restored(self, event: AgentRestored) -> None:
        floor = self._floor
        agent = floor.agents.get(event.agent)
        if agent is None or event.state is AgentState.LOGGED_OUT:
            return
        if not AGENT.allows(agent.agent, agent.state, AgentTrigger.RESTORED, agent.history):
            return
        self._check_seat_free(event.seat, event.agent)
        self._sit_down(agent, event.seat)
        state = AgentState.READY if event.state is AgentState.RESERVED else event.state
        agent.idle_since = event.since
        agent.worked = state is AgentState.BUSY
        until = None
        if state is AgentState.WRAP_UP:
            until = event.at if event.until is None else event.until
        reason = event.reason if state is AgentState.NOT_READY else None
        floor.move_agent(agent, AgentTrigger.RESTORED, state, reason, until)
        agent.since = event.since

    # Offers

    def _offer_answered(self, event: OfferAnswered) -> None:
        offer = self._floor.offers.get(event.offer)
        if offer is None:
            OFFER.allows(event.offer, OfferState.GONE, OfferTrigger.ANSWERED)
        else:
            OFFER.allows(offer.offer, offer.state, OfferTrigger.ANSWERED, offer.history)
            self._answer(offer)

    def _offer_ended(self, event: OfferEnded) -> None:
        offer = self._floor.offers.get(event.offer)
        if offer is None:
            OFFER.allows(event.offer, OfferState.GONE, OfferTrigger.ENDED)
            return
        if event.outcome is OfferOutcome.ACCEPTED:
            raise InvalidTransition(f"offer {event.offer}", offer.state, "ended as accepted", offer.history)
        OFFER.allows(offer.offer, offer.state, OfferTrigger.ENDED, offer.history)
        if offer.state is not OfferState.GIVEN_UP:
            self._let_go(offer, offer.outcome or event.outcome)
        self._floor.drop_offer(offer)

    # Time and policy

    def _time_passed(self, event: TimePassed) -> None:
        floor = self._floor
        while (key := floor.timers.pop_due(event.at)) is not None:
            kind, name = key
            if kind == "wrap_up":
                self._go_on(floor.agents[name], AgentTrigger.WRAP_UP_OVER)
            elif kind == "offer":
                self._offer_overdue(floor.offers[name])
            elif kind == "rest":
                floor.end_rest(floor.agents[name])
            else:
                floor.place_again(floor.contacts[name])

    def _offer_overdue(self, offer: Offer) -> None:
        floor = self._floor
        if offer.state is OfferState.RINGING:
            floor.withdraw_offer(offer, OfferTrigger.OVERDUE, OfferOutcome.NO_ANSWER)
        elif offer.state is OfferState.ENDING:
            offer.outcome = None
            self._let_go(offer, OfferOutcome.FAILED)
            floor.give_up_offer(offer)
        else:
            floor.drop_offer(offer)

    def _policy_changed(self, event: PolicyChanged) -> None:
        floor = self._floor
        kept = {queue: terms for queue, terms in floor.queues.items() if queue in floor.open_contacts}
        floor.policy = event.policy
        floor.queues = kept | dict(event.policy.queues)
        for name in list(floor.agents):
            if name not in event.policy.agents and floor.agents[name].state is AgentState.LOGGED_OUT:
                del floor.agents[name]
        for name, terms in event.policy.agents.items():
            agent = floor.agents.get(name)
            if agent is None:
                floor.agents[name] = Agent(name, terms)
            else:
                agent.employ(terms)
        floor.seat_everybody_again()

    # What the events have in common

    def _agent(self, name: AgentId) -> Agent:
        agent = self._floor.agents.get(name)
        if agent is None:
            raise UnknownEntity("agent", name)
        return agent

    def _check_seat_free(self, seat: str, agent: AgentId) -> None:
        holder = self._floor.seats.get(seat)
        if holder is not None:
            history = self._floor.agents[holder].history
            raise InvalidTransition(f"seat {seat}", f"taken by agent {holder}", f"log-in of {agent}", history)

    @staticmethod
    def _sit_down(agent: Agent, seat: str) -> None:
        agent.seat = seat
        agent.contact = agent.offer = agent.wrap_up_until = None
        agent.next_state, agent.next_reason = AgentState.READY, None
        agent.wrap_up_s, agent.worked = 0.0, False

    @staticmethod
    def _leave_work(agent: Agent) -> None:
        """The agent chooses a state, which ends a wrap-up and what was to follow it."""
        agent.contact = agent.wrap_up_until = None
        agent.next_state, agent.next_reason = AgentState.READY, None

    def _wish(self, agent: Agent, trigger: AgentTrigger, state: AgentState, reason: str | None) -> None:
        """What is asked for during an offer or a call holds after it."""
        AGENT.check(agent.agent, agent.state, trigger, agent.state)
        if (agent.next_state, agent.next_reason) != (state, reason):
            agent.next_state, agent.next_reason = state, reason
            self._floor.tell_agent(agent, trigger)

    def _occupy(self, agent: Agent, trigger: AgentTrigger, contact: Contact | None) -> None:
        """The phone is in use: with the contact, or (None) with a call of its own or a lost caller."""
        floor = self._floor
        if agent.state is AgentState.NOT_READY:
            ours = agent.reason == "busy_elsewhere" or (contact is not None and agent.reason in _OUR_REASONS)
            agent.next_state = AgentState.READY if ours else AgentState.NOT_READY
            agent.next_reason = None if ours else agent.reason
        elif agent.state is AgentState.READY:
            agent.next_state, agent.next_reason = AgentState.READY, None
        elif agent.state is AgentState.WRAP_UP:
            agent.wrap_up_until = agent.until
        if agent.offer is not None:
            floor.withdraw_offer(floor.offers[agent.offer], OfferTrigger.WITHDRAWN, OfferOutcome.BUSY)
        if contact is not None:
            agent.contact = contact.contact
            agent.wrap_up_s = floor.queues[contact.queue].wrap_up_s
        elif agent.state is not AgentState.BUSY:
            agent.contact = None
        agent.worked = agent.worked or contact is not None or trigger is AgentTrigger.ENGAGED
        floor.move_agent(agent, trigger, AgentState.BUSY)

    def _go_on(self, agent: Agent, trigger: AgentTrigger) -> None:
        """What comes after an offer, a call or a wrap-up."""
        floor = self._floor
        if agent.offer is not None:
            floor.move_agent(agent, trigger, AgentState.RESERVED)
            return
        state, reason = agent.next_state, agent.next_reason
        wrap_up_until = agent.wrap_up_until
        if state is not AgentState.LOGGED_OUT and wrap_up_until is not None and wrap_up_until > floor.at:
            agent.worked = True
            floor.move_agent(agent, trigger, AgentState.WRAP_UP, until=wrap_up_until)
            return
        if trigger is AgentTrigger.WRAP_UP_OVER:
            agent.idle_since = floor.at
        agent.worked = False
        self._leave_work(agent)
        floor.move_agent(agent, trigger, state, reason)

    def _connect(self, contact: Contact, agent: AgentId) -> None:
        """The contact talks with the agent, whatever it was doing for the router."""
        floor = self._floor
        timely_s = floor.queues[contact.queue].timely_s
        floor.figures.answered(contact.queue, contact.contact, contact.queued_at, floor.at, timely_s)
        if contact.offer is not None:
            floor.withdraw_offer(floor.offers[contact.offer], OfferTrigger.WITHDRAWN, OfferOutcome.CANCELLED)
            contact.offer = None
        contact.agent = agent
        floor.move_contact(contact, ContactTrigger.CONNECTED, ContactState.CONNECTED)

    def _answer(self, offer: Offer) -> None:
        """Agent and contact are connected through this offer, in time or late."""
        floor = self._floor
        agent = floor.agents.get(offer.agent)
        contact = floor.contacts.get(offer.contact)
        takes = agent is not None and AGENT.allows(
            agent.agent, agent.state, AgentTrigger.CONNECTED, agent.history
        )
        talks = CONTACT.allows(offer.contact, contact.state if contact else GONE, ContactTrigger.CONNECTED)
        if offer.state is not OfferState.GIVEN_UP:
            floor.tell_offer_closed(
                offer, OfferOutcome.ACCEPTED if talks else offer.outcome or OfferOutcome.CANCELLED
            )
            if agent is not None and agent.offer == offer.offer:
                agent.offer = None
            if contact is not None and contact.offer == offer.offer:
                contact.offer = None
        floor.drop_offer(offer)
        if talks and contact is not None:
            self._connect(contact, offer.agent)
        if takes and agent is not None:
            self._occupy(agent, AgentTrigger.CONNECTED, contact if talks else None)

    def _let_go(self, offer: Offer, outcome: OfferOutcome) -> None:
        """The offer came to nothing: the contact has its place again, the agent what the outcome means."""
        floor = self._floor
        agent = floor.agents[offer.agent]
        contact = floor.contacts.get(offer.contact)
        blameless = outcome is OfferOutcome.CANCELLED or offer.outcome is OfferOutcome.BUSY
        trigger = AgentTrigger.OFFER_WITHDRAWN if blameless else AgentTrigger.OFFER_FAILED
        free = AGENT.allows(agent.agent, agent.state, trigger, agent.history)
        floor.tell_offer_closed(offer, outcome)
        agent.offer = None
        if free:
            if not blameless and agent.next_state is AgentState.READY:
                agent.next_state, agent.next_reason = AgentState.NOT_READY, NOT_READY_AFTER[outcome]
            self._go_on(agent, trigger)
        if contact is not None and contact.offer == offer.offer:
            contact.offer = contact.agent = None
            if not blameless:
                floor.note_tried(contact, agent.agent)
            floor.move_contact(contact, ContactTrigger.OFFER_ENDED, ContactState.WAITING)
