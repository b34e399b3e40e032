"""A callback from the command to its end: what is dialled, what is kept, what a restart takes up."""

from __future__ import annotations

from typing import Any

import pytest

from acd.effects import CallbackChanged
from acd.events import CallbackAltered, TimePassed
from acd.model import AttemptOutcome, CallbackEnd, CallbackState, Has, RoutingStep
from cti.callbacks.records import CallbackEntry
from cti.calls import facts as f
from cti.calls.actions import DialFromSeat
from cti.calls.facts import Fact
from cti.calls.outputs import CallbackReason
from cti.records_json import decode
from cti.resuming import Resume
from cti.runtime import Runtime
from cti.step import InboxEvent, Step
from cti.verbs.callbacks import AlterCallback, CancelCallback, RequestCallback
from cti.verbs.model import Order
from tests.support.conversation import leg_started, snapshot
from tests.unit.cti.rig import Rig

NUMBER = "13900000001"


def order(asked: object, at: float, command: str = "k1") -> Order:
    return Order(at, "request", command, "1001", False, None, None, "", asked)


def drafts(steps: list[Step]) -> list[CallbackEntry]:
    return [decode(CallbackEntry, d.body) for step in steps for d in step.drafts if d.kind == "callback"]


def asked(rig: Rig, at: float = 5.0, **more: Any) -> str:
    wanted = RequestCallback(NUMBER, "general", CallbackReason.MANUAL, **more)
    [step] = rig.tell(order(wanted, at))
    record = rig.runtime.commands.record(step.command)
    assert record is not None
    assert record.state == "done", record
    return record.result["callback"]


def taken(call: str, callback: str, at: float) -> list[Fact]:
    return [
        leg_started(call, "seat-01", at - 2, call=call, dialled="s"),
        f.LegAnswered(at, "t", call),
        f.SeatDialled(at, "t", call, call, "seat-01", NUMBER, callback),
    ]


def talks(call: str, at: float) -> list[Fact]:
    return [
        leg_started(f"{call}-x", "trunk", at - 2, call=call, dialled=NUMBER),
        f.LegJoined(at, "t", call, "b9"),
        f.LegJoined(at, "t", f"{call}-x", "b9"),
    ]


def test_a_ready_agents_phone_rings_and_dials_the_citizen() -> None:
    rig = Rig()
    rig.ready_agent()
    callback = asked(rig)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    assert (dial.seat, dial.number, dial.callback) == ("seat-01", NUMBER, callback)
    steps = rig.tell(*taken(dial.leg, callback, 8.0), *talks(dial.leg, 12.0))
    [*_, last] = drafts(steps)
    assert (last.state, last.end, last.calls) == (None, CallbackEnd.REACHED, [dial.leg])
    assert f"callback/{callback}" in {
        key for step in steps for key, body in step.state.items() if body is None
    }


def test_who_was_busy_is_kept_with_what_came_of_it_and_rung_again_later() -> None:
    rig = Rig()
    rig.ready_agent()
    callback = asked(rig)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    steps = rig.tell(
        *taken(dial.leg, callback, 8.0),
        f.DialEnded(9.0, "t", dial.leg, dial.leg, "BUSY", 17),
        f.LegEnded(10.0, "t", dial.leg, 16, False),
    )
    [*_, last] = drafts(steps)
    assert (last.state, last.attempts, last.last_outcome) == (
        CallbackState.SCHEDULED,
        1,
        AttemptOutcome.BUSY,
    )
    assert last.due_at == 9.0 + 300.0


def test_an_agent_who_hangs_up_before_the_citizen_answers_is_not_rung_for_them_at_once() -> None:
    rig = Rig()
    rig.ready_agent()
    callback = asked(rig)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    rig.tell(
        *taken(dial.leg, callback, 8.0),
        f.LegLeaving(9.9, "t", dial.leg),
        f.LegEnded(10.0, "t", dial.leg, 16, True),
    )
    assert len(rig.actions(rig.steps, DialFromSeat)) == 1
    rig.tell(TimePassed(10.0 + 599.0, "t"))
    assert len(rig.actions(rig.steps, DialFromSeat)) == 1
    rig.tell(TimePassed(10.0 + 600.0, "t"))
    assert len(rig.actions(rig.steps, DialFromSeat)) == 2


