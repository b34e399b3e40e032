"""Supervision: beside an agent's calls by phone, taking one over; an agent's state by force; a call's end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.commands import OnCall, command_route
from api.routing import Asked, Nothing, Output, Reply, input_problem, route
from config.base import Id
from config.models import Role
from cti.calls.supervision import Afterwards, Mode, Supervision
from cti.records_json import JSON, decode
from cti.verbs.intervention import EndCall, Forced, ForceState
from cti.verbs.supervision import ChangeSupervision, StopSupervision, Supervise, TakeOverCall

SUPERVISORS = frozenset({Role.SUPERVISOR})

_EXAMPLE: JsonDict = {
    "supervision": "supervision-0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
    "by": "supervisor",
    "seat": "s40",
    "agent": "1007",
    "mode": "listen",
    "afterwards": "wait",
    "state": "on",
    "call": "hotline-1772414096.55",
    "started_at": "2026-03-02T01:15:40Z",
    "ended": None,
}


class SupervisionOut(Output):
    """Somebody beside an agent's calls."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    supervision: str
    by: str
    """A token's name, or the number of an agent who supervises from a phone."""
    seat: str
    """Whose phone is used."""
    agent: str
    mode: Mode
    afterwards: Afterwards
    state: str
    """`ringing`: the supervisor's phone; `waiting` for a call; `on` one."""
    call: str | None
    """Which call is followed, through hold and transfer."""
    started_at: datetime
    ended: str | None = None
    """Why it is over, in the event that says so."""

    @classmethod
    def told(cls, body: Mapping[str, JSON]) -> SupervisionOut:
        record = decode(Supervision, body)
        ended = body.get("ended")
        return cls(
            supervision=record.supervision,
            by=record.by,
            seat=record.seat,
            agent=record.agent,
            mode=record.mode,
            afterwards=record.afterwards,
            state=record.state,
            call=record.call,
            started_at=datetime.fromtimestamp(record.started_at, UTC),
            ended=str(ended) if ended is not None else None,
        )


class SupervisionsOut(Output):
    """Every open supervision."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"supervisions": [_EXAMPLE]}]})

    supervisions: list[SupervisionOut]


class SuperviseIn(OnCall):
    """From which phone, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"seat": "s40", "mode": "listen"}]})

    agent: None = None
    seat: Id | None = None
    """The seat whose phone rings; or give `extension`."""
    extension: str | None = Field(default=None, pattern=r"^[0-9]{3,8}$")
    """The extension of that seat's phone."""
    mode: Mode = Mode.LISTEN
    afterwards: Afterwards = Afterwards.WAIT
    """What becomes of it when the call is over: `wait` for the agent's next one, or `stop`."""


class ModeIn(OnCall):
    """How from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "whisper"}]})

    agent: None = None
    mode: Mode


class ForceStateIn(OnCall):
    """Which state."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "not_ready", "reason": "break"}]})

    agent: None = None
    state: Forced
    reason: Id | None = None
    """With `not_ready`: an id of `not_ready_reasons` in the site's configuration."""


class NoFurther(OnCall):
    """Nothing further is needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    agent: None = None


async def list_supervisions(ask: Asked[Nothing, Nothing]) -> Reply:
    views = ask.context.service.open_supervisions()
    return Reply(SupervisionsOut(supervisions=[SupervisionOut.model_validate(view) for view in views]))


def _supervise(ask: Asked[Nothing, SuperviseIn]) -> Supervise:
    agent, body = ask.named("agent"), ask.body
    seat = body.seat
    if body.extension is not None:
        found = (each.id for each in ask.context.site.seats if each.extension == body.extension)
        seat = next(found, None)
        if seat is None or body.seat not in (None, seat):
            raise input_problem("extension", "No seat has this extension, or `seat` names another one.")
    if seat is None:
        raise input_problem("seat", "Say at which phone: give `seat` or `extension`.")
    return Supervise(agent, seat, body.mode, body.afterwards)


ROUTES = (
    route(
        "GET",
        "/v1/supervisions",
        list_supervisions,
        summary="Who is beside whose calls now",
        tag="supervision",
        roles=SUPERVISORS,
        answers={200: SupervisionsOut},
    ),
    command_route(
        "/v1/agents/{agent}/supervise",
        "supervise",
        SuperviseIn,
        _supervise,
        summary="Listen to an agent, whisper, or barge in",
        description="The phone at the seat rings; who takes it is beside the agent's call, or waits for one."
        " The result names the `supervision`.",
        roles=SUPERVISORS,
        tag="supervision",
    ),
    command_route(
        "/v1/supervisions/{supervision}/mode",
        "change_supervision",
        ModeIn,
        lambda ask: ChangeSupervision(ask.named("supervision"), ask.body.mode),
        summary="Change among listening, whispering and barging in",
        roles=SUPERVISORS,
        tag="supervision",
    ),
    command_route(
        "/v1/supervisions/{supervision}/stop",
        "stop_supervision",
        NoFurther,
        lambda ask: StopSupervision(ask.named("supervision")),
        summary="Supervise no more",
        description="Hanging the phone up does the same.",
        roles=SUPERVISORS,
        tag="supervision",
    ),
    command_route(
        "/v1/supervisions/{supervision}/take-over",
        "take_over",
        NoFurther,
        lambda ask: TakeOverCall(ask.named("supervision")),
        summary="Take the call over",
        description="The agent's leg ends, the supervisor's is connected with the citizen.",
        roles=SUPERVISORS,
        tag="supervision",
    ),
    command_route(
        "/v1/agents/{agent}/force-state",
        "force_state",
        ForceStateIn,
        lambda ask: ForceState(ask.named("agent"), ask.body.state, ask.body.reason),
        summary="Put an agent into a state",
        description="While the agent is offered a call or on one it holds from the end of that call; the"
        " result's `holds` says `now` or `after_the_call`.",
        roles=SUPERVISORS,
        tag="supervision",
    ),
    command_route(
        "/v1/calls/{call}/end",
        "end_call",
        NoFurther,
        lambda ask: EndCall(ask.named("call")),
        summary="End a call that does not end by itself",
        description="Every leg is hung up, and one that Asterisk knows nothing of any more is closed.",
        roles=SUPERVISORS,
        tag="supervision",
    ),
)
