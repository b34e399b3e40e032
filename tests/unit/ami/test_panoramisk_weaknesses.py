"""Each weakness found in panoramisk 1.4, played by a server over TCP, and what our client makes of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from cti.ami.client import LinkState, refused_delay_s
from cti.ami.decode import LiveDecoder
from cti.ami.errors import AmiDeadline, AmiInputError, AmiLost, AmiNotConnected, MissingHeader
from cti.ami.messages import AmiMessage
from cti.calls.facts import LegStarted
from tests.support.scripted_ami import Action, Link, ScriptedAmi, message
from tests.support.watched_client import Watched, settings_for, watched

ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/seat-01", "Context": "hl-agent", "Exten": "s"}
CERTIFICATE = Path(__file__).parents[2] / "support" / "loopback_only.pem"
FOREVER_S = 60.0


@pytest.fixture
async def server() -> AsyncIterator[ScriptedAmi]:
    async with ScriptedAmi() as scripted:
        yield scripted


async def linked(server: ScriptedAmi, watch: Watched) -> Link:
    await watch.until_connected(len(server.links) or 1)
    return server.links[-1]


async def round_trip(watch: Watched, link: Link) -> None:
    """Everything sent before has arrived once this is answered."""
    answer = watch.client.post({"Action": "CoreStatus"}, deadline_s=FOREVER_S)
    link.answer(await link.expect("CoreStatus"))
    await answer


async def test_01_an_exception_in_a_callback_loses_nothing_else(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)

        def fail_on_first(event: AmiMessage) -> None:
            if event["Number"] == "1":
                raise RuntimeError("a handler's defect")

        watch.on_event = fail_on_first
        link.write(b"".join(message(Event="Numbered", Number=str(n)) for n in (1, 2, 3)))
        await watch.until(lambda: len(watch.named("Numbered")) == 3)
        await round_trip(watch, link)
        assert watch.lost == []


async def test_02_an_originate_without_async_gets_its_answer(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        answer = watch.client.post(ORIGINATE, deadline_s=FOREVER_S)
        link.answer(await link.expect("Originate"), Message="Originate successfully queued")
        assert (await answer)["Message"] == "Originate successfully queued"
        await round_trip(watch, link)
        assert watch.lost == []


async def test_03_an_unanswered_action_is_not_sent_again_after_a_reconnect(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        answer = watch.client.post(ORIGINATE, deadline_s=FOREVER_S)
        await link.expect("Originate")
        link.drop()
        with pytest.raises(AmiLost):
            await answer
        second = await server.link(2)
        await watch.until_connected(2)
        await round_trip(watch, second)
        assert [action["Action"] for action in second.actions] == ["Login", "CoreStatus"]


async def test_04_a_half_answered_list_fails_when_the_link_drops(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        answer = watch.client.post({"Action": "Status"}, deadline_s=FOREVER_S, ends_with="StatusComplete")
        asked = await link.expect("Status")
        link.answer(asked, EventList="start", Message="Channel status will follow")
        link.send(Event="Status", ActionID=asked["ActionID"], Channel="PJSIP/trunk-00000001")
        await link.written()
        link.drop()
        with pytest.raises(AmiLost):
            await answer


async def test_05_an_answer_after_its_deadline_is_dropped_and_leaks_nothing(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        with pytest.raises(AmiDeadline):
            await watch.client.send({"Action": "Getvar"}, deadline_s=0.01)
        with pytest.raises(AmiDeadline):
            await watch.client.send_list(
                {"Action": "DeviceStateList"}, deadline_s=0.01, ends_with="DeviceStateListComplete"
            )
        assert watch.client.unanswered == 0
        link.answer(await link.expect("Getvar"))
        listed = await link.expect("DeviceStateList")
        link.answer(listed, EventList="start")
        link.send(
            Event="DeviceStateChange", ActionID=listed["ActionID"], Device="PJSIP/seat-01", State="BUSY"
        )
        await round_trip(watch, link)
        assert watch.named("DeviceStateChange") == []
        assert watch.client.unmatched == 3


async def test_06_a_character_split_over_two_reads_is_whole(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        split = message(Event="Named", Name="市民热线")
        cut = split.index("热".encode()) + 1
        link.write(message(Event="Before") + split[:cut])
        await watch.until(lambda: watch.named("Before") != [])
        link.write(split[cut:])
        await watch.until(lambda: watch.named("Named") != [])
        assert watch.named("Named")[0]["Name"] == "市民热线"


@pytest.mark.parametrize("bad", ["a\r\nAction: Logoff", "a\nb", "a\rb", "a\0b"])
async def test_07_a_line_break_in_a_value_does_not_leave(server: ScriptedAmi, bad: str) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        with pytest.raises(AmiInputError, match="Value"):
            await watch.client.send({"Action": "Setvar", "Variable": "X", "Value": bad}, deadline_s=FOREVER_S)
        with pytest.raises(AmiInputError, match="Variable"):
            await watch.client.send({**ORIGINATE, "Variable": ("A=1", f"B={bad}")}, deadline_s=FOREVER_S)
        await round_trip(watch, link)
        assert [action["Action"] for action in link.actions] == ["Login", "CoreStatus"]


async def test_08_a_wrong_secret_is_a_state_of_its_own_and_not_tried_again_soon(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port, secret="wrong", refused_base_s=600)) as watch:
        await watch.until_state(LinkState.SECRET_REFUSED)
        assert len(server.links) == 1
        assert watch.connected == []
    delays = [refused_delay_s(failures, 30, 600, chance=0.0) for failures in range(8)]
    assert delays == [15, 30, 60, 120, 240, 300, 300, 300]


async def test_08_a_secret_that_was_mended_is_found_out(server: ScriptedAmi) -> None:
    server.secret = "other"
    async with watched(settings_for(server.port, refused_base_s=0.05)) as watch:
        await watch.until_state(LinkState.SECRET_REFUSED)
        server.secret = "s3cret"
        await watch.until_connected()


async def test_09_close_leaves_no_task_no_timer_and_no_reconnect(server: ScriptedAmi) -> None:
    settings = settings_for(server.port)
    async with watched(settings) as watch:
        link = await linked(server, watch)
        answer = watch.client.post({"Action": "Status"}, deadline_s=1000, ends_with="StatusComplete")
        await link.expect("Status")
        await watch.client.close()
        with pytest.raises(AmiLost):
            await answer
        await asyncio.sleep(0)
        assert [task for task in asyncio.all_tasks() if task.get_name() == "ami-link"] == []
        assert pending_timers() == []
        assert watch.lost == []
        assert watch.client.state is LinkState.CLOSED


async def test_09_close_ends_the_wait_for_the_next_attempt() -> None:
    async with ScriptedAmi() as server:
        port = server.port
    settings = replace(settings_for(port), retry_base_s=1000.0, retry_cap_s=1000.0)
    watch = Watched(settings)
    watch.client._chance = lambda: 0.99
    await watch.client.start()
    await watch.until_state(LinkState.RETRYING)
    await watch.client.close()
    assert pending_timers() == []


def pending_timers() -> list[object]:
    """The loop's timers that are still going to fire, those of the test's own plugins apart."""
    scheduled = cast(Any, asyncio.get_running_loop())._scheduled
    return [timer for timer in scheduled if not timer.cancelled()]


async def test_10_a_ping_that_is_not_answered_in_time_ends_the_link(server: ScriptedAmi) -> None:
    server.answers_pings = False
    settings = settings_for(server.port, ping_interval_s=0.05, ping_timeout_s=0.05)
    async with watched(settings) as watch:
        first = await server.link(1)
        await watch.until(lambda: watch.lost != [])
        assert "ping" in watch.lost[0]
        assert first.count("Ping") == 1
        server.answers_pings = True
        await watch.until_connected(2)


async def test_10_answered_pings_keep_the_link(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port, ping_interval_s=0.01)) as watch:
        link = await linked(server, watch)
        for _ in range(3):
            await link.expect("Ping")
        assert watch.lost == []


async def test_11_sending_without_a_link_says_so(server: ScriptedAmi) -> None:
    server.secret = None
    watch = Watched(settings_for(server.port))
    with pytest.raises(AmiNotConnected):
        watch.client.post(ORIGINATE, deadline_s=FOREVER_S)
    await watch.client.start()
    try:
        link = await server.link()
        await link.expect("Login")
        with pytest.raises(AmiNotConnected):
            watch.client.post(ORIGINATE, deadline_s=FOREVER_S)
        assert link.count("Originate") == 0
    finally:
        await watch.client.close()
    with pytest.raises(AmiNotConnected):
        watch.client.post(ORIGINATE, deadline_s=FOREVER_S)


async def test_12_only_its_own_completion_event_ends_a_list(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        answer = watch.client.post({"Action": "Status"}, deadline_s=FOREVER_S, ends_with="StatusComplete")
        action_id = (await link.expect("Status"))["ActionID"]
        link.send(Response="Success", ActionID=action_id, EventList="start")
        link.send(Event="AttendedTransferComplete", ActionID=action_id)
        link.send(Event="StatusComplete", ActionID="another", EventList="Complete")
        link.send(Event="Status", ActionID=action_id, Channel="PJSIP/trunk-00000001")
        link.send(Event="StatusComplete", ActionID=action_id, EventList="Complete", ListItems="2")
        assert [event.event for event in await answer] == ["AttendedTransferComplete", "Status"]


def test_13_calls_that_began_in_the_same_second_stay_apart() -> None:
    decoder = LiveDecoder(frozenset({"trunk"}))
    legs = []
    for number in (1, 2):
        event = AmiMessage(
            {
                "Event": "Newchannel",
                "Channel": f"PJSIP/trunk-0000000{number}",
                "Uniqueid": f"hotline-1795478755.{number}",
                "Linkedid": f"hotline-1795478755.{number}",
                "AccountCode": "",
                "CallerIDNum": "13800001111",
                "Exten": "12345",
            }
        )
        (fact,) = decoder.decode(event, 1.0, "c")
        assert isinstance(fact, LegStarted)
        legs.append(fact.leg)
    assert legs == ["hotline-1795478755.1", "hotline-1795478755.2"]


async def test_14_a_connection_that_is_never_accepted_is_given_up() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = []
    try:
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        settings = settings_for(listener.getsockname()[1], connect_timeout_s=0.05)
        async with watched(replace(settings, retry_base_s=1000, retry_cap_s=1000)) as watch:
            watch.client._chance = lambda: 0.99
            await watch.until_state(LinkState.RETRYING)
    finally:
        for filler in [*fillers, listener]:
            filler.close()


async def test_14_a_peer_that_stops_reading_is_dropped_before_memory_fills(server: ScriptedAmi) -> None:
    def stop_reading(link: Link, action: Action) -> None:
        cast(asyncio.Transport, link._writer.transport).pause_reading()

    server.handlers["Deaf"] = stop_reading
    async with watched(settings_for(server.port, write_limit_bytes=10_000)) as watch:
        link = await linked(server, watch)
        watch.client.post({"Action": "Deaf"}, deadline_s=FOREVER_S)
        await link.expect("Deaf")
        big = {"Action": "Setvar", **{f"Value{n}": "x" * 1000 for n in range(100)}}
        answers: list[asyncio.Future[Any]] = []

        def post_without_end() -> None:
            while True:
                answers.append(watch.client.post(big, deadline_s=FOREVER_S))

        with pytest.raises(AmiLost, match="stopped reading"):
            post_without_end()
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert {type(result) for result in results} == {AmiLost}
        await watch.until(lambda: watch.lost == ["asterisk stopped reading"])


async def test_14_events_are_handled_in_order_without_a_task_each(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        link = await linked(server, watch)
        handled: list[str] = []
        tasks: set[str] = set()

        def handle(event: AmiMessage) -> None:
            handled.append(event["Number"])
            tasks.update(task.get_name() for task in asyncio.all_tasks())

        watch._event = handle  # type: ignore[method-assign]
        watch.client._on_event = handle
        before = {task.get_name() for task in asyncio.all_tasks()}
        for number in range(500):
            link.send(Event="Numbered", Number=str(number))
        await round_trip(watch, link)
        assert handled == [str(number) for number in range(500)]
        assert tasks <= before


def test_14_a_missing_header_is_an_error_and_not_an_empty_text() -> None:
    event = AmiMessage({"Event": "Hangup", "Cause": "16"})
    with pytest.raises(MissingHeader, match="Uniqueid"):
        event["Uniqueid"]
    assert event["cause"] == "16"


async def test_15_tls_is_spoken_with_the_context_given() -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(CERTIFICATE)
    async with ScriptedAmi(tls=serving) as server:
        trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
        async with watched(settings_for(server.port, tls=trusting)) as watch:
            await round_trip(watch, await linked(server, watch))
        wary = replace(settings_for(server.port, tls=ssl.create_default_context()), retry_base_s=1000)
        async with watched(wary) as watch:
            watch.client._chance = lambda: 0.99
            await watch.until_state(LinkState.RETRYING)
            assert watch.connected == []


def test_15_anything_else_than_a_context_is_refused() -> None:
    with pytest.raises(TypeError, match="SSLContext"):
        settings_for(1, tls=cast(ssl.SSLContext, True))
