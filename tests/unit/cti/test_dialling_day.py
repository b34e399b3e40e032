"""A list dialled through the whole step machine, by chance: nobody beyond the rate is without an agent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import pytest

from acd.events import TimePassed
from acd.model import AgentPolicy, CallbackMode, CallbackTerms, Policy, QueuePolicy
from cti.callbacks.pacing import DialTerms
from cti.calls import facts as f
from cti.calls.actions import DialCitizen, RingSeat, SendAway
from cti.commands import BeNotReady, BeReady, LogIn
from cti.plan import Plan
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import InboxEvent
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.verbs.model import Order
from tests.support.conversation import (
    agent_hangs_up,
    caller_arrives,
    leg_started,
    seat_answers,
    seat_rings,
    snapshot,
)

PART = 100
"""Citizens in one command."""
TERMS = CallbackTerms(max_attempts=1, failed_delay_s=86_400.0)
"""Who was abandoned is not called again on that day: with the agent first nothing is left to chance."""


@dataclass
class Day:
    """Asterisk, its phones and the citizens, as they answer by chance."""

    chance: random.Random
    agents: int
    answers: float
    """The probability that a citizen answers."""
    rate: float
    callers_every_s: float | None = None
    leaves: float = 0.0
    """The probability that some agent goes for a break while a citizen's phone rings."""
    now: float = 0.0
    due: list[tuple[float, int, InboxEvent]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)
    rung_for: set[str] = field(default_factory=set)
    """Calls for which a phone rang."""
    sent_away: set[str] = field(default_factory=set)
    dials: list[DialCitizen] = field(default_factory=list)
    most_ahead: int = 0
    """The most citizens under way beyond the agents who were kept free."""
    left: int = 0
    """How often an agent went who was kept free for a citizen."""

    def __post_init__(self) -> None:
        self.names = [f"{1001 + number}" for number in range(self.agents)]
        seats = tuple(f"seat-{name}" for name in self.names)
        plan = Plan(
            seats,
            "trunk",
            {"1": "break"},
            lambda _at: (0.0, float("inf")),
            queue_of={"12345": "general"},
            dialling={"general": DialTerms(CallbackMode.CUSTOMER_FIRST, 40.0, self.rate)},
        )
        queue = QueuePolicy("general", wrap_up_s=3.0, callbacks=TERMS)
        policy = Policy({"general": queue}, {name: AgentPolicy(name) for name in self.names})
        self.runtime = Runtime(plan, policy, Resume(), 0.0)
        self.tell(snapshot(at=0.0, reachable=frozenset(seats)))
        for name, seat in zip(self.names, seats, strict=True):
            self.tell(LogIn(0.0, "t", name, seat))
            self.tell(BeReady(0.0, "t", name))

    def run(self, citizens: int) -> None:
        for part in range(0, citizens, PART):
            rows = tuple(ListedCitizen(f"139{part + row:08}") for row in range(PART))
            asked = AddToCampaign("flu", "general", rows)
            self.tell(Order(0.0, "t", f"list-{part}", "boss", True, None, None, "", asked))
        if self.callers_every_s is not None:
            for number in range(citizens):
                began = self.chance.expovariate(1 / self.callers_every_s) + number * self.callers_every_s
                self.later(caller_arrives(f"caller-{number}", began))
        while (event := self.next_event()) is not None:
            self.tell(event)
            self.check()

    def next_event(self) -> InboxEvent | None:
        deadline = self.runtime.next_deadline()
        if self.due and (deadline is None or self.due[0][0] <= deadline):
            self.now, _, event = heappop(self.due)
            return event
        if deadline is None or not self.runtime.router.callbacks():
            return None
        self.now = max(self.now, deadline)
        return TimePassed(self.now, "timer")

    def tell(self, event: InboxEvent) -> None:
        if isinstance(event, BeNotReady):
            self.left += self.runtime.agents[event.agent].reason == "promised"
        step = self.runtime.step(event)
        assert step.refused is None
        assert not step.illegal
        for action in step.actions:
            match action:
                case DialCitizen():
                    self.dials.append(action)
                    self.rings(action.leg)
                case RingSeat():
                    self.takes(action)
                case SendAway():
                    call = action.channel.removeprefix("PJSIP/trunk-")
                    self.sent_away.add(call)
                    self.later([f.LegEnded(self.now + 4.0, "t", call, 16, False)])

    def rings(self, call: str) -> None:
        answered = self.now + self.chance.uniform(2.0, 30.0)
        self.later([leg_started(call, "trunk", self.now + 0.1, call=call, dialled="")])
        if self.chance.random() < self.leaves:
            self.goes_for_a_break(self.chance.choice(self.names))
        if self.chance.random() >= self.answers:
            self.later([f.LegEnded(answered, "t", call, self.chance.choice((1, 17, 19)), True)])
            return
        queued = answered + 2.0
        self.later([f.LegAnswered(answered, "t", call)])
        self.later([f.CallerQueued(queued, "t", call, call, "general", 0, queued)])

    def goes_for_a_break(self, agent: str) -> None:
        goes = self.now + self.chance.uniform(0.0, 20.0)
        back = goes + self.chance.uniform(5.0, 60.0)
        self.later([BeNotReady(goes, "t", agent, "break"), BeReady(back, "t", agent)])

    def takes(self, ring: RingSeat) -> None:
        self.rung_for.add(ring.call)
        answered = self.now + self.chance.uniform(0.2, 1.5)
        over = answered + self.chance.uniform(5.0, 120.0)
        self.later(seat_rings(ring.leg, ring.seat, ring.call, self.now))
        self.later(seat_answers(ring.leg, ring.call, answered, ring.leg))
        self.later(agent_hangs_up(ring.leg, ring.call, over, ring.leg))

    def later(self, events: Sequence[InboxEvent]) -> None:
        for event in events:
            heappush(self.due, (event.at, next(self.numbers), event))

    def check(self) -> None:
        today = self.runtime.dialler.today("flu", self.now)
        assert today is not None
        assert today.abandoned <= self.rate * today.answered + self.left + 1e-9
        assert today.abandoned == len(self.sent_away)
        ringing = sum(
            call.record.callback is not None and call.record.queued_at is None
            for call in self.runtime.calls.calls.values()
        )
        self.most_ahead = max(self.most_ahead, ringing - self.runtime.router.promised("general"))


