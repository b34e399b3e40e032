"""AMI events into facts. The headers are those that Asterisk 22.10 sends."""

from __future__ import annotations

import itertools

import pytest

from cti.ami.decode import IGNORED, LiveDecoder
from cti.ami.errors import MissingHeader
from cti.ami.messages import AmiMessage
from cti.ami.user_events import USER_EVENTS
from cti.calls.facts import (
    CallArrived,
    CallbackAsked,
    CallerFellBack,
    CallerHeld,
    CallerLeft,
    CallerQueued,
    DialEnded,
    Fact,
    FeatureDialled,
    LegAnswered,
    LegEnded,
    LegJoined,
    LegLeaving,
    LegLingers,
    LegParted,
    LegRinging,
    LegStarted,
    LineClosed,
    MenuChosen,
    OriginateFailed,
    Phone,
    PhoneChanged,
    RatingAsked,
    RatingGiven,
    RecordingFinished,
    RecordingStarted,
    SeatDialled,
    SupervisorDoes,
    VoicemailEnded,
    VoicemailStarted,
)

AT, CAUSE = 1000.5, "ami-1"
CALL = "hotline-1795478755.0"
TRUNK = {
    "Channel": "PJSIP/trunk-00000000",
    "ChannelState": "4",
    "ChannelStateDesc": "Ring",
    "CallerIDNum": "13800001111",
    "CallerIDName": "<unknown>",
    "ConnectedLineNum": "<unknown>",
    "Language": "en",
    "AccountCode": "",
    "Context": "from-trunk",
    "Exten": "12345",
    "Priority": "1",
    "Uniqueid": CALL,
    "Linkedid": CALL,
}
SEAT = {**TRUNK, "Channel": "PJSIP/seat-01-0000000a", "Uniqueid": "leg-1", "Linkedid": "leg-1", "Exten": "s"}


def decoder() -> LiveDecoder:
    return LiveDecoder(frozenset({"trunk"}))


def decoded(to: LiveDecoder, name: str, *channel: dict[str, str], **headers: str) -> list[Fact]:
    merged: dict[str, str] = {"Event": name}
    for part in channel:
        merged |= part
    return to.decode(AmiMessage({**merged, **headers}), AT, CAUSE)


def test_a_new_channel_is_a_leg_with_its_endpoint_and_no_call_yet() -> None:
    assert decoded(decoder(), "Newchannel", TRUNK) == [
        LegStarted(AT, CAUSE, CALL, "PJSIP/trunk-00000000", "trunk", None, CALL, "13800001111", "12345")
    ]


def test_a_leg_that_was_originated_has_no_number_and_nothing_dialled() -> None:
    (fact,) = decoded(
        decoder(), "Newchannel", SEAT, {"CallerIDNum": "<unknown>", "AccountCode": CALL, "ChannelState": "0"}
    )
    assert isinstance(fact, LegStarted)
    assert (fact.call, fact.number, fact.dialled, fact.endpoint) == (CALL, "", "", "seat-01")


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("0", []),
        ("4", []),
        ("5", [LegRinging(AT, CAUSE, "leg-1")]),
        ("6", [LegAnswered(AT, CAUSE, "leg-1")]),
    ],
)
def test_only_ringing_and_up_are_states_of_a_leg(state: str, facts: list[Fact]) -> None:
    assert decoded(decoder(), "Newstate", SEAT, {"ChannelState": state}) == facts


def test_a_leg_joins_and_parts_from_a_bridge() -> None:
    to = decoder()
    bridge = {"BridgeUniqueid": "b-1", "BridgeType": "basic", "BridgeNumChannels": "1"}
    assert decoded(to, "BridgeEnter", bridge, SEAT) == [LegJoined(AT, CAUSE, "leg-1", "b-1")]
    assert decoded(to, "BridgeLeave", bridge, SEAT) == [LegParted(AT, CAUSE, "leg-1", "b-1")]


def test_a_leg_that_is_bridged_after_its_far_end_hung_up_lingers() -> None:
    to = decoder()
    bridge = {"BridgeUniqueid": "b-1", "BridgeType": "basic", "BridgeNumChannels": "1"}
    decoded(to, "HangupRequest", SEAT)
    assert decoded(to, "BridgeEnter", bridge, SEAT) == [
        LegJoined(AT, CAUSE, "leg-1", "b-1"),
        LegLingers(AT, CAUSE, "leg-1"),
    ]


