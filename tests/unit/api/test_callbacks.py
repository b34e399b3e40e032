"""Callbacks over the API: asked for, seen by whom they concern, changed by supervisors."""

from __future__ import annotations

import pytest

from config.models import Role
from cti.calls.outputs import CallbackReason
from cti.verbs.callbacks import AlterCallback, CancelCallback, RequestCallback
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import MASKED_NUMBER, NUMBER, callback_entry
from tests.support.small_site import AGENT, OTHER_AGENT


async def test_an_agent_asks_for_a_visit(world: ApiWorld) -> None:
    world.service.work_order_owner["wo-1"] = AGENT
    answer = await world.ask(
        "POST",
        "/v1/callbacks",
        Role.AGENT,
        json={
            "number": NUMBER,
            "queue": "general",
            "reason": "visit",
            "work_order": "wo-1",
            "owner": AGENT,
            "earliest_at": "2026-03-02T10:00:00+08:00",
        },
    )
    assert answer.status == 202
    asked = world.service.orders[-1][0]
    assert asked == RequestCallback(
        NUMBER,
        "general",
        CallbackReason.VISIT,
        work_order="wo-1",
        owner=AGENT,
        earliest_at=1_772_416_800.0,
    )


async def test_a_visit_about_a_work_order_that_is_not_there_is_refused(world: ApiWorld) -> None:
    body = {"number": NUMBER, "queue": "general", "reason": "visit", "work_order": "wo-none"}
    listed = {"queue": "general", "citizens": [{"number": NUMBER, "work_order": "wo-none"}]}
    for path, given in (
        ("/v1/callbacks", body),
        ("/v1/calls", {"number": NUMBER, "work_order": "wo-none", "agent": AGENT}),
        ("/v1/campaigns/flu/citizens", listed),
    ):
        answer = await world.ask("POST", path, json=given)
        assert (answer.status, answer.error, answer.json["field"]) == (
            404,
            "unknown_work_order",
            "work_order",
        )
    assert world.service.orders == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", "call me"), ("number", "12"), ("earliest_at", "2026-03-02T10:00:00"), ("priority", 1_000)],
)
async def test_what_cannot_be_dialled_or_understood_is_named(
    world: ApiWorld, field: str, value: object
) -> None:
    body = {"number": NUMBER, "queue": "general", field: value}
    answer = await world.ask("POST", "/v1/callbacks", json=body)
    assert answer.status == 422
    assert answer.wrong_fields == {field}


async def test_supervisors_alter_and_cancel(world: ApiWorld) -> None:
    await world.ask("POST", "/v1/callbacks/cb-1/alter", json={"owner": AGENT, "priority": 2})
    asked = [order for order, _ in world.service.orders]
    assert asked == [AlterCallback("cb-1", priority=2, owner=AGENT)]
    await world.ask("POST", "/v1/callbacks/cb-1/cancel", json={})
    assert [order for order, _ in world.service.orders][1:] == [CancelCallback("cb-1")]
    refused = await world.ask("POST", "/v1/callbacks/cb-1/cancel", Role.AGENT, json={})
    assert refused.error == "forbidden_role"


async def test_an_agent_sees_what_they_own_and_numbers_are_masked(world: ApiWorld) -> None:
    world.callbacks.entries = {"cb-1": callback_entry("cb-1", AGENT), "cb-2": callback_entry("cb-2")}
    mine = await world.ask("GET", "/v1/callbacks", Role.AGENT)
    assert [(each["callback"], each["number"]) for each in mine.json["callbacks"]] == [
        ("cb-1", MASKED_NUMBER)
    ]
    assert (await world.ask("GET", "/v1/callbacks/cb-2", Role.AGENT)).error == "forbidden_not_own"
    other = await world.ask("GET", f"/v1/callbacks?owner={OTHER_AGENT}", Role.AGENT)
    assert other.error == "forbidden_not_own"
    everything = await world.ask("GET", "/v1/callbacks?open=true&limit=1")
    assert everything.json["callbacks"][0]["number"] == NUMBER
    rest = await world.ask("GET", f"/v1/callbacks?cursor={everything.json['next_cursor']}")
    assert [each["callback"] for each in rest.json["callbacks"]] == ["cb-2"]


async def test_one_that_there_is_not_and_an_archive_that_is_away(world: ApiWorld) -> None:
    assert (await world.ask("GET", "/v1/callbacks/cb-none")).error == "unknown_callback"
    world.callbacks.away = True
    assert (await world.ask("GET", "/v1/callbacks/cb-none")).error == "archive_unreachable"
    assert (await world.ask("GET", "/v1/callbacks")).error == "archive_unreachable"
