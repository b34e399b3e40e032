"""Today's figures hold what the calls' records say, whatever the service saw of it."""

from __future__ import annotations

import pytest

from acd.events import TimePassed
from acd.tallies import QueueFigures
from cti.calls import facts as f
from cti.calls.facts import Fact
from tests.support.conversation import (
    agent_hangs_up,
    caller_arrives,
    seat_answers,
    seat_rings,
    shown,
    snapshot,
)
from tests.unit.cti.rig import CALL, DAY_S, Rig, journal_of

LEG = "fallback-leg"


def total(rig: Rig) -> tuple[int, int, int, int]:
    figures = rig.runtime.router.queue_figures(None)
    return figures.offered, figures.answered, figures.timely, figures.abandoned


def killed(rig: Rig, now: float, *facts: Fact, sees: f.PbxSnapshot | None) -> Rig:
    """The service that comes after, with what Asterisk's log tells it; its state survives another kill."""
    again = Rig(journal_of(rig), now=now, sees=False)
    again.tell(*facts)
    again.steps = [*rig.steps, *again.steps]
    if sees is not None:
        again.tell(sees)
    return again


def in_fallback(at: float) -> list[Fact]:
    return [f.CallerFellBack(at, "t", CALL, CALL)]


def answered_in_fallback(at: float) -> list[Fact]:
    return [*in_fallback(at - 3), *seat_rings(LEG, "seat-01", CALL, at - 1), *seat_answers(LEG, CALL, at)]


@pytest.mark.parametrize("twice", [False, True], ids=["killed once", "killed again before it saw Asterisk"])
@pytest.mark.parametrize("over", [False, True], ids=["talks", "over"])
@pytest.mark.parametrize("known", [False, True], ids=["new", "waited before"])
def test_a_caller_answered_while_the_service_was_away_counts_once(
    known: bool, over: bool, twice: bool
) -> None:
    rig = Rig()
    rig.ready_agent()
    rig.ready_agent("1002", "seat-02")
    arrival = caller_arrives(CALL, 2.0)
    if known:
        rig.tell(
            f.LegStarted(1.0, "t", "own", "PJSIP/seat-01-own", "seat-01", None, "own", "", "13900000000")
        )
        rig.tell(
            f.LegStarted(1.0, "t", "two", "PJSIP/seat-02-two", "seat-02", None, "two", "", "13900000000")
        )
        rig.tell(*arrival)
    log: list[Fact] = [*arrival, *answered_in_fallback(12.0)]
    legs: tuple[f.LegSnapshot, ...] = (
        shown(CALL, "trunk", CALL, place="fallback", bridge="b1", queued_at=5.0),
        shown(LEG, "seat-01", CALL, place="agent", bridge="b1", started_at=11.0),
    )
    if over:
        log += agent_hangs_up(LEG, CALL, 30.0)
        legs = ()
    if twice:
        rig = killed(rig, 40.0, *log, sees=None)
    rig = killed(rig, 50.0, *log, sees=snapshot(*legs, at=50.0))
    assert total(rig) == (1, 1, 1, 0)
    agent = rig.runtime.router.agent_figures("1001")
    assert agent is not None
    assert agent.answered == 1


@pytest.mark.parametrize("known", [False, True], ids=["new", "waited before"])
def test_a_caller_who_gave_up_while_the_service_was_away_counts_once(known: bool) -> None:
    rig = Rig()
    arrival = caller_arrives(CALL, 2.0)
    if known:
        rig.tell(*arrival)
    gone = f.LegEnded(20.0, "t", CALL, 16, True)
    rig = killed(rig, 50.0, *arrival, *in_fallback(9.0), gone, sees=snapshot(at=50.0))
    rig = killed(rig, 60.0, gone, sees=snapshot(at=60.0))
    assert total(rig) == (1, 0, 0, 1)


def test_a_lost_connection_is_nobodys_giving_up() -> None:
    rig = Rig()
    rig.tell(*caller_arrives(CALL, 2.0), f.PbxLost(10.0, "t"))
    assert total(rig) == (1, 0, 0, 0)
    rig.tell(snapshot(shown(CALL, "trunk", CALL, place="fallback", queued_at=5.0), at=20.0))
    assert total(rig) == (1, 0, 0, 0)
    rig.tell(f.CallerQueued(21.0, "t", CALL, CALL, "general", 0, 5.0), f.LegEnded(30.0, "t", CALL, 16, True))
    assert total(rig) == (1, 0, 0, 1)


def test_an_answer_by_nobody_we_know_is_an_answer() -> None:
    rig = Rig()
    rig.tell(
        *caller_arrives(CALL, 2.0), *seat_rings("x", "seat-01", CALL, 6.0), *seat_answers("x", CALL, 8.0)
    )
    assert total(rig) == (1, 1, 1, 0)


def day_of(rig: Rig) -> QueueFigures:
    return rig.runtime.router.queue_figures("general")