def test_what_is_measured_of_no_leg_is_nobodys() -> None:
    assert decoded(decoder(), "UserEvent", {"UserEvent": "HotlineQuality", "Call": CALL, "Rtcp": ""}) == []


def test_a_leg_that_asked_for_its_end_was_hung_up_by_its_peer() -> None:
    to = decoder()
    assert decoded(to, "HangupRequest", SEAT, {"Cause": "16"}) == [LegLeaving(AT, CAUSE, "leg-1")]
    assert decoded(to, "HangupRequest", SEAT, {"Cause": "16"}) == []
    assert decoded(to, "Hangup", SEAT, {"Cause": "16"}) == [LegEnded(AT, CAUSE, "leg-1", 16, True)]


def test_a_leg_that_asterisk_ended_was_not_hung_up_by_its_peer() -> None:
    to = decoder()
    decoded(to, "HangupRequest", TRUNK)
    decoded(to, "SoftHangupRequest", SEAT, {"Cause": "16"})
    assert decoded(to, "Hangup", SEAT, {"Cause": "16"}) == [LegEnded(AT, CAUSE, "leg-1", 16, False)]


def test_a_bye_without_a_cause_is_normal_clearing() -> None:
    to = decoder()
    decoded(to, "HangupRequest", TRUNK)
    assert decoded(to, "Hangup", TRUNK, {"Cause": "0"}) == [LegEnded(AT, CAUSE, CALL, 16, True)]


@pytest.mark.parametrize(
    ("cause", "reason"), [("17", "busy"), ("19", "no_answer"), ("21", "rejected"), ("16", "failed")]
)
@pytest.mark.parametrize("order", list(itertools.permutations(["Hangup", "OriginateResponse"])))
def test_a_failed_originate_has_the_reason_of_its_legs_end_whichever_comes_first(
    order: tuple[str, ...], cause: str, reason: str
) -> None:
    to = decoder()
    decoded(to, "Newchannel", SEAT)
    facts: list[Fact] = []
    for name in order:
        if name == "Hangup":
            facts += decoded(to, "Hangup", SEAT, {"Cause": cause})
        else:
            facts += failed_originate(to, reason="0")
    assert facts == [
        LegEnded(AT, CAUSE, "leg-1", int(cause), False),
        OriginateFailed(AT, CAUSE, "leg-1", reason),
    ]


@pytest.mark.parametrize(
    ("reason", "told"), [("0", "failed"), ("3", "no_answer"), ("5", "busy"), ("8", "failed")]
)
def test_a_leg_that_never_came_to_be_has_asterisks_own_reason(reason: str, told: str) -> None:
    assert failed_originate(decoder(), reason=reason) == [OriginateFailed(AT, CAUSE, "leg-1", told)]


def test_the_leg_of_a_failed_originate_is_read_from_the_action_id_when_asterisk_knows_none() -> None:
    assert failed_originate(decoder(), reason="0", uniqueid="<null>") == [
        OriginateFailed(AT, CAUSE, "leg-1", "failed")
    ]


def test_a_repeated_originate_says_nothing_about_the_leg_that_answered() -> None:
    to = decoder()
    decoded(to, "Newchannel", SEAT)
    decoded(to, "Newstate", SEAT, {"ChannelState": "6"})
    assert failed_originate(to, reason="0") == []
    assert len(decoded(to, "Hangup", SEAT, {"Cause": "16"})) == 1


def test_a_successful_originate_is_told_by_the_legs_own_answer() -> None:
    assert decoded(decoder(), "OriginateResponse", {"Response": "Success", "Uniqueid": "leg-1"}) == []


def failed_originate(to: LiveDecoder, reason: str, uniqueid: str = "leg-1") -> list[Fact]:
    return decoded(
        to,
        "OriginateResponse",
        {"ActionID": "ring/leg-1", "Response": "Failure", "Channel": "PJSIP/seat-01"},
        {"Reason": reason, "Uniqueid": uniqueid},
    )


