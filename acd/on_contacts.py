"""What follows from each event about a contact."""

from __future__ import annotations

from acd.callbacks import claim, reached, talking_contact
from acd.consequences import answer, connect, occupy
from acd.events import (
    CallbackAltered,
    ContactAltered,
    ContactLeft,
    ContactQueued,
    ContactRestored,
    ContactServedElsewhere,
    PlaceKept,
)
from acd.floor import Floor
from acd.model import ContactId, ContactState, OfferOutcome, OneOf, RoutingStep
from acd.on_callbacks import callback_altered
from acd.overflow import ON_ARRIVAL, divert_if_due
from acd.records import Contact
from acd.refusals import InvalidTransition, UnknownEntity
from acd.states import AGENT, CONTACT, GONE
from acd.triggers import AgentTrigger, ContactTrigger, OfferTrigger


def contact_queued(floor: Floor, event: ContactQueued) -> None:
    known = floor.contacts.get(event.contact)
    state = known.state if known else GONE
    if not CONTACT.allows(event.contact, state, ContactTrigger.QUEUED):
        return
    _no_callback(floor, event.contact, ContactTrigger.QUEUED)
    if event.queue not in floor.policy.queues:
        raise UnknownEntity("queue", event.queue)
    dialled = event.callback is not None
    returned = (event.returned or dialled) and event.contact not in floor.figures.away()
    if returned and dialled:
        floor.figures.comes_back(event.queue, event.contact, event.queued_at)
    else:
        count = floor.figures.returned if returned else floor.figures.queued
        count(event.queue, event.contact, event.queued_at, event.at)
    places = event.queued_at, event.place_from, floor.take_kept_place(event.caller, event.contact)
    place_from = min(each for each in places if each is not None)
    steps = event.steps
    if event.callback is not None:
        agent = claim(floor, event.callback, event.queue)
        ttl_s = floor.queues[event.queue].callbacks.abandoned_after_s
        steps = () if agent is None else (RoutingStep(OneOf((agent,)), ttl_s, beyond_queue=True),)
    contact = Contact(
        event.contact,
        event.queue,
        event.priority,
        event.queued_at,
        ContactState.WAITING,
        event.at,
        caller=event.caller,
        returned=returned,
        place_from=place_from,
        steps_from=event.at if returned else place_from,
        own_steps=steps,
        dialled=dialled,
    )
    for each, at in event.tried:
        floor.note_tried(contact, each, at)
    floor.admit(contact, ContactTrigger.QUEUED)
    divert_if_due(floor, floor.contacts[event.contact], ON_ARRIVAL)


def contact_altered(floor: Floor, event: ContactAltered) -> None:
    if event.contact in floor.callbacks:
        change = event.queue, event.priority, None, event.steps
        callback_altered(floor, CallbackAltered(event.at, event.cause, event.contact, *change))
        return
    contact = floor.contacts.get(event.contact)
    state = contact.state if contact else GONE
    if not CONTACT.allows(event.contact, state, ContactTrigger.ALTERED) or contact is None:
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


def contact_left(floor: Floor, event: ContactLeft) -> None:
    contact = floor.contacts.get(event.contact)
    if contact is None:
        CONTACT.allows(event.contact, GONE, ContactTrigger.LEFT)
        return
    CONTACT.allows(contact.contact, contact.state, ContactTrigger.LEFT, contact.history)
    if contact.state is not ContactState.CONNECTED:
        _no_callback(floor, event.contact, ContactTrigger.LEFT)
    if contact.state is ContactState.CONNECTED:
        floor.figures.ended(contact.queue)
    elif contact.returned:
        floor.figures.waits_no_more(contact.queue, contact.contact, contact.queued_at)
    elif event.waits_elsewhere:
        floor.figures.went_away(contact.queue, contact.contact, contact.queued_at)
    elif event.takes_callback:
        floor.figures.took_callback(contact.queue, contact.contact, contact.queued_at, event.at)
    else:
        short_abandon_s = floor.queues[contact.queue].short_abandon_s
        floor.figures.abandoned(contact.queue, contact.contact, contact.queued_at, event.at, short_abandon_s)
    if contact.offer is not None:
        floor.withdraw_offer(floor.offers[contact.offer], OfferTrigger.WITHDRAWN, OfferOutcome.CANCELLED)
    if event.cut_off:
        floor.keep_place(contact.caller, contact.place_from)
    floor.forget(contact, ContactTrigger.LEFT)


