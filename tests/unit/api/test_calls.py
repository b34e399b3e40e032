from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config.models import Role
from cti.calls.records import CallState, Direction, LegRecord
from cti.views import CallView
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import (
    MASKED_NUMBER,
    NUMBER,
    START,
    archived_call,
    stored_recording,
    work_order,
)
from tests.support.small_site import AGENT, OTHER_AGENT

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OPEN_CALL = CallView(
    call="c-open",
    direction="inbound",
    hotline="12345",
    queue="general",
    state=CallState.TALKING,
    number=NUMBER,
    agent=AGENT,
    seat="s01",
    started_at=NOW,
    queued_at=NOW,
    answered_at=NOW,
)


def put_calls(world: ApiWorld, count: int) -> None:
    for n in range(count):
        archived = archived_call(f"c-{n}", AGENT if n % 2 else OTHER_AGENT)
        archived.record.started_at = START + n
        world.archive.records[f"c-{n}"] = archived


async def test_calls_are_given_page_by_page_latest_first(world: ApiWorld) -> None:
    put_calls(world, 5)
    seen: list[str] = []
    path = "/v1/calls?limit=2"
    while True:
        page = (await world.ask("GET", path)).json
        seen += [call["call"] for call in page["calls"]]
        if page["next_cursor"] is None:
            break
        path = f"/v1/calls?limit=2&cursor={page['next_cursor']}"
    assert seen == ["c-4", "c-3", "c-2", "c-1", "c-0"]


