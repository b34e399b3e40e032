"""Transfer to a queue: with which priority, and behind whom, the citizen waits there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.model import Policy
from cti.calls import facts as f
from cti.calls.actions import RingSeat, SetFact
from cti.verbs.parties import Party, To
from cti.verbs.transfer import Transfer
from tests.support import telling
from tests.support.conversation import caller_arrives
from tests.support.telling import CALL, Telling

EXPERT = Party(To.QUEUE, "expert")


def talking(monkeypatch: pytest.MonkeyPatch, transfer_priority: int | None) -> Telling:
    plain = telling.policy()
    expert = replace(plain.queues["expert"], transfer_priority=transfer_priority)
    policy: Policy = replace(plain, queues=dict(plain.queues) | {"expert": expert})
    monkeypatch.setattr(telling, "policy", lambda: policy)
    told = Telling()
    told.ready()
    told.talk()
    return told


@pytest.mark.parametrize(
    ("of_the_queue", "asked", "becomes"),
    [(None, None, 0), (7, None, 7), (-3, None, 0), (7, 3, 3), (7, 9, 9), (None, 4, 4)],
)
def test_the_command_says_the_priority_else_the_queue_says_the_least(
    monkeypatch: pytest.MonkeyPatch, of_the_queue: int | None, asked: int | None, becomes: int
) -> None:
    told = talking(monkeypatch, of_the_queue)
    record = told.order(Transfer(CALL, EXPERT, asked), 20.0)
    assert told.actions(SetFact) == [SetFact(record.command, CALL, "HL_PRIORITY", str(becomes))]


def test_the_citizen_stands_before_all_who_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    told = talking(monkeypatch, None)
    other = "hotline-2.2"
    told.tell(*caller_arrives(other, 8.0, queue="expert"))
    record = told.order(Transfer(CALL, EXPERT), 20.0)
    leg = next(leg.leg for leg in told.record().legs if leg.seat == "seat-01")
    told.tell(
        f.LegParted(20.1, "t", CALL, "b1"),
        f.LegParted(20.1, "t", leg, "b1"),
        f.CallerQueued(20.2, "t", CALL, CALL, "expert", 0, 5.0),
        f.LegEnded(20.3, "t", leg, 16, False),
    )
    assert told.command(record.command).state == "done"
    told.ready("1002", "seat-02", 25.0)
    assert told.actions(RingSeat)[-1].call == CALL