@pytest.mark.parametrize(
    ("name", "headers", "fact"),
    [
        (
            "HotlineArrived",
            {"Call": CALL, "Hotline": "12345", "Number": "138", "Dialled": "12345"},
            CallArrived(AT, CAUSE, CALL, CALL, "12345", "138", "12345"),
        ),
        (
            "HotlineDialled",
            {"Call": CALL, "Seat": "seat-01", "Number": "139"},
            SeatDialled(AT, CAUSE, CALL, CALL, "seat-01", "139"),
        ),
        (
            "HotlineDialled",
            {"Call": CALL, "Seat": "seat-01", "Number": "139", "Callback": "cb-1"},
            SeatDialled(AT, CAUSE, CALL, CALL, "seat-01", "139", "cb-1"),
        ),
        (
            "HotlineDialled",
            {"Call": CALL, "Seat": "seat-01", "Number": "8002", "To": "seat-02", "Callback": ""},
            SeatDialled(AT, CAUSE, CALL, CALL, "seat-01", "8002", to_seat="seat-02"),
        ),
        (
            "HotlineDialEnded",
            {"Call": CALL, "Status": "BUSY", "HangupCause": "17"},
            DialEnded(AT, CAUSE, CALL, CALL, "BUSY", 17),
        ),
        (
            "HotlineDialEnded",
            {"Call": CALL, "Status": "CHANUNAVAIL", "HangupCause": ""},
            DialEnded(AT, CAUSE, CALL, CALL, "CHANUNAVAIL", 0),
        ),
        ("HotlineFallback", {"Call": CALL}, CallerFellBack(AT, CAUSE, CALL, CALL)),
        ("HotlineLeft", {"Call": CALL, "Cause": "16"}, CallerLeft(AT, CAUSE, CALL, CALL, 16)),
        ("HotlineSupervising", {"Doing": "listen"}, SupervisorDoes(AT, CAUSE, CALL, "listen")),
        ("HotlineHeld", {"Call": CALL, "By": "leg-2"}, CallerHeld(AT, CAUSE, CALL, CALL, "leg-2")),
        (
            "HotlineRecordingStarted",
            {"Call": CALL, "Recording": f"{CALL}_r2"},
            RecordingStarted(AT, CAUSE, CALL, CALL, f"{CALL}_r2"),
        ),
        (
            "HotlineRecordingFinished",
            {"Call": CALL, "Recording": CALL},
            RecordingFinished(AT, CAUSE, CALL, CALL, CALL),
        ),
        (
            "HotlineFeature",
            {"Seat": "seat-01", "Feature": "login", "Argument": "101"},
            FeatureDialled(AT, CAUSE, CALL, "PJSIP/trunk-00000000", "seat-01", "login", "101"),
        ),
        ("HotlineChosen", {"Call": CALL, "Choice": "a.b"}, MenuChosen(AT, CAUSE, CALL, CALL, "a.b")),
        ("HotlineClosed", {"Call": CALL, "Queue": "law"}, LineClosed(AT, CAUSE, CALL, CALL, "law")),
        ("HotlineVoicemail", {"Call": CALL}, VoicemailStarted(AT, CAUSE, CALL, CALL)),
        ("HotlineVoicemailEnded", {"Call": CALL}, VoicemailEnded(AT, CAUSE, CALL, CALL)),
        (
            "HotlineCallback",
            {"Call": CALL, "Queue": "law", "Priority": "-2", "QueuedAt": "9.5", "Number": "02088887777"},
            CallbackAsked(AT, CAUSE, CALL, CALL, "law", -2, 9.5, "02088887777"),
        ),
        ("HotlineRating", {"Call": CALL}, RatingAsked(AT, CAUSE, CALL, CALL)),
        (
            "HotlineRated",
            {"Call": CALL, "Outcome": "rated", "Score": "4", "Tries": "2"},
            RatingGiven(AT, CAUSE, CALL, CALL, "rated", 4, 2),
        ),
    ],
)
def test_the_dialplans_events_are_facts_about_the_leg_they_came_from(
    name: str, headers: dict[str, str], fact: Fact
) -> None:
    assert decoded(decoder(), "UserEvent", TRUNK, {"UserEvent": name}, headers) == [fact]


