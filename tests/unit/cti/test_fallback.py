"""Whom the plain queue may ring, and whom it gives back."""

from __future__ import annotations

from acd import events as acd
from cti.calls import facts as f
from cti.calls.actions import PauseSeat, TakeOver
from cti.commands import BeNotReady, LogOut
from tests.support.conversation import caller_arrives
from tests.unit.cti.rig import CALL, Rig


def test_the_fallback_queue_rings_the_seats_of_willing_agents_alone() -> None:
    rig = Rig()
    paused = {a.seat: a.paused for a in rig.actions(rig.steps, PauseSeat) if isinstance(a, PauseSeat)}
    assert paused == {"seat-01": True, "seat-02": True}

    rig.ready_agent()
    rig.tell(BeNotReady(2.0, "t", "1001", "break"), LogOut(3.0, "t", "1001"))
    told = [(a.seat, a.paused) for a in rig.actions(rig.steps, PauseSeat) if isinstance(a, PauseSeat)]
    ours = [paused for seat, paused in told if seat == "seat-01"]
    assert ours == [True, False, True]


def test_a_caller_in_the_fallback_queue_is_taken_over_and_asked_for_once() -> None:
    rig = Rig()
    rig.tell(*caller_arrives(CALL, 0.0))
    steps = rig.tell(f.CallerFellBack(10.0, "t", CALL, CALL), acd.TimePassed(11.0, "t"))
    assert rig.actions(steps, TakeOver) == [TakeOver("t", f"PJSIP/trunk-{CALL}")]

    steps = rig.tell(acd.TimePassed(16.0, "t"))
    assert len(rig.actions(steps, TakeOver)) == 1
