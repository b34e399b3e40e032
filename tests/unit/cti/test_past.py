"""What a new start takes up from the journal of a service that was killed."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from cti.calls import facts as f
from cti.clock import STATE as CLOCK
from cti.commands import LogOut
from cti.due_recordings import STATE as DUE
from cti.journal import Draft, Journal
from cti.past import Past, read_past, recordings_left
from cti.step import RecordingStored
from tests.support.conversation import agent_hangs_up, caller_arrives, seat_answers, seat_rings
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


def talked() -> tuple[Rig, str]:
    """A conversation that is over, and the leg that was recorded."""
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    rig.tell(*agent_hangs_up(ring.leg, CALL, 30.0))
    return rig, ring.leg


def past_after_trim(rig: Rig, path: Path) -> Past:
    """What is known once PostgreSQL has everything and more than a day has passed."""
    journal = Journal.open(path / "journal.sqlite")
    try:
        for step in rig.steps:
            journal.append(step.drafts, step.state)
        later = Draft(3 * 86_400.0, "call", "another", {"call": "another"})
        journal.trim(journal.append([later]) - 1)
        assert [entry.key for entry in journal.read(0, 100)] == ["another"]
        journal.trim(journal.append([Draft(9 * 86_400.0, "audit", "1", {})]))
        return read_past(journal)
    finally:
        journal.close()


def test_a_recording_that_waits_for_its_disk_for_days_is_due_after_a_restart(tmp_path: Path) -> None:
    rig, leg = talked()
    past = past_after_trim(rig, tmp_path / "waits")
    assert [(due.leg, due.call, due.segment, due.started_at) for due in past.due.values()] == [
        (leg, CALL, f"{CALL}/1", 7.0)
    ]
    assert recordings_left(past, {leg: 30.0}, 3 * 86_400.0) == [past.due[leg]]

    rig.tell(RecordingStored(3 * 86_400.0, "t", leg, {"recording": leg}))
    assert past_after_trim(rig, tmp_path / "stored").due == {}


def test_a_journal_of_an_earlier_version_has_what_is_due_in_its_calls_alone(tmp_path: Path) -> None:
    rig, leg = talked()
    for step in rig.steps:
        step.state.pop(DUE + leg, None)
    assert list(past_of(rig, tmp_path).due) == [leg]


def test_an_old_file_of_which_nothing_is_known_is_told_of(tmp_path: Path) -> None:
    rig, leg = talked()
    rig.tell(*caller_arrives("hotline-1.2", 80.0))
    past = past_of(rig, tmp_path)
    pending = {"forgotten": 50.0, "hotline-1.2_r2": 50.0, leg: 30.0, "while away": 120.0, "just before": 99.0}
    with capture_logs() as logs:
        left = recordings_left(past, pending, 100.0)
    assert [due.leg for due in left] == [leg]
    assert logs == [{"event": "recording_without_call", "leg": "forgotten", "log_level": "error"}]
