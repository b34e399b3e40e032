"""What an agent's own phone does with two lines: it dials somebody on the second, and transfers attended.

Real signalling, real audio, and the call model over what Asterisk told, live and in its event log.
"""

from __future__ import annotations

from cti.calls.records import CallOutcome, EndedBy
from tests.support.dialplan import happens, recorded
from tests.support.dialplan_desk import (
    COLLEAGUE_HZ,
    COLLEAGUES,
    OUTSIDE,
    OUTSIDER_HZ,
    PHONE_HZ,
    Desk,
    seats_of,
)
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, SEAT
from tests.support.tones import share


async def test_an_attended_transfer_connects_the_caller_with_the_colleague(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    await desk.phone.transfer(COLLEAGUES)
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.colleague.hears(desk.caller.tone_hz, 1.0)
    await desk.phone.is_free()
    desk.colleague.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}, {None, OTHER_SEAT}]
    assert [segment.agent for segment in record.segments] == [AGENT, AGENT, OTHER_AGENT]
    assert (record.call, record.outcome, record.ended_by) == (desk.call, CallOutcome.ANSWERED, EndedBy.AGENT)
    assert [(hold.agent, hold.kind.value, hold.ended_at is not None) for hold in record.holds] == [
        (AGENT, "phone", True)
    ]
    _, asked, taken = record.segments
    assert asked.recorded_leg == taken.recorded_leg
    assert asked.recorded_leg is not None
    heard = recorded(desk.asterisk, asked.recorded_leg)[:, 1]
    assert share(heard[2400:6400], PHONE_HZ) > 0.9
    assert share(heard[-6400:-2400], desk.caller.tone_hz) > 0.9


async def test_an_attended_transfer_from_a_phone_that_holds_both_lines(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    desk.phone.second.hold()
    await desk.manager.event("Hold", Channel=(await desk.second_leg())["Channel"])
    await desk.phone.transfer(COLLEAGUES)
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.phone.is_free()
    desk.caller.hang_up()
    await happens(desk.colleague.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}, {None, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER
    assert all(hold.ended_at is not None for hold in record.holds)


async def test_two_lines_held_and_taken_up_in_turn_connect_the_agent_with_one_party_at_a_time(
    desk: Desk,
) -> None:
    await desk.takes()
    await desk.consults()
    for _ in range(3):
        desk.phone.turn_to(desk.phone.first)
        desk.caller.heard_alaw.clear()
        await desk.caller.hears(PHONE_HZ, 1.0)
        await desk.phone.first.hears(desk.caller.tone_hz, 1.0)
        desk.phone.turn_to(desk.phone.second)
        desk.colleague.heard_alaw.clear()
        await desk.colleague.hears(PHONE_HZ, 1.0)
        await desk.phone.second.hears(COLLEAGUE_HZ, 1.0)
        assert share(desk.caller.heard_lately(0.5), PHONE_HZ) < 0.1
    desk.caller.hang_up()
    desk.phone.second.hang_up()

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}]
    assert len({hold.leg for hold in record.holds}) == 2
    assert len(record.holds) == 7