def test_a_callers_priority_is_not_taken_for_the_channels_dialplan_priority() -> None:
    headers = {**TRUNK, "Event": "UserEvent", "UserEvent": "HotlineQueued"}
    event = AmiMessage(
        headers | {"Call": CALL, "Queue": "consumer", "QueuedAt": "1795478755.25"} | {"Priority": ("4", "-2")}
    )
    assert decoder().decode(event, AT, CAUSE) == [
        CallerQueued(AT, CAUSE, CALL, CALL, "consumer", -2, 1795478755.25)
    ]


def test_every_event_of_the_dialplan_contract_has_a_decoder() -> None:
    assert set(USER_EVENTS) == {
        "HotlineArrived",
        "HotlineDialled",
        "HotlineDialEnded",
        "HotlineQueued",
        "HotlineFallback",
        "HotlineLeft",
        "HotlineHeld",
        "HotlineSupervising",
        "HotlineRecordingStarted",
        "HotlineRecordingFinished",
        "HotlineFeature",
        "HotlineChosen",
        "HotlineClosed",
        "HotlineVoicemail",
        "HotlineVoicemailEnded",
        "HotlineCallback",
        "HotlineRating",
        "HotlineRated",
        "HotlineQuality",
    }


URI = "sip:seat-01@192.0.2.7:5060"


@pytest.mark.parametrize(
    ("status", "rtt", "phone", "gone"),
    [
        ("Reachable", "3504", Phone("seat-01", URI, True, 0.003504), False),
        ("Unreachable", "0", Phone("seat-01", URI, False), False),
        ("Created", "", Phone("seat-01", URI, None), False),
        ("Updated", "", Phone("seat-01", URI, None), False),
        ("NonQualified", "N/A", Phone("seat-01", URI, None), False),
        ("Removed", "", Phone("seat-01", URI, None), True),
    ],
)
def test_a_contacts_status_is_told_as_a_change_of_the_seats_phone(
    status: str, rtt: str, phone: Phone, gone: bool
) -> None:
    headers = {"EndpointName": "seat-01", "URI": URI, "ContactStatus": status, "RoundtripUsec": rtt}
    assert decoded(decoder(), "ContactStatus", headers) == [PhoneChanged(AT, CAUSE, phone, gone)]


def test_the_trunk_is_no_phone() -> None:
    headers = {"EndpointName": "trunk", "URI": "sip:192.0.2.1", "ContactStatus": "Reachable"}
    assert decoded(decoder(), "ContactStatus", headers) == []


@pytest.mark.parametrize("channel", ["Local/s@hl-agent-00000001;1", "Message/ast_msg_queue", "PJSIP/x"])
def test_a_channel_that_is_no_phones_is_counted_and_passed_over(channel: str) -> None:
    to = decoder()
    for name in ("Newchannel", "Newstate", "BridgeEnter", "BridgeLeave", "HangupRequest", "Hangup"):
        assert decoded(to, name, SEAT, {"Channel": channel}) == []
    assert to.foreign.total() == 6


def test_an_unknown_event_is_counted_by_name() -> None:
    to = decoder()
    for name in ("Novelty", "Novelty", "VarSet"):
        assert decoded(to, name) == []
    decoded(to, "UserEvent", TRUNK, {"UserEvent": "HotlineNovelty"})
    assert to.unknown == {"Novelty": 2, "UserEvent HotlineNovelty": 1}


def test_each_ignored_event_has_its_reason_and_no_decoder() -> None:
    assert all(reason for reason in IGNORED.values())
    assert not set(IGNORED) & set(decoder()._handlers)


def test_an_event_without_a_header_it_needs_is_an_error_that_names_it() -> None:
    with pytest.raises(MissingHeader, match="Uniqueid"):
        decoded(decoder(), "Hangup", {"Channel": "PJSIP/seat-01-0000000a", "Cause": "16"})


def test_what_is_remembered_of_a_leg_is_forgotten_with_it() -> None:
    to = decoder()
    for number in range(3000):
        leg = {**SEAT, "Uniqueid": f"leg-{number}"}
        decoded(to, "Newchannel", leg)
        decoded(to, "Newstate", leg, {"ChannelState": "6"})
        decoded(to, "HangupRequest", leg)
        decoded(to, "Hangup", leg, {"Cause": "16"})
    assert not to._alive | to._answered | to._peer_hung_up | to._given_up
    assert len(to._ended) <= 1024