def test_altered_and_cancelled_by_command() -> None:
    rig = Rig()
    callback = asked(rig)
    rig.tell(order(AlterCallback(callback, queue="english", owner="1001", earliest_at=99.0), 6.0, "k2"))
    [*_, moved] = drafts(rig.steps)
    assert (moved.queue, moved.owner, moved.due_at) == ("english", "1001", 99.0)
    rig.tell(order(CancelCallback(callback), 7.0, "k3"))
    [*_, last] = drafts(rig.steps)
    assert (last.end, last.ended_at) == (CallbackEnd.CANCELLED, 7.0)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (RequestCallback(NUMBER, "nowhere", CallbackReason.MANUAL), "unknown_queue"),
        (RequestCallback(NUMBER, "general", CallbackReason.MANUAL, owner="9999"), "unknown_agent"),
        (RequestCallback(NUMBER, "general", CallbackReason.MANUAL, latest_at=5.0), "too_late"),
        (
            RequestCallback(NUMBER, "general", CallbackReason.MANUAL, earliest_at=60.0, latest_at=50.0),
            "too_late",
        ),
        (AlterCallback("cb-none"), "unknown_callback"),
        (CancelCallback("cb-none"), "unknown_callback"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(wrong: object, reason: str) -> None:
    rig = Rig()
    [step] = rig.tell(order(wrong, 5.0))
    record = rig.runtime.commands.record(step.command)
    assert record is not None
    assert (record.state, record.reason) == ("refused", reason)
    assert not drafts([step])


def kept(steps: list[Step]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for step in steps:
        state |= step.state
    return {key: body for key, body in state.items() if key.startswith("callback/") and body}


def test_after_a_restart_it_waits_on_with_its_attempts_and_its_place() -> None:
    rig = Rig()
    callback = asked(rig)
    again = Runtime(rig.runtime.in_force.plan, rig.runtime.policy, Resume(callbacks=kept(rig.steps)), 50.0)
    record = again.router.callback(callback)
    assert record is not None
    assert (record.state, record.queued_at) == (CallbackState.WAITING, 5.0)
    entry = again.callbacks.entry(callback)
    assert entry is not None
    assert entry.number == NUMBER


def test_after_a_restart_it_is_known_what_came_of_the_last_attempt() -> None:
    rig = Rig()
    rig.ready_agent()
    callback = asked(rig)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    rig.tell(*taken(dial.leg, callback, 8.0), f.DialEnded(9.0, "t", dial.leg, dial.leg, "BUSY", 17))
    again = Rig(Resume(callbacks=kept(rig.steps)), now=50.0)
    assert {entry.last_outcome for entry in drafts(again.steps)} == {AttemptOutcome.BUSY}


def test_after_a_restart_it_asks_for_whom_it_asked_before() -> None:
    asks = (RoutingStep(Has("english", 3), 60.0),)
    rig = Rig()
    book = rig.runtime.callbacks
    callback = asked(rig)
    [changed] = [
        each
        for each in rig.runtime.router.handle(CallbackAltered(6.0, "t", callback, steps=asks))
        if isinstance(each, CallbackChanged)
    ]
    state: dict[str, Any] = {key: body for key, body in book.changed(changed).state.items() if body}
    again = Runtime(rig.runtime.in_force.plan, rig.runtime.policy, Resume(callbacks=state), 50.0)
    [after] = [
        each
        for each in again.router.handle(CallbackAltered(51.0, "t", callback))
        if isinstance(each, CallbackChanged)
    ]
    assert after.steps == asks


def test_an_attempt_under_way_at_a_restart_is_not_begun_again_and_its_end_is_heard() -> None:
    rig = Rig()
    rig.ready_agent()
    callback = asked(rig)
    [dial] = rig.actions(rig.steps, DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    rig.tell(*taken(dial.leg, callback, 8.0))
    again = Rig(Resume(callbacks=kept(rig.steps)), now=50.0, sees=False)
    again.ready_agent(at=50.0)
    missed: list[InboxEvent] = [
        *taken(dial.leg, callback, 8.0),
        f.DialEnded(30.0, "t", dial.leg, dial.leg, "NOANSWER", 0),
        f.LegEnded(31.0, "t", dial.leg, 16, False),
        snapshot(at=51.0),
    ]
    again.tell(*missed)
    assert not again.actions(again.steps, DialFromSeat)
    record = again.runtime.router.callback(callback)
    assert record is not None
    assert (record.state, record.attempts) == (CallbackState.SCHEDULED, 1)


def test_one_whose_queue_is_gone_after_a_restart_is_not_forgotten() -> None:
    rig = Rig()
    callback = asked(rig)
    saved = kept(rig.steps)
    saved[f"callback/{callback}"]["queue"] = "closed-down"
    again = Runtime(rig.runtime.in_force.plan, rig.runtime.policy, Resume(callbacks=saved), 50.0)
    record = again.router.callback(callback)
    assert record is not None
    assert record.queue == "general"


@pytest.mark.parametrize(
    ("reason", "spawned"), [(CallbackReason.MISSED, True), (CallbackReason.VISIT, False)]
)
def test_a_missed_call_that_is_made_up_for_spawns_its_work_order(
    reason: CallbackReason, spawned: bool
) -> None:
    rig = Rig()
    rig.ready_agent()
    [step] = rig.tell(order(RequestCallback(NUMBER, "general", reason), 5.0))
    [dial] = rig.actions([step], DialFromSeat)
    assert isinstance(dial, DialFromSeat)
    steps = rig.tell(*taken(dial.leg, dial.callback, 8.0), *talks(dial.leg, 12.0))
    opened = [draft.key for step in steps for draft in step.drafts if draft.kind == "work_order"]
    assert opened == ([f"wo-{dial.leg}"] if spawned else [])
