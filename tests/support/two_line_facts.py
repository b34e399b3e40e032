"""What Asterisk 22 tells of an agent's phone with two lines, and what the call model makes of it."""

from __future__ import annotations

from acd import events as acd
from acd.model import AgentId
from cti.calls import facts as f
from cti.calls.facts import Fact, PbxSnapshot
from cti.calls.model import CallModel
from cti.calls.outputs import CallUpdated, Output
from cti.calls.records import CallRecord
from tests.support.conversation import caller_arrives, seat_answers, seat_rings

CALL, FIRST, SECOND, COLLEAGUE = "hotline-1.1", "offer-1", "hotline-2.5", "hotline-2.6"
SEAT, OTHER = "seat-01", "seat-02"
AGENTS = {SEAT: "1001", OTHER: "1002"}


def linked(leg: str, endpoint: str, at: float, to: str, dialled: str = "") -> f.LegStarted:
    return f.LegStarted(at, "t", leg, f"PJSIP/{endpoint}-{leg}", endpoint, None, to, "8001", dialled)


TALKS: list[Fact] = [
    *caller_arrives(CALL, 0.0),
    *seat_rings(FIRST, SEAT, CALL, 5.0),
    *seat_answers(FIRST, CALL, 6.0),
]
RINGS: list[Fact] = [
    f.LegHeld(20.0, "t", FIRST),
    linked(SECOND, SEAT, 21.0, SECOND, "8002"),
    f.SeatDialled(21.01, "t", SECOND, CALL, SEAT, "8002", to_seat=OTHER),
    linked(COLLEAGUE, OTHER, 21.02, SECOND),
    f.LegRinging(21.1, "t", COLLEAGUE),
]
ASKED: list[Fact] = [
    *RINGS,
    f.LegAnswered(25.0, "t", COLLEAGUE),
    f.RecordingStarted(25.01, "t", COLLEAGUE, CALL, COLLEAGUE),
    f.LegAnswered(25.02, "t", SECOND),
    f.LegJoined(25.03, "t", COLLEAGUE, "b2"),
    f.LegJoined(25.04, "t", SECOND, "b2"),
]


LET_GO: list[Fact] = [
    f.LegParted(30.0, "t", SECOND, "b2"),
    f.LegParted(30.0, "t", COLLEAGUE, "b2"),
    f.LegEnded(30.0, "t", SECOND, 16, True),
    f.LegEnded(30.01, "t", COLLEAGUE, 16, False),
]


class Told:
    """A model that sees Asterisk, with two agents."""

    def __init__(self, *facts: Fact) -> None:
        self.model = CallModel(seats=frozenset(AGENTS), trunk="trunk")
        self.outputs: list[Output] = list(self.model.handle(PbxSnapshot(0.0, "t", (), (), 0.0)))
        for seat, agent in AGENTS.items():
            self.outputs += self.model.agent_sat(seat, agent, 0.0, "t")
        self.tell(*facts)

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self.outputs += self.model.handle(fact)

    @property
    def records(self) -> dict[str, CallRecord]:
        return {each.record.call: each.record for each in self.outputs if isinstance(each, CallUpdated)}

    @property
    def busy(self) -> set[AgentId]:
        """Whom the router believes on a call outside of its own, or with a contact that was handed on."""
        agents: set[AgentId] = set()
        for each in self.outputs:
            if isinstance(each, acd.AgentEngaged | acd.ContactRestored):
                agents |= {each.agent} if each.agent is not None else set()
            elif isinstance(each, acd.AgentReleased):
                agents.discard(each.agent)
        return agents


def segments(record: CallRecord) -> list[tuple[set[str], str | None, str | None]]:
    """Who was connected, with which agent, in which recording."""
    return [(set(each.legs), each.agent, each.recorded_leg) for each in record.segments]
