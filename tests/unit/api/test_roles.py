"""Every route with every role, by the table."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.app import ROUTES
from api.routing import Nothing, Route
from config.models import Role
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import archived_call, stored_recording
from tests.support.fake_service import FakeService
from tests.support.small_site import AGENT, OTHER_AGENT, REASON, SEAT

READS_QUEUES = {Role.AGENT, Role.SUPERVISOR, Role.OPERATIONS, Role.WALLBOARD, Role.AUDITOR}
FLOOR = {Role.AGENT, Role.SUPERVISOR}
WATCH = {Role.SUPERVISOR, Role.OPERATIONS}
STAFF = {Role.AGENT, Role.SUPERVISOR, Role.OPERATIONS}
VERBS = (
    "answer", "hang-up", "hold", "retrieve", "transfer", "consult", "complete", "cancel", "swap", "confer",
    "drop", "park", "pick-up", "rating", "mute", "keys",
)  # fmt: skip
EXPECTED: dict[tuple[str, str], set[Role] | None] = {
    ("GET", "/v1/agents"): WATCH,
    ("GET", "/v1/agents/{agent}"): STAFF,
    ("POST", "/v1/agents/{agent}/login"): FLOOR,
    ("POST", "/v1/agents/{agent}/move"): FLOOR,
    ("POST", "/v1/agents/{agent}/pin/unlock"): {Role.SUPERVISOR},
    ("POST", "/v1/agents/{agent}/wrap-up/extend"): FLOOR,
    ("GET", "/v1/seats"): WATCH,
    ("POST", "/v1/agents/{agent}/logout"): FLOOR,
    ("POST", "/v1/agents/{agent}/ready"): FLOOR,
    ("POST", "/v1/agents/{agent}/not-ready"): FLOOR,
    ("GET", "/v1/queues"): READS_QUEUES,
    ("GET", "/v1/configuration/applied"): WATCH,
    ("GET", "/v1/configuration/proposed"): WATCH,
    ("POST", "/v1/configuration/apply"): {Role.OPERATIONS},
    ("GET", "/v1/figures/skills"): READS_QUEUES,
    ("GET", "/v1/figures/agents"): WATCH,
    ("GET", "/v1/figures/intervals"): READS_QUEUES,
    ("GET", "/v1/figures/queues/{queue}/intervals"): READS_QUEUES,
    ("GET", "/v1/figures/skills/{skill}/intervals"): READS_QUEUES,
    ("GET", "/v1/figures/agents/{agent}/intervals"): STAFF,
    ("GET", "/v1/open-calls"): STAFF,
    ("GET", "/v1/calls"): STAFF,
    ("GET", "/v1/calls/{call}"): STAFF,
    ("GET", "/v1/commands/{command}"): FLOOR,
    ("POST", "/v1/calls/{call}/alter"): {Role.SUPERVISOR},
    ("GET", "/v1/ratings"): WATCH,
    ("GET", "/v1/ratings/figures"): WATCH,
    ("GET", "/v1/voicemails"): WATCH,
    ("POST", "/v1/calls"): FLOOR,
    **{("POST", f"/v1/calls/{{call}}/{verb}"): FLOOR for verb in VERBS},
    ("GET", "/v1/callbacks"): FLOOR,
    ("GET", "/v1/callbacks/{callback}"): FLOOR,
    ("POST", "/v1/callbacks"): FLOOR,
    ("POST", "/v1/callbacks/{callback}/alter"): {Role.SUPERVISOR},
    ("POST", "/v1/callbacks/{callback}/cancel"): {Role.SUPERVISOR},
    ("GET", "/v1/campaigns/{campaign}"): {Role.SUPERVISOR},
    ("POST", "/v1/campaigns/{campaign}/check"): {Role.SUPERVISOR},
    ("POST", "/v1/campaigns/{campaign}/citizens"): {Role.SUPERVISOR},
    ("GET", "/v1/events"): STAFF,
    ("GET", "/v1/recordings/{recording}"): WATCH,
    ("GET", "/v1/recordings/{recording}/audio"): {Role.SUPERVISOR},
    ("GET", "/v1/work-orders"): FLOOR,
    ("GET", "/v1/work-orders/{work_order}"): FLOOR,
    ("PATCH", "/v1/work-orders/{work_order}"): FLOOR,
    ("GET", "/v1/supervisions"): {Role.SUPERVISOR},
    ("POST", "/v1/agents/{agent}/supervise"): {Role.SUPERVISOR},
    ("POST", "/v1/supervisions/{supervision}/mode"): {Role.SUPERVISOR},
    ("POST", "/v1/supervisions/{supervision}/stop"): {Role.SUPERVISOR},
    ("POST", "/v1/supervisions/{supervision}/take-over"): {Role.SUPERVISOR},
    ("POST", "/v1/agents/{agent}/force-state"): {Role.SUPERVISOR},
    ("POST", "/v1/calls/{call}/end"): {Role.SUPERVISOR},
    ("GET", "/v1/audit"): {Role.AUDITOR},
    ("GET", "/v1/audit/verification"): {Role.AUDITOR},
    ("GET", "/metrics"): WATCH,
    ("GET", "/health/live"): None,
    ("GET", "/health/ready"): None,
    ("GET", "/"): None,
    ("GET", "/wallboard"): None,
    ("GET", "/docs"): None,
    ("GET", "/docs/{asset}"): None,
    ("GET", "/openapi.json"): None,
}


def test_each_route_is_for_the_roles_that_were_meant() -> None:
    assert {(entry.method, entry.path): entry.roles and set(entry.roles) for entry in ROUTES} == EXPECTED


BODIES: dict[str, dict[str, Any]] = {
    "login": {"seat": SEAT},
    "move": {"seat": SEAT},
    "extend": {"seconds": 30},
    "not-ready": {"reason": REASON},
}


def body_for(entry: Route) -> dict[str, Any]:
    if entry.body is Nothing:
        return {}
    return {"json": BODIES.get(entry.path.rsplit("/")[-1], {})}


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("entry", ROUTES, ids=lambda entry: f"{entry.method} {entry.path}")
async def test_a_route_lets_in_its_roles_and_nobody_else(
    world: ApiWorld, entry: Route, role: Role | None
) -> None:
    path = re.sub(r"{(\w+)}", lambda part: {"agent": AGENT, "asset": "x.js"}.get(part[1], "none"), entry.path)
    answer = await world.ask(entry.method, path, role, agent=AGENT, **body_for(entry))
    if entry.roles is None:
        assert answer.status in (200, 404)
    elif role is None:
        assert (answer.status, answer.error) == (401, "unauthenticated")
    elif role in entry.roles:
        assert answer.status not in (401, 403)
    else:
        assert (answer.status, answer.error) == (403, "forbidden_role")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/v1/agents/{OTHER_AGENT}", None),
        ("POST", f"/v1/agents/{OTHER_AGENT}/login", {"seat": SEAT}),
        ("POST", f"/v1/agents/{OTHER_AGENT}/move", {"seat": SEAT}),
        ("POST", f"/v1/agents/{OTHER_AGENT}/wrap-up/extend", {"seconds": 30}),
        ("POST", f"/v1/agents/{OTHER_AGENT}/logout", None),
        ("POST", f"/v1/agents/{OTHER_AGENT}/ready", None),
        ("POST", f"/v1/agents/{OTHER_AGENT}/not-ready", {"reason": REASON}),
        ("GET", f"/v1/calls?agent={OTHER_AGENT}", None),
        ("GET", "/v1/calls/c-1", None),
        ("GET", f"/v1/work-orders?agent={OTHER_AGENT}", None),
    ],
)
async def test_an_agent_acts_and_reads_for_itself_alone(
    world: ApiWorld, method: str, path: str, body: object
) -> None:
    world.archive.records["c-1"] = archived_call("c-1", OTHER_AGENT)
    more: dict[str, Any] = {} if body is None else {"json": body}
    answer = await world.ask(method, path, Role.AGENT, agent=AGENT, **more)
    assert (answer.status, answer.error) == (403, "forbidden_not_own")
    assert untouched(world.service)
    own = await world.ask(method, path, Role.AGENT, agent=OTHER_AGENT, **more)
    assert own.status in (200, 409)


def untouched(service: FakeService) -> bool:
    return service.causes == []


async def test_a_wallboard_gets_figures_and_nothing_else(world: ApiWorld) -> None:
    world.archive.recordings["r-1"] = stored_recording(world.recordings_root, "r-1", "c-1", b"x" * 10)
    assert (await world.ask("GET", "/v1/queues", Role.WALLBOARD)).status == 200
    for path in ("/v1/agents", "/v1/calls", "/v1/recordings/r-1/audio", "/metrics"):
        assert (await world.ask("GET", path, Role.WALLBOARD)).error == "forbidden_role"
