"""How the link is made, kept and given up, beyond panoramisk's own weaknesses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.client import AmiSettings, LinkState, retry_delay_s
from cti.ami.errors import AmiInputError, AmiNotConnected, AmiRefused
from cti.ami.messages import AmiMessage
from cti.ami.wire import GuardedProtocol
from tests.support.scripted_ami import BANNER, ScriptedAmi, message
from tests.support.watched_client import settings_for, watched


@pytest.fixture
async def server() -> AsyncIterator[ScriptedAmi]:
    async with ScriptedAmi() as scripted:
        yield scripted


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_grows_up_to_the_cap_and_never_over_it(failures: int, chance: float) -> None:
    assert 0 <= retry_delay_s(failures, 0.5, 10.0, chance) <= min(10.0, 0.5 * 2 ** min(failures, 10))


@given(st.integers(0, 20))
def test_clients_that_lost_the_same_server_do_not_return_together(failures: int) -> None:
    waits = {retry_delay_s(failures, 0.5, 10.0, chance / 10) for chance in range(10)}
    assert len(waits) == 10


async def test_an_action_is_refused_until_asterisk_is_fully_booted(server: ScriptedAmi) -> None:
    server.boots = False
    async with watched(settings_for(server.port)) as watch:
        link = await server.link()
        await link.expect("Login")
        link.send(Event="Before")
        await watch.until(lambda: watch.named("Before") != [])
        assert watch.client.state is LinkState.BOOTING
        with pytest.raises(AmiNotConnected):
            watch.client.post({"Action": "Ping"}, deadline_s=1)
        link.send(Event="FullyBooted", Uptime="7")
        await watch.until_connected()
        assert watch.connected == [7.0]


async def test_a_server_that_never_boots_is_given_up_with_the_likely_reason(
    server: ScriptedAmi, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    server.boots = False
    settings = replace(settings_for(server.port, ping_interval_s=0.01), boot_timeout_s=0.05)
    async with watched(settings) as watch:
        await server.link(2)
        assert watch.connected == []
    assert "FullyBooted" in capsys.readouterr().out + caplog.text


async def test_a_half_dead_link_is_found_out_while_booting(server: ScriptedAmi) -> None:
    server.boots = False
    server.answers_pings = False
    async with watched(settings_for(server.port, ping_interval_s=0.02, ping_timeout_s=0.02)):
        first = await server.link(1)
        await server.link(2)
        assert first.count("Ping") == 1


async def test_another_kind_of_server_is_not_talked_to(server: ScriptedAmi) -> None:
    server.banner = b"SSH-2.0-OpenSSH_9.2\r\n"
    async with watched(settings_for(server.port)) as watch:
        await server.link(2)
        assert watch.connected == []


async def test_a_lost_link_is_told_once_and_made_again(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        await watch.until_connected()
        server.links[0].drop()
        await watch.until_connected(2)
        assert len(watch.lost) == 1


async def test_an_error_answer_is_refused_with_what_asterisk_said(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        await watch.until_connected()
        link = server.links[0]
        answer = watch.client.post({"Action": "Hangup", "Channel": "gone"}, deadline_s=60)
        link.answer(await link.expect("Hangup"), "Error", Message="No such channel")
        with pytest.raises(AmiRefused, match="No such channel"):
            await answer


async def test_an_answer_that_is_no_longer_wanted_is_forgotten(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        await watch.until_connected()
        asking = asyncio.create_task(watch.client.send({"Action": "Getvar"}, deadline_s=60))
        await server.links[0].expect("Getvar")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert watch.client.unanswered == 0


async def test_an_action_is_written_in_the_call_that_posts_it(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        await watch.until_connected()
        assert watch.client._protocol is not None
        transport = watch.client._protocol.transport
        watch.client.post({"Action": "Ping"}, deadline_s=60)
        assert transport.get_write_buffer_size() == 0


async def test_an_action_id_in_use_is_refused(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port)) as watch:
        await watch.until_connected()
        watch.client.post({"Action": "Originate", "ActionID": "ring/1"}, deadline_s=60)
        with pytest.raises(AmiInputError, match="ActionID"):
            watch.client.post({"Action": "Originate", "ActionID": "ring/1"}, deadline_s=60)


async def test_a_callback_that_fails_on_connect_does_not_end_the_link(server: ScriptedAmi) -> None:
    async with watched(settings_for(server.port, ping_interval_s=0.02)) as watch:

        def fail(uptime_s: float) -> None:
            raise RuntimeError("a defect")

        watch.client._on_connected = fail
        link = await server.link()
        await link.expect("Ping")
        await link.expect("Ping")
        assert watch.client.state is LinkState.CONNECTED


def test_a_secret_with_a_line_break_is_refused_at_once_and_not_shown() -> None:
    with pytest.raises(AmiInputError, match="Secret") as refusal:
        AmiSettings("127.0.0.1", 5038, "hotline", "pass\r\nAction: Originate")
    assert "pass" not in str(refusal.value)
    assert "s3cret" not in repr(AmiSettings("127.0.0.1", 5038, "hotline", "s3cret"))


class _Transport(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


async def protocol_with(received: list[AmiMessage]) -> tuple[GuardedProtocol, _Transport]:
    protocol = GuardedProtocol(received.append, write_limit_bytes=1000, read_limit_bytes=1000)
    transport = _Transport()
    protocol.connection_made(transport)
    return protocol, transport


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=30)


@given(st.lists(TEXT.map(lambda text: f"x{text}x"), min_size=1, max_size=5), st.data())
async def test_the_same_messages_come_out_however_the_bytes_are_cut(
    names: list[str], data: st.DataObject
) -> None:
    stream = BANNER + b"".join(message(Event="Named", Name=name) for name in names)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    received: list[AmiMessage] = []
    protocol, _ = await protocol_with(received)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        protocol.data_received(stream[start:end])
    assert [event["Name"] for event in received] == names


async def test_a_message_without_an_end_does_not_fill_memory() -> None:
    received: list[AmiMessage] = []
    protocol, transport = await protocol_with(received)
    protocol.data_received(BANNER + b"Event: Endless\r\n")
    for _ in range(10):
        protocol.data_received(b"X: " + b"y" * 200 + b"\r\n")
    assert transport.aborted


@pytest.mark.parametrize("junk", [b"nonsense\r\n\r\n", b"\r\n\r\n", b"\xff\xfe: \xff\r\n\r\n", b": \r\n\r\n"])
async def test_what_is_no_message_is_passed_over(junk: bytes) -> None:
    received: list[AmiMessage] = []
    protocol, transport = await protocol_with(received)
    protocol.data_received(BANNER + junk + message(Event="Good"))
    assert [event.event for event in received] == ["Good"]
    assert not transport.aborted


async def test_a_repeated_header_keeps_all_its_values() -> None:
    received: list[AmiMessage] = []
    protocol, _ = await protocol_with(received)
    protocol.data_received(BANNER + b"Event: Status\r\nVariable: A=1\r\nVariable: B=\r\nEmpty: \r\n\r\n")
    assert received[0].all("Variable") == ("A=1", "B=")
    assert received[0]["Empty"] == ""
