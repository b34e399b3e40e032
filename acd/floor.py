"""Everything the router knows, and the few ways in which it changes: indices, timers and effects go along."""

from __future__ import annotations

from acd.effects import (
    AgentChanged,
    CancelOffer,
    ContactChanged,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.index import ReadyIndex, WaitingIndex
from acd.metrics import Figures
from acd.model import (
    AgentId,
    AgentState,
    ContactId,
    ContactState,
    Instant,
    OfferId,
    OfferOutcome,
    Policy,
    QueueId,
    QueuePolicy,
    SeatId,
)
from acd.ranking import agent_rank, contact_rank
from acd.records import Agent, Contact, Offer, note
from acd.requirement import Need, need_of_skills
from acd.states import (
    AGENT,
    CONTACT,
    GONE,
    OFFER,
    AgentTrigger,
    ContactTrigger,
    OfferState,
    OfferTrigger,
)
from acd.timers import Timers

RING_BELT_S = 3.0
"""How much longer than the ring timeout an offer may take before the router cancels it itself."""
CANCEL_GRACE_S = 5.0
"""How long a cancelled offer may take to end."""
LATE_ANSWER_S = 60.0
"""How long an answer to an offer that was given up is still understood."""
_OFFER_ID_CONTACT_LENGTH = 64
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class Floor:
    """The call center's floor at one moment. `at` and `cause` are those of the event being handled."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.queues: dict[QueueId, QueuePolicy] = dict(policy.queues)
        """Those of the policy, and removed ones that still hold contacts."""
        self.needs: dict[QueueId, Need] = {
            queue: need_of_skills(terms.required_skills) for queue, terms in self.queues.items()
        }
        self.open_contacts: dict[QueueId, int] = {}
        self.agents: dict[AgentId, Agent] = {
            agent: Agent(agent, terms.skills) for agent, terms in policy.agents.items()
        }
        self.seats: dict[SeatId, AgentId] = {}
        self.contacts: dict[ContactId, Contact] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.offers_made = 0
        self.ready = ReadyIndex()
        self.staff = ReadyIndex()
        """Everybody who is logged in, by id."""
        self.waiting = WaitingIndex()
        self.timers = Timers()
        self.figures = Figures()
        self.at: Instant = 0.0
        self.cause = ""
        self.effects: list[Effect] = []
        self.unsettled_agents: dict[AgentId, None] = {}
        """Ready agents who may have somebody to serve since the last settling."""
        self.unsettled_contacts: dict[ContactId, None] = {}

    # Agents

    def move_agent(
        self,
        agent: Agent,
        trigger: AgentTrigger,
        state: AgentState,
        reason: str | None = None,
        until: Instant | None = None,
    ) -> None:
        """Puts the agent into a state that the table allows, and tells."""
        AGENT.check(agent.agent, agent.state, trigger, state)
        before = agent.state
        if before is AgentState.READY:
            self.ready.remove(agent.agent)
            self.unsettled_agents.pop(agent.agent, None)
        if before is AgentState.WRAP_UP:
            self.timers.cancel(("wrap_up", agent.agent))
        if state is not before:
            agent.since = self.at
        agent.state, agent.reason, agent.until = state, reason, until
        if before is AgentState.LOGGED_OUT:
            self.enter_staff(agent)
        if state is AgentState.READY:
            self.enter_ready(agent)
        elif state is AgentState.WRAP_UP and until is not None:
            self.timers.set(("wrap_up", agent.agent), until)
        self.tell_agent(agent, trigger)
        if state is AgentState.LOGGED_OUT:
            self._leave_staff(agent)

    def tell_agent(self, agent: Agent, trigger: AgentTrigger) -> None:
        """Notes the trigger in the agent's story and emits how the agent stands."""
        note(agent.history, self.at, trigger, agent.state)
        self.effects.append(
            AgentChanged(
                at=self.at,
                cause=self.cause,
                agent=agent.agent,
                seat=agent.seat,
                state=agent.state,
                reason=agent.reason,
                since=agent.since,
                until=agent.until,
                contact=agent.contact,
                next_state=agent.next_state,
                next_reason=agent.next_reason,
            )
        )

    def enter_ready(self, agent: Agent) -> None:
        self.ready.add(agent, agent_rank(agent))
        self.unsettled_agents[agent.agent] = None

    def enter_staff(self, agent: Agent) -> None:
        assert agent.seat is not None
        self.seats[agent.seat] = agent.agent
        self.staff.add(agent, (0.0, agent.agent))

    def _leave_staff(self, agent: Agent) -> None:
        assert agent.seat is not None
        self.staff.remove(agent.agent)
        del self.seats[agent.seat]
        agent.seat = None
        if agent.agent not in self.policy.agents:
            del self.agents[agent.agent]

    def reskill(self, agent: Agent, skills: dict[str, int]) -> None:
        """Gives the agent other skills, wherever the agent is indexed."""
        changed = Agent(agent.agent, skills)
        for index in (self.ready, self.staff):
            if agent.agent in index:
                index.remove(agent.agent)
        agent.skills, agent.keys = changed.skills, changed.keys
        if agent.state is not AgentState.LOGGED_OUT:
            self.staff.add(agent, (0.0, agent.agent))
        if agent.state is AgentState.READY:
            self.ready.add(agent, agent_rank(agent))

    # Contacts

    def admit(self, contact: Contact, trigger: ContactTrigger) -> None:
        """Takes a contact in that was not known."""
        CONTACT.check(contact.contact, GONE, trigger, contact.state)
        self.contacts[contact.contact] = contact
        self.open_contacts[contact.queue] = self.open_contacts.get(contact.queue, 0) + 1
        if contact.state is ContactState.WAITING:
            self.enter_waiting(contact)
        self._tell_contact(contact, trigger)

    def reinstate(self, contact: Contact) -> None:
        """Takes a contact of a snapshot in, telling nobody."""
        self.contacts[contact.contact] = contact
        self.open_contacts[contact.queue] = self.open_contacts.get(contact.queue, 0) + 1
        if contact.state is ContactState.CONNECTED:
            self.figures.talks_again(contact.queue)
        else:
            self.figures.queued(contact.queue, contact.contact, contact.queued_at)
        if contact.state is ContactState.WAITING:
            self.enter_waiting(contact)

    def move_contact(self, contact: Contact, trigger: ContactTrigger, state: ContactState) -> None:
        CONTACT.check(contact.contact, contact.state, trigger, state)
        if contact.state is ContactState.WAITING:
            self.leave_waiting(contact)
        contact.state, contact.since = state, self.at
        if state is ContactState.WAITING:
            self.enter_waiting(contact)
        self._tell_contact(contact, trigger)

    def enter_waiting(self, contact: Contact) -> None:
        queue = self.queues[contact.queue]
        rank = contact_rank(contact, queue)
        self.waiting.add(contact.contact, rank, contact.queue, contact.queue, self.needs[contact.queue])
        self.unsettled_contacts[contact.contact] = None

    def leave_waiting(self, contact: Contact) -> None:
        self.waiting.remove(contact.contact)
        self.unsettled_contacts.pop(contact.contact, None)

    def forget(self, contact: Contact, trigger: ContactTrigger) -> None:
        """The contact is over."""
        CONTACT.check(contact.contact, contact.state, trigger, GONE)
        if contact.state is ContactState.WAITING:
            self.leave_waiting(contact)
        del self.contacts[contact.contact]
        left = self.open_contacts[contact.queue] - 1
        if left:
            self.open_contacts[contact.queue] = left
        else:
            del self.open_contacts[contact.queue]
            if contact.queue not in self.policy.queues:
                del self.queues[contact.queue], self.needs[contact.queue]

    def _tell_contact(self, contact: Contact, trigger: ContactTrigger) -> None:
        note(contact.history, self.at, trigger, contact.state)
        self.effects.append(
            ContactChanged(
                at=self.at,
                cause=self.cause,
                contact=contact.contact,
                queue=contact.queue,
                state=contact.state,
                agent=contact.agent,
            )
        )

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
            MakeOffer(self.cause, offer_id, contact.contact, agent.agent, agent.seat, ring_timeout_s)
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
