"""What agents do with the hold key of their phone: Asterisk tells it live, and shows it when asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cti.calls import facts as f
from cti.calls.facts import Fact
from cti.calls.model import CallModel
from cti.calls.records import HoldKind, HoldRecord
from cti.calls.times import call_times
from tests.support.conversation import caller_arrives, seat_answers, seat_rings, shown, snapshot

CALL, LEG = "hotline-1.1", "hotline-1.1-o1"
TALKING = [*caller_arrives(CALL, 0.0), *seat_rings(LEG, "seat-01", CALL, 5.0), *seat_answers(LEG, CALL, 6.0)]


def told(*facts: Fact) -> CallModel:
    model = CallModel(seats=frozenset({"seat-01"}), trunk="trunk")
    model.handle(snapshot(at=-1.0))
    model.agent_sat("seat-01", "1001", 0.0, "t")
    for fact in (*TALKING, *facts):
        model.handle(fact)
    return model


def look(at: float, on_hold: bool | None) -> f.PbxSnapshot:
    """Both are connected; the agent's phone holds, does not, or Asterisk could not tell."""
    citizen = replace(shown(CALL, "trunk", CALL, place="waiting", bridge="b1"), on_hold=False)
    agent = replace(shown(LEG, "seat-01", CALL, place="agent", bridge="b1", started_at=5.0), on_hold=on_hold)
    return snapshot(citizen, agent, at=at)


def holds(model: CallModel) -> list[HoldRecord]:
    return model.calls[CALL].record.holds


def held(since: float, until: float | None) -> list[HoldRecord]:
    return [HoldRecord(LEG, HoldKind.PHONE, "1001", since, until)]


def test_a_hold_that_nobody_saw_counts_from_the_next_look() -> None:
    model = told(look(20.0, True))
    assert holds(model) == held(20.0, None)
    times = call_times(model.calls[CALL].record, (), 50.0)
    assert (times.talk_s, times.hold_s) == (14.0, 30.0)


def test_a_hold_whose_end_nobody_saw_counts_to_the_next_look() -> None:
    model = told(f.LegHeld(10.0, "t", LEG), look(20.0, False))
    assert holds(model) == held(10.0, 20.0)
    assert model.calls[CALL].hold is None


def test_a_hold_that_goes_on_keeps_its_beginning() -> None:
    assert holds(told(f.LegHeld(10.0, "t", LEG), look(20.0, True))) == held(10.0, None)


@pytest.mark.parametrize("before", [[], [f.LegHeld(10.0, "t", LEG)]])
def test_what_asterisk_could_not_tell_changes_nothing(before: list[Fact]) -> None:
    assert holds(told(*before, look(20.0, None))) == holds(told(*before))


def test_a_service_that_comes_back_sees_that_the_phone_took_the_call_up() -> None:
    record = told(f.LegHeld(10.0, "t", LEG)).calls[CALL].record
    model = CallModel(seats=frozenset({"seat-01"}), trunk="trunk")
    model.restore(record)
    model.handle(look(20.0, False))
    assert holds(model) == held(10.0, 20.0)
    [segment] = record.segments
    assert segment.ended_at is None, "they talked on"


def test_the_far_end_taking_up_its_own_hold_ends_none_by_command() -> None:
    model = told(
        f.LegHeld(10.0, "t", CALL),
        f.LegParted(20.0, "t", CALL, "b1"),
        f.LegParted(20.01, "t", LEG, "b1"),
        f.CallerHeld(20.02, "t", CALL, CALL, LEG),
        f.LegResumed(25.0, "t", CALL),
    )
    hold = model.calls[CALL].hold
    assert hold is not None
    assert hold.kind is HoldKind.SERVICE
