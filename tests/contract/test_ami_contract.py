"""The scripted AMI server and a real Asterisk, held to the same: what our tests play is what Asterisk does.

The Asterisk here has no registered phone and no call; calls are in tests/integration/test_ami_asterisk.py.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami.client import AmiSettings, LinkState
from cti.ami.errors import AmiRefused
from cti.ami.messages import MAX_HEADERS, MAX_LINE_BYTES
from cti.calls.actions import ActionFailed, AnswerFeature, Beat, HangUp, PauseSeat, RingSeat, TakeOver
from cti.calls.facts import OriginateFailed
from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import asterisk_site, secrets_for
from tests.support.scripted_asterisk import ScriptedAsterisk
from tests.support.small_site import SEAT
from tests.support.watched_client import Watched, watched
from tests.support.watched_telephony import telephony

GONE = "PJSIP/trunk-0000ffff"
DEADLINE_S = 30.0


class AmiContract(ABC):
    @pytest.fixture
    @abstractmethod
    def settings(self) -> AmiSettings | AsyncIterator[AmiSettings]: ...

    @pytest.fixture
    async def watch(self, settings: AmiSettings) -> AsyncIterator[Watched]:
        async with watched(settings) as connected:
            await connected.until_connected()
            yield connected

    async def test_the_link_comes_up_with_asterisks_uptime(self, watch: Watched) -> None:
        assert 0 <= watch.connected[0] < 3600
        assert len(watch.named("FullyBooted")) == 1

    async def test_a_wrong_secret_is_told_apart(self, settings: AmiSettings) -> None:
        async with watched(replace(settings, secret="wrong")) as watch:
            await watch.until_state(LinkState.SECRET_REFUSED)
            assert watch.connected == []

    async def test_answered_pings_keep_the_link(self, settings: AmiSettings) -> None:
        async with watched(replace(settings, ping_interval_s=0.02, ping_timeout_s=DEADLINE_S)) as watch:
            await watch.until_connected()
            for _ in range(10):
                await watch.client.send({"Action": "Ping"}, deadline_s=DEADLINE_S)
            assert watch.lost == []

    @pytest.mark.parametrize("value", ["市民热线 12345", 'a, b; c \\ "d" ${e}', "x" * 900])
    async def test_a_value_arrives_as_it_left(self, watch: Watched, value: str) -> None:
        await self.store(watch, value)
        assert await self.stored(watch) == value

    async def test_the_longest_line_arrives_whole(self, watch: Watched) -> None:
        value = "x" * (MAX_LINE_BYTES - len("Value: \r\n"))
        await self.store(watch, value)
        assert await self.stored(watch) == value

    async def test_the_most_headers_arrive(self, watch: Watched) -> None:
        padding = {f"Padding-{number}": "x" for number in range(MAX_HEADERS - 4)}
        action = {"Action": "Setvar", **padding, "Variable": "HL_TEST", "Value": "the last"}
        await watch.client.send(action, deadline_s=DEADLINE_S)
        assert await self.stored(watch) == "the last"

    @pytest.mark.parametrize(
        "action", [{"Action": "Nonsense"}, {"Action": "Command", "Command": "core stop now"}]
    )
    async def test_what_is_unknown_or_not_allowed_is_refused(
        self, watch: Watched, action: dict[str, str]
    ) -> None:
        with pytest.raises(AmiRefused):
            await watch.client.send(action, deadline_s=DEADLINE_S)

    async def test_two_lists_at_once_end_each_with_its_own_event(self, watch: Watched) -> None:
        devices, channels, more = await asyncio.gather(
            watch.client.send_list(
                {"Action": "DeviceStateList"}, deadline_s=DEADLINE_S, ends_with="DeviceStateListComplete"
            ),
            watch.client.send_list({"Action": "Status"}, deadline_s=DEADLINE_S, ends_with="StatusComplete"),
            watch.client.send_list({"Action": "Status"}, deadline_s=DEADLINE_S, ends_with="StatusComplete"),
        )
        assert {event.event for event in devices} == {"DeviceStateChange"}
        assert channels == more == []
        assert watch.named("DeviceStateChange") == []

    async def test_an_empty_asterisk_is_shown_as_such(self, settings: AmiSettings) -> None:
        async with telephony(settings, Path("none.csv"), time.time) as phone:
            shown = await phone.pbx.snapshot()
        assert shown.legs == ()
        assert shown.reachable_seats == frozenset()
        assert shown.booted_at < shown.at

    async def test_an_unregistered_phone_fails_to_ring_before_there_is_a_leg(
        self, settings: AmiSettings
    ) -> None:
        async with telephony(settings, Path("none.csv"), time.time) as phone:
            phone.pbx.perform(RingSeat("c", "offer-1", SEAT, "call-1", GONE, "general", "138", 15))
            failed = await phone.first(OriginateFailed)
            assert (failed.leg, failed.reason) == ("offer-1", "failed")
            assert phone.told == [failed]

    async def test_only_what_ended_may_be_missing(self, settings: AmiSettings) -> None:
        async with telephony(settings, Path("none.csv"), time.time) as phone:
            for action in (
                HangUp("c", "ended-leg"),
                TakeOver("c", GONE),
                AnswerFeature("c", GONE, "ok"),
                Beat("c", int(time.time())),
                PauseSeat("c", SEAT, paused=True),
                PauseSeat("c", SEAT, paused=False),
                PauseSeat("last", "nobody", paused=True),
            ):
                phone.pbx.perform(action)
            failed = await phone.first(ActionFailed)
            assert phone.told == [failed]
            assert (failed.cause, failed.reason) == ("last", "refused: Interface not found")

    async def store(self, watch: Watched, value: str) -> None:
        action = {"Action": "Setvar", "Variable": "HL_TEST", "Value": value}
        await watch.client.send(action, deadline_s=DEADLINE_S)

    async def stored(self, watch: Watched) -> str:
        answer = await watch.client.send({"Action": "Getvar", "Variable": "HL_TEST"}, deadline_s=DEADLINE_S)
        return answer["Value"]


@pytest.fixture(scope="module")
def process(asterisk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskProcess]:
    """One Asterisk for all: what a test sets in it, no other one reads."""
    directory = tmp_path_factory.mktemp("ami")
    site = asterisk_site(directory)
    with AsteriskProcess(site, secrets_for(site), directory / "asterisk") as running:
        yield running


class TestScriptedServer(AmiContract):
    @pytest.fixture
    async def settings(self) -> AsyncIterator[AmiSettings]:
        async with ScriptedAsterisk() as server:
            yield AmiSettings("127.0.0.1", server.port, "hotline", "s3cret")


class TestRealAsterisk(AmiContract):
    @pytest.fixture
    def settings(self, process: AsteriskProcess) -> AmiSettings:
        at = process.site.asterisk
        return AmiSettings(at.ami_host, at.ami_port, at.ami_user, process.secrets.ami.get_secret_value())
