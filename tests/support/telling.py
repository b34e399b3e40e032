"""A runtime in memory that is told facts and orders, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from acd.model import AgentPolicy, AgentState, Policy, QueuePolicy
from cti.calls import facts as f
from cti.calls.actions import Action, RingSeat, SendSupervisor
from cti.calls.facts import PbxSnapshot
from cti.calls.records import CallRecord
from cti.calls.supervision import Supervision
from cti.commands import BeReady, LogIn
from cti.plan import Plan
from cti.records_json import JSON, decode, decode_call
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import InboxEvent, Step
from cti.verbs.model import Order
from cti.verbs.records import CommandRecord
from tests.support.conversation import caller_arrives, seat_answers, seat_rings, snapshot

CALL = "hotline-1.1"
SEATS = ("seat-01", "seat-02", "seat-03")
A = TypeVar("A", bound=Action)


def policy() -> Policy:
    queues = {"general": QueuePolicy("general", wrap_up_s=10.0), "expert": QueuePolicy("expert")}
    return Policy(queues, {agent: AgentPolicy(agent) for agent in ("1001", "1002", "1003")})


def plan() -> Plan:
    return Plan(
        SEATS,
        "trunk",
        {"1": "break"},
        lambda _at: (0.0, float("inf")),
        supervisors=frozenset({"1003"}),
        take_talk=("Yealink",),
    )


class Telling:
    """Asterisk is in sight from the start; agents and calls come as the test tells."""

    def __init__(self, resume: Resume | None = None, *, now: float = 0.0, sees: PbxSnapshot | None = None):
        self.runtime = Runtime(plan(), policy(), resume or Resume(), now)
        self.steps: list[Step] = [self.runtime.opening]
        self.state: dict[str, JSON] = {}
        self.supervisors_come = True
        """A supervisor's phone is at once where it is sent to."""
        self._orders = 0
        self.tell(sees or snapshot(at=now, reachable=frozenset(SEATS)))

    def tell(self, *events: InboxEvent) -> list[Step]:
        steps: list[Step] = []
        for event in events:
            steps.append(self.runtime.step(event))
            if self.supervisors_come:
                steps += self._supervisors_come(steps[-1], event.at)
        assert [story for step in steps for story in step.illegal] == []
        self.steps += steps
        for step in steps:
            self.state |= step.state
        return steps

    def _supervisors_come(self, step: Step, at: float) -> list[Step]:
        sends = [action for action in step.actions if isinstance(action, SendSupervisor)]
        by_channel = {each.channel: name for name, each in self.runtime.supervisions.open.items()}
        return [
            self.runtime.step(f.SupervisorDoes(at, "t", by_channel[send.channel], send.doing))
            for send in sends
            if send.channel in by_channel
        ]

    def ready(self, agent: str = "1001", seat: str = "seat-01", at: float = 0.0) -> None:
        self.tell(LogIn(at, "t", agent, seat), BeReady(at, "t", agent))

    def talk(self, call: str = CALL, at: float = 5.0, bridge: str = "b1") -> str:
        """A caller arrives and is answered at `at` + 2; gives the seat's leg."""
        [ring] = self.actions(RingSeat, self.tell(*caller_arrives(call, at - 3)))
        rings = seat_rings(ring.leg, ring.seat, call, at)
        self.tell(*rings, *seat_answers(ring.leg, call, at + 2, bridge))
        return ring.leg

    def order(
        self,
        asked: object,
        at: float,
        agent: str | None = "1001",
        *,
        key: str | None = None,
        digest: str = "",
        by: str | None = None,
    ) -> CommandRecord:
        """Gives an order and returns where the command stands then."""
        self._orders += 1
        name = f"command-{self._orders}"
        order = Order(at, "t", name, by or agent or "boss", by is not None or agent is None, agent, key,
                      digest, asked)  # fmt: skip
        step, *_ = self.tell(order)
        if step.refused is not None:
            raise step.refused
        return self.command(step.command)

    def command(self, name: str) -> CommandRecord:
        record = self.runtime.commands.record(name)
        assert record is not None
        return record

    def actions(self, kind: type[A], steps: list[Step] | None = None) -> list[A]:
        told = self.steps if steps is None else steps
        return [action for step in told for action in step.actions if isinstance(action, kind)]

    def agent(self, agent: str) -> AgentState:
        return self.runtime.agents[agent].state

    def agent_leg(self) -> str:
        """The leg at the first seat, of the call's agent."""
        return next(leg.leg for leg in self.record().legs if leg.seat == "seat-01")

    def set_aside(self, at: float) -> str:
        """The citizen hears music and the agent silence; gives the agent's leg."""
        leg = self.agent_leg()
        self.tell(
            f.LegParted(at, "t", CALL, "b1"),
            f.LegParted(at + 0.01, "t", leg, "b1"),
            f.CallerHeld(at + 0.02, "t", CALL, CALL, leg),
        )
        return leg

    def record(self, call: str = CALL) -> CallRecord:
        drafts = [d for step in self.steps for d in step.drafts if (d.kind, d.key) == ("call", call)]
        return decode_call(drafts[-1].body)

    def resume(self) -> Resume:
        """What a journal would give to the next service."""
        commands: Mapping[str, JSON] = {k: v for k, v in self.state.items() if k.startswith("command/") and v}
        supervisions = [
            decode(Supervision, body)
            for key, body in self.state.items()
            if key.startswith("supervision/") and isinstance(body, dict)
        ]
        calls = [
            decode_call(b) for k, b in self.state.items() if k.startswith("call/") and isinstance(b, dict)
        ]
        return Resume(commands=dict(commands), supervisions=supervisions, open_calls=calls)
