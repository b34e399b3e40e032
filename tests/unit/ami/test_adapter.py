"""Telephony for the service, against a server over TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cti.ami.errors import AmiError, AmiLost
from cti.calls.actions import (
    ActionDone,
    ActionFailed,
    AnswerPhone,
    Beat,
    DialFromSeat,
    EndLeg,
    HangUp,
    Mute,
    PauseSeat,
    PressKey,
    RingSeat,
)
from cti.calls.facts import ClockSet, LegEnded, LegStarted, OriginateFailed, PbxLost, PbxSnapshot
from tests.support.scripted_ami import Action, Link, ScriptedAmi, message
from tests.support.watched_client import settings_for
from tests.support.watched_telephony import WatchedTelephony
from tests.support.watched_telephony import telephony as watched_telephony

RING = RingSeat("c", "offer-7", "seat-01", "hotline-1.0", "PJSIP/trunk-00000001", "consumer", "138", 15)
RING_BACK = DialFromSeat("c", "offer-7", "seat-01", "13900000009", 15, callback="cb-1")
NOW = 5000.0


@asynccontextmanager
async def telephony(
    server: ScriptedAmi, event_log: Path = Path("none.csv")
) -> AsyncIterator[WatchedTelephony]:
    async with watched_telephony(settings_for(server.port), event_log, lambda: NOW) as phone:
        yield phone


def unstarted(server: ScriptedAmi) -> WatchedTelephony:
    return WatchedTelephony(settings_for(server.port), Path("none.csv"), lambda: NOW)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedAmi]:
    async with ScriptedAmi() as scripted:
        yield scripted


def new_channel(leg: str, channel: str = "PJSIP/seat-01-00000001") -> bytes:
    return message(
        Event="Newchannel",
        Channel=channel,
        ChannelState="0",
        CallerIDNum="",
        AccountCode="",
        Exten="s",
        Uniqueid=leg,
        Linkedid=leg,
    )


async def test_an_action_that_is_carried_out_says_nothing(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(Beat("c", 1))
        link = server.links[0]
        link.answer(await link.expect("Setvar"))
        phone.pbx.perform(Beat("c", 2))
        link.answer(await link.expect("Setvar"), "Error", Message="Permission denied")
        assert await phone.first(ActionFailed) == ActionFailed(
            NOW, "c", Beat("c", 2), "refused: Permission denied"
        )
        assert len(phone.told) == 1


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        (Mute("c", "PJSIP/seat-01-00000001", muted=True), "Setvar"),
        (PressKey("c", "PJSIP/trunk-00000001", "1"), "PlayDTMF"),
    ],
)
async def test_what_no_event_tells_is_told_once_asterisk_has_answered(
    server: ScriptedAmi, action: Mute | PressKey, sent: str
) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(action)
        link = server.links[0]
        asked = await link.expect(sent)
        assert phone.told == []
        link.answer(asked)
        assert await phone.first(ActionDone) == ActionDone(NOW, "c", action)


async def test_a_leg_to_be_ended_that_asterisk_does_not_know_is_told_as_ended(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(EndLeg("c", "lost-leg"))
        link = server.links[0]
        link.answer(await link.expect("Hangup"), "Error", Message="No such channel")
        assert await phone.first(LegEnded) == LegEnded(NOW, "c", "lost-leg", 0, False)


async def test_a_hang_up_of_what_has_ended_is_no_failure(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(HangUp("c", "offer-6"))
        link = server.links[0]
        link.answer(await link.expect("Hangup"), "Error", Message="No such channel")
        phone.pbx.perform(PauseSeat("d", "seat-09", paused=True))
        link.answer(await link.expect("QueuePause"), "Error", Message="Interface not found")
        failed = await phone.first(ActionFailed)
        assert failed.cause == "d"


async def test_an_action_without_a_link_fails_as_a_fact_and_not_as_an_exception(server: ScriptedAmi) -> None:
    phone = unstarted(server)
    phone.pbx.perform(RING)
    assert phone.told == []
    await phone.first(ActionFailed)
    assert phone.told == [ActionFailed(NOW, "c", RING, "not_connected")]


async def test_a_value_that_must_not_leave_fails_as_a_fact(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(HangUp("c", "leg\r\nAction: Logoff"))
        failed = await phone.first(ActionFailed)
        assert failed.reason.startswith("refused: header 'leg'")
        assert server.links[0].count("Hangup") == 0


async def test_a_lost_link_fails_what_was_unanswered_and_is_itself_told(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(RING)
        link = server.links[0]
        await link.expect("Originate")
        link.drop()
        await phone.first(PbxLost)
        failed = await phone.first(ActionFailed)
        assert failed.reason == "lost"
        await phone.until(lambda: phone.connects == 2)
        assert phone.pbx.connected


async def test_a_late_answer_is_a_deadline(server: ScriptedAmi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.ami.encode.BEAT_DEADLINE_S", 0.01)
    async with telephony(server) as phone:
        phone.pbx.perform(Beat("c", 1))
        await phone.first(ActionFailed)
        assert phone.told == [ActionFailed(NOW, "c", Beat("c", 1), "deadline")]


async def test_closing_is_no_loss(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        await phone.pbx.close()
        assert phone.told == []
        assert not phone.pbx.connected


async def test_actions_leave_in_the_order_in_which_they_were_performed(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        for number in range(50):
            phone.pbx.perform(Beat("c", number))
        link = server.links[0]
        seen = [(await link.expect("Setvar"))["Value"] for _ in range(50)]
        assert seen == [str(number) for number in range(50)]


@pytest.mark.parametrize("ring", [RING, RING_BACK])
async def test_a_hang_up_that_overtakes_its_ring_waits_for_the_leg(
    server: ScriptedAmi, ring: RingSeat | DialFromSeat
) -> None:
    async with telephony(server) as phone:
        link = server.links[0]
        phone.pbx.perform(ring)
        phone.pbx.perform(HangUp("c", "offer-7"))
        link.answer(await link.expect("Originate"))
        assert link.count("Hangup") == 0
        link.write(new_channel("offer-7"))
        assert (await link.expect("Hangup"))["Channel"] == "offer-7"
        assert link.count("Hangup") == 1


async def test_a_hang_up_of_a_leg_that_never_comes_is_never_sent(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        link = server.links[0]
        phone.pbx.perform(RING)
        phone.pbx.perform(HangUp("c", "offer-7"))
        link.answer(await link.expect("Originate"))
        link.write(failure("offer-7"))
        await phone.first(OriginateFailed)
        phone.pbx.perform(Beat("c", 1))
        await link.expect("Setvar")
        assert link.count("Hangup") <= 1
        assert [action["Action"] for action in link.actions if action["Action"] == "Originate"] == [
            "Originate"
        ]


def failure(leg: str) -> bytes:
    return message(
        Event="OriginateResponse", ActionID=f"ring/{leg}", Response="Failure", Reason="0", Uniqueid=leg
    )


async def test_a_failure_that_overtakes_its_leg_is_told_after_the_legs_end_with_the_ends_reason(
    server: ScriptedAmi,
) -> None:
    async with telephony(server) as phone:
        link = server.links[0]
        phone.pbx.perform(RING)
        link.answer(await link.expect("Originate"))
        ended = message(Event="Hangup", Channel="PJSIP/seat-01-00000001", Uniqueid="offer-7", Cause="17")
        link.write(failure("offer-7") + new_channel("offer-7") + ended)
        failed = await phone.first(OriginateFailed)
        assert [type(told) for told in phone.told] == [LegStarted, LegEnded, OriginateFailed]
        assert failed.reason == "busy"


async def test_a_hang_up_of_a_leg_that_comes_after_its_failure_waits_for_it_too(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        link = server.links[0]
        phone.pbx.perform(RING)
        phone.pbx.perform(HangUp("c", "offer-7"))
        link.answer(await link.expect("Originate"))
        link.write(failure("offer-7") + new_channel("offer-7"))
        assert (await link.expect("Hangup"))["Channel"] == "offer-7"
        assert phone.of(OriginateFailed) == []


async def test_a_set_clock_is_told_once_and_before_what_asterisk_does_because_of_it(
    server: ScriptedAmi,
) -> None:
    ahead_s = 0.0
    told_by = watched_telephony(settings_for(server.port), Path("none.csv"), lambda: NOW, lambda: ahead_s)
    async with told_by as phone:
        ahead_s = 3600.0
        server.links[0].write(new_channel("first") + new_channel("second"))
        await phone.first(LegStarted, lambda fact: fact.leg == "second")
        assert [type(told) for told in phone.told] == [ClockSet, LegStarted, LegStarted]
        assert [told.by_s for told in phone.of(ClockSet)] == [3600.0]


async def test_a_malformed_event_loses_no_other(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        server.links[0].write(
            message(Event="Hangup", Channel="PJSIP/seat-01-00000001") + new_channel("offer-7")
        )
        await phone.first(LegStarted)


async def test_an_unknown_event_is_counted_and_logged_once(
    server: ScriptedAmi, capsys: pytest.CaptureFixture[str]
) -> None:
    async with telephony(server) as phone:
        server.links[0].write(message(Event="Novelty") * 3 + new_channel("offer-7"))
        await phone.first(LegStarted)
        assert phone.pbx.unknown_events == {"Novelty": 3}
    assert capsys.readouterr().out.count("Novelty") == 1


def status_of(leg: str) -> dict[str, str]:
    return {
        "Channel": "PJSIP/trunk-00000001",
        "ChannelState": "6",
        "CallerIDNum": "138",
        "AccountCode": leg,
        "Uniqueid": leg,
        "Linkedid": leg,
    }


async def test_a_leg_newer_than_the_snapshot_is_told_after_it(server: ScriptedAmi) -> None:
    """Else the consumer would hear of the leg, then see a snapshot without it, and take it for ended."""

    def list_channels(link: Link, action: Action) -> None:
        action_id = action["ActionID"]
        link.write(
            message(Response="Success", ActionID=action_id, EventList="start")
            + message(Event="Status", ActionID=action_id, **status_of("hotline-1795478755.0"))
            + new_channel("before")
            + message(Event="StatusComplete", ActionID=action_id, EventList="Complete")
            + new_channel("after")
        )

    server.handlers["Getvar"] = tell_of_phone
    server.handlers["Status"] = list_channels
    async with telephony(server) as phone:
        shown = await phone.pbx.snapshot()
        phone.tell(shown)
        await phone.until(lambda: len(phone.told) == 3)
        order = [told if isinstance(told, PbxSnapshot) else getattr(told, "leg", None) for told in phone.told]
        assert order == ["before", shown, "after"]
        assert [leg.leg for leg in shown.legs] == ["hotline-1795478755.0"]
        assert shown.reachable_seats == {"seat-01"}
        assert shown.booted_at == NOW - server.uptime_s - 1


PHONE = {"uri": "sip:seat-01@192.0.2.7:5060", "status": "Reachable", "rtt": "3504", "user_agent": "Phone 1"}


def tell_of_phone(link: Link, action: Action) -> None:
    """Seat-01 has a phone, seat-02 has none, and what is asked of a phone that has gone is refused."""
    function, _, rest = action["Variable"].partition("(")
    name, _, field = rest.removesuffix(")").partition(",")
    if function == "PJSIP_AOR":
        link.answer(
            action, Variable="x", Value={"seat-01": "seat-01;@1", "seat-03": "seat-03;@2"}.get(name, "")
        )
    elif name == "seat-01;@1":
        link.answer(action, Variable="x", Value=PHONE[field])
    else:
        link.answer(action, "Error", Message="No such variable")


async def test_a_snapshot_has_what_connected_phones_hold_and_asks_no_other(server: ScriptedAmi) -> None:
    connected = {"PJSIP/seat-01-00000001": "1", "PJSIP/seat-02-00000002": "0", "PJSIP/seat-03-00000003": None}
    waiting = status_of("hotline-1795478755.0")

    def list_channels(link: Link, action: Action) -> None:
        link.answer(action, EventList="start")
        link.send(Event="Status", ActionID=action["ActionID"], **waiting)
        for number, channel in enumerate(connected):
            leg = status_of(f"offer-{number}") | {"Channel": channel, "BridgeID": "b-1"}
            link.send(Event="Status", ActionID=action["ActionID"], **leg)
        link.send(Event="StatusComplete", ActionID=action["ActionID"], EventList="Complete")

    def tell(link: Link, action: Action) -> None:
        if action["Variable"] != "CHANNEL(rtp,hold)":
            tell_of_phone(link, action)
        elif (held := connected[action["Channel"]]) is not None:
            link.answer(action, Variable=action["Variable"], Value=held)
        else:
            link.answer(action, "Error", Message="No such channel")

    server.handlers |= {"Getvar": tell, "Status": list_channels}
    async with telephony(server) as phone:
        shown = await phone.pbx.snapshot()
        assert [leg.on_hold for leg in shown.legs] == [None, True, False, None]
        asked = [action.get("Channel") for action in server.links[0].actions if action["Action"] == "Getvar"]
        assert {channel for channel in asked if channel} == set(connected)


async def test_a_snapshot_that_the_link_cuts_short_fails_and_holds_nothing_back(server: ScriptedAmi) -> None:
    server.handlers["Status"] = lambda link, action: link.drop()
    async with telephony(server) as phone:
        with pytest.raises(AmiLost):
            await phone.pbx.snapshot()
        await phone.until(lambda: phone.connects == 2)
        (await server.link(2)).write(new_channel("offer-7"))
        await phone.first(LegStarted)


async def test_a_snapshot_without_a_link_fails_at_once(server: ScriptedAmi) -> None:
    phone = unstarted(server)
    with pytest.raises(AmiError):
        await phone.pbx.snapshot()


async def test_what_was_missed_is_read_from_asterisks_log(server: ScriptedAmi, tmp_path: Path) -> None:
    log = tmp_path / "hotline.csv"
    extra = '"{""hangupcause"":16,""hangupsource"":"""",""dialstatus"":""""}"'
    columns = '"leg-1","leg-1","","PJSIP/seat-01-00000001","","s","hl-agent",""'
    log.write_text("".join(f'"HANGUP","{time}.000000",{columns},{extra}\n' for time in (1000, 2000)))
    async with telephony(server, log) as phone:
        missed = await phone.pbx.missed(1500.0)
    assert missed == [LegEnded(2000.0, "cel-2000.000000", "leg-1", 16, False)]


TALK = AnswerPhone("c", "PJSIP/seat-01-00000001")


async def test_a_phone_is_told_to_answer_over_a_link_of_its_own_with_a_user_of_its_own(
    server: ScriptedAmi,
) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(TALK)
        link = await server.link(2)
        login = await link.expect("Login")
        assert (login["Username"], login["Events"]) == ("hotline-phones", "off")
        notify = await link.expect("PJSIPNotify")
        assert (notify["Channel"], notify["Variable"]) == (TALK.channel, "Event=talk")
        link.answer(notify, Message="NOTIFY sent")
        await link.over.wait()
        assert server.links[0].count("PJSIPNotify") == 0
        assert phone.told == []


async def test_a_user_that_asterisk_does_not_know_yet_is_told_as_a_failure(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        server.secret = "another"
        phone.pbx.perform(TALK)
        assert await phone.first(ActionFailed) == ActionFailed(
            NOW, "c", TALK, "refused: Authentication failed"
        )


async def test_without_an_asterisk_a_phone_is_not_told(server: ScriptedAmi) -> None:
    phone = unstarted(server)
    await server.stop_listening()
    phone.pbx.perform(TALK)
    assert (await phone.first(ActionFailed)).reason == "not_connected"


async def test_a_link_that_drops_leaves_open_whether_the_phone_was_told(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(TALK)
        link = await server.link(2)
        await link.expect("PJSIPNotify")
        link.drop()
        assert (await phone.first(ActionFailed)).reason == "lost"


async def test_closing_gives_up_what_no_phone_has_answered(server: ScriptedAmi) -> None:
    async with telephony(server) as phone:
        phone.pbx.perform(TALK)
        link = await server.link(2)
        await link.expect("PJSIPNotify")
    await link.over.wait()
    assert phone.of(ActionFailed) == []
