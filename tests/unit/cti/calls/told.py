"""The call model with one seat that is worked at, and what it said."""

from __future__ import annotations

from typing import Any

from acd import events as acd
from acd.effects import MakeOffer
from cti.calls.facts import Fact, PbxSnapshot
from cti.calls.model import CallModel
from cti.calls.outputs import (
    CallbackWanted,
    CallerAnswered,
    CallUpdated,
    CutOffUnseen,
    Output,
    RecordingDue,
    RecordingVoid,
)
from cti.calls.records import CallRecord
from tests.support.conversation import agent_hangs_up, caller_arrives, seat_answers, seat_rings

SEAT, AGENT, CALL, OFFER = "seat-01", "1001", "hotline-1.1", "hotline-1.1-o1"


def arrival(at: float = 0.0) -> list[Fact]:
    return caller_arrives(CALL, at)


def answer(at: float = 5.0, leg: str = OFFER) -> list[Fact]:
    """The agent's phone rings at `at` and is connected a second later."""
    return [*seat_rings(leg, SEAT, CALL, at), *seat_answers(leg, CALL, at + 1)]


def agent_leaves(at: float = 30.0, leg: str = OFFER) -> list[Fact]:
    return agent_hangs_up(leg, CALL, at)


class Told:
    """A model that sees Asterisk, with what it has said so far."""

    def __init__(self, model: CallModel | None = None, *, sees: bool = True) -> None:
        self.model = model or CallModel(seats=frozenset({SEAT, "seat-02"}), trunk="trunk")
        self.outputs: list[Output] = []
        self.records: dict[str, CallRecord] = {}
        if sees:
            self.model.handle(PbxSnapshot(0.0, "t", (), (), 0.0))
        self.outputs += self.model.agent_sat(SEAT, AGENT, 0.0, "t")

    def tell(self, *facts: Fact) -> list[Output]:
        """Tells facts and returns what followed from these alone."""
        before = len(self.outputs)
        for fact in facts:
            self.outputs += self.model.handle(fact)
        return self._keep(before)

    def offer(self, at: float = 4.9) -> None:
        before = len(self.outputs)
        self.outputs += self.model.offer_made(MakeOffer("t", OFFER, CALL, AGENT, SEAT, 15.0), at)
        self._keep(before)

    def _keep(self, before: int) -> list[Output]:
        for output in self.outputs[before:]:
            if isinstance(output, CallUpdated):
                self.records[output.record.call] = output.record
        return self.outputs[before:]

    def routing(self) -> list[acd.Event]:
        """What the router is told of contacts, agents and offers."""
        apart = (CallUpdated, RecordingDue, RecordingVoid, CallbackWanted, CutOffUnseen, CallerAnswered)
        of_all = (acd.TelephonyLost, acd.TelephonyBack)
        return [o for o in self.outputs if not isinstance(o, apart) and not isinstance(o, of_all)]

    @property
    def record(self) -> CallRecord:
        return self.records[CALL]


def kinds(outputs: list[Any]) -> list[str]:
    return [type(o).__name__ for o in outputs]
