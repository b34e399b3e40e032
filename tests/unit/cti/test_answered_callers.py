"""Who called again and was answered is not called back, whichever way they were answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.model import AttemptOutcome, CallbackEnd, CallbackState
from cti.calls import facts as f
from cti.calls.actions import DialFromSeat, RingParty, RingSeat
from cti.calls.facts import Fact
from cti.calls.outputs import CallbackReason
from cti.commands import BeReady, LogIn
from cti.records_json import JSON
from cti.resuming import Resume
from cti.verbs.callbacks import CancelCallback, RequestCallback
from cti.verbs.model import Order
from cti.verbs.park import PickUp
from tests.support.conversation import (
    NUMBER,
    agent_hangs_up,
    caller_arrives,
    leg_started,
    seat_answers,
    seat_rings,
    shown,
    snapshot,
)
from tests.unit.cti.rig import Rig
from tests.unit.cti.test_flows_runtime import CALL, NEXT, asked, entries, hangs_up, rig

MISSED = f"cb-{CALL}"


def missed() -> Rig:
    """A citizen who waited, gave up at 60 s, and is to be called back."""
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0), hangs_up(CALL, 60.0))
    assert open_ones(one) == [MISSED]
    return one


def open_ones(one: Rig) -> list[str]:
    return [each.callback for each in one.runtime.router.callbacks()]


def answered(leg: str, at: float, call: str = NEXT) -> list[Fact]:
    return [*seat_rings(leg, "seat-01", call, at - 2), *seat_answers(leg, call, at)]


def order(asked: object, at: float, command: str = "k1") -> Order:
    return Order(at, "t", command, "1001", False, "1001", None, "", asked)


def wish(at: float, command: str = "k1") -> Order:
    return order(RequestCallback(NUMBER, "general", CallbackReason.REQUESTED), at, command)


def is_cleared(one: Rig, at: float) -> None:
    over = entries(one.steps)[-1]
    assert (over.callback, over.end, over.ended_at) == (MISSED, CallbackEnd.CALLED_AGAIN, at)
    assert open_ones(one) == []


def taken_up(one: Rig, now: float) -> Rig:
    """The next service on the same journal, before it has seen Asterisk."""
    state: dict[str, JSON] = {}
    for step in one.steps:
        state |= step.state
    kept: dict[str, JSON] = {
        key: body for key, body in state.items() if key.startswith("callback/") and body is not None
    }
    again = Rig(Resume(callbacks=kept), now=now, sees=False, terms=one.runtime.in_force.plan)
    assert open_ones(again) == open_ones(one)
    return again


def test_by_pick_up() -> None:
    one = missed()
    one.tell(LogIn(90.0, "t", "1001", "seat-01"), *caller_arrives(NEXT, 100.0))
    one.tell(order(PickUp(NEXT), 110.0))
    [ring] = one.actions(one.steps, RingParty)
    assert isinstance(ring, RingParty)
    one.tell(*answered(ring.leg, 114.0))
    is_cleared(one, 114.0)


def test_by_the_plain_queue_while_the_service_lives() -> None:
    one = missed()
    one.tell(*caller_arrives(NEXT, 100.0), f.CallerFellBack(110.0, "t", NEXT, NEXT))
    one.tell(*answered("plain", 115.0))
    is_cleared(one, 115.0)


def test_by_the_plain_queue_while_no_service_lived() -> None:
    again = taken_up(missed(), now=200.0)
    again.tell(*caller_arrives(NEXT, 100.0), f.CallerFellBack(110.0, "t", NEXT, NEXT))
    again.tell(*answered("plain", 115.0), *agent_hangs_up("plain", NEXT, 130.0))
    is_cleared(again, 115.0)


def test_by_an_offer_that_was_made_before_a_restart() -> None:
    one = missed()
    one.tell(*caller_arrives(NEXT, 100.0))
    record = one.runtime.calls.calls[NEXT].record
    again = taken_up(one, now=105.0)
    again.runtime.calls.restore(record)
    again.tell(*answered("rings-on", 108.0))
    is_cleared(again, 108.0)


def test_by_an_answer_that_only_the_next_look_at_asterisk_tells_of() -> None:
    one = missed()
    one.tell(*caller_arrives(NEXT, 100.0))
    one.tell(f.PbxLost(105.0, "t"))
    talks = [
        shown(NEXT, "trunk", NEXT, bridge="b1", place="waiting", queued_at=103.0, started_at=100.0),
        shown("seen-late", "seat-01", NEXT, bridge="b1", place="agent", started_at=104.0),
    ]
    one.tell(snapshot(*talks, at=110.0))
    is_cleared(one, 110.0)


def test_by_an_agent_who_answers_as_they_ask_to_be_called_back() -> None:
    one = rig()
    one.ready_agent(at=5.0)
    [ring] = one.actions(one.tell(*caller_arrives(CALL, 10.0)), RingSeat)
    assert isinstance(ring, RingSeat)
    one.tell(*seat_rings(ring.leg, ring.seat, CALL, 13.1), asked(CALL, 20.0, 13.0, NUMBER))
    assert open_ones(one) == [MISSED]
    one.tell(*seat_answers(ring.leg, CALL, 20.1))
    is_cleared(one, 20.1)


def test_not_by_an_agent_who_calls_them_for_something_else() -> None:
    one = missed()
    one.tell(LogIn(90.0, "t", "1001", "seat-01"))
    one.tell(
        leg_started("own", "seat-01", 100.0, dialled=NUMBER),
        f.SeatDialled(100.1, "t", "own", "own", "seat-01", NUMBER, ""),
        leg_started("own-x", "trunk", 100.2, call="own", dialled=NUMBER),
        f.LegJoined(105.0, "t", "own", "b9"),
        f.LegJoined(105.0, "t", "own-x", "b9"),
    )
    assert open_ones(one) == [MISSED]


def test_not_who_withholds_their_number() -> None:
    one = missed()
    call = [
        replace(fact, number="") if isinstance(fact, f.LegStarted | f.CallArrived) else fact
        for fact in caller_arrives(NEXT, 100.0)
    ]
    one.tell(*call, *answered("unknown", 110.0))
    assert open_ones(one) == [MISSED]


@pytest.mark.parametrize("plain", [False, True])
def test_what_is_asked_for_during_the_talk_stays(plain: bool) -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0))
    if plain:
        one.tell(f.CallerFellBack(20.0, "t", CALL, CALL))
    one.tell(*answered("talks", 22.0, CALL), wish(30.0))
    one.tell(*agent_hangs_up("talks", CALL, 40.0))
    assert open_ones(one) == ["cb-k1"]


def test_what_is_asked_for_during_the_talk_stays_when_another_agent_takes_the_call() -> None:
    one = rig()
    one.tell(LogIn(0.0, "t", "1001", "seat-01"), LogIn(0.0, "t", "1002", "seat-02"))
    one.tell(*caller_arrives(CALL, 10.0), *answered("first", 22.0, CALL), wish(30.0))
    one.tell(f.LegParted(40.0, "t", "first", "b1"), f.LegParted(40.0, "t", CALL, "b1"))
    one.tell(
        f.CallerQueued(40.1, "t", CALL, CALL, "general", 0, 13.0), f.LegEnded(40.2, "t", "first", 16, True)
    )
    one.tell(BeReady(45.0, "t", "1002"))
    [ring] = one.actions(one.steps, RingSeat)
    assert isinstance(ring, RingSeat)
    assert (ring.call, ring.seat) == (CALL, "seat-02")
    one.tell(*seat_rings(ring.leg, "seat-02", CALL, 46.0), *seat_answers(ring.leg, CALL, 48.0, "b2"))
    assert one.runtime.calls.calls[CALL].segment is not None
    assert open_ones(one) == ["cb-k1"]


def test_what_is_asked_for_after_the_answer_stays_though_the_answer_is_heard_of_late() -> None:
    one = rig()
    one.tell(*caller_arrives(NEXT, 100.0), wish(120.0), *answered("late", 110.0))
    assert open_ones(one) == ["cb-k1"]


def dialled(one: Rig, at: float) -> str:
    """An agent's phone dials the citizen for the missed call; gives the leg."""
    one.ready_agent(at=at)
    [dial] = one.actions(one.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    one.tell(
        leg_started(dial.leg, "seat-01", at, call=dial.leg, dialled="s"),
        f.LegAnswered(at + 2, "t", dial.leg),
        f.SeatDialled(at + 2, "t", dial.leg, dial.leg, "seat-01", NUMBER, MISSED),
    )
    return dial.leg


def given_up(leg: str, at: float) -> list[Fact]:
    return [f.DialEnded(at, "t", leg, leg, "BUSY", 17), f.LegEnded(at + 1, "t", leg, 16, False)]


@pytest.mark.parametrize("how", ["answered", "cancelled"])
@pytest.mark.parametrize("restarted", [False, True])
def test_while_they_are_being_dialled_that_attempt_is_the_last(how: str, restarted: bool) -> None:
    one = missed()
    leg = dialled(one, 90.0)
    if how == "answered":
        on_the_line = [*seat_rings("other", "seat-02", NEXT, 101.0), *seat_answers("other", NEXT, 103.0)]
        one.tell(*caller_arrives(NEXT, 95.0), *on_the_line)
    else:
        one.tell(order(CancelCallback(MISSED), 95.0))
    entry = one.runtime.callbacks.entry(MISSED)
    assert entry is not None
    assert entry.state is CallbackState.DIALLING
    if restarted:
        one = taken_up(one, now=110.0)
        one.tell(
            leg_started(leg, "seat-01", 90.0, call=leg, dialled="s"),
            f.SeatDialled(92.0, "t", leg, leg, "seat-01", NUMBER, MISSED),
        )
    one.tell(*given_up(leg, 120.0))
    over = entries(one.steps)[-1]
    end = CallbackEnd.CALLED_AGAIN if how == "answered" else CallbackEnd.CANCELLED
    assert (over.end, over.last_outcome) == (end, AttemptOutcome.BUSY)
    assert open_ones(one) == []
