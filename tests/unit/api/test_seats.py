from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from acd.model import AgentState
from config.models import Role
from cti.calls.quality import Sound
from cti.views import SeatView
from tests.support.api_world import ApiWorld
from tests.support.small_site import AGENT, OTHER_AGENT, OTHER_SEAT, SEAT

SOUND = Sound(0.01, 0.002, 4.1, None, None, None, 0.03)
SINCE = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)


async def test_seats_are_listed_with_who_sits_there_and_how_the_phone_is(world: ApiWorld) -> None:
    world.service.phones[SEAT] = SeatView(
        SEAT, None, True, True, SINCE, "Phone 1.0", "sip:s01@192.0.2.7", 0.0035, "c-1", SINCE, SOUND
    )
    await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": SEAT})
    answer = await world.ask("GET", "/v1/seats", Role.OPERATIONS)
    first, second = answer.json["seats"]
    assert first == {
        "seat": SEAT,
        "extension": "8001",
        "agent": AGENT,
        "registered": True,
        "reachable": True,
        "since": "2026-03-02T01:02:03Z",
        "user_agent": "Phone 1.0",
        "contact": "sip:s01@192.0.2.7",
        "rtt_s": 0.0035,
        "sound": {"call": "c-1", "at": "2026-03-02T01:02:03Z"} | asdict(SOUND),
    }
    assert (second["seat"], second["agent"], second["registered"], second["reachable"]) == (
        OTHER_SEAT,
        None,
        False,
        None,
    )


async def test_an_agent_moves_and_whose_seat_it_is_cannot_be_taken(world: ApiWorld) -> None:
    await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": SEAT})
    moved = await world.ask("POST", f"/v1/agents/{AGENT}/move", Role.AGENT, AGENT, json={"seat": OTHER_SEAT})
    assert (moved.status, moved.json["seat"]) == (200, OTHER_SEAT)
    await world.ask("POST", f"/v1/agents/{OTHER_AGENT}/login", json={"seat": SEAT})
    taken = await world.ask("POST", f"/v1/agents/{AGENT}/move", json={"seat": SEAT})
    assert (taken.status, taken.error) == (409, "seat_taken")


async def test_a_wrap_up_is_extended_by_seconds_that_make_sense(world: ApiWorld) -> None:
    await world.ask("POST", f"/v1/agents/{AGENT}/login", json={"seat": SEAT})
    path = f"/v1/agents/{AGENT}/wrap-up/extend"
    early = await world.ask("POST", path, json={"seconds": 30})
    assert (early.status, early.error) == (409, "not_in_wrap_up")
    world.service.put(AGENT, state=AgentState.WRAP_UP, until=SINCE)
    longer = await world.ask("POST", path, Role.AGENT, AGENT, json={"seconds": 30})
    assert (longer.status, longer.json["until"]) == (200, "2026-03-02T01:02:33Z")
    for seconds in (0, -1, 3601):
        assert (await world.ask("POST", path, json={"seconds": seconds})).wrong_fields == {"seconds"}


@pytest.mark.parametrize("role", [Role.AGENT, Role.WALLBOARD])
async def test_the_phones_are_shown_to_those_who_watch_over_them_alone(world: ApiWorld, role: Role) -> None:
    assert (await world.ask("GET", "/v1/seats", role)).status == 403
