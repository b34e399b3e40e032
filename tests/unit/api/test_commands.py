"""Commands over HTTP: accepted with 202, idempotent by key, an agent as themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.models import Role
from cti.verbs.hang_up import HangUpCall
from tests.support.api_world import api_world
from tests.support.small_site import AGENT, OTHER_AGENT

HANG_UP = "/v1/calls/hotline-1.1/hang-up"


async def test_an_agents_command_is_accepted_and_can_be_asked_for(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        answer = await world.ask("POST", HANG_UP, Role.AGENT, AGENT)
        assert answer.status == 202
        assert (answer.json["verb"], answer.json["by"], answer.json["agent"]) == ("hang_up", AGENT, AGENT)
        assert (answer.json["call"], answer.json["state"]) == ("hotline-1.1", "accepted")
        assert [asked for asked, _ in world.service.orders] == [HangUpCall("hotline-1.1")]
        assert world.service.causes == [answer.headers["X-Request-Id"]]

        path = f"/v1/commands/{answer.json['command']}"
        assert (await world.ask("GET", path, Role.AGENT, AGENT)).json == answer.json
        assert (await world.ask("GET", path, Role.SUPERVISOR)).json == answer.json
        assert (await world.ask("GET", path, Role.AGENT, OTHER_AGENT)).error == "forbidden_not_own"


async def test_a_supervisor_acts_as_nobody_or_as_an_agent(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        for body in ({}, {"agent": AGENT}):
            assert (await world.ask("POST", HANG_UP, json=body)).status == 202
        assert [by.agent for _, by in world.service.orders] == [None, AGENT]
        assert all(by.supervisor for _, by in world.service.orders)


async def test_an_agent_acts_as_nobody_else(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        answer = await world.ask("POST", HANG_UP, Role.AGENT, AGENT, json={"agent": OTHER_AGENT})
        assert (answer.status, answer.error) == (403, "forbidden_not_own")
        assert (await world.ask("POST", HANG_UP, Role.AGENT, AGENT, json={"agent": AGENT})).status == 202


async def test_the_same_key_is_the_same_command(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        headers = {"Idempotency-Key": "a-key"}
        first = await world.ask("POST", HANG_UP, Role.AGENT, AGENT, headers=headers)
        again = await world.ask("POST", HANG_UP, Role.AGENT, AGENT, headers=headers)
        assert again.json == first.json
        other = await world.ask("POST", "/v1/calls/other/hang-up", Role.AGENT, AGENT, headers=headers)
        assert (other.status, other.error) == (409, "idempotency_key_reused")
        theirs = await world.ask("POST", HANG_UP, Role.AGENT, OTHER_AGENT, headers=headers)
        assert theirs.json["command"] != first.json["command"]
        assert len(world.service.orders) == 2


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "钥匙"])
async def test_a_key_that_is_none_is_told(tmp_path: Path, key: str) -> None:
    async with api_world(tmp_path) as world:
        answer = await world.ask("POST", HANG_UP, headers={"Idempotency-Key": key})
        assert (answer.status, answer.error) == (422, "invalid_input")
        assert world.service.orders == []


async def test_who_may_not_touch_calls_is_refused(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        for role in (Role.OPERATIONS, Role.WALLBOARD):
            assert (await world.ask("POST", HANG_UP, role)).error == "forbidden_role"
        assert (await world.ask("POST", HANG_UP, None)).error == "unauthenticated"


async def test_a_command_that_never_was_is_unknown(tmp_path: Path) -> None:
    async with api_world(tmp_path) as world:
        answer = await world.ask("GET", "/v1/commands/none")
        assert (answer.status, answer.error) == (404, "unknown_command")