@pytest.mark.parametrize("seed", range(3))
def test_with_a_rate_of_nothing_every_citizen_who_answers_has_an_agent_though_callers_call(seed: int) -> None:
    day = Day(random.Random(seed), agents=4, answers=0.5, rate=0.0, callers_every_s=20.0)
    day.run(100)
    assert len(day.dials) == 100
    assert not day.sent_away
    today = day.runtime.dialler.today("flu", day.now)
    assert today is not None
    assert (today.dialled, today.abandoned) == (100, 0)
    answered = {dial.leg for dial in day.dials} & day.rung_for
    assert len(answered) == today.answered > 30


@pytest.mark.parametrize("seed", range(3))
def test_above_it_more_are_dialled_than_agents_are_kept_and_the_share_stays_below_the_rate(seed: int) -> None:
    day = Day(random.Random(seed), agents=8, answers=0.3, rate=0.05)
    day.run(600)
    assert len(day.dials) == 600
    assert day.most_ahead > 0


@pytest.mark.parametrize("seed", range(3))
def test_agents_who_go_while_a_phone_rings_for_them_cost_no_more_than_one_citizen_each(seed: int) -> None:
    day = Day(random.Random(seed), agents=6, answers=0.4, rate=0.05, leaves=0.3, callers_every_s=30.0)
    day.run(300)
    assert len(day.dials) == 300
    assert day.left > 10
