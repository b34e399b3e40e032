"""What an agent's own phone does with one line: it dials a colleague's seat, and transfers blind (SIP REFER).

Real signalling, real audio, and the call model over what Asterisk told, live and in its event log.
"""

from __future__ import annotations

import pytest

from cti.calls.records import CallOutcome, Direction, EndedBy
from tests.support.dialplan import happens, recorded
from tests.support.dialplan_desk import (
    COLLEAGUE_HZ,
    COLLEAGUES,
    OUTSIDE,
    OUTSIDER_HZ,
    OWN,
    PHONE_HZ,
    Desk,
    seats_of,
)
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, SEAT
from tests.support.tones import share


async def test_a_seat_on_a_call_is_busy_to_who_dials_it_and_to_who_transfers_to_it(desk: Desk) -> None:
    await desk.takes()
    desk.colleague.call(OWN, OTHER_SEAT)
    await happens(desk.colleague.ended)
    assert desk.colleague.last_status == 486
    desk.phone.first.refer(OWN)
    again = await desk.queued_again()
    assert again["QueuedAt"] == desk.queued["QueuedAt"]
    desk.phone.first.hang_up()
    desk.caller.hang_up()

    told = await desk.over()
    internal = told.pop((await desk.second_leg())["Call"])
    assert (internal.direction, internal.outcome) == (Direction.INTERNAL, CallOutcome.UNANSWERED)
    assert (internal.number, internal.dialled, internal.agent) == ("", OWN, OTHER_AGENT)
    assert list(told) == [desk.call]


async def test_a_call_from_seat_to_seat_is_one_of_its_own_and_recorded(desk: Desk) -> None:
    desk.phone.second.call(COLLEAGUES, SEAT)
    await happens(desk.colleague.ringing)
    desk.colleague.answer()
    desk.colleague.talk()
    await desk.phone.asked()
    await desk.phone.second.hears(COLLEAGUE_HZ, 1.0)
    desk.phone.second.hang_up()
    await happens(desk.colleague.ended)
    desk.caller.hang_up()

    told = await desk.over()
    record = told[(await desk.second_leg())["Call"]]
    assert (record.direction, record.outcome, record.dialled) == (
        Direction.INTERNAL, CallOutcome.ANSWERED, COLLEAGUES,
    )  # fmt: skip
    assert (record.agent, record.seat, record.ended_by) == (AGENT, SEAT, EndedBy.AGENT)
    [segment] = record.segments
    assert segment.recorded_leg is not None
    said, heard = recorded(desk.asterisk, segment.recorded_leg)[4000:8000].T
    assert share(said, COLLEAGUE_HZ) > 0.9
    assert share(heard, PHONE_HZ) > 0.9


async def test_a_blind_transfer_to_a_number_shows_the_hotlines_own_and_is_recorded(desk: Desk) -> None:
    await desk.takes()
    desk.phone.first.refer(OUTSIDE)
    await happens(desk.outsider.ringing)
    assert f"sip:{OUTSIDE}@" in desk.outsider.invitation.start
    assert "sip:12345@" in desk.outsider.invitation.get("From")
    desk.outsider.answer()
    desk.outsider.talk()
    await desk.caller.hears(OUTSIDER_HZ, 1.0)
    desk.phone.first.hang_up()
    desk.outsider.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {None}]
    [_, outside] = record.segments
    assert outside.recorded_leg is not None
    assert share(recorded(desk.asterisk, outside.recorded_leg)[4000:8000, 0], OUTSIDER_HZ) > 0.9


async def test_a_transfer_to_a_queue_brings_the_caller_into_it_in_the_old_place(desk: Desk) -> None:
    await desk.takes()
    desk.phone.first.refer("*182")
    again = await desk.queued_again()
    assert (again["Queue"], again["QueuedAt"]) == ("consumer", desk.queued["QueuedAt"])
    desk.phone.first.hang_up()
    desk.caller.hang_up()

    [record] = (await desk.over()).values()
    assert (record.queue, seats_of(record)) == ("consumer", [{None, SEAT}])


@pytest.mark.parametrize("to", ["99", "*181", "*13", "external_replaces", "h"])
async def test_a_transfer_to_what_is_no_number_is_refused_and_the_two_talk_on(desk: Desk, to: str) -> None:
    await desk.takes()
    desk.phone.first.refer(to)
    await desk.phone.first.answered_refer()
    assert desk.phone.first.referred == 404
    await desk.caller.hears(PHONE_HZ)


async def test_a_caller_transfers_nobody(desk: Desk) -> None:
    await desk.takes()
    desk.caller.refer(OUTSIDE)
    await desk.caller.answered_refer()
    assert desk.caller.referred == 603
    await desk.caller.hears(PHONE_HZ)
