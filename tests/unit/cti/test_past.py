"""What a new start takes up from the journal of a service that was killed."""

from __future__ import annotations

from pathlib import Path

from cti.calls import facts as f
from cti.clock import STATE as CLOCK
from cti.commands import LogOut
from cti.journal import Journal
from cti.past import Past, read_past
from tests.support.conversation import caller_arrives, seat_answers, seat_rings
from tests.unit.cti.rig import CALL, Rig


def past_of(rig: Rig, path: Path) -> Past:
    journal = Journal.open(path / "journal.sqlite")
    try:
        for step in rig.steps:
            journal.append(step.drafts, step.state)
        return read_past(journal)
    finally:
        journal.close()


def test_a_recording_is_due_when_its_leg_has_ended_though_the_caller_still_hears_the_farewell(
    tmp_path: Path,
) -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    assert past_of(rig, tmp_path / "talking").due == {}
    rig.tell(f.LegParted(30.0, "t", ring.leg, "b1"), f.LegEnded(30.0, "t", ring.leg, 16, True))

    past = past_of(rig, tmp_path / "farewell")
    assert [call.call for call in past.resume.open_calls] == [CALL]
    assert [(due.leg, due.call, due.segment) for due in past.due.values()] == [(ring.leg, CALL, f"{CALL}/1")]


def test_the_clock_goes_on_only_for_those_who_are_at_work_or_on_the_line(tmp_path: Path) -> None:
    def kept(rig: Rig, name: str) -> object:
        rig.steps[-1].state[CLOCK] = {"offset_s": 5.0}
        return past_of(rig, tmp_path / name).clock

    assert kept(Rig(), "nobody") is None
    rig = Rig()
    rig.tell(*caller_arrives(CALL, 2.0))
    assert kept(rig, "a caller") == {"offset_s": 5.0}
    rig = Rig()
    rig.ready_agent()
    assert kept(rig, "an agent") == {"offset_s": 5.0}
    rig.tell(LogOut(9.0, "t", "1001"))
    assert kept(rig, "who has gone home") is None


def test_recordings_of_a_call_that_is_over_are_due(tmp_path: Path) -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(f.LegEnded(30.0, "t", ring.leg, 16, True), f.LegEnded(32.0, "t", CALL, 16, False))

    past = past_of(rig, tmp_path)
    assert past.resume.open_calls == []
    assert list(past.due) == [ring.leg]
    assert {CALL, ring.leg} <= set(past.resume.done_legs)
