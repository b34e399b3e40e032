"""Everything the router knows, and the few ways in which it changes: indices, timers and effects go along."""

from __future__ import annotations

from collections.abc import Mapping

from acd.effects import (
    AgentChanged,
    CancelOffer,
    ContactChanged,
    Effect,
    MakeOffer,
    OfferClosed,
)
from acd.index import ReadyIndex, Stage, WaitingIndex
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
    RoutingStep,
    SeatId,
    Skill,
)
from acd.ranking import PairRank, contact_rank, criterion_value, idle_rank, scarcity_of_skills
from acd.records import Agent, Contact, Offer, note
from acd.requirement import Need, need_of, step_key
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
RESTING = "resting"
"""Reason of a ready agent whom the occupancy limit spares for the moment."""
_OFFER_ID_CONTACT_LENGTH = 64
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class Floor:
    """The call center's floor at one moment. `at` and `cause` are those of the event being handled."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.queues: dict[QueueId, QueuePolicy] = dict(policy.queues)
        """Those of the policy, and removed ones that still hold contacts."""
        self.needs: dict[QueueId, Need] = {}
        """What any agent of the queue meets."""
        self.scarcity: Mapping[Skill, float] = {}
        self.penalised: frozenset[QueueId] = frozenset()
        """Queues for which some agents have a penalty."""
        self.open_contacts: dict[QueueId, int] = {}
        self.agents: dict[AgentId, Agent] = {
            agent: Agent(agent, terms) for agent, terms in policy.agents.items()
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
        self.derive()

    def derive(self) -> None:
        """Works out what follows from the policy and the queues in force."""
        self.needs = {queue: need_of(terms) for queue, terms in self.queues.items()}
        self.scarcity = scarcity_of_skills(self.policy)
        self.penalised = frozenset(
            queue
            for agent in self.agents.values()
            for queue, penalty_s in (agent.policy.queues or {}).items()
            if penalty_s
        )

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
        self.count_time(agent)
        if before is AgentState.READY:
            self._leave_ready(agent)
        if before is AgentState.WRAP_UP:
            self.timers.cancel(("wrap_up", agent.agent))
        if state is not before:
            agent.since = self.at
        agent.state, agent.reason, agent.until = state, reason, until
        if before is AgentState.LOGGED_OUT:
            self.enter_staff(agent)
        if state is AgentState.READY:
            agent.occupancy = occupancy(agent)
            if before in (AgentState.BUSY, AgentState.WRAP_UP):
                self._rest_if_due(agent)
            if agent.reason != RESTING:
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

    def count_time(self, agent: Agent) -> None:
        """Adds the time since the last count to what the agent did in it."""
        elapsed = max(0.0, self.at - agent.counted_at)
        if agent.state in (AgentState.BUSY, AgentState.WRAP_UP):
            agent.handled_s += elapsed
        elif agent.state in (AgentState.READY, AgentState.RESERVED):
            agent.available_s += elapsed
        agent.counted_at = self.at

    def enter_ready(self, agent: Agent) -> None:
        self.ready.add(agent, idle_rank(agent))
        self.unsettled_agents[agent.agent] = None
        for reserve in self.policy.reserves:
            if reserve.skill in agent.policy.skills:
                others = self.ready.having(f"skill:{reserve.skill}")
                if len(others) == reserve.keep + 1:
                    self.unsettled_agents.update((name, None) for _, name in others)

    def _leave_ready(self, agent: Agent) -> None:
        if agent.reason == RESTING:
            self.timers.cancel(("rest", agent.agent))
        else:
            self.ready.remove(agent.agent)
            self.unsettled_agents.pop(agent.agent, None)

    def _rest_if_due(self, agent: Agent) -> None:
        limit = self.policy.max_occupancy
        if limit is None or agent.occupancy <= limit:
            return
        rest_s = min(self.policy.max_rest_s, agent.handled_s / limit - agent.handled_s - agent.available_s)
        agent.reason, agent.until = RESTING, self.at + rest_s
        self.timers.set(("rest", agent.agent), agent.until)

    def end_rest(self, agent: Agent) -> None:
        AGENT.check(agent.agent, agent.state, AgentTrigger.RESTED, AgentState.READY)
        agent.reason = agent.until = None
        self.enter_ready(agent)
        self.tell_agent(agent, AgentTrigger.RESTED)

    def agent_part(self, agent: Agent, contact: Contact, stage: Stage) -> PairRank:
        """The part of a pair's rank that is about the agent."""
        values = [
            criterion_value(criterion, agent, contact, stage.need.skills, self.scarcity)
            for criterion in stage.queue.criteria
        ]
        return (*values, agent.idle_since, agent.agent)

    def reserved_for(self, agent: Agent, stage: Stage) -> Skill | None:
        """The skill for whose sake the agent is kept free for more urgent contacts than this stage's."""
        for bit, reserve in enumerate(self.policy.reserves):
            if (
                reserve.skill in agent.policy.skills
                and not stage.key[3] >> bit & 1
                and len(self.ready.having(f"skill:{reserve.skill}")) <= reserve.keep
            ):
                return reserve.skill
        return None

    def tried_in_vain(self, agent: AgentId, contact: Contact) -> bool:
        """Whether the agent did not take this contact before and is not to be asked (yet)."""
        if not contact.tried or agent not in contact.tried:
            return False
        until = contact.tried[agent][1]
        return until is None or until > self.at

    def enter_staff(self, agent: Agent) -> None:
        assert agent.seat is not None
        self.seats[agent.seat] = agent.agent
        self.staff.add(agent, (0.0, agent.agent))
        for stage in self.waiting.matching(agent):
            if not stage.staffed:
                stage.staffed = True
                self._place_again(list(stage.skipped))

    def _leave_staff(self, agent: Agent) -> None:
        assert agent.seat is not None
        self.staff.remove(agent.agent)
        del self.seats[agent.seat]
        agent.seat = None
        for stage in self.waiting.matching(agent):
            if stage.staffed and not self._anybody_for(stage.need):
                stage.staffed = False
                if not stage.final:
                    self._place_again([rank[3] for rank in stage.waiting])
        if agent.agent not in self.policy.agents:
            del self.agents[agent.agent]

    def _anybody_for(self, need: Need) -> bool:
        agents, accepts = self.agents, need.accepts
        return any(accepts(agents[name].policy) for _, name in self.staff.candidates(need))

    def seat_everybody_again(self) -> None:
        """Rebuilds the indices after a change of policy, and has everything matched anew."""
        waiting = [contact for contact in self.contacts.values() if contact.state is ContactState.WAITING]
        for contact in waiting:
            self.leave_waiting(contact)
        self.derive()
        self.ready, self.staff, self.waiting = ReadyIndex(), ReadyIndex(), WaitingIndex()
        self.unsettled_agents.clear()
        for agent in self.agents.values():
            if agent.state is not AgentState.LOGGED_OUT:
                self.staff.add(agent, (0.0, agent.agent))
            if agent.state is AgentState.READY and agent.reason != RESTING:
                self.enter_ready(agent)
        for contact in waiting:
            self.enter_waiting(contact)
        self.unsettled_contacts.clear()

    # Contacts

    def admit(self, contact: Contact, trigger: ContactTrigger) -> None:
        """Takes a contact in that was not known."""
        CONTACT.check(contact.contact, GONE, trigger, contact.state)
        self.contacts[contact.contact] = contact
        self.open_contacts[contact.queue] = self.open_contacts.get(contact.queue, 0) + 1
        if contact.state is ContactState.WAITING:
            self.enter_waiting(contact)
        self.tell_contact(contact, trigger)

    def reinstate(self, contact: Contact) -> None:
        """Takes a contact of a snapshot in, telling nobody."""
        self.contacts[contact.contact] = contact
        self.open_contacts[contact.queue] = self.open_contacts.get(contact.queue, 0) + 1
        if contact.state is ContactState.CONNECTED:
            self.figures.talks_again(contact.queue)
        else:
            self.figures.queued(contact.queue, contact.contact, contact.queued_at)
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

    def enter_waiting(self, contact: Contact) -> None:
        """Puts a waiting contact where its requirement and its rank belong now."""
        contact.placed_at = self.at
        queue = self.queues[contact.queue]
        urgency = self._urgency(queue.priority + contact.priority) if self.policy.reserves else 0
        steps = contact.own_steps + queue.steps
        if steps != contact.steps:
            contact.steps = steps
            contact.step_ends.clear()
        if steps:
            step, skipped = self._present_step(contact, queue, urgency)
        else:
            step, skipped = None, []
        stage = self._stage(queue, step, urgency)
        rank = contact_rank(contact, queue, self.policy)
        self.waiting.add(contact.contact, rank, stage, skipped)
        if contact.tried:
            self._wake_for_retry(contact)
        self.unsettled_contacts[contact.contact] = None

    def _present_step(
        self, contact: Contact, queue: QueuePolicy, urgency: int
    ) -> tuple[RoutingStep | None, list[Stage]]:
        """The first step that is in its time and that somebody logged in can serve (None: all have passed),
        and the stages of those skipped before it. A step's time begins when the one before it is over or is
        skipped.
        """
        ends = contact.step_ends
        skipped: list[Stage] = []
        present: RoutingStep | None = None
        next_end: Instant | None = None
        for number, step in enumerate(contact.steps):
            if number == len(ends):
                begins = contact.place_from if number == 0 else min(ends[-1], self.at)
                ends.append(begins + step.ttl_s)
            if ends[number] <= self.at:
                continue
            next_end = ends[number] if next_end is None else min(next_end, ends[number])
            stage = self._stage(queue, step, urgency)
            if stage.staffed:
                present = step
                break
            skipped.append(stage)
        if next_end is not None:
            self.timers.set(("step", contact.contact), next_end)
        return present, skipped

    def _stage(self, queue: QueuePolicy, step: RoutingStep | None, urgency: int) -> Stage:
        key = step_key(queue.queue, step, urgency)
        stage = self.waiting.stages.get(key)
        if stage is None:
            if step is None:
                need = self.needs[queue.queue]
            else:
                need = need_of(queue, step.requirement, step.beyond_queue)
            stage = Stage(key, queue, need, self._anybody_for(need))
            self.waiting.open(stage, self.staff)
        return stage

    def _urgency(self, priority: int) -> int:
        """Which reserves a contact of this priority may use, one bit each."""
        return sum(
            1 << bit for bit, reserve in enumerate(self.policy.reserves) if priority >= reserve.urgent_from
        )

    def _wake_for_retry(self, contact: Contact) -> None:
        times = [until for _, until in contact.tried.values() if until is not None and until > self.at]
        if times:
            self.timers.set(("retry", contact.contact), min(times))

    def place_again(self, contact: Contact) -> None:
        """Takes a waiting contact out and in again, as its step, queue or priority may have changed."""
        self.leave_waiting(contact)
        self.enter_waiting(contact)

    def _place_again(self, contacts: list[ContactId]) -> None:
        for name in contacts:
            self.place_again(self.contacts[name])

    def leave_waiting(self, contact: Contact) -> None:
        self.waiting.remove(contact.contact)
        self.unsettled_contacts.pop(contact.contact, None)
        if contact.steps:
            self.timers.cancel(("step", contact.contact))
        if contact.tried:
            self.timers.cancel(("retry", contact.contact))

    def forget(self, contact: Contact, trigger: ContactTrigger) -> None:
        """The contact is over."""
        CONTACT.check(contact.contact, contact.state, trigger, GONE)
        if contact.state is ContactState.WAITING:
            self.leave_waiting(contact)
        del self.contacts[contact.contact]
        self._leave_queue(contact.queue)

    def change_queue(self, contact: Contact, queue: QueueId) -> None:
        """The contact belongs to another queue from now on; one that waits is to be placed again."""
        self.figures.moved(contact.queue, queue, contact.contact, contact.queued_at)
        self._leave_queue(contact.queue)
        self.open_contacts[queue] = self.open_contacts.get(queue, 0) + 1
        contact.queue = queue

    def _leave_queue(self, queue: QueueId) -> None:
        left = self.open_contacts[queue] - 1
        if left:
            self.open_contacts[queue] = left
            return
        del self.open_contacts[queue]
        if queue not in self.policy.queues:
            del self.queues[queue], self.needs[queue]

    def tell_contact(self, contact: Contact, trigger: ContactTrigger) -> None:
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
            MakeOffer(
                self.cause,
                offer_id,
                contact.contact,
                agent.agent,
                agent.seat,
                ring_timeout_s,
                self.queues[contact.queue].auto_answer,
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

    def note_tried(self, contact: Contact, agent: AgentId) -> None:
        """The agent did not take the contact: when may they be asked again?"""
        queue = self.queues[contact.queue]
        count = contact.tried[agent][0] + 1 if agent in contact.tried else 1
        if queue.max_offers_per_agent is not None and count >= queue.max_offers_per_agent:
            contact.tried[agent] = (count, None)
        else:
            contact.tried[agent] = (count, self.at + queue.offer_backoff_s)

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


def occupancy(agent: Agent) -> float:
    """Share of the working time counted today that was spent on contacts and other calls; 0 before any."""
    worked = agent.handled_s + agent.available_s
    return agent.handled_s / worked if worked else 0.0


def base36(number: int) -> str:
    """A number in digits and lower case letters, as short as they make it."""
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
        if not number:
            return digits
