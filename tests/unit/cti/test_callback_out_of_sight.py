"""Callbacks while Asterisk is out of sight, after a kill of the service or a loss of the link, and then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acd import events as acd
from acd.model import AgentState, CallbackEnd
from cti.callbacks.records import CallbackEntry
from cti.calls import facts as f
from cti.calls.actions import DialFromSeat
from cti.calls.outputs import CallbackReason
from cti.records_json import decode
from cti.step import InboxEvent
from cti.verbs.callbacks import RequestCallback
from cti.verbs.model import Order
from tests.support.conversation import leg_started, shown, snapshot
from tests.unit.cti.rig import CALL
from tests.unit.cti.test_restart import NO_ANSWER, RONA, Place, waits

CITIZEN = "13900000009"
"""Who is to be called back."""


def dialled(place: Place) -> list[DialFromSeat]:
    """The phones that were rung so far to call somebody back."""
    return [dial for dial in place.actions(place.steps, DialFromSeat) if isinstance(dial, DialFromSeat)]


def wanted_back(place: Place, at: float = 5.0) -> None:
    wanted = RequestCallback(CITIZEN, "general", CallbackReason.MANUAL)
    place.tell(Order(at, "t", f"k{at}", "boss", True, None, None, "", wanted))


def rings_back(place: Place) -> DialFromSeat:
    """The phone of agent 1001 rings to call the citizen back, and agent 1002 is ready too."""
    place.ready_agent()
    wanted_back(place)
    [dial] = dialled(place)
    place.tell(leg_started(dial.leg, "seat-01", 5.1, call=dial.leg, dialled="s"))
    place.ready_agent("1002", "seat-02", at=6.0)
    return dial


def rings_back_yet(dial: DialFromSeat, at: float) -> f.PbxSnapshot:
    rings = shown(dial.leg, "seat-01", dial.leg, place="agent", up=False, started_at=5.0)
    return snapshot(replace(rings, callback=dial.callback), at=at)


def out_of_sight(place: Place, *, killed: bool, at: float = 10.0) -> Place:
    """The service that goes on after it was killed, or the same one after it lost its link to Asterisk."""
    if killed:
        return place.killed(now=at)
    place.tell(f.PbxLost(at, "cut"))
    place.steps.clear()
    return place


EITHER = pytest.mark.parametrize("killed", [True, False], ids=["killed", "link lost"])


@EITHER
def test_a_callback_is_offered_as_soon_as_asterisk_is_in_sight_and_not_before(
    tmp_path: Path, killed: bool
) -> None:
    before = Place(tmp_path)
    wanted_back(before)
    if killed:
        before.ready_agent()  # its phone rings for nobody any more when the next service comes
    place = out_of_sight(before, killed=killed)
    if not killed:
        place.ready_agent(at=11.0)
    for at in (11.0, 40.0, 80.0, 300.0):
        place.tell(acd.TimePassed(at, "t"))
    assert dialled(place) == []
    assert place.stands("1001") == (AgentState.READY, None), "nobody is kept for an offer that rings nowhere"
    place.tell(snapshot(at=301.0))
    [dial] = dialled(place)
    assert (dial.seat, dial.number) == ("seat-01", CITIZEN)


def test_an_offer_whose_phone_did_not_ring_when_the_link_was_lost_is_made_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ready_agent()
    wanted_back(place)
    place.tell(f.PbxLost(6.0, "cut"))
    assert place.stands("1001") == (AgentState.READY, None)
    place.tell(snapshot(at=8.0))
    first, second = dialled(place)
    assert first.callback == second.callback
    assert first.leg != second.leg


def test_callers_who_wait_longer_come_before_a_callback_when_asterisk_is_in_sight_again(
    tmp_path: Path,
) -> None:
    before = Place(tmp_path)
    wanted_back(before, at=7.0)
    place = before.killed(now=30.0)
    place.ready_agent(at=30.0)
    place.tell(waits(31.0))
    assert (place.rung, dialled(place)) == ([CALL], [])


@EITHER
def test_while_a_phone_rings_for_a_callback_from_before_nobody_else_is_asked(
    tmp_path: Path, killed: bool
) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    place = out_of_sight(before, killed=killed)
    place.tell(rings_back_yet(dial, 12.0), acd.TimePassed(20.0, "t"))
    assert dialled(place) == []
    assert place.stands("1002") == (AgentState.READY, None)
    place.tell(f.LegEnded(25.0, "t", dial.leg, NO_ANSWER, False))
    assert place.stands("1001") == RONA
    [again] = dialled(place)
    assert (again.callback, again.seat) == (dial.callback, "seat-02")


@EITHER
def test_a_phone_that_rang_for_a_callback_from_before_and_is_answered_dials_once(
    tmp_path: Path, killed: bool
) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    place = out_of_sight(before, killed=killed)
    place.tell(
        rings_back_yet(dial, 12.0),
        f.LegAnswered(14.0, "t", dial.leg),
        f.SeatDialled(14.0, "t", dial.leg, dial.leg, "seat-01", CITIZEN, dial.callback),
        leg_started(f"{dial.leg}-x", "trunk", 14.1, call=dial.leg, dialled=CITIZEN),
        f.LegJoined(18.0, "t", dial.leg, "b9"),
        f.LegJoined(18.0, "t", f"{dial.leg}-x", "b9"),
    )
    assert dialled(place) == []
    [*_, last] = [d.body for step in place.steps for d in step.drafts if d.kind == "callback"]
    assert decode(CallbackEntry, last).end is CallbackEnd.REACHED


def test_a_phone_that_rang_over_two_kills_and_rang_out_between_is_asked_for_no_longer(tmp_path: Path) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    between = before.killed(now=10.0)
    between.tell(rings_back_yet(dial, 12.0))
    last = between.killed(now=40.0)
    last.tell(f.LegEnded(25.0, "t", dial.leg, NO_ANSWER, False), snapshot(at=40.0))
    assert [again.callback for again in dialled(last)] == [dial.callback], "at once"


def answered_and_dials(dial: DialFromSeat, at: float) -> list[InboxEvent]:
    """The agent answers, and the citizen's phone rings."""
    return [
        f.LegAnswered(at, "t", dial.leg),
        f.SeatDialled(at, "t", dial.leg, dial.leg, "seat-01", CITIZEN, dial.callback),
        leg_started(f"{dial.leg}-x", "trunk", at, call=dial.leg, dialled=CITIZEN),
    ]


