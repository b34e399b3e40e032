"""Whether the process lives, and whether it routes: for load balancers and those who run the machine."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from api.routing import Asked, Nothing, Output, Reply, route
from cti.views import Health

_RETRY_AFTER_S = 2


class LiveOut(Output):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"live": True}]})

    live: bool


class Reason(Output):
    """Something that does not work, and what follows from it."""

    reason: str
    """`asterisk_disconnected`, `not_routing` or `database_unreachable`."""
    sentence: str


class ReadyOut(Output):
    """Whether calls are routed. The database is not needed for that: without it the archive lags."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ready": True,
                    "reasons": [],
                    "degraded": [
                        {
                            "reason": "database_unreachable",
                            "sentence": "PostgreSQL cannot be reached; the journal keeps what it lacks.",
                        }
                    ],
                    "asterisk_connected": True,
                    "routing": True,
                    "database_reachable": False,
                    "journal_backlog": 812,
                    "started_at": "2026-03-01T22:00:04Z",
                }
            ]
        }
    )

    ready: bool
    reasons: list[Reason]
    """Why it is not ready."""
    degraded: list[Reason]
    """What does not work and does not keep calls from being routed."""
    asterisk_connected: bool
    routing: bool
    database_reachable: bool
    journal_backlog: int
    """Entries of the journal that PostgreSQL does not have yet."""
    started_at: datetime


async def get_liveness(_ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(LiveOut(live=True))


async def get_readiness(ask: Asked[Nothing, Nothing]) -> Reply:
    health = ask.context.service.health()
    reasons = _reasons(health)
    degraded = []
    if not health.database_reachable:
        sentence = "PostgreSQL cannot be reached; the journal keeps what it lacks."
        degraded.append(Reason(reason="database_unreachable", sentence=sentence))
    body = ReadyOut(
        ready=not reasons,
        reasons=reasons,
        degraded=degraded,
        asterisk_connected=health.asterisk_connected,
        routing=health.routing,
        database_reachable=health.database_reachable,
        journal_backlog=health.journal_backlog,
        started_at=health.started_at,
    )
    if reasons:
        return Reply(body, status=503, headers={"Retry-After": str(_RETRY_AFTER_S)})
    return Reply(body)


def _reasons(health: Health) -> list[Reason]:
    reasons = []
    if not health.asterisk_connected:
        sentence = "There is no connection to Asterisk; callers are served by its plain queue."
        reasons.append(Reason(reason="asterisk_disconnected", sentence=sentence))
    if not health.routing:
        sentence = "The service does not route; callers are served by Asterisk's plain queue."
        reasons.append(Reason(reason="not_routing", sentence=sentence))
    return reasons


ROUTES = (
    route(
        "GET",
        "/health/live",
        get_liveness,
        summary="The process answers",
        tag="health",
        roles=None,
        answers={200: LiveOut},
    ),
    route(
        "GET",
        "/health/ready",
        get_readiness,
        summary="Calls are routed",
        tag="health",
        description="503 when they are not, with the reasons.",
        roles=None,
        answers={200: ReadyOut, 503: ReadyOut},
    ),
)