async def test_every_filter_reaches_the_archive(world: ApiWorld) -> None:
    times = "since=2026-03-02T09:00:00%2B08:00&until=2026-03-03T00:00:00Z"
    query = f"{times}&queue=general&agent={AGENT}&outcome=answered&work_order=wo-c-1"
    assert (await world.ask("GET", f"/v1/calls?{query}")).status == 200
    assert world.archive.asked == {
        "since": datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
        "until": datetime(2026, 3, 3, tzinfo=UTC),
        "queue": "general",
        "agent": AGENT,
        "outcome": "answered",
        "work_order": "wo-c-1",
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("since=2026-03-02T09:00:00", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("until=9999-12-31T23:59:59-14:00", "until"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("outcome=lost", "outcome"),
        ("queue=No%20Queue", "queue"),
        ("agent=%00", "agent"),
        ("work_order=%00", "work_order"),
        ("cursor=%00", "cursor"),
        ("cursor=made-up", "cursor"),
        ("number=13812341234", "number"),
        ("limit=1&limit=2", "limit"),
    ],
)
async def test_a_wrong_filter_is_named(world: ApiWorld, query: str, field: str) -> None:
    answer = await world.ask("GET", f"/v1/calls?{query}")
    assert (answer.status, answer.error, answer.json["field"]) == (422, "invalid_input", field)


async def test_an_agents_list_holds_its_own_calls_unasked(world: ApiWorld) -> None:
    put_calls(world, 4)
    answer = await world.ask("GET", "/v1/calls", Role.AGENT, agent=AGENT)
    assert {call["agent"] for call in answer.json["calls"]} == {AGENT}


async def test_a_call_comes_with_all_that_belongs_to_it(world: ApiWorld) -> None:
    archived = archived_call("c-1", AGENT)
    recording = stored_recording(world.recordings_root, "c-1-a", "c-1", b"RIFF")
    world.archive.records["c-1"] = replace(archived, recordings=[recording])
    world.work_orders.orders["wo-c-1"] = work_order("c-1", AGENT)
    call = (await world.ask("GET", "/v1/calls/c-1")).json
    assert call["complete"] is True
    assert (call["outcome"], call["ended_by"], call["route"], call["state"]) == (
        "answered",
        "caller",
        "acd",
        None,
    )
    assert (call["queued_at"], call["answered_at"]) == ("2026-03-02T01:15:01Z", "2026-03-02T01:15:05Z")
    assert [leg["endpoint"] for leg in call["legs"]] == ["trunk", "s01"]
    assert call["segments"][0]["recorded_leg"] == "c-1-a"
    assert call["offers"][0]["outcome"] == "accepted"
    assert call["decisions"][0]["candidates"] == [{"agent": AGENT, "against": None}]
    assert call["recordings"][0]["recording"] == "c-1-a"
    assert "path" not in call["recordings"][0]
    assert call["work_orders"][0]["work_order"] == "wo-c-1"


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("role", [Role.AGENT, Role.OPERATIONS])
async def test_the_citizens_number_is_masked_wherever_it_stands(
    world: ApiWorld, role: Role, direction: Direction
) -> None:
    world.archive.records["c-1"] = archived_call("c-1", AGENT, direction)
    world.service.calls = [OPEN_CALL]
    for path in ("/v1/calls/c-1", "/v1/calls", "/v1/calls/c-open"):
        answer = await world.ask("GET", path, role, agent=AGENT)
        assert answer.status == 200
        assert NUMBER not in answer.content.decode()
        assert MASKED_NUMBER in answer.content.decode()


async def test_a_supervisor_sees_the_number_whole(world: ApiWorld) -> None:
    world.archive.records["c-1"] = archived_call("c-1", AGENT)
    world.service.calls = [OPEN_CALL]
    for path in ("/v1/calls/c-1", "/v1/calls", "/v1/calls/c-open"):
        content = (await world.ask("GET", path)).content.decode()
        assert NUMBER in content
        assert MASKED_NUMBER not in content


async def test_the_hotlines_number_is_not_masked(world: ApiWorld) -> None:
    world.archive.records["c-1"] = archived_call("c-1", AGENT)
    answer = await world.ask("GET", "/v1/calls/c-1", Role.OPERATIONS)
    assert (answer.json["hotline"], answer.json["dialled"]) == ("12345", "12345")


async def test_an_open_call_shows_its_live_state_over_what_is_archived(world: ApiWorld) -> None:
    world.service.calls = [OPEN_CALL]
    alone = (await world.ask("GET", "/v1/calls/c-open")).json
    assert (alone["state"], alone["outcome"], alone["complete"], alone["legs"]) == (
        "talking",
        "open",
        False,
        [],
    )
    archived = archived_call("c-open", AGENT)
    world.archive.records["c-open"] = archived
    both = (await world.ask("GET", "/v1/calls/c-open")).json
    assert (both["state"], both["complete"], len(both["legs"])) == ("talking", False, 2)


async def test_a_call_is_open_to_each_agent_who_talked_in_it(world: ApiWorld) -> None:
    archived = archived_call("c-1", OTHER_AGENT)
    second = replace(archived.record.segments[0], segment="c-1/2", agent=AGENT)
    archived.record.segments.append(second)
    world.archive.records["c-1"] = archived
    for agent in (AGENT, OTHER_AGENT):
        assert (await world.ask("GET", "/v1/calls/c-1", Role.AGENT, agent=agent)).status == 200


async def test_a_call_is_no_more_open_to_an_agent_whose_phone_only_rang(world: ApiWorld) -> None:
    archived = archived_call("c-1", OTHER_AGENT)
    rang = LegRecord("c-1-b", "PJSIP/s02-3", "s02", "s02", AGENT, NUMBER, START, START)
    archived.record.legs.append(rang)
    world.archive.records["c-1"] = archived
    assert (await world.ask("GET", "/v1/calls/c-1", Role.AGENT, agent=AGENT)).status == 200
    rang.ended_at = START + 5
    assert (await world.ask("GET", "/v1/calls/c-1", Role.AGENT, agent=AGENT)).error == "forbidden_not_own"


async def test_a_waiting_call_is_no_agents_own(world: ApiWorld) -> None:
    world.service.calls = [replace(OPEN_CALL, agent=None, seat=None, state=CallState.WAITING)]
    answer = await world.ask("GET", "/v1/calls/c-open", Role.AGENT, agent=AGENT)
    assert answer.error == "forbidden_not_own"


async def test_a_call_that_never_was_is_not_found(world: ApiWorld) -> None:
    assert (await world.ask("GET", "/v1/calls/none")).error == "unknown_call"


@pytest.mark.parametrize("trouble", ["away", "stuck"])
async def test_while_the_archive_is_away_open_calls_are_still_shown(world: ApiWorld, trouble: str) -> None:
    setattr(world.archive, trouble, True)
    world.service.calls = [OPEN_CALL]
    shown = await world.ask("GET", "/v1/calls/c-open")
    assert (shown.status, shown.json["state"], shown.json["complete"]) == (200, "talking", False)
    for path in ("/v1/calls/c-1", "/v1/calls", "/v1/recordings/r-1"):
        answer = await world.ask("GET", path)
        assert (answer.status, answer.error) == (503, "archive_unreachable")
        assert int(answer.headers["Retry-After"]) > 0
