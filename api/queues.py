"""Queues: the live figures, and today's, that supervisors and wallboards watch."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.auth import ALL_ROLES
from api.figure_models import LIVE_EXAMPLE, LiveOut
from api.routing import Asked, Nothing, Output, Reply, route

_EXAMPLE: JsonDict = {**LIVE_EXAMPLE, "queue": "consumer", "name": "消费维权"}


class QueueOut(LiveOut):
    """Live and today's figures of one queue, or of all of them. Today begins at local midnight."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    queue: str | None
    """Null for the whole."""
    name: str


class QueuesOut(Output):
    """The whole hotline and each queue, at one moment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-03-02T01:15:30.250000Z",
                    "routing": True,
                    "total": {**_EXAMPLE, "queue": None, "name": "全部"},
                    "queues": [_EXAMPLE],
                }
            ]
        }
    )

    at: datetime
    routing: bool
    """False while Asterisk's plain queue serves the callers: the live figures are then not up to date."""
    total: QueueOut
    queues: list[QueueOut]


async def get_queues(ask: Asked[Nothing, Nothing]) -> Reply:
    service = ask.context.service
    return Reply(
        QueuesOut(
            at=datetime.now(UTC),
            routing=service.health().routing,
            total=QueueOut.of(service.total()),
            queues=[QueueOut.of(view) for view in service.queues()],
        )
    )


ROUTES = (
    route(
        "GET",
        "/v1/queues",
        get_queues,
        summary="Figures of each queue and of the whole",
        tag="queues",
        roles=ALL_ROLES,
        answers={200: QueuesOut},
    ),
)
