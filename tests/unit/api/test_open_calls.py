"""Open calls: who waits and may be picked up, whoever asks, and while the archive is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.models import Role
from cti.calls.records import CallState
from cti.views import CallView, WaitView
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import MASKED_NUMBER, NUMBER
from tests.support.small_site import AGENT, OTHER_AGENT

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
WAITS = CallView(
    call="c-waits",
    direction="inbound",
    hotline="12345",
    queue="general",
    state=CallState.WAITING,
    number=NUMBER,
    agent=None,
    seat=None,
    started_at=NOW,
    queued_at=NOW,
    answered_at=None,
    wait=WaitView(1, 30.0, 8.0),
)
EARLIER = NOW - timedelta(minutes=5)
CALLS = [
    WAITS,
    replace(WAITS, call="c-longest", queue="consumer", queued_at=EARLIER),
    replace(
        WAITS, call="c-parked", state=CallState.PARKED, started_at=EARLIER, queued_at=None, agent=OTHER_AGENT
    ),
    replace(WAITS, call="c-offered", state=CallState.OFFERED, agent=OTHER_AGENT, seat="s02"),
    replace(WAITS, call="c-talks", state=CallState.TALKING, agent=OTHER_AGENT, parties=(OTHER_AGENT,)),
    replace(WAITS, call="c-own", state=CallState.TALKING, agent=OTHER_AGENT, parties=(OTHER_AGENT, AGENT)),
    replace(WAITS, call="c-greeted", state=CallState.GREETING, queue=None, queued_at=None),
]


async def listed(world: ApiWorld, role: Role = Role.SUPERVISOR, query: str = "") -> list[str]:
    answer = await world.ask("GET", f"/v1/open-calls{query}", role, agent=AGENT)
    assert answer.status == 200
    return [call["call"] for call in answer.json["calls"]]


async def test_an_agent_sees_whom_anybody_may_pick_up_and_their_own_calls(world: ApiWorld) -> None:
    world.service.calls = CALLS
    assert await listed(world, Role.AGENT) == ["c-longest", "c-parked", "c-own", "c-waits"]
    assert await listed(world, Role.AGENT, "?state=waiting") == ["c-longest", "c-waits"]
    assert await listed(world, Role.AGENT, "?state=parked") == ["c-parked"]
    assert await listed(world, Role.AGENT, "?state=offered") == []


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.OPERATIONS])
async def test_supervisors_and_operations_staff_see_every_open_call(world: ApiWorld, role: Role) -> None:
    world.service.calls = CALLS
    assert set(await listed(world, role)) == {view.call for view in CALLS}
    assert await listed(world, role, "?queue=consumer") == ["c-longest"]
    assert await listed(world, role, "?queue=consumer&state=talking") == []


@pytest.mark.parametrize("trouble", ["away", "stuck"])
async def test_it_needs_no_archive(world: ApiWorld, trouble: str) -> None:
    setattr(world.archive, trouble, True)
    world.service.calls = [WAITS]
    answer = await world.ask("GET", "/v1/open-calls", Role.AGENT, agent=AGENT)
    [call] = answer.json["calls"]
    assert (call["state"], call["wait"]["position"], call["outcome"]) == ("waiting", 1, "open")


async def test_numbers_are_masked_as_elsewhere(world: ApiWorld) -> None:
    world.service.calls = CALLS
    for role in (Role.AGENT, Role.OPERATIONS):
        content = (await world.ask("GET", "/v1/open-calls", role, agent=AGENT)).content.decode()
        assert NUMBER not in content
        assert MASKED_NUMBER in content
    assert NUMBER in (await world.ask("GET", "/v1/open-calls")).content.decode()


async def test_a_state_that_is_none_is_named(world: ApiWorld) -> None:
    answer = await world.ask("GET", "/v1/open-calls?state=ringing")
    assert (answer.status, answer.error, answer.json["field"]) == (422, "invalid_input", "state")


async def test_a_wallboard_sees_no_calls(world: ApiWorld) -> None:
    assert (await world.ask("GET", "/v1/open-calls", Role.WALLBOARD)).error == "forbidden_role"
