"""The audit: who listened, whispered, barged, took over, forced, ended, played a recording, or tried to.

Whoever reads it is in it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.moments import Moment
from api.ports import from_archive
from api.routing import Asked, Audited, Input, Nothing, Output, Reply, route
from config.models import Role
from cti.audit import AuditEntry

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ENTRY: JsonDict = {
    "chain": "2f1c7c7e-8a44-4a6e-9d0e-6a6a2f0f6f10",
    "number": 1207,
    "at": "2026-03-02T01:15:30.250000Z",
    "who": "supervisor",
    "action": "listen",
    "outcome": "done",
    "whom": "1007",
    "call": "hotline-1772414096.55",
    "detail": {"seat": "s40"},
    "cause": "0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
    "previous": _HASH[::-1],
    "hash": _HASH,
}
_CHAIN: JsonDict = {
    "chain": "2f1c7c7e-8a44-4a6e-9d0e-6a6a2f0f6f10",
    "entries": 1207,
    "first": 1,
    "last": 1207,
    "last_hash": _HASH,
    "broken_at": None,
    "reason": None,
}
_VERIFICATION: JsonDict = {
    "intact": True,
    "chains": [_CHAIN],
    "newest": 1207,
    "newest_hash": _HASH,
    "checked_at": "2026-03-02T01:16:00Z",
}
AUDITORS = frozenset({Role.AUDITOR})


class AuditEntryOut(Output):
    """One entry of the audit."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    chain: str
    """The journal whose service wrote it."""
    number: int
    """From 1, without gaps."""
    at: datetime
    who: str
    """A token's name, or an agent's number; for `unauthenticated` the address that it came from."""
    action: str
    outcome: str
    """`done`, or the id of the error with which it was refused or failed."""
    whom: str | None
    """The agent, recording or other thing that it was done to."""
    call: str | None
    detail: dict[str, str]
    cause: str
    """The request's id, which the log has too."""
    previous: str
    hash: str
    """SHA-256 over the entry and `previous`."""

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditEntryOut:
        fields = {name: getattr(entry, name) for name in AuditEntry.__dataclass_fields__}
        return cls(**fields | {"at": datetime.fromtimestamp(entry.at, UTC)})


class AuditOut(Output):
    """A page of the audit, latest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"entries": [_ENTRY], "next_cursor": None}]})

    entries: list[AuditEntryOut]
    next_cursor: str | None


class ChainOut(Output):
    """What recomputing one chain came to."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHAIN]})

    chain: str
    entries: int
    first: int
    last: int
    last_hash: str
    broken_at: int | None
    """The first number at which the chain does not hold."""
    reason: str | None
    """`changed`, `missing` or `unlinked`."""


class VerificationOut(Output):
    """Whether the audit is what the service wrote."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERIFICATION]})

    intact: bool
    """No chain is broken, and the newest entries are there or still on their way to the database."""
    chains: list[ChainOut]
    newest: int
    """Number of the newest entry of this service's own chain, from its journal."""
    newest_hash: str
    checked_at: datetime


class AuditQuery(Input):
    """Which entries. All that are given must hold."""

    since: Moment | None = None
    until: Moment | None = None
    who: str | None = Field(default=None, min_length=1, max_length=100)
    action: str | None = Field(default=None, pattern=r"^[a-z_]{1,60}$")
    whom: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    call: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._~:=+/-]+$")


async def list_audit(ask: Asked[AuditQuery, Nothing]) -> Reply:
    query = ask.query
    page = await from_archive(
        ask.context.audit.entries(
            since=query.since,
            until=query.until,
            who=query.who,
            action=query.action,
            whom=query.whom,
            call=query.call,
            limit=query.limit,
            before_cursor=query.cursor,
        ),
        ask.context.limits.archive_s,
    )
    entries = [AuditEntryOut.of(entry) for entry in page.entries]
    return Reply(AuditOut(entries=entries, next_cursor=page.next_cursor))


async def verify_audit(ask: Asked[Nothing, Nothing]) -> Reply:
    service = ask.context.service
    # Asked before the database: what is newer than its answer is no gap.
    head, backlog = service.audit_head(), service.health().journal_backlog
    reports = await from_archive(ask.context.audit.verify(), ask.context.limits.audit_s)
    own = next((report for report in reports if report.chain == head.chain), None)
    behind = own is None or own.last < head.number
    at_its_end = own is not None and own.last == head.number
    complete = (behind and (head.number == 0 or backlog > 0)) or not behind
    true_end = not at_its_end or (own is not None and own.last_hash == head.hash)
    intact = complete and true_end and all(report.broken_at is None for report in reports)
    return Reply(
        VerificationOut(
            intact=intact,
            chains=[ChainOut.model_validate(report) for report in reports],
            newest=head.number,
            newest_hash=head.hash,
            checked_at=datetime.now(UTC),
        )
    )


ROUTES = (
    route(
        "GET",
        "/v1/audit",
        list_audit,
        summary="The audit, latest first",
        tag="audit",
        roles=AUDITORS,
        description="Who reads it, and with which filters, is an entry too; so is who verifies it.",
        query=AuditQuery,
        audited=Audited("audit_read", asked=True),
        answers={200: AuditOut},
        errors=("archive_unreachable",),
    ),
    route(
        "GET",
        "/v1/audit/verification",
        verify_audit,
        summary="Recompute the audit's hash chain",
        tag="audit",
        description="Entries that were changed, taken out or put in break the chain; the service's journal"
        " knows the newest hash, so entries taken from the end are noticed too.",
        roles=AUDITORS,
        audited=Audited("audit_verified"),
        answers={200: VerificationOut},
        errors=("archive_unreachable",),
    ),
)
