from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from config.models import Role
from cti.views import Refused
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import work_order
from tests.support.fake_service import Filled
from tests.support.small_site import AGENT, CATEGORY, OTHER_AGENT
from workorder.model import Disposition, WorkOrderState

FORM = {"category": CATEGORY, "summary": "商家拒绝退货。\n要求协调。", "disposition": "to_dispatch"}
PATH = "/v1/work-orders/wo-c-1"


@pytest.fixture(autouse=True)
def _one_work_order(world: ApiWorld) -> None:
    world.work_orders.orders["wo-c-1"] = work_order("c-1", AGENT)
    world.service.work_order_owner = {"wo-c-1": AGENT}


def projection(world: ApiWorld) -> Callable[[Filled], None]:
    """Puts what the journal got into the archive."""

    def project(filled: Filled) -> None:
        name, category, summary, disposition, by, _ = filled
        world.work_orders.orders[name] = replace(
            world.work_orders.orders.get(name, work_order(name.removeprefix("wo-"), by)),
            state=WorkOrderState.RECORDED,
            category=category,
            summary=summary,
            disposition=Disposition(disposition),
            filled_at=datetime.now(UTC),
            filled_by=by,
            version=2,
        )

    return project


async def fill(world: ApiWorld, path: str = PATH, agent: str = AGENT, **more: Any) -> Any:
    return await world.ask("PATCH", path, Role.AGENT, agent=agent, json={**FORM, **more})


async def test_what_an_agent_writes_is_answered_as_the_archive_has_it(world: ApiWorld) -> None:
    world.service.project = projection(world)
    answer = await fill(world)
    assert (answer.status, answer.json["state"], answer.json["version"]) == (200, "recorded", 2)
    assert (answer.json["summary"], answer.json["filled_by"]) == (FORM["summary"], AGENT)
    assert (await world.ask("GET", PATH)).json == answer.json


async def test_a_slow_projection_is_accepted_not_lost(world: ApiWorld) -> None:
    answer = await fill(world)
    assert (answer.status, answer.json) == (202, {"work_order": "wo-c-1", "accepted": True})
    assert world.service.filled[0][:5] == ("wo-c-1", CATEGORY, FORM["summary"], "to_dispatch", AGENT)


async def test_what_is_written_while_the_archive_is_away_is_accepted(world: ApiWorld) -> None:
    world.service.project = projection(world)
    world.work_orders.away = True
    assert (await fill(world)).status == 202
    assert len(world.service.filled) == 1


async def test_what_the_archive_would_not_take_is_not_answered_as_if_it_had(world: ApiWorld) -> None:
    world.service.project = lambda _filled: None
    assert (await fill(world)).status == 202


async def test_a_service_that_needs_the_archive_for_it_says_when_to_try_again(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise Refused("archive_unreachable", "The archive does not answer; try again in a minute.")

    monkeypatch.setattr(world.service, "fill_work_order", refuse)
    answer = await fill(world)
    assert (answer.status, answer.error) == (503, "archive_unreachable")
    assert int(answer.headers["Retry-After"]) > 0


async def test_another_agents_work_order_is_not_touched(world: ApiWorld) -> None:
    answer = await fill(world, agent=OTHER_AGENT)
    assert (answer.status, answer.error, world.service.filled) == (403, "not_their_work_order", [])
    assert (await world.ask("GET", PATH, Role.AGENT, agent=OTHER_AGENT)).error == "forbidden_not_own"


async def test_a_supervisor_writes_under_the_tokens_name(world: ApiWorld) -> None:
    world.service.project = projection(world)
    answer = await world.ask("PATCH", PATH, Role.SUPERVISOR, json=FORM)
    assert (answer.status, answer.json["filled_by"]) == (200, "supervisor")


async def test_an_unknown_work_order_is_not_found(world: ApiWorld) -> None:
    assert (await world.ask("GET", "/v1/work-orders/wo-none")).error == "unknown_work_order"
    assert (await fill(world, "/v1/work-orders/wo-none")).error == "unknown_work_order"
    answer = await world.ask("PATCH", "/v1/work-orders/wo-none", json=FORM)
    assert (answer.status, answer.error) == (404, "unknown_work_order")


async def test_every_mistake_in_the_form_is_named_at_once(world: ApiWorld) -> None:
    body = {"category": "", "summary": "x" * 4001, "disposition": "burn", "urgent": True}
    answer = await world.ask("PATCH", PATH, json=body)
    assert (answer.status, answer.error) == (422, "invalid_input")
    assert answer.wrong_fields == {"category", "summary", "disposition", "urgent"}
    assert "x" * 100 not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "没有的类别"}, "category"),
        ({"summary": "a\x00b"}, "summary"),
        ({"summary": " "}, "summary"),
        ({"summary": None}, "summary"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_written(
    world: ApiWorld, change: dict[str, Any], field: str
) -> None:
    answer = await fill(world, **change)
    assert (answer.status, answer.json["field"], world.service.filled) == (422, field, [])


async def test_work_orders_are_listed_by_state_and_agent(world: ApiWorld) -> None:
    world.work_orders.orders["wo-c-2"] = work_order("c-2", OTHER_AGENT, WorkOrderState.RECORDED)
    every = await world.ask("GET", "/v1/work-orders")
    assert [order["work_order"] for order in every.json["work_orders"]] == ["wo-c-1", "wo-c-2"]
    recorded = await world.ask("GET", "/v1/work-orders?state=recorded")
    assert [order["work_order"] for order in recorded.json["work_orders"]] == ["wo-c-2"]
    own = await world.ask("GET", "/v1/work-orders", Role.AGENT, agent=AGENT)
    assert [order["agent"] for order in own.json["work_orders"]] == [AGENT]
