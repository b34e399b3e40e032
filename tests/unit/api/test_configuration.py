from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.models import Role
from cti.configuration import AtStart, ChangeView
from tests.support.api_world import ApiWorld

CHANGE = {"what": "queue general: wrap_up_s 10.0 -> 20.0", "effect": "at once"}


@pytest.fixture
def changed(world: ApiWorld) -> ApiWorld:
    world.configuration.changes = (ChangeView(CHANGE["what"], CHANGE["effect"]),)
    return world


async def test_the_difference_is_shown_before_and_told_after_it_is_applied(changed: ApiWorld) -> None:
    dry = await changed.ask("GET", "/v1/configuration/proposed", Role.OPERATIONS)
    assert dry.json == {"changes": [CHANGE], "problems": []}
    assert (await changed.ask("GET", "/v1/configuration/applied")).json["applied"]["by"] == "start"

    applied = await changed.ask("POST", "/v1/configuration/apply", Role.OPERATIONS)
    assert (applied.status, applied.json["changes"], applied.json["by"]) == (200, [CHANGE], "operations")
    assert applied.json["cause"] == applied.headers["X-Request-Id"]
    in_force = await changed.ask("GET", "/v1/configuration/applied", Role.SUPERVISOR)
    assert (in_force.json["applied"], in_force.json["rejected"]) == (applied.json, None)


async def test_what_differed_at_the_start_is_told_with_when_that_was(world: ApiWorld) -> None:
    found = AtStart(datetime(2026, 3, 2, 4, tzinfo=UTC), (ChangeView(CHANGE["what"], CHANGE["effect"]),))
    world.configuration.at_start = found
    in_force = (await world.ask("GET", "/v1/configuration/applied")).json
    assert in_force["at_start"] == {"at": "2026-03-02T04:00:00Z", "changes": [CHANGE]}


async def test_a_wrong_configuration_is_told_with_each_of_its_problems(world: ApiWorld) -> None:
    world.configuration.problems = ("queues.yaml:3: no such skill", "agents.yaml:9: twice")
    dry = await world.ask("GET", "/v1/configuration/proposed", Role.OPERATIONS)
    assert dry.json == {"changes": [], "problems": list(world.configuration.problems)}
    refused = await world.ask("POST", "/v1/configuration/apply", Role.OPERATIONS)
    assert (refused.status, refused.error) == (422, "configuration_rejected")
    assert [each["sentence"] for each in refused.json["problems"]] == list(world.configuration.problems)
    in_force = (await world.ask("GET", "/v1/configuration/applied", Role.OPERATIONS)).json
    assert in_force["applied"]["by"] == "start"
    assert in_force["rejected"]["problems"] == list(world.configuration.problems)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT, Role.WALLBOARD])
async def test_only_operations_staff_apply(changed: ApiWorld, role: Role) -> None:
    assert (await changed.ask("POST", "/v1/configuration/apply", role)).status == 403
    assert changed.configuration.applied.by == "start"
