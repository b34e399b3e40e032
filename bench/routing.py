"""How fast the routing core decides, against the same work done by scanning: `make bench-acd`.

At each size every agent is logged in and the waiting room is full. Then work goes on as in a busy center: an
agent becomes free and gets the best contact, answers, hangs up and wraps up; another contact arrives for each
one served, some give up, steps run out. Each event's time is that of one `Router.handle`.

The scan does what app_queue and mod_callcenter do: each agent who becomes free is compared with every waiting
contact, each contact that arrives with every agent. Prints a table, writes var/bench/acd.json; exit status 1
when a floor is missed. Each size is measured several times, and the median run counts.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acd.effects import MakeOffer
from acd.events import (
    AgentLoggedIn,
    AgentReady,
    AgentReleased,
    ContactLeft,
    ContactQueued,
    Event,
    OfferAnswered,
    TimePassed,
)
from acd.floor import Floor
from acd.model import AgentPolicy, AgentState, AnyOf, ContactState, Has, Policy, QueuePolicy, RoutingStep
from acd.router import Router

SIZES = ((40, 50, 12), (1_000, 2_000, 60), (10_000, 50_000, 200))
"""Agents, waiting contacts, skills."""
START = 1_763_942_400.0
HANDLING_S = 180.0
REPORT = Path("var/bench/acd.json")
RUNS = 3
FLOOR_EVENTS_PER_S = 20_000
FLOOR_P99_US = 1_000.0
FLOOR_GROWTH = 2.0
"""At the largest size; and how much dearer an event may be there than at the size before."""


def policy(agents: int, skills: int, chance: random.Random) -> Policy:
    """Mixed requirements: queues of one and two skills, alternatives, steps that ask for experts first."""
    names = [f"s{number}" for number in range(skills)]
    queues = []
    for number, skill in enumerate(names):
        other, third = names[(number * 7 + 1) % skills], names[(number * 3 + 2) % skills]
        expert = RoutingStep(Has(skill, 4), 30.0)
        queues += [
            QueuePolicy(f"q{number}", {skill: 1}, wrap_up_s=0.0),
            QueuePolicy(f"expert{number}", {skill: 1}, priority=number % 3, steps=(expert,), wrap_up_s=5.0),
            QueuePolicy(
                f"either{number}",
                requirement=AnyOf((Has(other, 2), Has(third, 3))),
                weight=1.5,
                wrap_up_s=0.0,
            ),
        ]
    return Policy(
        queues={queue.queue: queue for queue in queues},
        agents={
            f"a{number}": AgentPolicy(
                f"a{number}", {skill: chance.randint(1, 5) for skill in chance.sample(names, 6)}
            )
            for number in range(agents)
        },
        priority_worth_s=60.0,
    )


class Center:
    """A busy center in virtual time; keeps each event's real time."""

    def __init__(self, agents: int, waiting: int, skills: int) -> None:
        self.chance = random.Random(agents)  # noqa: S311 - a reproducible load, no secret
        self.policy = policy(agents, skills, self.chance)
        self.queues = list(self.policy.queues)
        self.router = Router(self.policy)
        self.size = waiting
        self.now = START
        self.arrived = 0
        self.decided = 0
        self.times_ns: list[int] = []
        self.talking: list[tuple[str, str]] = []
        self.waiting: list[str] = []
        for number, agent in enumerate(self.policy.agents):
            self.tell(AgentLoggedIn(self.now, "b", agent, f"seat{number}"))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        while len(self.waiting) < waiting:
            self.arrive(self.now - self.chance.random() * 300)
        self.bytes_per_waiting = (tracemalloc.get_traced_memory()[0] - before) / waiting
        tracemalloc.stop()
        self.wake()
        for agent in self.policy.agents:
            self.make_ready(agent)
        while len(self.router._floor.waiting) < waiting:
            self.arrive(self.now)
        self.times_ns.clear()

    def tell(self, event: Event) -> tuple[Any, ...]:
        began = time.perf_counter_ns()
        said = self.router.handle(event)
        self.times_ns.append(time.perf_counter_ns() - began)
        for effect in said:
            if isinstance(effect, MakeOffer):
                self.decided += 1
                self.tell(OfferAnswered(self.now, "b", effect.offer))
                self.talking.append((effect.agent, effect.contact))
        return said

    def wake(self) -> None:
        while (due := self.router.next_deadline()) is not None and due <= self.now:
            self.tell(TimePassed(self.now, "b"))

    def arrive(self, queued_at: float) -> None:
        name = f"c{self.arrived}"
        self.arrived += 1
        self.waiting.append(name)
        self.tell(
            ContactQueued(
                self.now, "b", name, self.chance.choice(self.queues), self.chance.randrange(3), queued_at
            )
        )

    def make_ready(self, agent: str) -> None:
        self.tell(AgentReady(self.now, "b", agent))

    def give_up(self) -> None:
        place = self.chance.randrange(len(self.waiting))
        self.waiting[place], self.waiting[-1] = self.waiting[-1], self.waiting[place]
        contact = self.waiting.pop()
        known = self.router.contact(contact)
        if known is not None and known.state is ContactState.WAITING:
            self.tell(ContactLeft(self.now, "b", contact))

    def turn(self) -> None:
        """One call ends, and what follows from that; somebody arrives; sometimes somebody gives up."""
        self.now += HANDLING_S / max(1, len(self.talking))
        self.wake()
        if self.talking:
            place = self.chance.randrange(len(self.talking))
            self.talking[place], self.talking[-1] = self.talking[-1], self.talking[place]
            agent, contact = self.talking.pop()
            self.tell(ContactLeft(self.now, "b", contact))
            self.tell(AgentReleased(self.now, "b", agent))
        if self.chance.random() < 0.1:
            self.give_up()
        while len(self.router._floor.waiting) < self.size:
            self.arrive(self.now)