async def test_an_attended_transfer_of_a_caller_whom_the_service_holds(desk: Desk) -> None:
    await desk.takes()
    await desk.holds()
    await desk.consults()
    await desk.phone.hand_over(COLLEAGUES)
    await desk.caller.hears(COLLEAGUE_HZ)
    desk.phone.hang_up()
    await desk.colleague.hears(desk.caller.tone_hz, 1.0)
    await desk.phone.is_free()
    desk.caller.hang_up()
    await happens(desk.colleague.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}, {None, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER
    _, asked, taken = record.segments
    assert None not in (asked.recorded_leg, taken.recorded_leg)
    assert asked.recorded_leg != taken.recorded_leg
    said, heard = recorded(desk.asterisk, taken.recorded_leg or "")[4000:8000].T
    assert share(said, COLLEAGUE_HZ) > 0.9
    assert share(heard, desk.caller.tone_hz) > 0.9


async def test_a_phone_cannot_transfer_a_caller_whom_the_service_holds_to_one_who_has_not_answered(
    desk: Desk,
) -> None:
    await desk.takes()
    await desk.holds()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    desk.phone.first.refer(COLLEAGUES, replaces=desk.phone.second)
    await desk.phone.first.answered_refer()
    assert desk.phone.first.referred >= 400
    desk.colleague.answer()
    desk.colleague.talk()
    await desk.phone.asked()
    await desk.phone.second.hears(COLLEAGUE_HZ)
    assert not desk.caller.ended.is_set()
    desk.caller.hang_up()
    desk.phone.second.hang_up()
    await happens(desk.phone.first.ended)
    assert list(await desk.over()) == [desk.call]


async def test_who_lets_the_colleague_go_takes_the_caller_up_again(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    desk.phone.second.hang_up()
    await happens(desk.colleague.ended)
    desk.phone.first.resume()
    await desk.caller.hears(PHONE_HZ)
    desk.caller.hang_up()
    await happens(desk.phone.first.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER
    [hold] = record.holds
    assert hold.ended_at is not None
    assert record.segments[0].ended_at is not None
    assert hold.ended_at < record.segments[0].ended_at


async def test_a_colleague_who_refuses_leaves_the_caller_with_the_agent(desk: Desk) -> None:
    await desk.takes()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    desk.colleague.reject()
    await happens(desk.phone.second.ended)
    assert desk.phone.second.last_status == 486
    desk.phone.first.resume()
    await desk.caller.hears(PHONE_HZ)
    desk.phone.first.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}]
    assert record.ended_by is EndedBy.AGENT


async def test_a_caller_who_hangs_up_on_hold_ends_the_call_though_the_two_go_on(desk: Desk) -> None:
    await desk.takes()
    await desk.consults()
    desk.caller.hang_up()
    await happens(desk.phone.first.ended)
    await desk.phone.second.hears(COLLEAGUE_HZ)
    desk.phone.second.hang_up()
    await happens(desk.colleague.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, OTHER_SEAT}]
    assert record.ended_by is EndedBy.CALLER


async def test_a_transfer_while_the_colleagues_phone_rings_lets_the_caller_wait_for_the_answer(
    desk: Desk,
) -> None:
    await desk.takes()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    await desk.phone.transfer(COLLEAGUES)
    await desk.phone.is_free()
    desk.colleague.answer()
    desk.colleague.talk()
    await desk.caller.hears(COLLEAGUE_HZ)
    await desk.colleague.hears(desk.caller.tone_hz)
    desk.colleague.hang_up()
    await happens(desk.caller.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {None, OTHER_SEAT}]
    assert record.ended_by is EndedBy.AGENT
    recorded_legs = [segment.recorded_leg for segment in record.segments]
    assert len(set(recorded_legs)) == 2
    assert None not in recorded_legs


async def test_a_transfer_to_a_phone_that_nobody_answers_brings_the_caller_back_to_the_queue(
    desk: Desk,
) -> None:
    await desk.takes()
    desk.phone.consult(COLLEAGUES)
    await happens(desk.colleague.ringing)
    await desk.phone.transfer(COLLEAGUES)
    await desk.phone.is_free()
    desk.colleague.reject()
    again = await desk.queued_again()
    assert (again["Uniqueid"], again["Call"]) == (desk.queued["Uniqueid"], desk.call)
    assert again["QueuedAt"] == desk.queued["QueuedAt"]
    desk.caller.hang_up()

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}]
    assert record.ended_by is EndedBy.CALLER


async def test_an_attended_transfer_to_a_number_is_one_call_with_the_callers(desk: Desk) -> None:
    await desk.takes()
    await desk.consults(OUTSIDE, desk.outsider)
    await desk.phone.transfer(OUTSIDE)
    await desk.caller.hears(OUTSIDER_HZ)
    await desk.phone.is_free()
    desk.caller.hang_up()
    await happens(desk.outsider.ended)

    [record] = (await desk.over()).values()
    assert seats_of(record) == [{None, SEAT}, {SEAT, None}, {None}]
    assert record.ended_by is EndedBy.CALLER
    assert None not in [segment.recorded_leg for segment in record.segments]
