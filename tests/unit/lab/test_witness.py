"""What Asterisk's log says of a call in which an agent holds, asks a colleague and hands over."""

from __future__ import annotations

from cti.calls import facts as f
from cti.calls.facts import Fact
from lab.witness import SeenCall, told_by
from tests.support.conversation import agent_hangs_up, caller_arrives, leg_started, seat_answers, seat_rings

CALL, LEG, EXPERT = "c1", "c1-o1", "asked-1"
BEGIN = [*caller_arrives(CALL, 0.0), *seat_rings(LEG, "seat-01", CALL, 5.0), *seat_answers(LEG, CALL, 6.0)]
HELD: list[Fact] = [
    f.LegParted(20.0, "t", CALL, "b1"),
    f.LegParted(20.1, "t", LEG, "b1"),
    f.RecordingFinished(20.2, "t", LEG, CALL, LEG),
]
ASKED: list[Fact] = [
    leg_started(EXPERT, "seat-02", 22.0, call=CALL, dialled="s"),
    f.RecordingStarted(23.1, "t", EXPERT, CALL, EXPERT),
    f.LegJoined(23.2, "t", EXPERT, "b3"),
    f.LegJoined(23.3, "t", LEG, "b3"),
]
HANDED_OVER: list[Fact] = [
    f.LegParted(40.0, "t", EXPERT, "b3"),
    f.LegParted(40.1, "t", LEG, "b3"),
    f.RecordingFinished(40.2, "t", EXPERT, CALL, EXPERT),
    f.RecordingStarted(40.3, "t", EXPERT, CALL, f"{EXPERT}_r2"),
    f.LegJoined(40.4, "t", EXPERT, "b4"),
    f.LegJoined(40.5, "t", CALL, "b4"),
    f.LegEnded(40.6, "t", LEG, 16, False),
]


def seen(*facts: Fact) -> SeenCall:
    return told_by(facts, "trunk").calls[CALL]


def test_a_plain_conversation_is_one_talk_with_one_recording() -> None:
    call = seen(*BEGIN, *agent_hangs_up(LEG, CALL, 30.0))
    [talk] = call.talks
    assert (talk.legs, talk.began_at, talk.ended_at) == (frozenset({CALL, LEG}), 6.0, 30.0)
    assert (call.seat, call.answered_at, call.recorded) == ("seat-01", 6.0, {LEG})
    assert (call.ended_at, call.over_at) == (32.0, 32.0)


def test_a_held_caller_who_is_taken_up_is_in_two_talks_each_with_its_recording() -> None:
    again = f"{LEG}_r2"
    call = seen(
        *BEGIN,
        *HELD,
        f.RecordingStarted(30.0, "t", LEG, CALL, again),
        f.LegJoined(30.1, "t", LEG, "b2"),
        f.LegJoined(30.2, "t", CALL, "b2"),
    )
    assert [talk.recorded for talk in call.talks] == [{LEG: LEG}, {again: LEG}]
    assert call.recorded == {LEG, again}


def test_a_talk_of_two_agents_is_the_callers_too_and_the_call_is_over_with_the_last_of_them() -> None:
    call = seen(*BEGIN, *HELD, *ASKED, *HANDED_OVER)
    assert [talk.legs for talk in call.talks] == [{CALL, LEG}, {LEG, EXPERT}, {CALL, EXPERT}]
    assert [list(talk.recorded) for talk in call.talks] == [[LEG], [EXPERT], [f"{EXPERT}_r2"]]
    left_first = [f.LegEnded(30.0, "t", CALL, 16, True), f.LegEnded(50.0, "t", EXPERT, 16, True)]
    call = seen(*BEGIN, *HELD, *ASKED, *left_first)
    assert (call.ended_at, call.over_at) == (30.0, 50.0)


def test_a_phone_of_the_plain_queue_that_carries_no_call_belongs_to_its_callers() -> None:
    plain = [leg_started("q1", "seat-02", 5.0), *seat_answers("q1", CALL, 6.0)]
    call = seen(*caller_arrives(CALL, 0.0), *plain, f.LegEnded(9.0, "t", CALL, 16, True))
    assert (call.seat, call.recorded) == ("seat-02", {"q1"})
    assert seen(*caller_arrives(CALL, 0.0), *plain, f.LegEnded(11.0, "t", "q1", 16, True)).over_at == 11.0
