"""What an agent's own phone does with two lines: it asks a colleague and transfers to them, and what may come
between. In the order in which Asterisk 22 told it (`tests/integration/test_dialplan_consult.py`).
"""

from __future__ import annotations

from acd import events as acd
from cti.calls import facts as f
from cti.calls.facts import Fact
from cti.calls.outputs import RecordingDue
from cti.calls.records import CallOutcome, Direction, EndedBy, HoldKind
from cti.calls.times import call_times
from tests.support.two_line_facts import (
    ASKED,
    CALL,
    COLLEAGUE,
    FIRST,
    LET_GO,
    OTHER,
    RINGS,
    SEAT,
    SECOND,
    TALKS,
    Told,
    linked,
    segments,
)


def test_who_is_asked_beside_a_call_is_a_part_of_it_and_both_agents_are_busy() -> None:
    told = Told(*TALKS, *RINGS)
    assert told.busy == {"1001", "1002"}
    told.tell(*ASKED[len(RINGS) :])
    [record] = told.records.values()
    assert (record.call, record.direction) == (CALL, Direction.INBOUND)
    assert [leg.leg for leg in record.legs] == [CALL, FIRST, SECOND, COLLEAGUE]
    assert segments(record) == [
        ({CALL, FIRST}, "1001", FIRST),
        ({SECOND, COLLEAGUE}, "1001", COLLEAGUE),
    ]
    [hold] = record.holds
    assert (hold.kind, hold.leg, hold.agent, hold.ended_at) == (HoldKind.PHONE, FIRST, "1001", None)


HANDED_OVER: list[Fact] = [
    f.LegResumed(40.0, "t", FIRST),
    f.LegResumed(40.001, "t", SECOND),
    f.LegParted(40.002, "t", CALL, "b1"),
    f.LegParted(40.003, "t", SECOND, "b2"),
    f.LegJoined(40.004, "t", CALL, "b2"),
    f.LegParted(40.005, "t", FIRST, "b1"),
    f.LegEnded(40.01, "t", SECOND, 16, False),
    f.RecordingFinished(40.02, "t", FIRST, CALL, FIRST),
    f.LegLeaving(40.03, "t", FIRST),
    f.LegEnded(40.04, "t", FIRST, 16, True),
]


def test_a_transfer_hands_the_citizen_over_with_one_recording_of_what_the_colleague_heard() -> None:
    told = Told(*TALKS, *ASKED, *HANDED_OVER)
    assert told.busy == {"1002"}
    told.tell(
        f.LegParted(60.0, "t", CALL, "b1"),
        f.LegParted(60.0, "t", COLLEAGUE, "b1"),
        f.LegEnded(60.0, "t", CALL, 16, True),
        f.LegEnded(60.1, "t", COLLEAGUE, 16, False),
    )
    assert told.busy == set()
    [record] = told.records.values()
    assert segments(record) == [
        ({CALL, FIRST}, "1001", FIRST),
        ({SECOND, COLLEAGUE}, "1001", COLLEAGUE),
        ({CALL, COLLEAGUE}, "1002", COLLEAGUE),
    ]
    assert (record.agent, record.ended_by) == ("1001", EndedBy.CALLER)
    due = [(each.leg, each.segment) for each in told.outputs if isinstance(each, RecordingDue)]
    assert due == [(FIRST, f"{CALL}/1"), (COLLEAGUE, f"{CALL}/2")]
    times = call_times(record, (), 0.0)
    assert (round(times.talk_s, 1), round(times.hold_s, 1)) == (34.0, 20.0)


def test_who_lets_the_colleague_go_has_the_citizen_as_before_who_ends_the_call() -> None:
    told = Told(*TALKS, *ASKED, *LET_GO)
    assert told.busy == {"1001"}
    told.tell(f.LegResumed(31.0, "t", FIRST), f.LegEnded(50.0, "t", CALL, 16, True))
    told.tell(f.LegEnded(50.1, "t", FIRST, 16, False))
    [record] = told.records.values()
    assert record.ended_by is EndedBy.CALLER
    [hold] = record.holds
    assert hold.ended_at == 31.0


def test_a_colleague_who_refuses_leaves_no_segment() -> None:
    told = Told(*TALKS, *RINGS)
    told.tell(f.LegEnded(24.0, "t", COLLEAGUE, 17, True), f.LegEnded(24.1, "t", SECOND, 17, False))
    assert told.busy == {"1001"}
    [record] = told.records.values()
    assert len(record.segments) == 1
    assert record.segments[0].ended_at is None


def test_a_citizen_who_hangs_up_on_hold_ended_the_call_though_the_two_talk_on() -> None:
    told = Told(
        *TALKS, *ASKED, f.LegEnded(28.0, "t", CALL, 16, True), f.LegEnded(28.1, "t", FIRST, 16, False)
    )
    assert told.busy == {"1001", "1002"}
    told.tell(*LET_GO)
    assert told.busy == set()
    [record] = told.records.values()
    assert (record.ended_by, record.ended_at) == (EndedBy.CALLER, 30.01)