def test_figures_begin_anew_at_local_midnight_and_what_is_told_late_is_yesterdays() -> None:
    rig = Rig(now=DAY_S - 100)
    rig.tell(*caller_arrives(CALL, DAY_S - 90))
    assert day_of(rig).offered == 1
    rig.tell(TimePassed(DAY_S, "t"))
    assert (day_of(rig).offered, day_of(rig).waiting) == (0, 1)
    rig.tell(f.LegEnded(DAY_S + 5, "t", CALL, 16, True))
    assert day_of(rig).abandoned == 1

    late = caller_arrives("late", DAY_S - 60)
    rig = killed(
        rig, DAY_S + 60, *late, f.LegEnded(DAY_S - 10, "t", "late", 16, True), sees=snapshot(at=DAY_S + 60)
    )
    assert (day_of(rig).offered, day_of(rig).abandoned) == (0, 1)
    yesterday = rig.runtime.router.queue_intervals("general")[0]
    assert (yesterday.ends, yesterday.offered, yesterday.abandoned) == (DAY_S, 2, 1)


def test_a_service_that_comes_back_on_another_day_begins_it() -> None:
    rig = Rig(now=DAY_S - 100)
    rig.ready_agent(at=DAY_S - 90)
    rig.tell(*caller_arrives(CALL, DAY_S - 80), f.LegEnded(DAY_S - 60, "t", CALL, 16, True))
    rig = killed(rig, DAY_S + 10, sees=snapshot(at=DAY_S + 10))
    assert (day_of(rig).offered, day_of(rig).abandoned) == (0, 0)
    agent = rig.runtime.router.agent_figures("1001")
    assert agent is not None
    assert agent.available_s == 10


def test_an_agents_time_goes_on_over_a_restart() -> None:
    rig = Rig()
    rig.ready_agent(at=10.0)
    rig = killed(rig, 100.0, sees=snapshot(at=100.0))
    agent = rig.runtime.router.agent_figures("1001")
    assert agent is not None
    assert (agent.handled_s, agent.available_s) == (0, 90)


def test_what_one_event_changes_of_the_figures_does_not_grow_with_the_day() -> None:
    rig = Rig()
    rig.ready_agent()
    sizes = []
    for number in range(60):
        call, leg, at = f"hotline-{number}", f"leg-{number}", number * 100.0
        steps = rig.tell(
            *caller_arrives(call, at),
            *seat_rings(leg, "seat-02", call, at + 5),
            *seat_answers(leg, call, at + 6),
        )
        steps += rig.tell(*agent_hangs_up(leg, call, at + 50))
        sizes.append(max(sum(key.startswith("figures/") for key in step.state) for step in steps))
    assert max(sizes[30:]) <= max(sizes[:30])


def test_figures_go_on_after_a_restart_and_count_nothing_twice() -> None:
    rig = Rig()
    rig.ready_agent()
    ring = rig.offer(5.0)
    rig.tell(*seat_rings(ring.leg, "seat-01", CALL, 5.0), *seat_answers(ring.leg, CALL, 7.0))
    resumed = Rig(journal_of(rig), now=50.0, sees=False)
    resumed.tell(snapshot(at=50.0))

    total = resumed.runtime.router.queue_figures(None)
    assert (total.offered, total.answered, total.timely, total.abandoned) == (1, 1, 1, 0)


def test_a_caller_who_gives_up_at_once_is_a_short_abandon() -> None:
    rig = Rig()
    rig.tell(*caller_arrives("a", 0.0), f.LegEnded(5.0, "t", "a", 16, True))
    rig.tell(*caller_arrives("b", 0.0), f.LegEnded(60.0, "t", "b", 16, True))

    total = rig.runtime.router.queue_figures(None)
    assert (total.offered, total.abandoned, total.short_abandoned) == (2, 2, 1)


@pytest.mark.parametrize("over", [False, True], ids=["on the line", "over"])
@pytest.mark.parametrize("known", [False, True], ids=["new", "waited before"])
@pytest.mark.parametrize("dies", [False, True], ids=["link lost", "killed"])
def test_a_caller_who_asks_out_of_sight_to_be_called_back_counts_as_one_who_did(
    known: bool, over: bool, dies: bool
) -> None:
    rig = Rig()
    arrival = caller_arrives(CALL, 2.0)
    if known:
        rig.tell(*arrival)
    log: list[Fact] = [*arrival, f.CallbackAsked(12.0, "t", CALL, CALL, "general", 0, 5.0, "13812341234")]
    if over:
        log.append(f.LegEnded(15.0, "t", CALL, 38, False))  # cut off while it was told that it is noted
    there = () if over else (shown(CALL, "trunk", CALL, place="callback", queued_at=5.0),)
    sees = snapshot(*there, at=50.0)
    if dies:
        rig = killed(rig, 50.0, *log, sees=sees)
        rig = killed(rig, 60.0, sees=snapshot(at=60.0))
    else:
        rig.tell(f.PbxLost(6.0, "t"), *log, sees)
    figures = rig.runtime.router.queue_figures(None)
    assert total(rig) == (1, 0, 0, 0)
    assert (figures.took_callback, figures.waiting) == (1, 0)
    assert "contact/" + CALL not in rig.runtime.router.figures_snapshot()