def contact_restored(floor: Floor, event: ContactRestored) -> None:
    contact = floor.contacts.get(event.contact)
    if not CONTACT.allows(event.contact, contact.state if contact else GONE, ContactTrigger.FOUND_TALKING):
        return
    agent = floor.agents.get(event.agent)
    takes = agent is not None and AGENT.allows(
        agent.agent, agent.state, AgentTrigger.CONNECTED, agent.history
    )
    callback = floor.callbacks.get(event.contact)
    known = contact or callback
    terms = floor.queues.get(known.queue if known else event.queue)
    if terms is None:
        raise UnknownEntity("queue", event.queue)
    offer = floor.offers.get(contact.offer) if contact and contact.offer else None
    if offer is not None and offer.agent == event.agent:
        answer(floor, offer, reached=True)
        if callback is not None:
            reached(floor, callback)
        return
    counts = True
    if callback is not None and contact is None:
        contact = talking_contact(callback, event.agent, event.at)
        floor.figures.talks_again(contact.queue)
        floor.admit(contact, ContactTrigger.FOUND_TALKING)
    elif contact is None:
        contact = Contact(
            event.contact,
            event.queue,
            event.priority,
            event.queued_at,
            ContactState.CONNECTED,
            event.at,
            event.agent,
            place_from=event.queued_at,
            steps_from=event.queued_at,
        )
        counts = floor.figures.found_talking(
            event.queue, event.contact, event.queued_at, event.at, terms.timely_s
        )
        floor.admit(contact, ContactTrigger.FOUND_TALKING)
    else:
        connect(floor, contact, event.agent)
    if takes and agent is not None:
        occupy(floor, agent, AgentTrigger.CONNECTED, contact, counts and callback is None)
    if callback is not None:
        reached(floor, callback)


def place_kept(floor: Floor, event: PlaceKept) -> None:
    floor.keep_place(event.caller, event.place_from, event.until)


def contact_served_elsewhere(floor: Floor, event: ContactServedElsewhere) -> None:
    contact = floor.contacts.get(event.contact)
    state = contact.state if contact else GONE
    if not CONTACT.allows(event.contact, state, ContactTrigger.SERVED_ELSEWHERE):
        return
    _no_callback(floor, event.contact, ContactTrigger.SERVED_ELSEWHERE)
    queue = contact.queue if contact else event.queue
    terms = floor.queues.get(queue)
    if terms is None:
        raise UnknownEntity("queue", queue)
    returned = contact is not None and contact.returned
    if contact is not None:
        away = floor.figures.waits_no_more if returned else floor.figures.went_away
        away(queue, contact.contact, contact.queued_at)
        if contact.offer is not None:
            offer = floor.offers[contact.offer]
            floor.withdraw_offer(offer, OfferTrigger.WITHDRAWN, OfferOutcome.CANCELLED)
        floor.forget(contact, ContactTrigger.SERVED_ELSEWHERE)
    queued_at = contact.queued_at if contact else event.queued_at
    if event.takes_callback and not returned:
        floor.figures.took_callback_elsewhere(queue, event.contact, queued_at, event.at)
    elif not returned:
        floor.figures.served_elsewhere(
            queue,
            event.contact,
            queued_at,
            event.answered_at,
            event.at,
            terms.timely_s,
            terms.short_abandon_s,
        )
    agent = floor.agents.get(event.agent) if event.agent is not None else None
    if agent is not None and event.answered_at is not None:
        floor.note_taken(agent, event.answered_at)


def _no_callback(floor: Floor, name: ContactId, trigger: ContactTrigger) -> None:
    """Refuses for a callback's id what only a caller on the line can do."""
    callback = floor.callbacks.get(name)
    if callback is not None:
        raise InvalidTransition(f"callback {name}", callback.state, trigger, callback.history)
