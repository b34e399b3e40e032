"""An agent's phone with a line for the citizen and one for a colleague, and who holds whom meanwhile."""

from __future__ import annotations

from acd import events as acd
from cti.calls import facts as f
from cti.calls.facts import Fact
from cti.calls.records import CallRecord, Direction, EndedBy, HoldKind
from cti.calls.times import call_times
from tests.support.two_line_facts import (
    ASKED,
    CALL,
    COLLEAGUE,
    FIRST,
    OTHER,
    RINGS,
    SEAT,
    SECOND,
    TALKS,
    Told,
    linked,
    segments,
)


def holds(record: CallRecord) -> list[tuple[HoldKind, str, float, float | None]]:
    return [(hold.kind, hold.leg, hold.started_at, hold.ended_at) for hold in record.holds]


def held(told: Told) -> bool:
    """Whether the citizen is."""
    return told.model.calls[CALL].hold is not None


def let_go(at: float) -> list[Fact]:
    """The agent ends the second line."""
    return [
        f.LegLeaving(at, "t", SECOND),
        f.LegParted(at, "t", SECOND, "b2"),
        f.LegParted(at, "t", COLLEAGUE, "b2"),
        f.LegEnded(at, "t", SECOND, 16, True),
        f.LegEnded(at, "t", COLLEAGUE, 16, False),
    ]


def test_between_two_lines_the_citizen_is_held_only_while_the_phone_holds_their_line() -> None:
    told = Told(*TALKS, *ASKED)
    assert held(told)
    told.tell(f.LegHeld(30.0, "t", SECOND), f.LegResumed(30.1, "t", FIRST))
    assert not held(told)  # it is the colleague who hears music
    told.tell(f.LegHeld(40.0, "t", FIRST), f.LegResumed(40.1, "t", SECOND))
    assert held(told)
    told.tell(*let_go(50.0), f.LegResumed(51.0, "t", FIRST), f.LegEnded(60.0, "t", CALL, 16, True))
    told.tell(f.LegEnded(60.0, "t", FIRST, 16, False))

    [record] = told.records.values()
    assert holds(record) == [
        (HoldKind.PHONE, FIRST, 20.0, 30.1),
        (HoldKind.PHONE, SECOND, 30.0, 40.1),
        (HoldKind.PHONE, FIRST, 40.0, 51.0),
    ]
    assert segments(record) == [
        ({CALL, FIRST}, "1001", FIRST),
        ({SECOND, COLLEAGUE}, "1001", COLLEAGUE),
    ]
    times = call_times(record, (), 60.0)
    assert (round(times.talk_s, 1), round(times.hold_s, 1)) == (32.9, 21.1)


def test_a_citizen_who_leaves_first_ended_the_call_though_their_leg_is_told_to_end_last() -> None:
    told = Told(*TALKS, *ASKED)
    told.tell(
        f.LegParted(30.0, "t", CALL, "b1"),
        f.LegParted(30.01, "t", FIRST, "b1"),
        f.LegEnded(30.02, "t", FIRST, 16, False),
        *let_go(30.05),
        f.LegEnded(30.1, "t", CALL, 16, True),
    )
    [record] = told.records.values()
    assert record.ended_by is EndedBy.CALLER


def test_an_agent_who_ended_the_talk_ended_the_call_though_the_citizen_hangs_up_too() -> None:
    told = Told(*TALKS)
    told.tell(
        f.LegParted(30.0, "t", FIRST, "b1"),
        f.LegParted(30.01, "t", CALL, "b1"),
        f.LegEnded(30.02, "t", FIRST, 16, True),
        f.LegEnded(35.0, "t", CALL, 16, True),
    )
    [record] = told.records.values()
    assert record.ended_by is EndedBy.AGENT


HELD: list[Fact] = [
    f.LegParted(18.0, "t", CALL, "b1"),
    f.LegParted(18.0, "t", FIRST, "b1"),
    f.CallerHeld(18.01, "t", CALL, CALL, FIRST),
    f.RecordingFinished(18.01, "t", FIRST, CALL, FIRST),
]
"""By command. RINGS and ASKED follow: the phone holds its line too, as it does when the second one dials."""


def test_whom_the_phone_asks_while_the_citizen_is_held_by_command_is_a_part_of_the_same_call() -> None:
    told = Told(*TALKS, *HELD, *ASKED)
    [record] = told.records.values()
    assert (record.call, record.direction) == (CALL, Direction.INBOUND)
    assert [leg.leg for leg in record.legs] == [CALL, FIRST, SECOND, COLLEAGUE]
    assert segments(record)[-1] == ({SECOND, COLLEAGUE}, "1001", COLLEAGUE)
    assert holds(record) == [(HoldKind.SERVICE, CALL, 18.0 + 0.01, None)]
    assert told.busy == {"1001", "1002"}


