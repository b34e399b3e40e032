"""A long day of random events of every kind, the same for the same seed, under policies that use it all."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
from acd.model import (
    AgentPolicy,
    AgentState,
    AnyOf,
    AttemptOutcome,
    Calendar,
    CallbackMode,
    CallbackTerms,
    Criterion,
    Diversion,
    Has,
    Limit,
    NoneOf,
    OfferOutcome,
    OneOf,
    OpeningHours,
    OverflowRule,
    Policy,
    QueuePolicy,
    Reserve,
    RoutingStep,
)
from acd.refusals import InvalidEvent
from acd.router import Router
from tests.unit.acd.floorplan import START, policy

AGENTS = ("ann", "bob", "cyd", "dan", "eve")
CONTACTS = tuple(f"c{number}" for number in range(12))
CALLBACKS = ("k1", "k2", "k3")
CALLERS = ("13800000001", "13800000002", None)
QUEUES = ("p", "q", "r", "gone")
ENDS = tuple(outcome for outcome in OfferOutcome if outcome is not OfferOutcome.ACCEPTED)
WISHES = ((AgentState.READY, None), (AgentState.NOT_READY, "lunch"), (AgentState.LOGGED_OUT, None))
"""What an agent may have asked for during a call."""
EVERY_DAY = tuple(range(7))
HALF_HOURS = Calendar(
    tuple(OpeningHours(EVERY_DAY, begin, begin + 1800.0) for begin in range(0, 86_400, 3600)),
)
"""Closed in the second half of each hour."""
EXPERT = RoutingStep(Has("tax", 4), 20.0)
OWNER = RoutingStep(OneOf(("cyd", "eve")), 10.0, beyond_queue=True)
STAFF: dict[str, Any] = {
    "ann": {"tax": 5, "english": 2},
    "bob": {"tax": 2},
    "cyd": AgentPolicy("cyd", {}, None, 15.0),
    "dan": AgentPolicy("dan", {"english": 5, "tax": 4}, {"q": 20.0, "r": 0.0}),
    "eve": {"law": 3},
}
ORDINARY = policy(
    [
        QueuePolicy("p", {"tax": 2}, steps=(EXPERT,), offer_backoff_s=20.0, weight=2.0),
        QueuePolicy(
            "q",
            priority=1,
            criteria=(Criterion.PREFERRED, Criterion.LEAST_OCCUPIED),
            overflow=(
                OverflowRule(Limit.SIZE, Diversion.QUEUE, 6, "r"),
                OverflowRule(Limit.WAITED, Diversion.CALLBACK, 30),
                OverflowRule(Limit.WAITED, Diversion.MESSAGE, 120, "sorry"),
            ),
            callbacks=CallbackTerms(2, 10.0, 30.0, 5.0, 300.0, 20.0, 1, abandoned_after_s=6.0),
        ),
        QueuePolicy(
            "r",
            requirement=AnyOf((Has("english"), Has("law", 2, 4), NoneOf((Has("tax"), OneOf(("cyd",)))))),
            criteria=(Criterion.FEWEST_SCARCE, Criterion.PROFICIENCY),
            max_offers_per_agent=2,
            wrap_up_s=0.0,
            calendar=HALF_HOURS,
            night_skills={},
            overflow=(OverflowRule(Limit.EXPECTED_WAIT, Diversion.BUSY, 90),),
        ),
        QueuePolicy("gone"),
    ],
    STAFF,
    priority_worth_s=25.0,
    keep_place_s=45.0,
    max_occupancy=0.9,
    interval_s=600.0,
)
RESERVED = replace(
    ORDINARY,
    queues={name: terms for name, terms in ORDINARY.queues.items() if name != "gone"},
    agents={name: terms for name, terms in ORDINARY.agents.items() if name != "eve"},
    reserves=(Reserve("tax", 1, 2),),
    priority_worth_s=None,
    max_occupancy=None,
)
POLICIES = (ORDINARY, RESERVED)
Draw = Callable[["Chance"], Event]


class Chance:
    """What the next event is drawn from."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = START
        self.told = 0

    def event(self, router: Router) -> Event:
        """One event, more often right than not."""
        pick = self.random.choice
        self.told += 1
        floor, now, cause = router._floor, self.now, f"e{self.told}"
        agent, contact, callback = pick(AGENTS), pick(CONTACTS), pick(CALLBACKS)
        queue, offer = pick(QUEUES), pick([*floor.offers, "none-o1-0"])
        states = {name: each.state for name, each in floor.agents.items()}
        busy = [name for name, state in states.items() if state is AgentState.BUSY] or [agent]
        wrapping_up = [name for name, state in states.items() if state is AgentState.WRAP_UP] or [agent]
        steps = pick(((), (), (EXPERT,), (OWNER,), (OWNER, EXPERT)))
        kinds: list[tuple[int, Callable[[], Event]]] = [
            (
                12,
                lambda: ContactQueued(
                    now,
                    cause,
                    contact,
                    queue,
                    pick((0, 0, 2)),
                    now - pick((0.0, 0.0, 9.0)),
                    steps,
                    pick(CALLERS),
                    pick((False, False, True)),
                    pick((None, None, None, callback)),
                ),
            ),
            (4, lambda: ContactAltered(now, cause, contact, pick((None, queue)), pick((None, 1, 3)), steps)),
            (3, lambda: ContactLeft(now, cause, contact, cut_off=pick((False, True)))),
            (1, lambda: ContactLeft(now, cause, contact, waits_elsewhere=True)),
            (1, lambda: ContactLeft(now, cause, contact, takes_callback=True)),
            (
                1,
                lambda: ContactServedElsewhere(
                    now, cause, contact, queue, now - 20, pick((None, now - 3)), pick((None, agent))
                ),
            ),
            (
                1,
                lambda: ContactServedElsewhere(
                    now, cause, contact, queue, now - 20, None, takes_callback=True
                ),
            ),
            (
                2,
                lambda: CallbackRequested(
                    now,
                    cause,
                    callback,
                    queue,
                    pick((-1, 0, 2)),
                    now - 15,
                    pick(CALLERS),
                    pick((None, agent)),
                    pick((None, now + 20)),
                    pick((None, now + 60)),
                    pick((CallbackMode.AGENT_FIRST, CallbackMode.CUSTOMER_FIRST)),
                    steps,
                    dialling=pick((False, False, False, True)),
                ),
            ),
            (
                1,
                lambda: CallbackAltered(
                    now,
                    cause,
                    callback,
                    pick((None, queue)),
                    pick((None, 2)),
                    agent,
                    None,
                    pick((None, now + 5)),
                ),
            ),
            (1, lambda: CallbackCancelled(now, cause, callback, pick((False, True)))),
            (1, lambda: CallbackTaken(now, cause, callback)),
            (
                4,
                lambda: CallbackAttemptEnded(
                    now, cause, callback, pick(tuple(AttemptOutcome)), pick((True, False))
                ),
            ),
            (6, lambda: AgentLoggedIn(now, cause, agent, pick((f"desk-{agent}", "desk-1")))),
            (1, lambda: AgentLoggedOut(now, cause, agent)),
            (1, lambda: AgentMoved(now, cause, agent, pick(("window", "desk-1")))),
            (1, lambda: AgentPhoneLost(now, cause, agent)),
            (1, lambda: AgentPhoneBack(now, cause, agent)),
            (16, lambda: AgentReady(now, cause, agent)),
            (2, lambda: AgentNotReady(now, cause, agent, "lunch")),
            (1, lambda: WrapUpExtended(now, cause, pick(wrapping_up), 6.0)),
            (1, lambda: AgentEngaged(now, cause, agent)),
            (9, lambda: AgentReleased(now, cause, pick(busy))),
            (9, lambda: OfferAnswered(now, cause, offer)),
            (3, lambda: OfferEnded(now, cause, offer, pick(ENDS))),
            (1, lambda: OfferLapsed(now, cause, agent, pick(ENDS))),
            (1, lambda: PlaceKept(now, cause, pick(CALLERS) or "them", now - 30, pick((None, now + 20)))),
            (1, lambda: TelephonyLost(now, cause)),
            (1 if floor.can_ring else 40, lambda: TelephonyBack(now, cause)),
            (3, lambda: TimePassed(now, cause)),
            (1, lambda: PolicyChanged(now, cause, pick(POLICIES))),
            (
                1,
                lambda: AgentRestored(
                    now,
                    cause,
                    agent,
                    "desk-9",
                    pick(tuple(AgentState)),
                    None,
                    now - 9,
                    now + 5,
                    *pick(WISHES),
                ),
            ),
            (1, lambda: ContactRestored(now, cause, contact, queue, 0, now - 30, agent)),
        ]
        [draw] = self.random.choices(
            [draw for _, draw in kinds], weights=[weight for weight, _ in kinds], k=1
        )
        return draw()


def fingerprint(seed: int, events: int, restored_after: int | None = None) -> str:
    """A digest of everything that a router says to a random day, and of what it knows in the end.

    After so many events the router is thrown away and another one goes on from its snapshot.
    """
    chance = Chance(seed)
    rules: Policy = ORDINARY
    router = Router(rules)
    digest = hashlib.sha256()
    for number in range(events):
        if number == restored_after:
            router = Router.restore(rules, json.loads(json.dumps(router.snapshot())))
        chance.now += chance.random.random() * 4
        while (due := router.next_deadline()) is not None and due <= chance.now:
            digest.update(repr(router.handle(TimePassed(due, "wake"))).encode())
        event = chance.event(router)
        try:
            digest.update(repr(router.handle(event)).encode())
        except InvalidEvent as refused:
            digest.update(str(refused).encode())
        else:
            rules = event.policy if isinstance(event, PolicyChanged) else rules
    # Lists keep the order in which things are looked at; the parts of an object have none.
    digest.update(json.dumps(router.snapshot(), sort_keys=True).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    import sys

    print(fingerprint(*map(int, sys.argv[1:])))