def citizen_talks(dial: DialFromSeat, at: float) -> list[InboxEvent]:
    return [f.LegJoined(at, "t", leg, "b9") for leg in (dial.leg, f"{dial.leg}-x")]


def citizen_hangs_up(dial: DialFromSeat, at: float) -> list[InboxEvent]:
    citizen = f"{dial.leg}-x"
    return [
        f.LegEnded(at, "t", citizen, 16, True),
        f.LegLeaving(at, "t", dial.leg),
        f.LegEnded(at, "t", dial.leg, 16, False),
    ]


def on_the_line(dial: DialFromSeat, at: float, bridge: str | None) -> f.PbxSnapshot:
    agents = shown(dial.leg, "seat-01", dial.leg, bridge=bridge, place="agent", started_at=5.0)
    citizens = shown(f"{dial.leg}-x", "trunk", dial.leg, bridge=bridge, up=bridge is not None, started_at=8.0)
    return snapshot(agents, replace(citizens, hotline="", queue="", queued_at=None), at=at)


def wraps_up(place: Place) -> tuple[AgentState, float | None, int]:
    """The state of agent 1001, until when, and how many contacts they took today."""
    stands, figures = place.runtime.agents["1001"], place.runtime.router.agent_figures("1001")
    assert figures is not None
    return stands.state, stands.until, figures.answered