def test_a_call_from_seat_to_seat_is_one_of_its_own() -> None:
    dialled = f.SeatDialled(21.01, "t", SECOND, SECOND, SEAT, "8002", to_seat=OTHER)
    told = Told(*(dialled if isinstance(fact, f.SeatDialled) else fact for fact in ASKED[1:]))
    assert told.busy == {"1001", "1002"}
    told.tell(*LET_GO)
    assert told.busy == set()
    [record] = told.records.values()
    assert (record.call, record.direction, record.outcome) == (
        SECOND,
        Direction.INTERNAL,
        CallOutcome.ANSWERED,
    )
    assert (record.number, record.dialled, record.agent, record.seat) == ("", "8002", "1001", SEAT)
    assert segments(record) == [({SECOND, COLLEAGUE}, "1001", COLLEAGUE)]
    assert round(call_times(record, (), 0.0).talk_s, 1) == 5.0


def test_an_internal_call_that_nobody_takes_is_unanswered() -> None:
    told = Told(
        linked(SECOND, SEAT, 21.0, SECOND, "8002"),
        f.SeatDialled(21.01, "t", SECOND, SECOND, SEAT, "8002", to_seat=OTHER),
        linked(COLLEAGUE, OTHER, 21.02, SECOND),
        f.LegEnded(23.0, "t", COLLEAGUE, 17, True),
        f.LegEnded(23.1, "t", SECOND, 17, False),
    )
    [record] = told.records.values()
    assert record.outcome is CallOutcome.UNANSWERED


def test_who_leaves_a_conference_in_which_others_talk_on_did_not_end_the_call() -> None:
    told = Told(*TALKS, *ASKED)
    told.tell(
        *(
            f.LegJoined(30.0 + place / 100, "t", leg, "b9")
            for place, leg in enumerate((CALL, FIRST, COLLEAGUE))
        ),
        *LET_GO[2:3],
        f.LegLeaving(50.0, "t", FIRST),
        f.LegParted(50.0, "t", FIRST, "b9"),
        f.LegEnded(50.01, "t", FIRST, 16, True),
        f.LegEnded(55.0, "t", CALL, 16, True),
        f.LegEnded(55.1, "t", COLLEAGUE, 16, False),
    )
    assert told.records[CALL].ended_by is EndedBy.CALLER


def test_who_dials_as_the_phone_has_just_hung_up_begins_a_call_of_its_own() -> None:
    """The dialplan still saw the first line's leg, which Asterisk was about to end."""
    told = Told(
        *TALKS,
        f.LegLeaving(20.0, "t", FIRST),
        linked(SECOND, SEAT, 20.01, SECOND, "13900000009"),
        f.SeatDialled(20.02, "t", SECOND, CALL, SEAT, "13900000009"),
        f.LegParted(20.03, "t", FIRST, "b1"),
        f.LegEnded(20.04, "t", FIRST, 16, True),
        f.LegEnded(22.0, "t", CALL, 16, False),
    )
    assert told.records[CALL].ended_at == 22.0
    assert told.records[SECOND].direction is Direction.OUTBOUND
    assert told.records[SECOND].ended_at is None


EARLY: list[Fact] = [
    *RINGS,
    f.LegResumed(23.0, "t", FIRST),
    f.LegParted(23.01, "t", CALL, "b1"),
    f.LegEnded(23.02, "t", SECOND, 16, False),
    f.LegParted(23.03, "t", FIRST, "b1"),
    f.RecordingFinished(23.04, "t", FIRST, CALL, FIRST),
    f.LegLeaving(23.05, "t", FIRST),
    f.LegEnded(23.06, "t", FIRST, 16, True),
]


def test_a_transfer_while_the_colleagues_phone_rings_frees_the_agent_and_goes_on_with_the_answer() -> None:
    told = Told(*TALKS, *EARLY)
    assert told.busy == {"1002"}
    told.tell(
        f.LegAnswered(26.0, "t", COLLEAGUE),
        f.RecordingStarted(26.01, "t", COLLEAGUE, CALL, COLLEAGUE),
        f.LegJoined(26.02, "t", COLLEAGUE, "b3"),
        f.LegJoined(26.03, "t", CALL, "b3"),
    )
    assert told.busy == {"1002"}
    [record] = told.records.values()
    assert segments(record) == [({CALL, FIRST}, "1001", FIRST), ({CALL, COLLEAGUE}, "1002", COLLEAGUE)]


def test_nobody_answers_whom_a_ringing_phone_was_left_with_and_the_citizen_waits_again() -> None:
    told = Told(*TALKS, *EARLY)
    told.tell(
        f.LegEnded(53.0, "t", COLLEAGUE, 19, False),
        f.CallerQueued(53.01, "t", CALL, CALL, "general", 0, 3.0),
    )
    assert told.busy == set()
    [queued] = [each for each in told.outputs if isinstance(each, acd.ContactQueued)][1:]
    assert (queued.contact, queued.queued_at, queued.returned) == (CALL, 3.0, True)
    told.tell(f.LegEnded(60.0, "t", CALL, 16, True))
    assert told.records[CALL].ended_by is EndedBy.CALLER


def test_a_citizen_who_gives_up_while_the_colleagues_phone_rings_ended_the_call() -> None:
    told = Told(*TALKS, *EARLY, f.LegEnded(30.0, "t", CALL, 16, True))
    told.tell(f.LegEnded(30.1, "t", COLLEAGUE, 0, False))
    assert told.busy == set()
    assert told.records[CALL].ended_by is EndedBy.CALLER
