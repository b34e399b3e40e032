"""Who reads the audit, whether it is whole, and what of the API goes into it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.models import Role
from cti.audit import AuditEntry, ToAudit
from cti.records_json import decode
from tests.support.api_world import ApiWorld
from tests.support.small_site import AGENT, OTHER_AGENT, REASON, SEAT

FORBIDDEN = "forbidden_not_own"


def keep(world: ApiWorld, *whats: ToAudit) -> None:
    """As the service journals and the projection brings to the database."""
    for what in whats:
        draft, _ = world.service.trail.add(what)
        world.audit.kept.append(decode(AuditEntry, draft.body))


def did(action: str, who: str = "supervisor") -> ToAudit:
    return ToAudit(1772414096.5, "cause-1", who, action, whom=AGENT, call="call-1")


async def test_an_auditor_reads_what_was_done_latest_first_and_filtered(world: ApiWorld) -> None:
    keep(world, did("listen"), did("whisper"), did("listen", who="boss"))
    answer = await world.ask("GET", "/v1/audit", Role.AUDITOR)
    assert [entry["number"] for entry in answer.json["entries"]] == [3, 2, 1]
    assert answer.json["entries"][0]["at"] == "2026-03-02T01:14:56.500000Z"
    answer = await world.ask("GET", "/v1/audit?action=listen&who=supervisor", Role.AUDITOR)
    assert [entry["number"] for entry in answer.json["entries"]] == [1]


async def test_the_verification_sees_what_was_changed_and_what_is_missing_at_the_end(world: ApiWorld) -> None:
    async def intact() -> tuple[bool, int | None]:
        body = (await world.ask("GET", "/v1/audit/verification", Role.AUDITOR)).json
        return body["intact"], body["chains"][0]["broken_at"] if body["chains"] else None

    assert await intact() == (True, None)
    keep(world, *(did("listen") for _ in range(3)))
    assert await intact() == (True, None)
    whole = list(world.audit.kept)
    world.audit.kept[1] = replace(whole[1], who="nobody")
    assert await intact() == (False, 2)
    world.audit.kept[:] = whole[:2]
    assert await intact() == (False, None)
    world.audit.kept[:] = whole[:2]
    world.service.state_of_health = replace(world.service.state_of_health, journal_backlog=1)
    assert await intact() == (True, None), "the newest is on its way"


@pytest.mark.parametrize(
    ("role", "whose", "written"),
    [
        (Role.SUPERVISOR, AGENT, ["done"]),
        (Role.AGENT, AGENT, []),
        (Role.AGENT, OTHER_AGENT, [FORBIDDEN]),
    ],
)
async def test_who_forces_an_agents_state_is_audited_and_agents_own_doing_is_not(
    world: ApiWorld, role: Role, whose: str, written: list[str]
) -> None:
    await world.service.log_in(whose, SEAT, "t")
    await world.ask("POST", f"/v1/agents/{whose}/not-ready", role, json={"reason": REASON})
    assert [what.outcome for what in world.service.audited] == written
    assert all((what.action, what.whom) == ("not_ready", whose) for what in world.service.audited)


async def test_a_command_that_a_token_may_not_give_is_audited(world: ApiWorld) -> None:
    answer = await world.ask("POST", "/v1/calls/call-9/hang-up", Role.AGENT, json={"agent": OTHER_AGENT})
    assert answer.error == "forbidden_not_own"
    [tried] = world.service.audited
    assert (tried.action, tried.outcome, tried.who, tried.call) == (
        "hang_up", "forbidden_not_own", AGENT, "call-9",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "written"),
    [(Role.SUPERVISOR, [("dial_out", "unknown_work_order", "supervisor")]), (Role.AGENT, [])],
)
async def test_what_a_supervisor_asks_in_vain_is_audited_though_no_command_came_of_it(
    world: ApiWorld, role: Role, written: list[tuple[str, str, str]]
) -> None:
    body = {"number": "13800000001", "work_order": "wo-none", "agent": AGENT}
    answer = await world.ask("POST", "/v1/calls", role, json=body)
    assert answer.error == "unknown_work_order"
    assert [(what.action, what.outcome, what.who) for what in world.service.audited] == written


@pytest.mark.parametrize(
    ("path", "action", "looked_for"),
    [
        ("/v1/audit", "audit_read", {}),
        (
            f"/v1/audit?who=boss&whom={AGENT}&since=2026-03-02T01:00:00Z&limit=5",
            "audit_read",
            {"who": "boss", "whom": AGENT, "since": "2026-03-02T01:00:00Z", "limit": "5"},
        ),
        ("/v1/audit/verification", "audit_verified", {}),
    ],
)
async def test_who_reads_the_audit_is_in_it_once_with_what_was_looked_for(
    world: ApiWorld, path: str, action: str, looked_for: dict[str, str]
) -> None:
    keep(world, did("listen"))
    await world.ask("GET", path, Role.AUDITOR, headers={"X-Request-Id": "reads-0001"})
    [read] = world.service.audited
    assert (read.who, read.action, read.outcome, read.cause) == ("auditor", action, "done", "reads-0001")
    assert dict(read.detail) == looked_for


async def test_a_read_that_brings_nothing_is_in_the_audit_too_and_nothing_wrong_is_repeated(
    world: ApiWorld,
) -> None:
    await world.ask("GET", "/v1/audit", Role.SUPERVISOR)
    await world.ask("GET", "/v1/audit/verification", Role.AGENT)
    await world.ask("GET", "/v1/audit?token=secret-of-auditor", Role.AUDITOR)
    await world.ask("GET", "/v1/audit?cursor=nonsense", Role.AUDITOR)
    world.audit.away = True
    await world.ask("GET", "/v1/audit?who=boss", Role.AUDITOR)
    tried = [(what.who, what.action, what.outcome, dict(what.detail)) for what in world.service.audited]
    assert tried == [
        ("supervisor", "audit_read", "forbidden_role", {}),
        (AGENT, "audit_verified", "forbidden_role", {}),
        ("auditor", "audit_read", "invalid_input", {}),
        ("auditor", "audit_read", "invalid_input", {"cursor": "nonsense"}),
        ("auditor", "audit_read", "archive_unreachable", {"who": "boss"}),
    ]
