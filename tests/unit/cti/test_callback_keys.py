"""Which requests of one number are one callback: what the citizen wants, and each thing the hotline wants."""

from __future__ import annotations

from typing import Any

import pytest

from acd.model import CallbackState
from cti.calls.outputs import CallbackReason
from cti.resuming import Resume
from cti.verbs.callbacks import AlterCallback, RequestCallback
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.verbs.model import Order
from cti.verbs.records import CommandRecord
from tests.support.conversation import NUMBER, caller_arrives, seat_answers, seat_rings
from tests.unit.cti.rig import Rig
from tests.unit.cti.test_flows_runtime import CALL, NEXT, asked, entries, hangs_up, rig

TOMORROW, LATEST = 90_000.0, 99_000.0
OWN = [CallbackReason.REQUESTED, CallbackReason.MISSED]
OF_THE_HOTLINE = [CallbackReason.VISIT, CallbackReason.CAMPAIGN, CallbackReason.MANUAL]


def told(one: Rig, asked: object, at: float, command: str) -> CommandRecord:
    one.tell(Order(at, "t", command, "1001", False, None, None, "", asked))
    record = one.runtime.commands.record(command)
    assert record is not None
    return record


def request(one: Rig, reason: CallbackReason, at: float, command: str, **more: Any) -> str:
    """Asks for a callback and gives the id that the command names."""
    record = told(one, RequestCallback(NUMBER, "general", reason, **more), at, command)
    assert record.state == "done", record
    return record.result["callback"]


def open_ones(one: Rig) -> list[str]:
    return [each.callback for each in one.runtime.router.callbacks()]


def test_a_visit_for_each_work_order() -> None:
    one = rig()
    for number in (1, 2):
        visit = request(one, CallbackReason.VISIT, float(number), f"k{number}", work_order=f"wo-{number}")
        assert visit == f"cb-k{number}"
    found = {entry.callback: entry.work_order for entry in entries(one.steps)}
    assert found == {"cb-k1": "wo-1", "cb-k2": "wo-2"}
    assert open_ones(one) == ["cb-k1", "cb-k2"]


def test_a_second_visit_for_one_work_order_is_the_first_and_the_command_names_it() -> None:
    one = rig()
    request(one, CallbackReason.VISIT, 1.0, "k1", work_order="wo-1")
    again = request(
        one, CallbackReason.VISIT, 2.0, "k2", work_order="wo-1", earliest_at=TOMORROW, latest_at=LATEST
    )
    assert (again, open_ones(one)) == ("cb-k1", ["cb-k1"])
    entry = one.runtime.callbacks.entry("cb-k1")
    assert entry is not None
    assert entry.due_at == TOMORROW


def test_a_citizen_on_two_lists_is_on_both_and_twice_on_one_list_is_once() -> None:
    one = rig()
    twice = (ListedCitizen(NUMBER), ListedCitizen(NUMBER))
    told(one, AddToCampaign("flu", "general", twice), 1.0, "k1")
    told(one, AddToCampaign("survey", "general", twice[:1]), 2.0, "k2")
    told(one, AddToCampaign("flu", "general", twice), 3.0, "k3")
    assert [entry.campaign for entry in map(one.runtime.callbacks.entry, open_ones(one)) if entry] == [
        "flu",
        "survey",
    ]


def test_what_somebody_of_the_hotline_wants_so_stands_for_itself() -> None:
    one = rig()
    for number in (1, 2):
        request(one, CallbackReason.MANUAL, float(number), f"k{number}")
    assert open_ones(one) == ["cb-k1", "cb-k2"]


@pytest.mark.parametrize("reason", OF_THE_HOTLINE)
@pytest.mark.parametrize("work_order", [None, "wo-1"])
def test_what_the_hotline_wants_waits_on_when_the_citizen_calls_and_is_answered(
    reason: CallbackReason, work_order: str | None
) -> None:
    one = rig()
    request(one, reason, 1.0, "k1", work_order=work_order, earliest_at=TOMORROW, latest_at=LATEST)
    one.tell(*caller_arrives(NEXT, 10.0), *seat_rings("leg", "seat-01", NEXT, 14.0))
    one.tell(*seat_answers("leg", NEXT, 16.0))
    assert open_ones(one) == ["cb-k1"]


