"""Contacts and offers: how they begin, change and end. Indices, timers and effects go along."""

from __future__ import annotations

from acd.effects import (
    CancelOffer,
    MakeOffer,
    OfferClosed,
)
from acd.model import (
    AgentId,
    AgentState,
    ContactId,
    ContactState,
    Instant,
    OfferId,
    OfferOutcome,
    OfferState,
    QueueId,
)
from acd.records import Agent, Contact, Offer, note
from acd.staff_room import StaffRoom
from acd.states import CONTACT, GONE, OFFER
from acd.triggers import AgentTrigger, ContactTrigger, OfferTrigger

RING_BELT_S = 3.0
"""How much longer than the ring timeout an offer may take before the router cancels it itself."""
CANCEL_GRACE_S = 5.0
"""How long a cancelled offer may take to end."""
LATE_ANSWER_S = 60.0
"""How long an answer to an offer that was given up is still understood."""
_OFFER_ID_CONTACT_LENGTH = 64
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class Floor(StaffRoom):
    """The call center's floor: contacts and offers begin, change and end here, and everything goes along."""

    # Contacts

    def admit(self, contact: Contact, trigger: ContactTrigger) -> None:
        """Takes a contact in that was not known."""
        CONTACT.check(contact.contact, GONE, trigger, contact.state)
        self.contacts[contact.contact] = contact
        self.hold_queue(contact.queue)
        if contact.state is ContactState.WAITING:
            self.enter_waiting(contact)
        self.tell_contact(contact, trigger)

    def reinstate(self, contact: Contact) -> None:
        """Takes a contact of a snapshot in, telling nobody."""
        self.contacts[contact.contact] = contact
        self.hold_queue(contact.queue)
        if contact.state is ContactState.CONNECTED:
            self.figures.talks_again(contact.queue)
        elif contact.callback:
            self.figures.callback_waits(contact.queue, contact.contact, contact.queued_at)
        else:
            self.figures.comes_back(contact.queue, contact.contact, contact.queued_at)
        if contact.state is ContactState.WAITING:
            self.at = contact.placed_at
            self.enter_waiting(contact)

    def move_contact(self, contact: Contact, trigger: ContactTrigger, state: ContactState) -> None:
        CONTACT.check(contact.contact, contact.state, trigger, state)
        if contact.state is ContactState.WAITING:
            self.leave_waiting(contact)
        contact.state, contact.since = state, self.at
        if state is ContactState.WAITING:
            self.enter_waiting(contact)
        self.tell_contact(contact, trigger)

    def forget(self, contact: Contact, trigger: ContactTrigger) -> None:
        """The contact is over."""
        CONTACT.check(contact.contact, contact.state, trigger, GONE)
        if contact.state is ContactState.WAITING:
            self.leave_waiting(contact)
        del self.contacts[contact.contact]
        self.leave_queue(contact.queue)

    def change_queue(self, contact: Contact, queue: QueueId) -> None:
        """The contact belongs to another queue from now on; one that waits is to be placed again."""
        if contact.callback:
            self.figures.callback_left(contact.queue, contact.contact, contact.queued_at)
            self.figures.callback_waits(queue, contact.contact, contact.queued_at)
        elif contact.returned:
            self.figures.waits_in(contact.queue, queue, contact.contact, contact.queued_at)
        else:
            self.figures.moved(contact.queue, queue, contact.contact, contact.queued_at, self.at)
        self.hold_queue(queue)
        self.leave_queue(contact.queue)
        contact.queue = queue

    def hold_queue(self, queue: QueueId) -> None:
        """The queue has one more that keeps it from being forgotten."""
        self.open_contacts[queue] = self.open_contacts.get(queue, 0) + 1

    def leave_queue(self, queue: QueueId) -> None:
        """The queue has one less; a removed one without any is forgotten."""
        left = self.open_contacts[queue] - 1
        if left:
            self.open_contacts[queue] = left
            return
        del self.open_contacts[queue]
        if queue not in self.policy.queues:
            del self.queues[queue], self.terms[queue], self.needs[queue]
            self.paces.pop(queue, None)
            self.timers.cancel(("hours", queue))

    # Offers

    def make_offer(self, agent: Agent, contact: Contact, offer_id: OfferId) -> None:
        assert agent.seat is not None
        ring_timeout_s = self.queues[contact.queue].ring_timeout_s
        offer = Offer(offer_id, contact.contact, contact.queue, agent.agent, agent.seat, self.at)
        OFFER.check(offer_id, OfferState.GONE, OfferTrigger.MADE, offer.state)
        note(offer.history, self.at, OfferTrigger.MADE, offer.state)
        self.offers[offer_id] = offer
        self.timers.set(("offer", offer_id), self.at + ring_timeout_s + RING_BELT_S)
        self.effects.append(
            MakeOffer(
                self.cause,
                offer_id,
                contact.contact,
                agent.agent,
                agent.seat,
                ring_timeout_s,
                self.queues[contact.queue].auto_answer,
                contact.callback,
                contact.queue,
            )
        )
        agent.offer = contact.offer = offer_id
        agent.contact, contact.agent = contact.contact, agent.agent
        agent.next_state, agent.next_reason = AgentState.READY, None
        self.move_agent(agent, AgentTrigger.OFFERED, AgentState.RESERVED)
        self.move_contact(contact, ContactTrigger.OFFERED, ContactState.OFFERED)

    def new_offer_id(self, contact: ContactId) -> OfferId:
        """An id that no other offer has, before or after a restart, fit to name a channel and a file.

        The contact's id alone is not enough, as it outlives a restart; the counter starts again then, and the
        millisecond does not come again.
        """
        self.offers_made += 1
        plain = "".join(c if (c.isascii() and c.isalnum()) or c in ".-" else "-" for c in contact)
        moment = max(0, round(self.at * 1000))
        return f"{plain[-_OFFER_ID_CONTACT_LENGTH:]}-o{self.offers_made}-{base36(moment)}"

    def note_tried(self, contact: Contact, agent: AgentId, at: Instant, least_s: float = 0.0) -> None:
        """The agent did not take the contact at that time: when may they be asked again?

        Not before `least_s` seconds are over.
        """
        queue = self.queues[contact.queue]
        count = contact.tried[agent][0] + 1 if agent in contact.tried else 1
        if queue.max_offers_per_agent is not None and count >= queue.max_offers_per_agent:
            contact.tried[agent] = (count, None)
        else:
            contact.tried[agent] = (count, at + max(queue.offer_backoff_s, least_s))

    def withdraw_offer(self, offer: Offer, trigger: OfferTrigger, outcome: OfferOutcome) -> None:
        """Stops the ringing, unless that is under way already. Its end is still to come."""
        if not OFFER.allows(offer.offer, offer.state, trigger, offer.history):
            return
        OFFER.check(offer.offer, offer.state, trigger, OfferState.ENDING)
        offer.state, offer.outcome = OfferState.ENDING, outcome
        note(offer.history, self.at, trigger, offer.state)
        self.effects.append(CancelOffer(self.cause, offer.offer))
        self.timers.set(("offer", offer.offer), self.at + CANCEL_GRACE_S)

    def give_up_offer(self, offer: Offer) -> None:
        OFFER.check(offer.offer, offer.state, OfferTrigger.OVERDUE, OfferState.GIVEN_UP)
        offer.state = OfferState.GIVEN_UP
        note(offer.history, self.at, OfferTrigger.OVERDUE, offer.state)
        self.timers.set(("offer", offer.offer), self.at + LATE_ANSWER_S)

    def drop_offer(self, offer: Offer) -> None:
        del self.offers[offer.offer]
        self.timers.cancel(("offer", offer.offer))

    def tell_offer_closed(self, offer: Offer, outcome: OfferOutcome) -> None:
        self.effects.append(
            OfferClosed(
                at=self.at,
                cause=self.cause,
                offer=offer.offer,
                contact=offer.contact,
                queue=offer.queue,
                agent=offer.agent,
                seat=offer.seat,
                made_at=offer.made_at,
                outcome=outcome,
            )
        )


def base36(number: int) -> str:
    """A number in digits and lower case letters, as short as they make it."""
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
        if not number:
            return digits
