from __future__ import annotations

from typing import Any

from config.models import Role
from tests.support.api_world import ApiWorld
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, REASON, SEAT


async def test_all_agents_are_listed_by_number(world: ApiWorld) -> None:
    answer = await world.ask("GET", "/v1/agents")
    assert [agent["agent"] for agent in answer.json["agents"]] == ["1001", "1002", "1003"]
    assert answer.json["agents"][0]["name"] == "王芳"


async def test_an_agent_logs_in_gets_ready_pauses_and_leaves(world: ApiWorld) -> None:
    path = f"/v1/agents/{AGENT}"
    as_agent: dict[str, Any] = {"role": Role.AGENT, "agent": AGENT}
    logged_in = await world.ask("POST", f"{path}/login", json={"seat": SEAT}, **as_agent)
    assert (logged_in.status, logged_in.json["state"], logged_in.json["seat"]) == (200, "not_ready", SEAT)
    assert (await world.ask("POST", f"{path}/ready", **as_agent)).json["state"] == "ready"
    paused = await world.ask("POST", f"{path}/not-ready", json={"reason": REASON}, **as_agent)
    assert (paused.json["state"], paused.json["reason"]) == ("not_ready", REASON)
    assert (await world.ask("GET", path, **as_agent)).json == paused.json
    assert (await world.ask("POST", f"{path}/logout", **as_agent)).json["state"] == "logged_out"


async def test_what_the_service_refuses_is_a_conflict(world: ApiWorld) -> None:
    await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": SEAT})
    again = await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": OTHER_SEAT})
    assert (again.status, again.error, again.json["field"]) == (409, "agent_already_logged_in", "agent")
    taken = await world.ask("POST", f"/v1/agents/{OTHER_AGENT}/login", json={"seat": SEAT})
    assert (taken.status, taken.error, taken.json["field"]) == (409, "seat_taken", "seat")
    early = await world.ask("POST", f"/v1/agents/{OTHER_AGENT}/ready")
    assert (early.status, early.error) == (409, "not_logged_in")


async def test_what_does_not_exist_is_not_found(world: ApiWorld) -> None:
    await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": SEAT})
    for method, path, body, error in (
        ("GET", "/v1/agents/9999", None, "unknown_agent"),
        ("POST", "/v1/agents/9999/ready", None, "unknown_agent"),
        ("POST", f"/v1/agents/{OTHER_AGENT}/login", {"seat": "nowhere"}, "unknown_seat"),
        ("POST", f"/v1/agents/{AGENT}/not-ready", {"reason": "bored"}, "unknown_reason"),
    ):
        answer = await world.ask(method, path, json=body)
        assert (answer.status, answer.error) == (404, error)


async def test_the_request_id_is_the_commands_cause(world: ApiWorld) -> None:
    headers = {"X-Request-Id": "console-7-000001"}
    await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": SEAT}, headers=headers)
    assert world.service.causes == ["console-7-000001"]