def scanned(floor: Floor, chance: random.Random, rounds: int) -> float:
    """Seconds that one event takes by scanning: half of them a freed agent, half a contact that arrives."""
    agents = list(floor.agents.values())
    waiting = [contact for contact in floor.contacts.values() if contact.state is ContactState.WAITING]
    worth = floor.policy.priority_worth_s or 0.0

    def best_contact() -> object:
        agent = chance.choice(agents)
        best: tuple[float, str] | None = None
        for contact in waiting:
            stage = floor.waiting.place_of(contact.contact)[0]
            if stage.need.accepts(agent.policy):
                queue = stage.queue
                start = contact.place_from - (queue.priority + contact.priority) * worth
                score = (-queue.weight * (floor.at - start), contact.contact)
                if best is None or score < best:
                    best = score
        return best

    def best_agent() -> object:
        contact = chance.choice(waiting)
        need = floor.waiting.place_of(contact.contact)[0].need
        best: tuple[float, str] | None = None
        for agent in agents:
            if agent.state is AgentState.READY and need.accepts(agent.policy):
                rank = (agent.idle_since, agent.agent)
                if best is None or rank < best:
                    best = rank
        return best

    def timed(action: Callable[[], object]) -> float:
        began = time.perf_counter()
        for _ in range(rounds):
            action()
        return (time.perf_counter() - began) / rounds

    # A contact's way through the center has these two decisions among its four events.
    return (timed(best_contact) + timed(best_agent)) / 4


def measure(agents: int, waiting: int, skills: int, events: int) -> dict[str, Any]:
    center = Center(agents, waiting, skills)
    # What lives on is out of the collector's sight, as in the service after its start.
    gc.collect()
    gc.freeze()
    runs: list[list[int]] = []
    for _ in range(RUNS):
        center.times_ns.clear()
        center.decided = 0
        while len(center.times_ns) < events:
            center.turn()
        runs.append(sorted(center.times_ns))
    times = sorted(runs, key=sum)[RUNS // 2]
    gc.unfreeze()
    total_s = sum(times) / 1e9
    floor = center.router._floor
    per_event_s = total_s / len(times)
    scan_s = scanned(floor, center.chance, 200 if waiting <= 2_000 else 20)
    return {
        "agents": agents,
        "waiting": len(floor.waiting),
        "events": len(times),
        "events_per_s": round(len(times) / total_s),
        "decisions_per_s": round(center.decided / (sum(runs[-1]) / 1e9)),
        "p50_us": round(times[len(times) // 2] / 1e3, 1),
        "p99_us": round(times[len(times) * 99 // 100] / 1e3, 1),
        "bytes_per_waiting": round(center.bytes_per_waiting),
        "ratio_to_scan": round(scan_s / per_event_s, 3),
    }


def missed(sizes: list[dict[str, Any]]) -> list[str]:
    """Which floors the figures miss."""
    largest = sizes[-1]
    found = []
    if largest["events_per_s"] < FLOOR_EVENTS_PER_S:
        found.append(
            f"{largest['events_per_s']:,} events/s at the largest size, under {FLOOR_EVENTS_PER_S:,}"
        )
    if largest["p99_us"] >= FLOOR_P99_US:
        found.append(f"p99 {largest['p99_us']} us at the largest size, not under {FLOOR_P99_US:g}")
    if growth(sizes) >= FLOOR_GROWTH:
        found.append(f"an event costs {growth(sizes):.2f} times as much as at the size before")
    return found


def growth(sizes: list[dict[str, Any]]) -> float:
    """What an event costs at the largest size, against the one before."""
    cost: float = sizes[-2]["events_per_s"] / sizes[-1]["events_per_s"]
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the routing core against scanning.")
    parser.add_argument("--events", type=int, default=60_000, help="events of each run at each size")
    events = parser.parse_args().events
    sizes = [measure(*size, events) for size in SIZES]
    columns = list(sizes[0])
    print("  ".join(f"{name:>17}" for name in columns))
    for row in sizes:
        print("  ".join(f"{row[name]:>17,}" for name in columns))
    print(f"cost per event, largest against the one before: {growth(sizes):.2f}")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"sizes": sizes}, indent=2) + "\n", encoding="utf-8")
    failed = missed(sizes)
    print(*failed or ["all floors are held"], sep="\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
