"""Callbacks from a caller's key or a missed call to the router's word, and over a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd import events as acd
from acd.estimate import Estimate
from acd.model import CallbackEnd, CallbackState, Diversion, Has, Limit, OverflowRule, RoutingStep
from cti.callbacks.book import STATE
from cti.callbacks.records import CallbackEntry
from cti.calls import facts as f
from cti.calls.actions import Announce, OfferCallback, RingSeat
from cti.calls.facts import Fact
from cti.calls.outputs import CallbackReason
from cti.commands import BeReady, LogIn
from cti.flows.announce import FIRST_S, GAP_S, Announcer, prompts_of
from cti.records_json import JSON, decode
from cti.resuming import Resume
from cti.step import Reconfigured, Step
from tests.support.conversation import agent_hangs_up, caller_arrives, seat_answers, seat_rings
from tests.unit.cti.rig import Rig, plan, policy

CALL, NEXT = "hotline-1.1", "hotline-2.1"


def rig(resume: Resume | None = None, **more: Any) -> Rig:
    """One whose callers are told apart by their number and called back when they gave up."""
    terms = replace(
        plan(),
        caller_key=lambda number: number or None,
        calls_missed=frozenset({"12345"}),
        told_place=frozenset({"12345"}),
        **more,
    )
    return Rig(resume, terms=terms)


def hangs_up(call: str, at: float) -> Fact:
    return f.LegEnded(at, "t", call, 16, True)


def entries(steps: list[Step]) -> list[CallbackEntry]:
    return [decode(CallbackEntry, d.body) for step in steps for d in step.drafts if d.kind == "callback"]


def asked(call: str, at: float, queued_at: float, number: str) -> Fact:
    return f.CallbackAsked(at, "t", call, call, "general", 0, queued_at, number)


def test_a_callback_by_key_waits_with_the_time_at_which_the_caller_first_queued() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0))
    queued_at = one.runtime.calls.calls[CALL].record.queued_at
    assert queued_at is not None
    steps = one.tell(asked(CALL, 40.0, queued_at, "02088887777"))
    entry = entries(steps)[-1]
    assert (entry.number, entry.reason, entry.origin) == ("02088887777", CallbackReason.REQUESTED, CALL)
    assert (entry.queued_at, entry.state) == (queued_at, CallbackState.WAITING)
    assert entries(one.tell(hangs_up(CALL, 45.0))) == []


def test_a_caller_who_gave_up_is_called_back_once_however_often_they_called() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0), hangs_up(CALL, 60.0))
    one.tell(*caller_arrives(NEXT, 100.0), hangs_up(NEXT, 160.0))
    assert [each.callback for each in one.runtime.router.callbacks()] == [f"cb-{CALL}"]
    first = one.runtime.callbacks.entry(f"cb-{CALL}")
    assert first is not None
    assert (first.reason, first.state) == (CallbackReason.MISSED, CallbackState.WAITING)
    assert first.joined == [NEXT]


def test_who_gives_up_within_the_short_time_is_not_called_back() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0))
    queued_at = one.runtime.calls.calls[CALL].record.queued_at
    assert queued_at is not None
    assert entries(one.tell(hangs_up(CALL, queued_at + 5.0))) == []


def without_general(one: Rig, at: float) -> Reconfigured:
    """The queue `general` is removed; `english` serves its hotline."""
    left = {name: queue for name, queue in policy().queues.items() if name != "general"}
    terms = replace(one.runtime.in_force.plan, queue_of={"12345": "english"})
    return Reconfigured(at, "reload", replace(policy(), queues=left), terms)


def test_who_asks_while_their_queue_drains_is_called_back_by_the_queue_instead() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0), without_general(one, 20.0))
    entry = entries(one.tell(asked(CALL, 40.0, 13.0, "02088887777")))[-1]
    assert (entry.queue, entry.queued_at, entry.state) == ("english", 13.0, CallbackState.WAITING)
    assert not one.runtime.router.has_queue("general"), "nobody is left in it"


def test_who_gives_up_while_their_queue_drains_is_called_back_by_the_queue_instead() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0), without_general(one, 20.0))
    entry = entries(one.tell(hangs_up(CALL, 60.0)))[-1]
    assert (entry.queue, entry.reason, entry.state) == (
        "english",
        CallbackReason.MISSED,
        CallbackState.WAITING,
    )


def test_a_citizen_who_calls_again_and_is_answered_is_not_called_back() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0), hangs_up(CALL, 60.0))
    one.ready_agent(at=90.0)  # whom the callback is offered to
    one.ready_agent("1002", "seat-02", at=91.0)
    one.tell(*caller_arrives(NEXT, 100.0))
    [ring] = [a for step in one.steps for a in step.actions if isinstance(a, RingSeat)]
    steps = one.tell(
        *seat_rings(ring.leg, ring.seat, NEXT, 104.0),
        *seat_answers(ring.leg, NEXT, 106.0),
        *agent_hangs_up(ring.leg, NEXT, 130.0),
        hangs_up(NEXT, 131.0),
    )
    over = entries(steps)[-1]
    assert (over.callback, over.end, over.state) == (f"cb-{CALL}", CallbackEnd.CALLED_AGAIN, None)
    assert list(one.runtime.router.callbacks()) == []


def test_open_callbacks_are_taken_up_after_a_restart_and_told_no_second_time() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0), hangs_up(CALL, 60.0))
    state: dict[str, JSON] = {}
    for step in one.steps:
        state |= {key: body for key, body in step.state.items() if key.startswith(STATE)}
    again = rig(Resume(callbacks=state))
    restored = again.runtime.callbacks.entry(f"cb-{CALL}")
    assert restored is not None
    [record] = list(again.runtime.router.callbacks())
    assert (record.callback, record.queued_at) == (f"cb-{CALL}", restored.queued_at)


def test_who_chose_in_a_menu_is_kept_for_what_the_choice_asks_for() -> None:
    one = rig(choice_steps={"menu.english": (RoutingStep(Has("english", 4), 600.0),)})
    one.ready_agent("1002", "seat-02")
    one.tell(LogIn(0.0, "t", "1001", "seat-01"))
    chosen = f.MenuChosen(7.0, "t", CALL, CALL, "menu.english")
    one.tell(*caller_arrives(CALL, 5.0)[:-1], chosen, caller_arrives(CALL, 5.0)[-1])
    assert not any(isinstance(a, RingSeat) for step in one.steps for a in step.actions)
    one.tell(BeReady(20.0, "t", "1001"))
    rings = [a for step in one.steps for a in step.actions if isinstance(a, RingSeat)]
    assert rings[-1].seat == "seat-01"


def test_a_limit_of_the_queue_has_a_callback_offered_while_the_caller_waits_on() -> None:
    terms = policy()
    rule = OverflowRule(Limit.WAITED, Diversion.CALLBACK, threshold=30.0)
    queues = {**terms.queues, "general": replace(terms.queues["general"], overflow=(rule,))}
    one = rig()
    one.tell(Reconfigured(1.0, "t", replace(terms, queues=queues), plan()))
    one.tell(*caller_arrives(CALL, 10.0))
    offered = one.actions(one.tell(acd.TimePassed(60.0, "t")), OfferCallback)
    assert offered == [OfferCallback("t", f"PJSIP/trunk-{CALL}")]
    assert one.runtime.calls.calls[CALL].place == "waiting"


@pytest.mark.parametrize(
    ("position", "wait_s", "prompts"),
    [
        (1, 20.0, ("position-1", "wait-1")),
        (3, 61.0, ("position-3", "wait-2")),
        (10, 200.0, ("position-10", "wait-5")),
        (11, 601.0, ("position-more", "wait-more")),
    ],
)
def test_place_and_wait_are_told_in_prompts_rounded_up(
    position: int, wait_s: float, prompts: tuple[str, str]
) -> None:
    assert prompts_of(Estimate(position, wait_s, 1.0)) == prompts


def test_a_caller_hears_the_place_again_only_when_it_and_the_wait_got_better() -> None:
    announcer = Announcer()
    assert announcer.due("c", 0.0, Estimate(3, 90.0, 1.0), FIRST_S - 1) == ()
    assert announcer.due("c", 0.0, None, FIRST_S) == ()
    assert announcer.due("c", 0.0, Estimate(3, 90.0, 1.0), FIRST_S) == ("position-3", "wait-2")
    later = FIRST_S + GAP_S
    assert announcer.due("c", 0.0, Estimate(2, 60.0, 1.0), later - 1) == ()
    assert announcer.due("c", 0.0, Estimate(3, 60.0, 1.0), later) == ()
    assert announcer.due("c", 0.0, Estimate(2, 95.0, 1.0), later) == ()
    assert announcer.due("c", 0.0, Estimate(2, 60.0, 1.0), later) == ("position-2", "wait-1")
    announcer.forget("c")
    assert announcer.due("c", 0.0, Estimate(3, 90.0, 1.0), later + 1) == ("position-3", "wait-2")


def test_a_waiting_caller_is_told_once_the_pace_of_the_queue_is_known() -> None:
    one = rig()
    one.tell(*caller_arrives(CALL, 10.0))
    assert one.actions(one.tell(acd.TimePassed(60.0, "heartbeat")), Announce) == []
    for gap in range(6):
        one.runtime.router._floor.pace("general").answered(0.0, 20.0 + 10 * gap)
    told = one.actions(one.tell(acd.TimePassed(80.0, "heartbeat")), Announce)
    assert told == [Announce("heartbeat", f"PJSIP/trunk-{CALL}", ("position-1", "wait-1"))]
    assert one.actions(one.tell(acd.TimePassed(200.0, "heartbeat")), Announce) == []
