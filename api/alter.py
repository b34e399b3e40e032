"""What a supervisor can change about a call that waits: the address of `cti.verbs.alter_contact`."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from api.commands import OnCall, command_route
from api.routing import Asked, Nothing
from config.base import Id, Priority
from config.models import Role
from config.policy import step_of
from config.routing import StepConfig
from cti.calls.steps import steps_text
from cti.verbs.alter_contact import AlterContact


class Alter(OnCall):
    """What is given is changed; the rest stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "priority": 10,
                    "queue": "consumer",
                    "steps": [{"requirement": {"skill": "english", "at_least": 3}, "ttl_s": 60}],
                }
            ]
        }
    )

    priority: Priority | None = None
    """Of the call, instead of its hotline's; the queue's own is added to it."""
    queue: Id | None = None
    """The call keeps the time at which it was queued."""
    steps: tuple[StepConfig, ...] | None = Field(
        default=None,
        max_length=8,
        description="What agents must be, one step after the other, written as in the configuration; instead"
        " of what the hotline asks for and of the agent who spoke last with the caller. The queue's own steps"
        " come after them; an empty list leaves those alone. One that is to hold to the end has a `ttl_s` of"
        " 86400.",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.priority is None and self.queue is None and self.steps is None:
            raise ValueError("give at least one of `priority`, `queue`, `steps`")
        return self


def _asked(ask: Asked[Nothing, Alter]) -> AlterContact:
    body = ask.body
    steps = None if body.steps is None else steps_text(tuple(map(step_of, body.steps)))
    return AlterContact(ask.named("call"), body.queue, body.priority, steps)


ROUTES = (
    command_route(
        "/v1/calls/{call}/alter",
        "alter_contact",
        Alter,
        _asked,
        summary="Give a waiting call another priority, queue or requirement",
        description="It holds at once, and over a restart. Refused: `not_waiting`, `unknown_call`,"
        " `unknown_queue`, `bad_steps` (an unknown skill is named), `steps_too_long`.",
        roles=frozenset({Role.SUPERVISOR}),
    ),
)