@pytest.mark.parametrize("first", OWN)
@pytest.mark.parametrize("second", OWN)
def test_what_a_citizen_wants_is_one_callback_however_they_said_so(
    first: CallbackReason, second: CallbackReason
) -> None:
    one = rig()
    request(one, first, 1.0, "k1")
    assert request(one, second, 2.0, "k2", origin="call-2", work_order="wo-1") == "cb-k1"
    [entry] = [one.runtime.callbacks.entry(each) for each in open_ones(one)]
    assert entry is not None
    assert (entry.joined, entry.work_order, entry.requested_at) == (["call-2"], "wo-1", 1.0)


@pytest.mark.parametrize("reason", OF_THE_HOTLINE)
@pytest.mark.parametrize("missed", [False, True])
def test_a_citizens_own_wish_does_not_wait_for_what_the_hotline_wants_later(
    reason: CallbackReason, missed: bool
) -> None:
    one = rig()
    request(one, reason, 5.0, "k1", earliest_at=TOMORROW, latest_at=LATEST)
    one.tell(*caller_arrives(CALL, 10.0))
    one.tell(hangs_up(CALL, 60.0) if missed else asked(CALL, 40.0, 13.0, NUMBER))
    listed, own = one.runtime.router.callbacks()
    assert (listed.state, listed.due_at) == (CallbackState.SCHEDULED, TOMORROW)
    assert (own.state, own.queued_at) == (CallbackState.WAITING, 13.0)


def test_a_wish_for_now_joins_one_for_later_and_is_for_now() -> None:
    one = rig()
    request(one, CallbackReason.REQUESTED, 5.0, "k1", earliest_at=TOMORROW, latest_at=LATEST)
    one.tell(*caller_arrives(CALL, 10.0), hangs_up(CALL, 60.0))
    [record] = one.runtime.router.callbacks()
    assert (record.callback, record.state, record.queued_at) == ("cb-k1", CallbackState.WAITING, 5.0)


def test_after_a_restart_they_are_told_apart_as_before() -> None:
    one = rig()
    request(one, CallbackReason.VISIT, 1.0, "k1", work_order="wo-1")
    request(one, CallbackReason.VISIT, 2.0, "k2", work_order="wo-2")
    request(one, CallbackReason.MANUAL, 3.0, "k3")
    request(one, CallbackReason.REQUESTED, 4.0, "k4")
    state: dict[str, Any] = {}
    for step in one.steps:
        state |= step.state
    again = rig(Resume(callbacks={k: v for k, v in state.items() if k.startswith("callback/") and v}))
    assert open_ones(again) == ["cb-k1", "cb-k2", "cb-k3", "cb-k4"]
    assert request(again, CallbackReason.VISIT, 9.0, "k5", work_order="wo-2") == "cb-k2"
    assert request(again, CallbackReason.MISSED, 9.0, "k6") == "cb-k4"


@pytest.mark.parametrize(
    "change",
    [
        {"latest_at": 1.0},
        {"latest_at": 100.0},
        {"latest_at": 300.0},
        {"earliest_at": 500.0, "latest_at": 400.0},
        {"earliest_at": 1000.0},
    ],
)
def test_altered_to_times_between_which_nobody_could_be_dialled_it_is_refused(
    change: dict[str, float],
) -> None:
    one = rig()
    request(one, CallbackReason.MANUAL, 5.0, "k1", earliest_at=300.0, latest_at=1000.0)
    record = told(one, AlterCallback("cb-k1", **change), 100.0, "k2")  # type: ignore[arg-type]
    assert (record.state, record.reason) == ("refused", "too_late")
    assert entries(one.steps)[-1].end is None


def test_altered_to_a_time_before_its_latest_it_is_tried_then() -> None:
    one = rig()
    request(one, CallbackReason.MANUAL, 5.0, "k1", earliest_at=300.0, latest_at=1000.0)
    assert told(one, AlterCallback("cb-k1", earliest_at=200.0), 100.0, "k2").state == "done"
    assert told(one, AlterCallback("cb-k1", latest_at=201.0, priority=2), 101.0, "k3").state == "done"
    entry = entries(one.steps)[-1]
    assert (entry.due_at, entry.latest_at, entry.priority) == (200.0, 201.0, 2)
