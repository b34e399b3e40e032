"""What the API answers when it cannot do what was asked: one shape, one table of ids, one place that speaks.

Nobody is told how the program failed inside: a 500 has the request's id, and the log has the rest.
"""

from __future__ import annotations

import http
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from api.ports import ArchiveUnreachable
from cti.database import BadCursor
from cti.views import Refused

log = structlog.get_logger(__name__)

_TRY_AGAIN = {"Retry-After": "5"}
CAUSE_KEY = web.RequestKey("cause", str)


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """An error that callers may rely on: its id never changes its meaning."""

    error: str
    status: int
    meaning: str


_KINDS = (
    ErrorKind("bad_json", 400, "The body is not JSON in UTF-8."),
    ErrorKind("bad_request", 400, "The request is not HTTP as this service understands it."),
    ErrorKind("unauthenticated", 401, "There is no bearer token, or nobody has that token."),
    ErrorKind(
        "forbidden_role", 403, "The token's role may not do this; the sentence names the roles that may."
    ),
    ErrorKind(
        "forbidden_not_own", 403, "An agent's token acts for that agent and reads that agent's own alone."
    ),
    ErrorKind("not_their_work_order", 403, "The call's agent, who wrote it, or a supervisor may write it."),
    ErrorKind("pin_needed", 403, "An agent logs in with the PIN too here."),
    ErrorKind("wrong_pin", 403, "This is not the agent's PIN."),
    ErrorKind("unknown_route", 404, "There is nothing at this address."),
    ErrorKind("unknown_agent", 404, "No agent has this number."),
    ErrorKind("unknown_seat", 404, "No seat has this id."),
    ErrorKind("unknown_queue", 404, "No queue has this id."),
    ErrorKind("unknown_skill", 404, "No skill has this id."),
    ErrorKind("unknown_reason", 404, "No not-ready reason has this id."),
    ErrorKind("unknown_call", 404, "No open call has this id, and none in the archive."),
    ErrorKind("unknown_campaign", 404, "No list has this name."),
    ErrorKind("unknown_callback", 404, "No callback has this id."),
    ErrorKind("unknown_command", 404, "No command of the last 24 h has this id."),
    ErrorKind("unknown_recording", 404, "The archive has no recording with this id."),
    ErrorKind("unknown_supervision", 404, "There is no open supervision with this id."),
    ErrorKind("unknown_work_order", 404, "There is no work order with this id."),
    ErrorKind(
        "recording_file_missing", 404, "The archive knows the recording, its file is not in the storage."
    ),
    ErrorKind(
        "method_not_allowed", 405, "The address exists, not with this method; `Allow` names those it has."
    ),
    ErrorKind("body_too_slow", 408, "The body did not arrive in time."),
    ErrorKind("agent_already_logged_in", 409, "The agent sits at a seat already: log out there first."),
    ErrorKind("seat_taken", 409, "Another agent is logged in at the seat."),
    ErrorKind("pin_locked", 409, "After too many wrong PINs none is looked at for a while."),
    ErrorKind("agent_on_call", 409, "The agent's phone rings or talks; a seat is changed between calls."),
    ErrorKind("phone_unreachable", 409, "The phone of the agent's seat cannot be reached."),
    ErrorKind("not_in_wrap_up", 409, "The agent is not wrapping up."),
    ErrorKind("wrap_up_ceiling", 409, "The wrap-up is as long as the agent's may be."),
    ErrorKind("not_logged_in", 409, "The agent has to be logged in for this."),
    ErrorKind("not_allowed_now", 409, "The present state does not allow the command."),
    ErrorKind(
        "idempotency_key_reused", 409, "The Idempotency-Key came with another request within the last 24 h."
    ),
    ErrorKind("body_too_large", 413, "The body is larger than this service takes."),
    ErrorKind("unsupported_media_type", 415, "The body's type is not `application/json`."),
    ErrorKind(
        "range_not_satisfiable", 416, "The range begins after the end; `Content-Range` has the length."
    ),
    ErrorKind("configuration_rejected", 422, "The files are wrong; `problems` names each, nothing changed."),
    ErrorKind("invalid_input", 422, "Something in the body or the query is wrong; `problems` names each."),
    ErrorKind("internal_error", 500, "The fault is ours. Give the operations staff the cause."),
    ErrorKind("recording_damaged", 500, "The recording's file is not the one that was archived."),
    ErrorKind("archive_unreachable", 503, "The archive's database is away; calls go on. Try again later."),
)
ERRORS: Mapping[str, ErrorKind] = {kind.error: kind for kind in _KINDS}
"""By id. The service may refuse with further ids, as 409, or 404 for `unknown_<thing>`."""

