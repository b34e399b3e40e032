"""Callers who come back from the plain queue are routed in the order of their places, whoever comes first."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from acd import events as acd
from cti.calls import facts as f
from cti.calls.actions import RingSeat
from cti.returning import HOLD_S
from cti.step import InboxEvent, Reconfigured
from tests.support.conversation import caller_arrives, shown, snapshot
from tests.unit.cti.rig import Rig, plan

CALLS = ("hotline-1.1", "hotline-1.2", "hotline-1.3")
QUEUED = dict(zip(CALLS, (13.0, 14.0, 15.0), strict=True))
BACK = 50.0


def back(call: str, at: float) -> f.CallerQueued:
    return f.CallerQueued(at, "t", call, call, "general", 0, QUEUED[call])


def center() -> Rig:
    """Three wait, all asked out of the plain queue at 50 s; two agents are ready."""
    rig = Rig()
    rig.ready_agent()
    rig.ready_agent("1002", "seat-02")
    rig.tell(f.PbxLost(20.0, "t"))
    waits = [
        shown(call, "trunk", call, place="fallback", queued_at=at, started_at=at - 3)
        for call, at in QUEUED.items()
    ]
    rig.tell(snapshot(*waits, at=BACK))
    return rig


def rung(rig: Rig, *events: InboxEvent) -> list[str]:
    """Whose phones ring for these events, in order."""
    steps = rig.tell(*events)
    return [action.call for action in rig.actions(steps, RingSeat) if isinstance(action, RingSeat)]


@pytest.mark.parametrize("order", list(permutations(CALLS)))
def test_in_whatever_order_they_come_back_the_one_who_waits_longest_is_rung_for_first(
    order: tuple[str, ...],
) -> None:
    events = [back(call, BACK + 0.001 * place) for place, call in enumerate(order, start=1)]
    assert rung(center(), *events) == list(CALLS[:2])


def test_one_who_does_not_come_back_is_not_waited_for_long() -> None:
    rig = center()
    assert rung(rig, back(CALLS[1], BACK + 0.01)) == []
    assert rig.runtime.next_deadline() == BACK + HOLD_S
    assert rung(rig, acd.TimePassed(BACK + HOLD_S, "t")) == [CALLS[1]]
    assert rung(rig, back(CALLS[2], BACK + HOLD_S)) == [CALLS[2]]


def test_one_who_hangs_up_meanwhile_is_not_waited_for_and_counts_once() -> None:
    rig = center()
    assert rung(rig, back(CALLS[1], BACK + 0.01)) == []
    assert rung(rig, f.LegEnded(BACK + 0.02, "t", CALLS[0], 16, True)) == [CALLS[1]]
    figures = rig.runtime.router.queue_figures(None)
    assert (figures.offered, figures.abandoned) == (2, 1)


def test_one_who_hangs_up_while_held_back_is_known_to_the_figures() -> None:
    rig = center()
    rig.tell(back(CALLS[1], BACK + 0.01), f.LegEnded(BACK + 0.02, "t", CALLS[1], 16, True))
    figures = rig.runtime.router.queue_figures(None)
    assert (figures.offered, figures.abandoned) == (1, 1)
    assert rung(rig, back(CALLS[0], BACK + 0.03)) == [CALLS[0]]


def test_one_who_asks_to_be_called_back_while_held_back_is_known_to_the_figures() -> None:
    rig = center()
    asked = f.CallbackAsked(
        BACK + 0.02, "t", CALLS[1], CALLS[1], "general", 0, QUEUED[CALLS[1]], "13800000001"
    )
    rig.tell(back(CALLS[1], BACK + 0.01), asked)
    figures = rig.runtime.router.queue_figures(None)
    assert (figures.offered, figures.took_callback, figures.abandoned) == (1, 1, 0)


def test_one_who_waits_already_is_not_rung_for_before_an_earlier_one_who_is_asked_back() -> None:
    rig = Rig()
    rig.ready_agent()
    rig.tell(f.PbxLost(20.0, "t"))
    earlier = shown(CALLS[0], "trunk", CALLS[0], place="fallback", queued_at=13.0, started_at=10.0)
    waits = shown(CALLS[1], "trunk", CALLS[1], place="waiting", queued_at=14.0, started_at=11.0)
    assert rung(rig, snapshot(waits, earlier, at=BACK)) == []
    assert rung(rig, back(CALLS[0], BACK + 0.01)) == [CALLS[0]]


def test_who_calls_while_nobody_comes_back_is_rung_for_at_once() -> None:
    rig = Rig()
    rig.ready_agent()
    assert rung(rig, *caller_arrives(CALLS[0], 10.0)) == [CALLS[0]]


def test_whose_queue_is_removed_while_they_are_held_back_waits_in_their_hotlines() -> None:
    rig = center()
    rig.tell(back(CALLS[1], BACK + 0.01))
    rest = {"english": rig.runtime.policy.queues["english"]}
    rig.tell(Reconfigured(BACK + 0.02, "t", replace(rig.runtime.policy, queues=rest), plan()))
    rig.tell(acd.TimePassed(BACK + HOLD_S, "t"))
    contact = rig.runtime.router.contact(CALLS[1])
    assert contact is not None
    assert contact.queue == "english"


def test_one_who_never_came_back_wakes_nobody_later() -> None:
    rig = center()
    rig.tell(acd.TimePassed(BACK + HOLD_S, "t"))
    rig.tell(f.CallerFellBack(BACK + 8, "t", CALLS[0], CALLS[0]), acd.TimePassed(BACK + 8, "t"))
    rig.tell(back(CALLS[1], BACK + 8.01))
    assert rig.runtime.next_deadline() == BACK + 8 + HOLD_S
