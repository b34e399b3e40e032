"""Queues: the live figures, and today's, that supervisors and wallboards watch."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import ConfigDict
from pydantic.config import JsonDict

from acd.model import AgentState
from api.auth import ALL_ROLES
from api.routing import Asked, Nothing, Output, Reply, route
from cti.views import QueueView

_EXAMPLE: JsonDict = {
    "queue": "consumer",
    "name": "消费维权",
    "waiting": 3,
    "longest_wait_s": 21.4,
    "talking": 12,
    "agents": {"ready": 0, "reserved": 1, "busy": 12, "wrap_up": 2, "not_ready": 1, "logged_out": 6},
    "offered": 412,
    "answered": 398,
    "abandoned": 11,
    "short_abandoned": 4,
    "timely": 351,
    "answer_rate": 0.9731,
    "timely_rate": 0.8819,
}


class QueueOut(Output):
    """Live and today's figures of one queue, or of all of them. Today begins at local midnight."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    queue: str | None
    """Null for the whole."""
    name: str
    waiting: int
    longest_wait_s: float
    """0 when nobody waits."""
    talking: int
    agents: dict[AgentState, int]
    """Agents who have the queue's skills, by state; each state is there."""
    offered: int
    """Contacts queued today."""
    answered: int
    abandoned: int
    short_abandoned: int
    """Of the abandoned, those within the queue's short-abandon time."""
    timely: int
    answer_rate: float | None
    """接通率: answered / (answered + abandoned), from 0 to 1; null before the first."""
    timely_rate: float | None
    """及时率: timely / answered, from 0 to 1; null before the first."""

    @classmethod
    def of(cls, view: QueueView) -> QueueOut:
        every_state = {state: view.agents.get(state, 0) for state in AgentState}
        return cls.model_validate(view).model_copy(update={"agents": every_state})


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