_BY_STATUS = {
    400: "bad_request",
    404: "unknown_route",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


class Problem(BaseModel):
    """One thing that is wrong with the input."""

    field: str
    sentence: str


class ErrorOut(BaseModel):
    """Every error's body."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": "seat_taken",
                    "sentence": "Seat s07 is taken by agent 1007.",
                    "field": "seat",
                    "cause": "0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
                    "problems": [],
                }
            ]
        }
    )

    error: str
    sentence: str
    field: str | None
    cause: str
    problems: list[Problem]


class ApiError(Exception):
    """Ends a request with the error `error`, an id in `ERRORS`."""

    def __init__(
        self,
        error: str,
        sentence: str,
        field: str | None = None,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind = ERRORS[error]
        self.sentence = sentence
        self.field = field
        self.problems = list(problems)
        self.headers = dict(headers or {})

    @property
    def error(self) -> str:
        """Its stable id."""
        return self.kind.error


def invalid_input(error: ValidationError) -> ApiError:
    """All that pydantic found wrong, at once. The values themselves are not repeated."""
    problems = [
        Problem(
            field=".".join(str(part) for part in found["loc"]) or "body",
            sentence=found["msg"],
        )
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return wrong_input(problems)


def wrong_input(problems: Sequence[Problem]) -> ApiError:
    first = problems[0]
    more = f" ({len(problems)} problems)" if len(problems) > 1 else ""
    return ApiError("invalid_input", f"{first.field}: {first.sentence}{more}", first.field, problems)


def rejected_configuration(problems: Sequence[Problem]) -> ApiError:
    sentence = f"The files on disk are no configuration ({len(problems)} problems); nothing changed."
    return ApiError("configuration_rejected", sentence, None, problems)


def status_of_refusal(error: str) -> int:
    """The HTTP status of a `Refused`, known to the table or not."""
    if error in ERRORS:
        return ERRORS[error].status
    return 404 if error.startswith("unknown_") else 409


def error_of(failure: Exception) -> str:
    """The id with which a failed handler is answered."""
    match failure:
        case ApiError() | Refused():
            return failure.error
        case ArchiveUnreachable():
            return "archive_unreachable"
        case BadCursor():
            return "invalid_input"
        case web.HTTPException():
            return _name_of(failure.status)
        case _:
            return "internal_error"


def _name_of(status: int) -> str:
    return _BY_STATUS.get(status, "internal_error" if status >= 500 else "bad_request")


def error_response(
    cause: str,
    error: str,
    status: int,
    sentence: str,
    field: str | None = None,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    body = ErrorOut(error=error, sentence=sentence, field=field, cause=cause, problems=list(problems))
    return web.Response(
        status=status, text=body.model_dump_json(), content_type="application/json", headers=headers
    )


@web.middleware
async def speak_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turns whatever a handler raises into the one shape of error."""
    cause = request[CAUSE_KEY]
    try:
        return await handler(request)
    except ApiError as error:
        kind = error.kind
        return error_response(
            cause, kind.error, kind.status, error.sentence, error.field, error.problems, error.headers
        )
    except Refused as refused:
        status = status_of_refusal(refused.error)
        headers = _TRY_AGAIN if status == http.HTTPStatus.SERVICE_UNAVAILABLE else None
        return error_response(cause, refused.error, status, refused.sentence, refused.field, headers=headers)
    except ArchiveUnreachable as error:
        log.warning("archive_unreachable", reason=str(error))
        kind = ERRORS["archive_unreachable"]
        sentence = "The archive cannot be reached now; try again in a few seconds."
        return error_response(cause, kind.error, kind.status, sentence, headers=_TRY_AGAIN)
    except BadCursor as error:
        wrong = wrong_input([Problem(field="cursor", sentence=str(error))])
        kind = wrong.kind
        return error_response(cause, kind.error, kind.status, wrong.sentence, wrong.field, wrong.problems)
    except web.HTTPException as error:
        return _from_aiohttp(cause, error)
    except Exception:
        log.exception("request_failed")
        sentence = "The service failed on this request; give its cause to the operations staff."
        return error_response(cause, "internal_error", 500, sentence)


def _from_aiohttp(cause: str, error: web.HTTPException) -> web.StreamResponse:
    if error.status < http.HTTPStatus.BAD_REQUEST:
        raise error
    name = _name_of(error.status)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return error_response(cause, name, error.status, ERRORS[name].meaning, headers=headers)
