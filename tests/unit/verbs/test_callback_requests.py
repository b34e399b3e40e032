"""Requests and lists: what they refuse says where, and a visit's call is tied to its work order."""

from __future__ import annotations

import pytest

from cti.calls import facts as f
from cti.calls.actions import DialFromSeat
from cti.calls.outputs import CallbackReason
from cti.verbs.callbacks import RequestCallback
from cti.verbs.campaigns import AddToCampaign, ListedCitizen
from cti.verbs.records import CommandState
from tests.support.telling import Telling

NUMBER = "13800000009"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (ListedCitizen("13800000008", owner="9999"), "unknown_agent"),
        (ListedCitizen("13800000008", latest_at=19.0), "too_late"),
    ],
)
def test_a_part_of_a_list_that_cannot_be_taken_names_the_row(wrong: ListedCitizen, reason: str) -> None:
    asked = AddToCampaign("flu", "general", (ListedCitizen(NUMBER), wrong))
    record = Telling().order(asked, 20.0, None)
    assert (record.state, record.reason) == (CommandState.REFUSED, reason)
    assert record.sentence is not None
    assert record.sentence.startswith("Row 2: ")


def test_the_call_of_a_visit_has_its_work_order_with_the_agent_first_too() -> None:
    telling = Telling()
    telling.ready()
    telling.order(RequestCallback(NUMBER, "general", CallbackReason.VISIT, work_order="wo-1"), 20.0, None)
    [dial] = telling.actions(DialFromSeat)
    assert dial.work_order == "wo-1"
    leg = dial.leg
    telling.tell(
        f.LegStarted(20.1, "t", leg, "PJSIP/seat-01-1", "seat-01", leg, leg, "", "s"),
        f.LegAnswered(21.0, "t", leg),
        f.SeatDialled(21.1, "t", leg, leg, "seat-01", NUMBER, dial.callback, dial.work_order),
    )
    assert telling.record(leg).work_order == "wo-1"