def handled_and_talking(place: Place) -> tuple[int, int]:
    figures = place.runtime.router.queue_figures("general")
    return figures.handled, figures.talking


def test_a_citizen_who_is_called_back_and_talks_over_a_kill_is_wrapped_up(tmp_path: Path) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    before.tell(*answered_and_dials(dial, 8.0), *citizen_talks(dial, 12.0))
    place = before.killed(now=50.0)
    assert place.runtime.agents["1001"].until == 50.0 + 10.0, "of its queue, if the talk is over"
    place.tell(on_the_line(dial, 51.0, "b9"), *citizen_hangs_up(dial, 100.0))
    assert wraps_up(place) == (AgentState.WRAP_UP, 110.0, 1)
    place.tell(acd.TimePassed(110.0, "t"))
    assert place.stands("1001") == (AgentState.READY, None)
    assert handled_and_talking(place) == (0, 0), "as of every talk whose answer was counted before a kill"


def test_a_citizen_who_is_called_back_and_talks_over_two_kills_is_wrapped_up(tmp_path: Path) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    between = before.killed(now=7.0)
    between.tell(rings_back_yet(dial, 7.0), *answered_and_dials(dial, 8.0), *citizen_talks(dial, 12.0))
    assert between.runtime.calls.calls[dial.leg].record.queue == "general"
    place = between.killed(now=50.0)
    place.tell(on_the_line(dial, 51.0, "b9"), *citizen_hangs_up(dial, 100.0))
    assert wraps_up(place) == (AgentState.WRAP_UP, 110.0, 1)


def test_a_citizen_who_is_dialled_over_a_kill_and_talks_after_it_counts_as_without(tmp_path: Path) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    before.tell(*answered_and_dials(dial, 8.0))
    place = before.killed(now=10.0)
    place.tell(on_the_line(dial, 10.5, None), *citizen_talks(dial, 12.0), *citizen_hangs_up(dial, 100.0))
    assert wraps_up(place) == (AgentState.WRAP_UP, 110.0, 1)
    place.tell(acd.TimePassed(110.0, "t"))
    assert handled_and_talking(place) == (1, 0)


@EITHER
@pytest.mark.parametrize("seen", [True, False], ids=["in sight", "out of sight"])
def test_who_answers_a_phone_that_rang_for_a_callback_from_before_wraps_up(
    tmp_path: Path, killed: bool, seen: bool
) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    place = out_of_sight(before, killed=killed)
    if seen:
        place.tell(rings_back_yet(dial, 12.0))
    else:  # the log is read from some seconds before the kill
        place.tell(leg_started(dial.leg, "seat-01", 5.1, call=dial.leg, dialled="s"))
    place.tell(*answered_and_dials(dial, 14.0), *citizen_talks(dial, 18.0))
    if not seen:
        place.tell(on_the_line(dial, 50.0, "b9"))
    assert place.stands("1001") == (AgentState.BUSY, None)
    place.tell(*citizen_hangs_up(dial, 100.0), acd.TimePassed(104.0, "t"))
    assert wraps_up(place) == (AgentState.WRAP_UP, 110.0, 1)
    place.tell(acd.TimePassed(110.0, "t"))
    assert handled_and_talking(place) == (1, 0)


@EITHER
def test_a_citizen_who_is_not_reached_by_such_a_phone_is_not_wrapped_up(tmp_path: Path, killed: bool) -> None:
    before = Place(tmp_path)
    dial = rings_back(before)
    place = out_of_sight(before, killed=killed)
    place.tell(
        rings_back_yet(dial, 12.0),
        *answered_and_dials(dial, 14.0),
        f.DialEnded(30.0, "t", dial.leg, dial.leg, "BUSY", 17),
        *citizen_hangs_up(dial, 31.0),
    )
    assert place.stands("1001") == (AgentState.READY, None)
