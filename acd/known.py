"""Everything that the router knows at one moment, and how it tells of a change."""

from __future__ import annotations

from collections.abc import Mapping

from acd.effects import AgentChanged, ContactChanged, Effect
from acd.estimate import Pace
from acd.index import ReadyIndex, Stage, WaitingIndex
from acd.metrics import Figures
from acd.model import AgentId, ContactId, Instant, OfferId, Policy, QueueId, QueuePolicy, SeatId, Skill
from acd.ranking import PairRank, criterion_value, scarcity_of
from acd.records import Agent, Callback, Contact, Offer, note
from acd.requirement import Need, need_of
from acd.timers import Timers
from acd.triggers import AgentTrigger, ContactTrigger


class Known:
    """Agents, contacts, offers and their indices. `at` and `cause` are those of the event being handled."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.terms: dict[QueueId, QueuePolicy] = dict(policy.queues)
        """Each queue as configured; `queues` has what holds at this hour."""
        self.queues: dict[QueueId, QueuePolicy] = dict(policy.queues)
        """Those of the policy, and removed ones that still hold contacts."""
        self.needs: dict[QueueId, Need]
        """What any agent of the queue meets."""
        self.scarce: Mapping[AgentId, float]
        """How scarce the skills of each agent are."""
        self.penalised: frozenset[QueueId]
        """Queues for which some agents have a penalty."""
        self.open_contacts: dict[QueueId, int] = {}
        """How many contacts and callbacks each queue holds."""
        self.agents: dict[AgentId, Agent] = {
            agent: Agent(agent, terms) for agent, terms in policy.agents.items()
        }
        self.seats: dict[SeatId, AgentId] = {}
        self.contacts: dict[ContactId, Contact] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.callbacks: dict[ContactId, Callback] = {}
        self.callback_of: dict[str, ContactId] = {}
        """The open callback of each caller who has one."""
        self.broken_promises: dict[ContactId, None] = {}
        """Callbacks whose citizen is being dialled while the agent who was promised to them went away."""
        self.offers_made = 0
        self.paces: dict[QueueId, Pace] = {}
        self.can_ring = True
        """Whether phones can be rung and citizens dialled at all."""
        self.hours_known = False
        """Whether day or night mode has been worked out since the policy came."""
        self.kept_places: dict[str, Instant] = {}
        """Since when callers who were cut off had waited."""
        self.ready = ReadyIndex()
        self.staff = ReadyIndex()
        """Everybody who is logged in, by id."""
        self.waiting = WaitingIndex()
        self.timers = Timers()
        self.figures = Figures(policy.interval_s)
        self.at: Instant = 0.0
        self.cause: str
        self.effects: list[Effect]
        self.unsettled_agents: dict[AgentId, None] = {}
        """Ready agents who may have somebody to serve since the last settling."""
        self.unsettled_contacts: dict[ContactId, None] = {}
        self.derive()

    def derive(self) -> None:
        """Works out what follows from the policy and the queues in force."""
        self.needs = {queue: need_of(terms) for queue, terms in self.queues.items()}
        self.scarce = scarcity_of(self.agents.values(), self.policy)
        self.penalised = frozenset(
            queue
            for agent in self.agents.values()
            for queue, penalty_s in (agent.policy.queues or {}).items()
            if penalty_s
        )

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

    def agent_part(self, agent: Agent, contact: Contact, stage: Stage) -> PairRank:
        """The part of a pair's rank that is about the agent."""
        values = [
            criterion_value(criterion, agent, contact, stage.need.skills, self.scarce)
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
