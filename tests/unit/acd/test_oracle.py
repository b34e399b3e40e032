"""Each decision against the definition, which scores every pair, over many random floors."""

from __future__ import annotations

import random

from acd.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentNotReady,
    AgentReady,
    AgentReleased,
    ContactAltered,
    ContactLeft,
    ContactQueued,
    Event,
    OfferAnswered,
    OfferEnded,
    PolicyChanged,
)
from acd.model import (
    AgentPolicy,
    AllOf,
    AnyOf,
    Criterion,
    Has,
    NoneOf,
    OfferOutcome,
    OneOf,
    Policy,
    QueuePolicy,
    Requirement,
    Reserve,
    RoutingStep,
)
from tests.unit.acd.effort import effort
from tests.unit.acd.floorplan import START
from tests.unit.acd.watch import Watched

STATES = effort(4000)
STATES_PER_FLOOR = 250
SKILLS = ("tax", "law", "english", "korean", "dialect")
ENDS = (OfferOutcome.NO_ANSWER, OfferOutcome.REJECTED, OfferOutcome.BUSY, OfferOutcome.FAILED)


class Floors:
    """Random policies and events, of everything that bears on a decision."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.agents = [f"a{number}" for number in range(self.chance.randint(2, 12))]
        self.queues = [f"q{number}" for number in range(self.chance.randint(1, 5))]

    def requirement(self, depth: int = 2) -> Requirement:
        chance = self.chance
        kind = chance.randrange(5 if depth else 2)
        if kind == 0:
            return OneOf(tuple(sorted(chance.sample(self.agents, 2))))
        if kind == 1:
            least = chance.randint(1, 4)
            return Has(chance.choice(SKILLS), least, chance.randint(least, 5))
        parts = tuple(self.requirement(depth - 1) for _ in range(chance.randint(1, 2)))
        return (AllOf, AnyOf, NoneOf)[kind - 2](parts)

    def steps(self) -> tuple[RoutingStep, ...]:
        chance = self.chance
        return tuple(
            RoutingStep(self.requirement(), chance.choice((5.0, 20.0, 60.0)), chance.random() < 0.3)
            for _ in range(chance.choice((0, 0, 1, 2)))
        )

    def policy(self) -> Policy:
        chance = self.chance
        queues = [
            QueuePolicy(
                name,
                required_skills={chance.choice(SKILLS): chance.randint(1, 3)}
                if chance.random() < 0.6
                else {},
                priority=chance.randrange(3),
                wrap_up_s=0.0,
                requirement=self.requirement() if chance.random() < 0.2 else None,
                steps=self.steps(),
                weight=chance.choice((1.0, 1.0, 2.0)),
                criteria=tuple(chance.sample(list(Criterion), chance.randint(0, 3))),
                offer_backoff_s=chance.choice((0.0, 20.0)),
                max_offers_per_agent=chance.choice((None, None, 2)),
            )
            for name in self.queues
        ]
        agents = [
            AgentPolicy(
                name,
                {skill: chance.randint(1, 5) for skill in chance.sample(SKILLS, chance.randrange(5))},
                None
                if chance.random() < 0.7
                else {queue: chance.choice((0.0, 15.0)) for queue in self.queues if chance.random() < 0.7},
            )
            for name in self.agents
        ]
        return Policy(
            queues={queue.queue: queue for queue in queues},
            agents={agent.agent: agent for agent in agents},
            priority_worth_s=chance.choice((None, 30.0)),
            reserves=(Reserve(chance.choice(SKILLS), 1, 2),) if chance.random() < 0.3 else (),
            max_occupancy=chance.choice((None, None, 0.9)),
        )

    def event(self, watched: Watched, now: float, number: int) -> Event:
        chance, floor = self.chance, watched.router._floor
        agent = chance.choice(self.agents)
        offers, contacts = list(floor.offers), list(floor.contacts)
        kind = chance.randrange(20)
        if kind < 2:
            return AgentLoggedIn(now, "o", agent, f"seat-{agent}")
        if kind < 6:
            return AgentReady(now, "o", agent)
        if kind < 7:
            quiet = chance.random() < 0.3
            return AgentLoggedOut(now, "o", agent) if quiet else AgentNotReady(now, "o", agent, "lunch")
        if kind < 9:
            return AgentReleased(now, "o", agent)
        if kind < 11 and offers:
            return OfferAnswered(now, "o", chance.choice(offers))
        if kind < 13 and offers:
            return OfferEnded(now, "o", chance.choice(offers), chance.choice(ENDS))
        if kind < 14 and contacts:
            return ContactLeft(now, "o", chance.choice(contacts))
        if kind < 15 and contacts:
            queue = chance.choice((None, *self.queues))
            return ContactAltered(now, "o", chance.choice(contacts), queue, chance.randrange(4))
        if kind == 15 and chance.random() < 0.1:
            return PolicyChanged(now, "o", self.policy())
        return ContactQueued(
            now,
            "o",
            f"c{number}",
            chance.choice(self.queues),
            chance.randrange(3),
            now - chance.choice((0.0, 7.0, 30.0)),
            self.steps(),
        )


def test_each_decision_is_the_best_of_all_pairs() -> None:
    decisions = 0
    for seed in range(max(1, STATES // STATES_PER_FLOOR)):
        floors = Floors(seed)
        watched = Watched(floors.policy(), decisions_only=True)
        now = START
        for number in range(STATES_PER_FLOOR):
            now += floors.chance.random() * 6
            watched.wake(now)
            watched.tell(floors.event(watched, now, number))
        decisions += watched.decisions
    assert decisions > STATES // 20
