"""What a call was, told live over AMI and told by Asterisk's event log: both go through the call model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from acd.model import SeatId
from cti.ami.cel import read_cel
from cti.ami.decode import LiveDecoder
from cti.ami.messages import AmiMessage
from cti.calls.facts import Fact, PbxSnapshot
from cti.calls.model import CallModel
from cti.calls.outputs import CallUpdated
from cti.calls.records import CallRecord
from tests.support.manager import Message

TRUNK = "trunk"


def live_facts(messages: Iterable[Message]) -> list[Fact]:
    """The facts of AMI messages, a millisecond apart from each other."""
    decoder = LiveDecoder(frozenset({TRUNK}))
    facts: list[Fact] = []
    for place, message in enumerate(messages):
        if "Event" in message:
            facts += decoder.decode(AmiMessage(message), 1000.0 + place / 1000, f"live-{place}")
    return facts


def logged_facts(log: Path) -> list[Fact]:
    return list(read_cel(log, 0.0))


def records(facts: Iterable[Fact], agents: dict[SeatId, str]) -> dict[str, CallRecord]:
    """The calls that follow from the facts, by id."""
    model = CallModel(seats=frozenset(agents), trunk=TRUNK)
    model.handle(PbxSnapshot(0.0, "t", (), (), 0.0))
    for seat, agent in agents.items():
        model.agent_sat(seat, agent, 0.0, "t")
    told = [output for fact in facts for output in model.handle(fact)]
    return {output.record.call: output.record for output in told if isinstance(output, CallUpdated)}


def story(record: CallRecord) -> dict[str, object]:
    """What both ways of telling have in common: all but the times, and what the log does not hold."""
    return {
        "direction": record.direction,
        "dialled": record.dialled,
        "outcome": record.outcome,
        "ended_by": record.ended_by,
        "agent": record.agent,
        "queue": record.queue,
        "legs": [(leg.leg, leg.seat, leg.agent) for leg in record.legs],
        "segments": [
            (each.segment, set(each.legs), each.seat, each.recorded_leg, each.ended_at is not None)
            for each in record.segments
        ],
    }
