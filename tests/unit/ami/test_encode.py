"""Actions into AMI headers, and what must never leave."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.encode import displayable, encode
from cti.ami.errors import AmiInputError
from cti.ami.messages import lines_of
from cti.calls.actions import (
    Action,
    Announce,
    AnswerFeature,
    AnswerPhone,
    Beat,
    DialCitizen,
    DialFromSeat,
    EndLeg,
    HangUp,
    MoveToQueue,
    Mute,
    NotePriority,
    NoteSteps,
    OfferCallback,
    PauseSeat,
    Place,
    PressKey,
    RingParty,
    RingSeat,
    RingSupervisor,
    SendAway,
    SendLeg,
    SendSupervisor,
    SetFact,
    TakeOver,
)

RING = RingSeat(
    "c", "offer-7", "seat-01", "hotline-1.0", "PJSIP/trunk-00000001", "consumer", "+86 138", 15.25
)
CITIZEN = DialCitizen(
    "c", "cb-1-d0", "trunk", "+86 139-0000-0001", "05516100", 40.0, "cb-1", "12345", "general", -2
)


def test_a_callback_rings_the_seat_first_and_dials_from_it() -> None:
    action = DialFromSeat("c", "cb-1-o1-0", "seat-01", "+86 139-0000-0001", 15.0, "cb-1")
    headers = encode(action).headers
    assert headers["Channel"] == "PJSIP/seat-01"
    assert headers["ChannelId"] == headers["Account"] == "cb-1-o1-0"
    assert headers["Context"] == "hl-dial-from-seat"
    assert headers["Variable"] == (
        "HL_DIAL=+8613900000001",
        "HL_CALLBACK=cb-1",
        "HL_WORK_ORDER=",
        "HL_PLACE=agent",
    )
    assert headers["CallerID"] == "<+8613900000001>"


def test_from_when_on_a_seat_may_not_dial_is_told_in_the_seconds_that_the_dialplan_counts() -> None:
    action = DialFromSeat("c", "cb-1-o1-0", "seat-01", "139", 15.0, "cb-1", until=1772442000.0000004)
    assert "HL_DIAL_UNTIL=1772442000" in encode(action).headers["Variable"]


@pytest.mark.parametrize(
    "wrong",
    [
        DialFromSeat("c", "cb-1-o1-0", "seat-01", "anonymous", 15.0, "cb-1"),
        DialFromSeat("c", "cb-1-o1-0", "seat-01", "139", 15.0, "cb,1"),
        DialFromSeat("c", "cb/1", "seat-01", "139", 15.0),
    ],
)
def test_what_must_not_reach_a_dial_command_is_refused(wrong: DialFromSeat) -> None:
    with pytest.raises(AmiInputError):
        encode(wrong)


def test_a_citizen_is_dialled_over_the_trunk_and_carries_what_the_dialplan_needs() -> None:
    headers = encode(CITIZEN).headers
    assert headers["Channel"] == "PJSIP/+8613900000001@trunk"
    assert headers["ChannelId"] == headers["Account"] == "cb-1-d0"
    assert (headers["Context"], headers["Exten"], headers["Timeout"]) == ("hl-dialled", "12345", "40000")
    assert headers["CallerID"] == "<05516100>"
    assert headers["Variable"] == (
        "__HL_CALL=cb-1-d0",
        "HL_HOTLINE=12345",
        "HL_QUEUE=general",
        "HL_PRIORITY=-2",
    )


@pytest.mark.parametrize(
    "wrong",
    [{"number": "anonymous"}, {"hotline": ""}, {"queue": "a,b"}, {"leg": "cb/1"}, {"trunk": "t@x"}],
)
def test_what_must_not_reach_a_citizens_leg_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(AmiInputError):
        encode(replace(CITIZEN, **wrong))  # type: ignore[arg-type]


def test_ringing_a_seat_is_an_originate_that_carries_the_calls_variables() -> None:
    assert encode(RING).headers == {
        "Action": "Originate",
        "ActionID": "ring/offer-7",
        "ChannelId": "offer-7",
        "Account": "hotline-1.0",
        "Channel": "PJSIP/seat-01",
        "Context": "hl-agent",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "15250",
        "Async": "true",
        "CallerID": "<+86138>",
        "Variable": (
            "HL_CALL=hotline-1.0",
            "HL_PEER=PJSIP/trunk-00000001",
            "HL_QUEUE=consumer",
            "SHARED(HL_RINGS,PJSIP/trunk-00000001)=seat-01",
            "HL_RUNG=1",
            "HL_PLACE=agent",
        ),
    }


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        (HangUp("c", "offer-7"), {"Action": "Hangup", "Channel": "offer-7", "Cause": "16"}),
        (
            TakeOver("c", "PJSIP/trunk-00000001"),
            {
                "Action": "Redirect",
                "Channel": "PJSIP/trunk-00000001",
                "Context": "hl-waiting",
                "Exten": "s",
                "Priority": "1",
            },
        ),
        (
            MoveToQueue("c", "PJSIP/trunk-00000001", "consumer"),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/trunk-00000001",
                "Variable": "HL_QUEUE",
                "Value": "consumer",
            },
        ),
        (
            NotePriority("c", "PJSIP/trunk-00000001", -7),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/trunk-00000001",
                "Variable": "HL_PRIORITY",
                "Value": "-7",
            },
        ),
        (
            NoteSteps("c", "PJSIP/trunk-00000001", "eJyLzk1_-a"),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/trunk-00000001",
                "Variable": "HL_STEPS",
                "Value": "eJyLzk1_-a",
            },
        ),
        (
            SendAway("c", "PJSIP/trunk-00000001", "closed"),
            {
                "Action": "Redirect",
                "Channel": "PJSIP/trunk-00000001",
                "Context": "hl-message",
                "Exten": "closed",
                "Priority": "1",
            },
        ),
        (
            Announce("c", "PJSIP/trunk-00000001", ("position-3", "wait-5")),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/trunk-00000001",
                "Variable": "HL_SAY",
                "Value": "position-3&wait-5",
            },
        ),
        (
            OfferCallback("c", "PJSIP/trunk-00000001"),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/trunk-00000001",
                "Variable": "HL_OFFER",
                "Value": "1",
            },
        ),
        (
            AnswerFeature("c", "PJSIP/seat-01-00000001", "ok"),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/seat-01-00000001",
                "Variable": "HL_FEATURE_RESULT",
                "Value": "ok",
            },
        ),
        (
            PauseSeat("c", "seat-01", paused=True),
            {"Action": "QueuePause", "Interface": "PJSIP/seat-01", "Paused": "true"},
        ),
        (
            Mute("c", "PJSIP/seat-01-00000001", muted=True),
            {
                "Action": "Setvar",
                "Channel": "PJSIP/seat-01-00000001",
                "Variable": "MUTEAUDIO(in)",
                "Value": "on",
            },
        ),
        (
            PressKey("c", "PJSIP/trunk-00000001", "#"),
            {"Action": "PlayDTMF", "Channel": "PJSIP/trunk-00000001", "Digit": "#", "Duration": "80"},
        ),
        (
            AnswerPhone("c", "PJSIP/seat-01-00000001"),
            {"Action": "PJSIPNotify", "Channel": "PJSIP/seat-01-00000001", "Variable": "Event=talk"},
        ),
        (
            SetFact("c", "offer-7", "HL_HOLDS", "hotline-1.0"),
            {"Action": "Setvar", "Channel": "offer-7", "Variable": "HL_HOLDS", "Value": "hotline-1.0"},
        ),
        (
            SendLeg("c", "PJSIP/trunk-00000001", Place.HELD, "PJSIP/seat-01-00000002", Place.ASIDE),
            {
                "Action": "Redirect",
                "Channel": "PJSIP/trunk-00000001",
                "Context": "hl-held",
                "Exten": "s",
                "Priority": "1",
                "ExtraChannel": "PJSIP/seat-01-00000002",
                "ExtraContext": "hl-aside",
                "ExtraExten": "s",
                "ExtraPriority": "1",
            },
        ),
        (
            RingParty(
                "c",
                "leg-1",
                "trunk",
                "13800000000",
                "hotline-1.0",
                Place.CONNECT,
                "PJSIP/trunk-0001",
                "12345",
                20.0,
            ),
            {
                "Action": "Originate",
                "ActionID": "ring/leg-1",
                "ChannelId": "leg-1",
                "Account": "hotline-1.0",
                "Channel": "PJSIP/13800000000@trunk",
                "Context": "hl-agent",
                "Exten": "s",
                "Priority": "1",
                "Timeout": "20000",
                "Async": "true",
                "CallerID": "<12345>",
                "Variable": (
                    "HL_CALL=hotline-1.0",
                    "HL_PLACE=agent",
                    "HL_PEER=PJSIP/trunk-0001",
                    "SHARED(HL_RINGS,PJSIP/trunk-0001)=trunk",
                    "HL_RUNG=1",
                ),
            },
        ),
        (Beat("c", 1795478755), {"Action": "Setvar", "Variable": "HL_BEAT", "Value": "1795478755"}),
    ],
)
def test_each_action_is_one_ami_action(action: Action, headers: dict[str, str]) -> None:
    assert encode(action).headers == headers


def test_a_supervisors_phone_is_rung_into_its_place_with_the_agent_on_its_display() -> None:
    headers = encode(RingSupervisor("c", "supervision-1", "seat-40", "1001", 30.0)).headers
    assert headers == {
        "Action": "Originate",
        "ActionID": "ring/supervision-1",
        "ChannelId": "supervision-1",
        "Channel": "PJSIP/seat-40",
        "Context": "hl-supervise",
        "Exten": "wait",
        "Priority": "1",
        "Timeout": "30000",
        "Async": "true",
        "Variable": ("HL_PLACE=supervisor",),
        "CallerID": "<1001>",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        SendSupervisor("c", "PJSIP/t-00000001", "record"),
        SendSupervisor("c", "all", "listen"),
        SetFact("c", "supervision-1", "GLOBAL(HL_BEAT)", "0"),
        SetFact("c", "supervision-1", "HL_SPIED", "a,b"),
        SetFact("c", "a channel", "HL_SPIED", "b"),
        RingSupervisor("c", "l", "seat-40/x", "1001", 30.0),
    ],
)
def test_what_must_not_reach_a_supervisors_phone_is_refused(wrong: Action) -> None:
    with pytest.raises(AmiInputError):
        encode(wrong)


def test_no_action_waits_for_its_answer_for_ever() -> None:
    assert {type(action) for action in EXAMPLES} == set(get_args(Action))
    assert all(0 < encode(action).deadline_s <= 5 for action in EXAMPLES)


EXAMPLES: list[Action] = [
    RING,
    HangUp("c", "l"),
    TakeOver("c", "PJSIP/t-00000001"),
    AnswerFeature("c", "PJSIP/t-00000001", "refused"),
    MoveToQueue("c", "PJSIP/t-00000001", "consumer"),
    NotePriority("c", "PJSIP/t-00000001", 1),
    NoteSteps("c", "PJSIP/t-00000001", "eJ"),
    SendAway("c", "PJSIP/t-00000001", "closed"),
    SendAway("c", "PJSIP/t-00000001", None),
    SendSupervisor("c", "PJSIP/t-00000001", "listen"),
    EndLeg("c", "l"),
    SetFact("c", "l", "HL_HOLDS", ""),
    Mute("c", "PJSIP/t-00000001", muted=False),
    PressKey("c", "PJSIP/t-00000001", "1"),
    SendLeg("c", "PJSIP/t-00000001", Place.WAITING),
    RingParty("c", "l", "s", None, "k", Place.CONSULT, "", "", 20.0, auto_answer=True),
    Announce("c", "PJSIP/t-00000001", ("wait-more",)),
    OfferCallback("c", "PJSIP/t-00000001"),
    PauseSeat("c", "s", paused=False),
    RingSupervisor("c", "supervision-1", "s", "1001", 30.0),
    AnswerPhone("c", "PJSIP/s-00000001"),
    DialFromSeat("c", "l", "s", "139", 15.0),
    CITIZEN,
    Beat("c", 1),
]


@pytest.mark.parametrize("action", EXAMPLES[1:12])
def test_ending_or_moving_what_has_ended_is_harmless(action: Action) -> None:
    encoded = encode(action)
    assert encoded.is_harmless("No such channel")
    assert encoded.is_harmless("Channel does not exist: PJSIP/t-00000001")
    assert not encoded.is_harmless("Permission denied")


def test_a_phone_that_stopped_ringing_needs_no_answer() -> None:
    encoded = encode(AnswerPhone("c", "PJSIP/s-00000001"))
    assert encoded.is_harmless("Channel not found")
    assert not encoded.is_harmless("Permission denied")


@pytest.mark.parametrize("action", [RING, PauseSeat("c", "s", paused=True), Beat("c", 1)])
def test_other_errors_are_never_harmless(action: Action) -> None:
    assert not encode(action).is_harmless("No such channel")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800001111", "13800001111"),
        ("+86 138", "+86138"),
        ('"><sip:x', ""),
        ("1+2", "12"),
        ("+", ""),
        ("", ""),
    ],
)
def test_only_digits_and_a_leading_plus_are_shown(number: str, shown: str) -> None:
    assert displayable(number) == shown


def test_a_caller_without_a_number_is_shown_as_asterisk_shows_the_unknown() -> None:
    ring = RingSeat("c", "l", "seat-01", "c.0", "PJSIP/t-00000001", "q", "anonymous", 15)
    assert "CallerID" not in encode(ring).headers


def test_a_hang_up_can_never_mean_a_pattern_of_channels() -> None:
    with pytest.raises(AmiInputError, match="leg"):
        encode(HangUp("c", "/.*/"))


ANY_TEXT = st.text(max_size=40)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_no_value_of_a_ring_adds_a_header_or_a_variable(
    leg: str, seat: str, call: str, channel: str, queue: str, shown: str
) -> None:
    try:
        encoded = encode(RingSeat("c", leg, seat, call, channel, queue, shown, 15))
    except AmiInputError:
        return
    wire = "".join(f"{name}: {value}\r\n" for name, value in lines_of(encoded.headers))
    lines = wire.split("\r\n")[:-1]
    named = [line.split(": ", 1)[0] for line in lines]
    assert named.count("Action") == 1
    assert named.count("Variable") == 4
    assert not any("," in line or "$" in line for line in lines if line.startswith("Variable"))
