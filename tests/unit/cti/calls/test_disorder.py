"""Facts that come twice, late or not at all: after the next look at Asterisk all is as if they had come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.effects import MakeOffer
from cti.calls import facts as f
from cti.calls.facts import Fact, LegSnapshot, PbxSnapshot
from cti.calls.model import CallModel
from tests.support.conversation import caller_arrives, leg_started, seat_answers, seat_rings, shown, snapshot

CALL, LEG, EXPERT = "hotline-1.1", "hotline-1.1-o1", "asked-1"
BEGIN = [*caller_arrives(CALL, 0.0), *seat_rings(LEG, "seat-01", CALL, 5.0), *seat_answers(LEG, CALL, 6.0)]
HOLD: list[Fact] = [
    f.LegParted(20.0, "t", CALL, "b1"),
    f.LegParted(20.01, "t", LEG, "b1"),
    f.CallerHeld(20.02, "t", CALL, CALL, LEG),
]
RETRIEVE: list[Fact] = [
    f.RecordingStarted(30.0, "t", LEG, CALL, f"{LEG}_r2"),
    f.LegJoined(30.1, "t", LEG, "b2"),
    f.LegJoined(30.2, "t", CALL, "b2"),
]
ASKED: list[Fact] = [
    leg_started(EXPERT, "seat-02", 22.0, call=CALL, dialled="s"),
    f.LegAnswered(23.0, "t", EXPERT),
    f.RecordingStarted(23.1, "t", EXPERT, CALL, EXPERT),
    f.LegJoined(23.2, "t", EXPERT, "b3"),
    f.LegJoined(23.3, "t", LEG, "b3"),
]
HANDED_OVER: list[Fact] = [
    f.LegParted(40.0, "t", EXPERT, "b3"),
    f.LegParted(40.1, "t", LEG, "b3"),
    f.RecordingStarted(40.2, "t", EXPERT, CALL, f"{EXPERT}_r2"),
    f.LegJoined(40.3, "t", EXPERT, "b4"),
    f.LegJoined(40.4, "t", CALL, "b4"),
    f.LegEnded(40.5, "t", LEG, 16, False),
]
PHONE_HOLDS = f.LegHeld(20.0, "t", LEG)
PHONE_RESUMES = f.LegResumed(30.0, "t", LEG)
LEFT: list[Fact] = [
    f.LegEnded(25.0, "t", LEG, 16, True),
    f.CallerQueued(28.0, "t", CALL, CALL, "general", 0, 3.0),
]


def citizen(place: str, bridge: str | None = None, held_by: str = "") -> LegSnapshot:
    leg = shown(CALL, "trunk", CALL, place=place, bridge=bridge, started_at=1.0)
    return replace(leg, held_by=held_by, on_hold=None if bridge is None else False)


def seat(leg: str, name: str, bridge: str | None, recording: str = "", on_hold: bool = False) -> LegSnapshot:
    seen = shown(leg, name, CALL, place="agent", bridge=bridge, started_at=5.0)
    return replace(seen, recording=recording, on_hold=None if bridge is None else on_hold)


STORIES: dict[str, tuple[list[Fact], tuple[LegSnapshot, ...]]] = {
    "talking": (BEGIN, (citizen("waiting", "b1"), seat(LEG, "seat-01", "b1", LEG))),
    "held by its phone": (
        [*BEGIN, PHONE_HOLDS],
        (citizen("waiting", "b1"), seat(LEG, "seat-01", "b1", LEG, on_hold=True)),
    ),
    "taken up by its phone": (
        [*BEGIN, PHONE_HOLDS, PHONE_RESUMES],
        (citizen("waiting", "b1"), seat(LEG, "seat-01", "b1", LEG)),
    ),
    "held by its phone anew": (
        [*BEGIN, PHONE_HOLDS, PHONE_RESUMES, f.LegHeld(40.0, "t", LEG)],
        (citizen("waiting", "b1"), seat(LEG, "seat-01", "b1", LEG, on_hold=True)),
    ),
    "held by its phone, then by command": (
        [*BEGIN, f.LegHeld(10.0, "t", LEG), *HOLD],
        (citizen("held", held_by=LEG), seat(LEG, "seat-01", None)),
    ),
    "held": ([*BEGIN, *HOLD], (citizen("held", held_by=LEG), seat(LEG, "seat-01", None))),
    "retrieved": (
        [*BEGIN, *HOLD, *RETRIEVE],
        (citizen("held", "b2"), seat(LEG, "seat-01", "b2", f"{LEG}_r2")),
    ),
    "consulting": (
        [*BEGIN, *HOLD, *ASKED],
        (
            citizen("held", held_by=LEG),
            seat(LEG, "seat-01", "b3"),
            seat(EXPERT, "seat-02", "b3", EXPERT),
        ),
    ),
    "handed over": (
        [*BEGIN, *HOLD, *ASKED, *HANDED_OVER],
        (citizen("held", "b4"), seat(EXPERT, "seat-02", "b4", f"{EXPERT}_r2")),
    ),
    "waits again": ([*BEGIN, *HOLD, *LEFT], (citizen("waiting"),)),
}
WHOLE = snapshot(at=0.0)


def told(facts: list[Fact], legs: tuple[LegSnapshot, ...]) -> CallModel:
    model = CallModel(seats=frozenset({"seat-01", "seat-02"}), trunk="trunk")
    model.handle(PbxSnapshot(-1.0, "t", (), (), 0.0))
    model.agent_sat("seat-01", "1001", 0.0, "t")
    model.agent_sat("seat-02", "1002", 0.0, "t")
    for fact in facts:
        model.handle(fact)
    model.handle(replace(WHOLE, at=100.0, legs=legs))
    return model


def stands(model: CallModel) -> object:
    """What holds now: who is connected with whom, who holds whom, who has the citizen in hand."""
    call = model.calls[CALL]
    state = model.state
    connected = sorted(sorted(members) for members in state.bridges.values() if members)
    open_segments = sorted(sorted(segment.legs) for segment in call.talks.values())
    holds = sorted((h.leg, h.kind) for h in call.record.holds if h.ended_at is None)
    waits = call.waits_since is not None and call.hold is None
    return connected, open_segments, holds, state.handler_of(call), waits, call.place, sorted(call.live)


@pytest.mark.parametrize("story", STORIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_comes_twice_and_late_leaves_the_same_record(story: str, data: st.DataObject) -> None:
    facts, legs = STORIES[story]
    again = list(facts)
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(facts) - 1))
        last = data.draw(st.integers(first, len(facts) - 1))
        # A stretch is read again from Asterisk's log, at any time after it happened.
        stretch = facts[first : last + 1]
        latest = max(place for place, fact in enumerate(again) if fact is facts[last])
        place = data.draw(st.integers(latest + 1, len(again)))
        again[place:place] = stretch
    right, repeated = told(facts, legs), told(again, legs)
    assert stands(repeated) == stands(right)
    for part in ("segments", "holds", "legs"):
        assert getattr(repeated.calls[CALL].record, part) == getattr(right.calls[CALL].record, part)


@pytest.mark.parametrize("story", STORIES)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_never_came_is_made_good_by_the_next_look(story: str, data: st.DataObject) -> None:
    facts, legs = STORIES[story]
    kept = [fact for fact in facts if data.draw(st.booleans())]
    assert stands(told(kept, legs)) == stands(told(facts, legs))


def test_an_offer_that_was_answered_unseen_is_in_hand_after_the_next_look() -> None:
    facts, legs = STORIES["talking"]
    model = CallModel(seats=frozenset({"seat-01", "seat-02"}), trunk="trunk")
    model.handle(PbxSnapshot(-1.0, "t", (), (), 0.0))
    model.agent_sat("seat-01", "1001", 0.0, "t")
    for fact in facts[:4]:
        model.handle(fact)
    model.offer_made(MakeOffer("t", LEG, CALL, "1001", "seat-01", 15.0), 4.9)
    model.handle(replace(WHOLE, at=100.0, legs=legs))
    assert model.state.handler_of(model.calls[CALL]) == "1001"
