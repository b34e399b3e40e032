"""Lists of citizens over the API: whose phone rings first, how far a list is, and why it waits."""

from __future__ import annotations

from acd.model import CallbackMode
from cti.verbs.callbacks import RequestCallback
from cti.verbs.campaigns import AddToCampaign
from cti.views import DialledToday, Holds
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import NUMBER, callback_entry
from tests.support.small_site import AGENT


async def test_a_list_and_a_request_may_say_whose_phone_rings_first(world: ApiWorld) -> None:
    await world.ask(
        "POST",
        "/v1/campaigns/flu/citizens",
        json={"queue": "general", "citizens": [{"number": NUMBER}], "mode": "customer_first"},
    )
    await world.ask(
        "POST", "/v1/callbacks", json={"number": NUMBER, "queue": "general", "mode": "agent_first"}
    )
    listed, requested = (order for order, _ in world.service.orders)
    assert isinstance(listed, AddToCampaign)
    assert isinstance(requested, RequestCallback)
    assert (listed.mode, requested.mode) == (CallbackMode.CUSTOMER_FIRST, CallbackMode.AGENT_FIRST)


async def test_another_mode_is_refused_by_name(world: ApiWorld) -> None:
    body = {"number": NUMBER, "queue": "general", "mode": "citizen_first"}
    answer = await world.ask("POST", "/v1/callbacks", json=body)
    assert (answer.status, answer.wrong_fields) == (422, {"mode"})


async def test_a_citizen_whose_time_ends_before_it_begins_is_named(world: ApiWorld) -> None:
    late = {"earliest_at": "2026-03-02T02:00:00Z", "latest_at": "2026-03-02T09:00:00+08:00"}
    body = {"queue": "general", "citizens": [{"number": NUMBER}, {"number": NUMBER, **late}]}
    answer = await world.ask("POST", "/v1/campaigns/flu/citizens", json=body)
    assert (answer.status, answer.wrong_fields) == (422, {"citizens.1.latest_at"})


async def test_a_list_tells_what_was_dialled_today_and_why_it_waits(world: ApiWorld) -> None:
    world.callbacks.entries = {"cb-1": callback_entry("cb-1")}
    world.callbacks.entries["cb-1"].campaign = "flu"
    plain = await world.ask("GET", "/v1/campaigns/flu")
    assert plain.json["dialled_today"] is None
    world.service.dialled["flu"] = DialledToday(40, 20, 1, 0.05, Holds.ABANDONED_RATE)
    dialled = await world.ask("GET", "/v1/campaigns/flu")
    assert dialled.json["dialled_today"] == {
        "dialled": 40,
        "answered": 20,
        "abandoned": 1,
        "abandoned_rate": 0.05,
        "holds": "abandoned_rate",
    }


async def test_a_part_is_checked_without_being_taken(world: ApiWorld) -> None:
    world.service.work_order_owner["wo-1"] = AGENT
    citizens = [{"number": NUMBER, "work_order": "wo-1"}, {"number": NUMBER, "work_order": "wo-2"}]
    right = await world.ask(
        "POST", "/v1/campaigns/flu/check", json={"queue": "general", "citizens": citizens[:1]}
    )
    assert (right.status, right.json) == (200, {"mistakes": []})
    wrong = await world.ask("POST", "/v1/campaigns/flu/check", json={"queue": "tax", "citizens": citizens})
    assert [(each["row"], each["field"], each["error"]) for each in wrong.json["mistakes"]] == [
        (None, "queue", "unknown_queue"),
        (2, "work_order", "unknown_work_order"),
    ]
    assert world.service.orders == []
