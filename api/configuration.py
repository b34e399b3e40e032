"""The configuration in force: what was applied last, what the files would change, and applying them."""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.auth import WATCHERS
from api.errors import Problem, rejected_configuration
from api.routing import Asked, Audited, Nothing, Output, Reply, route
from config.models import Role
from cti.configuration import ConfigurationRejected

_CHANGES: JsonDict = {"what": "queue general: wrap_up_s 10.0 -> 20.0", "effect": "at once"}
_APPLIED: JsonDict = {
    "at": "2026-03-02T01:15:30.250000Z",
    "by": "operations",
    "cause": "0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
    "changes": [_CHANGES],
}


_AT_START: JsonDict = {"at": "2026-03-02T04:00:00.250000Z", "changes": []}


class ChangeOut(Output):
    """One thing that is different."""

    what: str
    effect: str
    """`at once`, or what it takes for the change to hold."""


class AppliedOut(Output):
    """A configuration that was put in force. Restarts that change nothing leave it the one applied last."""

    model_config = ConfigDict(json_schema_extra={"examples": [_APPLIED]})

    at: datetime
    by: str
    """`start` (files that had changed since, or the first start), `SIGHUP`, or the token that applied it."""
    cause: str
    """The id by which the log tells of it."""
    changes: list[ChangeOut]
    """Against the one before; none for the first of all."""


class AtStartOut(Output):
    """What the service found when it started."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AT_START]})

    at: datetime
    changes: list[ChangeOut]
    """Of the files on disk, which hold since then, against what was applied last before."""


class RejectedOut(Output):
    """A configuration that changed nothing, as it is wrong."""

    at: datetime
    by: str
    cause: str
    problems: list[str]
    """Each with its place and what would be right."""


class InForceOut(Output):
    """The configuration in force."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"applied": _APPLIED, "at_start": _AT_START, "rejected": None}]}
    )

    applied: AppliedOut
    at_start: AtStartOut
    rejected: RejectedOut | None
    """What was rejected since then."""


class ProposedOut(Output):
    """What the files on disk would change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"changes": [_CHANGES], "problems": []}]})

    changes: list[ChangeOut]
    problems: list[str]
    """Why they would be rejected; then `changes` is empty."""


async def get_configuration(ask: Asked[Nothing, Nothing]) -> Reply:
    return Reply(InForceOut.model_validate(ask.context.configuration))


async def get_proposed(ask: Asked[Nothing, Nothing]) -> Reply:
    try:
        changes = await ask.context.configuration.proposed()
    except ConfigurationRejected as error:
        return Reply(ProposedOut(changes=[], problems=list(error.rejected.problems)))
    return Reply(ProposedOut(changes=[ChangeOut.model_validate(change) for change in changes], problems=[]))


async def apply_configuration(ask: Asked[Nothing, Nothing]) -> Reply:
    try:
        applied = await ask.context.configuration.apply(ask.who.acts_as, ask.cause)
    except ConfigurationRejected as error:
        raise rejected_configuration(
            [Problem(field="", sentence=problem) for problem in error.rejected.problems]
        ) from None
    return Reply(AppliedOut.model_validate(applied))


ROUTES = (
    route(
        "GET",
        "/v1/configuration/applied",
        get_configuration,
        summary="What was applied last, when, by whom, what it changed, and what the last start found",
        tag="configuration",
        roles=WATCHERS,
        answers={200: InForceOut},
    ),
    route(
        "GET",
        "/v1/configuration/proposed",
        get_proposed,
        summary="What the files on disk would change",
        tag="configuration",
        description="A dry run: nothing is applied.",
        roles=WATCHERS,
        answers={200: ProposedOut},
    ),
    route(
        "POST",
        "/v1/configuration/apply",
        apply_configuration,
        summary="Put the files on disk in force",
        tag="configuration",
        description="As SIGHUP does. Answered once it holds: agents stay logged in, calls keep their places,"
        " a removed queue drains. A wrong configuration changes nothing.",
        roles=frozenset({Role.OPERATIONS}),
        audited=Audited("configuration_applied"),
        answers={200: AppliedOut},
        errors=("configuration_rejected",),
    ),
)