def test_the_citizen_is_taken_up_by_command_and_hears_the_agent_once_the_phone_does_too() -> None:
    told = Told(*TALKS, *HELD, *ASKED, *let_go(30.0))
    assert told.busy == {"1001"}
    told.tell(f.LegJoined(32.0, "t", FIRST, "b3"), f.LegJoined(32.01, "t", CALL, "b3"))
    assert held(told)  # the phone still holds its line
    told.tell(f.LegResumed(33.0, "t", FIRST))
    assert not held(told)
    [record] = told.records.values()
    assert holds(record) == [
        (HoldKind.SERVICE, CALL, 18.01, 32.01),
        (HoldKind.PHONE, FIRST, 32.0, 33.0),
    ]
    assert round(call_times(record, (), 40.0).hold_s, 1) == 15.0


def test_a_phone_that_may_have_resumed_while_nobody_looked_is_not_taken_to_hold_on() -> None:
    told = Told(*TALKS, *HELD, RINGS[0], f.PbxLost(22.0, "t"))
    told.tell(f.LegJoined(32.0, "t", FIRST, "b3"), f.LegJoined(32.01, "t", CALL, "b3"))
    assert not held(told)


TAKEN_IN_THE_AGENTS_PLACE: list[Fact] = [
    f.LegParted(40.0, "t", SECOND, "b2"),
    f.LegParted(40.0, "t", COLLEAGUE, "b2"),
    f.LegEnded(40.01, "t", SECOND, 16, False),
    f.LegEnded(40.02, "t", FIRST, 16, False),
    f.RecordingFinished(40.7, "t", COLLEAGUE, CALL, COLLEAGUE),
    f.RecordingStarted(40.8, "t", COLLEAGUE, CALL, f"{COLLEAGUE}_r2"),
    f.LegJoined(40.81, "t", CALL, "b4"),
    f.LegJoined(40.82, "t", COLLEAGUE, "b4"),
]
"""Asterisk puts the colleague in the place of the first line's leg, from where they take the citizen up."""


def test_the_phone_hands_a_citizen_over_who_is_held_by_command() -> None:
    told = Told(*TALKS, *HELD, *ASKED, *TAKEN_IN_THE_AGENTS_PLACE)
    assert told.busy == {"1002"}
    [queued] = [each for each in told.outputs if isinstance(each, acd.ContactQueued)]
    assert not queued.returned  # nobody lost them on the way
    told.tell(f.LegEnded(60.0, "t", CALL, 16, True), f.LegEnded(60.1, "t", COLLEAGUE, 16, False))
    [record] = told.records.values()
    assert segments(record) == [
        ({CALL, FIRST}, "1001", FIRST),
        ({SECOND, COLLEAGUE}, "1001", COLLEAGUE),
        ({CALL, COLLEAGUE}, "1002", f"{COLLEAGUE}_r2"),
    ]
    assert (record.ended_by, holds(record)) == (EndedBy.CALLER, [(HoldKind.SERVICE, CALL, 18.01, 40.81)])


def test_an_agent_who_ends_the_first_line_gives_the_citizen_back_though_the_second_goes_on() -> None:
    told = Told(*TALKS, *HELD, *ASKED)
    told.tell(
        f.LegLeaving(30.0, "t", FIRST),
        f.LegEnded(30.0, "t", FIRST, 16, True),
        f.CallerQueued(33.0, "t", CALL, CALL, "general", 0, 3.0),
    )
    *_, queued = [each for each in told.outputs if isinstance(each, acd.ContactQueued)]
    assert (queued.contact, queued.queued_at, queued.returned) == (CALL, 3.0, True)
    assert told.busy == {"1001", "1002"}


def test_a_phone_that_dials_once_the_held_citizen_has_gone_begins_a_call_of_its_own() -> None:
    told = Told(*TALKS, *HELD, f.LegEnded(20.9, "t", CALL, 16, True), *RINGS[1:])
    assert told.records[SECOND].direction is Direction.INTERNAL
    assert [leg.seat for leg in told.records[SECOND].legs] == [SEAT, OTHER]


def test_what_a_phone_that_holds_one_line_dials_outside_is_a_part_of_the_call_too() -> None:
    dialled = f.SeatDialled(21.01, "t", SECOND, CALL, SEAT, "13900000009")
    told = Told(*TALKS, *HELD, RINGS[0], linked(SECOND, SEAT, 21.0, SECOND, "13900000009"), dialled)
    assert list(told.records) == [CALL]
