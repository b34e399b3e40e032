"""What several events have in common: an agent taken or let go, an offer answered or come to nothing."""

from __future__ import annotations

from acd.callbacks import begin_attempt, reconsider
from acd.floor import Floor
from acd.model import AgentId, AgentState, ContactState, OfferOutcome, OfferState
from acd.records import Agent, Contact, Offer
from acd.refusals import InvalidTransition, UnknownEntity
from acd.states import AGENT, CONTACT, GONE
from acd.triggers import AgentTrigger, CallbackTrigger, ContactTrigger, OfferTrigger

PHONE_UNREACHABLE = "phone_unreachable"
"""Why an agent is not ready whose phone cannot be rung."""
NOT_READY_AFTER = {
    OfferOutcome.NO_ANSWER: "rona",
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.BUSY: "busy_elsewhere",
    OfferOutcome.FAILED: PHONE_UNREACHABLE,
}
"""Why an agent is not ready after an offer that ended like this."""
OUR_REASONS = frozenset(NOT_READY_AFTER.values())


def known_agent(floor: Floor, name: AgentId) -> Agent:
    agent = floor.agents.get(name)
    if agent is None:
        raise UnknownEntity("agent", name)
    return agent


def check_seat_free(floor: Floor, seat: str, agent: AgentId) -> None:
    holder = floor.seats.get(seat)
    if holder is not None:
        history = floor.agents[holder].history
        raise InvalidTransition(f"seat {seat}", f"taken by agent {holder}", f"log-in of {agent}", history)


def sit_down(agent: Agent, seat: str) -> None:
    agent.seat = seat
    agent.contact = agent.offer = agent.wrap_up_until = None
    agent.next_state, agent.next_reason = AgentState.READY, None
    agent.wrap_up_s = 0.0
    agent.uncounted_since = None


def leave_work(agent: Agent) -> None:
    """The agent chooses a state, which ends a wrap-up and what was to follow it."""
    agent.contact = agent.wrap_up_until = None
    agent.next_state, agent.next_reason = AgentState.READY, None
    agent.worked = False


def wish(floor: Floor, agent: Agent, trigger: AgentTrigger, state: AgentState, reason: str | None) -> None:
    """What is asked for during an offer or a call holds after it."""
    AGENT.check(agent.agent, agent.state, trigger, agent.state)
    if (agent.next_state, agent.next_reason) != (state, reason):
        agent.next_state, agent.next_reason = state, reason
        floor.tell_agent(agent, trigger)


def occupy(
    floor: Floor, agent: Agent, trigger: AgentTrigger, contact: Contact | None, counts: bool = True
) -> None:
    """The phone is in use: with the contact, or (None) with a call of its own or a lost caller.

    `counts` is false for a contact whose answer was counted before, or a callback until its citizen talks.
    """
    floor.count_time(agent)
    if agent.state is AgentState.NOT_READY:
        ours = agent.reason == "busy_elsewhere" or (contact is not None and agent.reason in OUR_REASONS)
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
        floor.end_handling(agent)
        if counts:
            floor.note_taken(agent, floor.at)
            agent.serving, agent.serves_now = contact.queue, True
        agent.wrap_up_s = floor.queues[contact.queue].wrap_up_s
    elif agent.state is not AgentState.BUSY:
        agent.contact, agent.serves_now = None, False
    agent.worked = agent.worked or contact is not None or trigger is AgentTrigger.ENGAGED
    floor.move_agent(agent, trigger, AgentState.BUSY)


def go_on(floor: Floor, agent: Agent, trigger: AgentTrigger) -> None:
    """What comes after an offer, a call or a wrap-up."""
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
    leave_work(agent)
    floor.move_agent(agent, trigger, state, reason)


def connect(floor: Floor, contact: Contact, agent: AgentId) -> None:
    """The contact talks with the agent, whatever it was doing for the router."""
    anew = contact.callback or contact.returned
    waits_from = contact.steps_from if anew else contact.queued_at
    floor.pace(contact.queue).answered(waits_from, floor.at)
    if contact.callback:
        floor.figures.callback_left(contact.queue, contact.contact, contact.queued_at)
        floor.figures.talks_again(contact.queue)
    elif contact.returned:
        floor.figures.waits_no_more(contact.queue, contact.contact, contact.queued_at)
        floor.figures.talks_again(contact.queue)
    else:
        timely_s = floor.queues[contact.queue].timely_s
        floor.figures.answered(contact.queue, contact.contact, contact.queued_at, floor.at, timely_s)
    if contact.offer is not None:
        floor.withdraw_offer(floor.offers[contact.offer], OfferTrigger.WITHDRAWN, OfferOutcome.CANCELLED)
        contact.offer = None
    contact.agent = agent
    floor.move_contact(contact, ContactTrigger.CONNECTED, ContactState.CONNECTED)


def answer(floor: Floor, offer: Offer, *, reached: bool = False) -> None:
    """Agent and contact are connected through this offer, in time or late.

    A callback's citizen is dialled then, unless `reached` already.
    """
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
        assert agent is not None, "nobody logs out before their offer has ended"
        agent.offer = None
        if contact is not None and contact.offer == offer.offer:
            contact.offer = None
    floor.drop_offer(offer)
    if talks and contact is not None:
        connect(floor, contact, offer.agent)
    dials = talks and contact is not None and contact.callback
    if takes and agent is not None:
        occupy(floor, agent, AgentTrigger.CONNECTED, contact if talks else None, counts=not dials)
    if dials and not reached:
        begin_attempt(floor, floor.callbacks[offer.contact], CallbackTrigger.ACCEPTED, offer.agent)


def let_go(floor: Floor, offer: Offer, outcome: OfferOutcome) -> None:
    """The offer came to nothing: the contact has its place again, the agent what the outcome means."""
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
        go_on(floor, agent, trigger)
    if contact is not None and contact.offer == offer.offer:
        contact.offer = contact.agent = None
        if not blameless:
            floor.note_tried(contact, agent.agent, floor.at)
        floor.move_contact(contact, ContactTrigger.OFFER_ENDED, ContactState.WAITING)
        if contact.callback:
            reconsider(floor, floor.callbacks[contact.contact], None)
