"""The stream of events: who is told what, going on after a break, clients that are too slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from acd.effects import AgentChanged
from acd.model import AgentState
from api.context import Limits
from api.events import SOCKETS_KEY
from config.models import Role
from cti.calls.records import CallRecord, CallState, Direction, LegRecord
from cti.calls.supervision import Afterwards, Mode, Supervision
from cti.verbs.records import CommandRecord, CommandState
from tests.support.api_world import ApiWorld, api_world, secret
from tests.support.small_site import AGENT, OTHER_AGENT

WITHIN_S = 10.0


@asynccontextmanager
async def stream(
    world: ApiWorld, role: Role = Role.SUPERVISOR, agent: str | None = None, after: int | None = None
) -> AsyncIterator[ClientWebSocketResponse]:
    query = f"?after={after}" if after is not None else ""
    headers = {"Authorization": f"Bearer {secret(role, agent)}"}
    async with world.client.ws_connect(f"/v1/events{query}", headers=headers) as socket:
        yield socket


async def heard(socket: ClientWebSocketResponse) -> dict[str, Any]:
    message: dict[str, Any] = await socket.receive_json(timeout=WITHIN_S)
    return message


def command(agent: str, name: str = "c1") -> CommandRecord:
    return CommandRecord(name, "hang_up", agent, 100.0, "t", agent=agent, call="call-1")


def call(agent: str) -> CallRecord:
    record = CallRecord("call-1", Direction.INBOUND, "12345", "general", 0, "13812341234", "12345", 90.0)
    record.legs.append(LegRecord("leg-1", "PJSIP/s01-1", "s01", "s01", agent, "", 95.0))
    return record


def state(agent: str) -> AgentChanged:
    return AgentChanged(100.0, "t", agent, "s01", AgentState.READY, None, 100.0, None, None)


async def test_a_commands_outcome_is_told(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world, stream(world) as socket:
        assert (await heard(socket))["kind"] == "hello"
        accepted = await world.ask("POST", "/v1/calls/call-1/hang-up")
        record = world.service.command(accepted.json["command"])
        assert record is not None
        world.service.tell(replace(record, state=CommandState.DONE, ended_at=101.0))
        first, second = await heard(socket), await heard(socket)
        assert [first["body"]["state"], second["body"]["state"]] == ["accepted", "done"]
        assert second["seq"] == first["seq"] + 1
        assert second["body"]["command"] == accepted.json["command"]


async def test_an_agent_hears_of_what_is_their_own_with_numbers_masked(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world, stream(world, Role.AGENT, AGENT) as socket:
        await heard(socket)
        for agent in (OTHER_AGENT, AGENT):
            world.service.publish("call", "call-1", call(agent))
            world.service.publish("agent_state", agent, state(agent))
            world.service.tell(command(agent, f"of-{agent}"))
        told = [await heard(socket) for _ in range(3)]
        assert [event["kind"] for event in told] == ["call", "agent_state", "command"]
        assert told[0]["body"]["number"] == "138****1234"
        assert (told[1]["body"]["agent"], told[2]["body"]["by"]) == (AGENT, AGENT)


async def test_operations_staff_hear_of_calls_and_agents_and_of_nothing_that_supervisors_do(
    tmp_path: Path,
) -> None:
    beside = Supervision("supervision-1", "boss", "s01", AGENT, Mode.LISTEN, Afterwards.WAIT, 100.0)
    async with api_world(tmp_path) as world, stream(world, Role.OPERATIONS) as socket:
        await heard(socket)
        for verb in ("supervise", "change_supervision", "take_over", "force_state", "hang_up"):
            world.service.tell(CommandRecord(verb, verb, "boss", 100.0, "t", supervisor=True, call="call-1"))
        world.service.publish("supervision", "supervision-1", beside)
        world.service.publish("call", "call-1", call(AGENT))
        world.service.publish("agent_state", AGENT, state(AGENT))
        told = [await heard(socket) for _ in range(2)]
        assert [event["kind"] for event in told] == ["call", "agent_state"]
        assert told[0]["body"]["number"] == "138****1234"


async def test_an_agent_hears_of_a_call_while_it_rings_at_their_phone_and_no_more_when_another_took_it(
    tmp_path: Path,
) -> None:
    record = call(AGENT)
    async with api_world(tmp_path) as world, stream(world, Role.AGENT, AGENT) as socket:
        await heard(socket)
        world.service.publish("call", "call-1", record)
        assert (await heard(socket))["body"]["call"] == "call-1"
        record.legs[0].ended_at = 96.0
        world.service.publish("call", "call-1", record)
        world.service.publish("agent_state", AGENT, state(AGENT))
        assert (await heard(socket))["kind"] == "agent_state"


async def test_a_supervisor_hears_everything_with_whole_numbers(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world, stream(world) as socket:
        await heard(socket)
        record = call(OTHER_AGENT)
        record.state = CallState.AFTER
        world.service.publish("call", "call-1", record)
        told = (await heard(socket))["body"]
        assert (told["number"], told["state"]) == ("13812341234", "after")


async def test_what_was_missed_is_told_first(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        async with stream(world) as socket:
            await heard(socket)
            world.service.tell(command(AGENT, "seen"))
            seen = (await heard(socket))["seq"]
        world.service.tell(command(AGENT, "missed"))
        async with stream(world, after=seen) as socket:
            hello, event = await heard(socket), await heard(socket)
            assert (hello["seq"], event["body"]["command"]) == (seen, "missed")


async def test_what_is_no_longer_kept_is_told_as_a_gap(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        for number in range(3):
            world.service.tell(command(AGENT, f"old-{number}"))
        world.service.journal.trim()
        async with stream(world, after=1) as socket:
            await heard(socket)
            gap = await heard(socket)
            assert (gap["kind"], gap["seq"], gap["body"]) == ("gap", 3, {"after": 1})
            world.service.tell(command(AGENT, "new"))
            assert (await heard(socket))["body"]["command"] == "new"


async def test_a_client_that_takes_nothing_is_let_go_and_told_where_to_go_on(tmp_path: Path) -> None:
    limits = Limits(events_write_s=0.2)
    async with api_world(tmp_path, limits) as world, stream(world) as socket:
        await heard(socket)
        big = replace(command(AGENT), sentence="x" * 100_000)
        connection = socket._conn  # the transport alone can stop reading
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        while world.client.app[SOCKETS_KEY]:
            world.service.tell(big)
            await asyncio.sleep(0.01)
        connection.transport.resume_reading()
        while (message := await socket.receive(timeout=WITHIN_S)).type is WSMsgType.TEXT:
            last = message.json()["seq"]
        assert (message.type, socket.close_code) in ((WSMsgType.CLOSE, 1013), (WSMsgType.CLOSED, 1013))
        assert message.extra is None or f"go on after {last}" in message.extra


async def test_a_browser_gives_its_token_as_a_subprotocol(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        offered = ("hotline.v1", f"bearer.{secret(Role.SUPERVISOR)}")
        async with world.client.ws_connect("/v1/events", protocols=offered) as socket:
            assert socket.protocol == "hotline.v1"
            assert (await heard(socket))["kind"] == "hello"


async def test_nobody_without_a_token_and_no_wallboard_is_told_anything(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        assert (await world.ask("GET", "/v1/events", None)).error == "unauthenticated"
        assert (await world.ask("GET", "/v1/events", Role.WALLBOARD)).error == "forbidden_role"
        assert (await world.ask("GET", "/v1/events")).error == "bad_request"
