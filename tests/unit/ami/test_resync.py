"""A snapshot from what Asterisk answers. The headers are those that Asterisk 22.10 sends."""

from __future__ import annotations

from cti.ami.messages import AmiMessage, Headers
from cti.ami.resync import build_snapshot
from cti.calls.facts import LegSnapshot, PbxSnapshot, Phone

CALL = "hotline-1795478755.0"
CALLER: Headers = {
    "Event": "Status",
    "Channel": "PJSIP/trunk-00000009",
    "ChannelState": "6",
    "CallerIDNum": "13800001111",
    "AccountCode": CALL,
    "Context": "hl-waiting",
    "Exten": "s",
    "Uniqueid": CALL,
    "Linkedid": CALL,
    "DNID": "12345",
    "BridgeID": "b-1",
    "Seconds": "1",
    "Variable": (
        f"HL_CALL={CALL}",
        "HL_HOTLINE=12345",
        "HL_QUEUE=consumer",
        "HL_PRIORITY=2",
        "HL_QUEUED_AT=1795478756.058",
        "HL_PLACE=waiting",
        "HL_STEPS=eJyL-_",
    ),
}


def snapshot(*channels: Headers, phones: tuple[Phone, ...] = ()) -> PbxSnapshot:
    return build_snapshot(
        [AmiMessage(channel) for channel in channels],
        phones,
        at=1795478800.0,
        cause="c",
        booted_at=1795478000.0,
    )


def test_a_waiting_caller_is_shown_with_all_that_its_channel_carries() -> None:
    assert snapshot(CALLER).legs == (
        LegSnapshot(
            leg=CALL,
            channel="PJSIP/trunk-00000009",
            endpoint="trunk",
            call=CALL,
            linked=CALL,
            number="13800001111",
            dialled="12345",
            up=True,
            ringing=False,
            bridge="b-1",
            place="waiting",
            hotline="12345",
            queue="consumer",
            priority=2,
            queued_at=1795478756.058,
            started_at=1795478755.0,
            steps="eJyL-_",
        ),
    )


def test_a_phone_that_rings_for_a_callback_says_for_which() -> None:
    variables = ("HL_PLACE=agent", "HL_CALLBACK=cb-7", "HL_CALL=(null)")
    (leg,) = snapshot({**CALLER, "Channel": "PJSIP/seat-01-0000000e", "Variable": variables}).legs
    assert (leg.endpoint, leg.callback) == ("seat-01", "cb-7")


def test_a_seats_leg_has_no_place_in_a_queue_and_no_known_start() -> None:
    unset = ("HL_HOTLINE=(null)", "HL_PRIORITY=(null)", "HL_QUEUED_AT=(null)", "HL_PLACE=agent")
    (leg,) = snapshot(
        {
            **CALLER,
            "Channel": "PJSIP/seat-01-0000000e",
            "ChannelState": "5",
            "Uniqueid": "offer-7",
            "DNID": "",
            "BridgeID": "",
            "Variable": (f"HL_CALL={CALL}", "HL_QUEUE=consumer", *unset),
        }
    ).legs
    assert (leg.endpoint, leg.up, leg.ringing, leg.bridge) == ("seat-01", False, True, None)
    assert (leg.place, leg.queued_at, leg.priority, leg.started_at) == ("agent", None, 0, None)


def test_a_caller_still_in_the_greeting_is_elsewhere() -> None:
    (leg,) = snapshot({**CALLER, "Variable": "HL_PLACE=greeting"}).legs
    assert (leg.place, leg.call) == ("other", CALL)


def test_a_channel_without_a_call_says_so() -> None:
    (leg,) = snapshot({**CALLER, "AccountCode": "", "Variable": "HL_CALL=(null)"}).legs
    assert leg.call is None


def test_one_unreadable_variable_hides_no_channel() -> None:
    broken: Headers = {**CALLER, "Variable": ("HL_PRIORITY=high", "HL_QUEUED_AT=soon")}
    first, second = snapshot(broken, CALLER).legs
    assert (first.priority, first.queued_at) == (0, None)
    assert second.priority == 2


def test_channels_that_are_no_phones_are_left_out() -> None:
    assert snapshot({**CALLER, "Channel": "Local/s@x-00000001;1"}).legs == ()


def test_the_reachable_seats_are_those_whose_phone_answers_or_was_not_asked_yet() -> None:
    answers = {"seat-01": True, "seat-02": False, "seat-03": None}
    shown = snapshot(phones=tuple(Phone(seat, f"sip:{seat}@host", told) for seat, told in answers.items()))
    assert shown.reachable_seats == {"seat-01", "seat-03"}
    assert shown.booted_at == 1795478000.0
