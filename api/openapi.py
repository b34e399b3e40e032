"""The OpenAPI 3.1 document, made of the route table and the models that the handlers use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.errors import ERRORS, ErrorOut
from api.routing import ID_PATTERN, Nothing, Output, Raw, Route
from config.models import Role

_VERSION = "1.0.0"
_DESCRIPTION = """\
Agents, queues, calls, recordings and work orders of the hotline.

Send `Authorization: Bearer <token>`. Each operation names the roles that may use it. A caller's number is
shown whole to supervisors and masked to everyone else. Every answer carries `X-Request-Id`, which is an
error's `cause` and stands in the log; send your own to follow a request through."""

_TAGS = (
    ("agents", "Who is doing what, and logging in, ready, not ready, logging out."),
    ("seats", "Who sits where, and how the phones there are."),
    ("queues", "Live and today's figures."),
    ("flows", "What callers left in flows: ratings, messages on closed lines."),
    ("callbacks", "Who is to be called back, by whom and when."),
    ("figures", "Those of skills and agents, and of the last intervals."),
    ("calls", "Open and archived calls."),
    ("call-control", "What can be done with a call. Accepted at once, the outcome is told as an event."),
    ("events", "What happens, as it happens."),
    ("recordings", "Recorded audio. Downloads are audited."),
    ("work-orders", "What citizens asked for (工单)."),
    ("supervision", "Listening, whispering, barging, taking over; forcing an agent; ending a call."),
    ("audit", "Who did what to whom."),
    ("configuration", "What is in force, what the files would change, and applying them."),
    ("health", "For load balancers and monitoring."),
    ("pages", "For a browser."),
)

Json = dict[str, Any]

_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Anything of your own, new for each request. Sent again within a day, the request is not"
    " carried out again: the answer is its first command.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def document(routes: Sequence[Route]) -> Json:
    """The whole document. Every model that a route names is in it, once."""
    schemas, refs = _schemas(routes)
    paths: dict[str, Json] = {}
    for entry in routes:
        paths.setdefault(entry.path, {})[entry.method.lower()] = _operation(entry, refs, schemas)
    for model in {entry.query for entry in routes}:
        schemas.pop(_name_of(refs, model, "validation"), None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "12345 hotline", "version": _VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": meaning} for name, meaning in _TAGS],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


Mode = Literal["validation", "serialization"]
Refs = Mapping[tuple[Any, Mode], Json]


def _schemas(routes: Sequence[Route]) -> tuple[dict[str, Json], Refs]:
    models: dict[tuple[type[BaseModel], Mode], None] = {(ErrorOut, "serialization"): None}
    for entry in routes:
        for model in (entry.query, entry.body):
            if model is not Nothing:
                models[model, "validation"] = None
        for answer in entry.answers.values():
            if not isinstance(answer, Raw):
                models[answer, "serialization"] = None
    refs, definitions = models_json_schema(list(models), ref_template="#/components/schemas/{model}")
    return dict(definitions["$defs"]), refs


def _name_of(refs: Refs, model: type[BaseModel], mode: Mode) -> str:
    ref: str = refs[model, mode]["$ref"] if (model, mode) in refs else ""
    return ref.rpartition("/")[2]


def _operation(entry: Route, refs: Refs, schemas: dict[str, Json]) -> Json:
    operation: Json = {
        "operationId": entry.operation,
        "summary": entry.summary,
        "description": _description(entry),
        "tags": [entry.tag],
        "responses": _responses(entry, refs),
        "security": [] if entry.roles is None else [{"bearer": []}],
    }
    if entry.roles is not None:
        operation["x-roles"] = sorted(entry.roles)
    parameters = [_path_parameter(part) for part in entry.parts] + _query_parameters(entry, refs, schemas)
    if entry.idempotent:
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if entry.body is not Nothing:
        operation["requestBody"] = {
            "required": any(field.is_required() for field in entry.body.model_fields.values()),
            "content": _json_content(refs[entry.body, "validation"], entry.body),
        }
    return operation


def _description(entry: Route) -> str:
    roles = "Open to everyone." if entry.roles is None else f"Roles: {', '.join(sorted(entry.roles))}."
    own = " An agent's token reaches only what is that agent's own." if entry.own_only else ""
    return f"{entry.description}\n\n{roles}{own}".strip()


def _path_parameter(name: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{ID_PATTERN}$"},
    }


def _query_parameters(entry: Route, refs: Refs, schemas: dict[str, Json]) -> list[Json]:
    if entry.query is Nothing:
        return []
    schema = schemas[_name_of(refs, entry.query, "validation")]
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": field.get("description", ""),
            "schema": {key: value for key, value in field.items() if key not in ("title", "description")},
        }
        for name, field in schema["properties"].items()
    ]


def _responses(entry: Route, refs: Refs) -> dict[str, Json]:
    responses: dict[str, Json] = {}
    for status, answer in entry.answers.items():
        if isinstance(answer, Raw):
            content: Json = {answer.content_type: {}}
            responses[str(status)] = {"description": answer.description, "content": content}
        else:
            responses[str(status)] = {
                "description": _first_line(answer),
                "content": _json_content(refs[answer, "serialization"], answer),
            }
    for status, ids in _errors_by_status(entry).items():
        if str(status) in responses:
            continue
        meanings = "; ".join(f"`{name}`: {ERRORS[name].meaning}" for name in ids)
        responses[str(status)] = {
            "description": meanings,
            "content": {
                "application/json": {
                    "schema": refs[ErrorOut, "serialization"],
                    "examples": {name: {"value": _error_example(name)} for name in ids},
                }
            },
        }
    return dict(sorted(responses.items()))


def _errors_by_status(entry: Route) -> dict[int, list[str]]:
    ids = list(entry.errors)
    if entry.roles is not None:
        ids += ["unauthenticated"]
        if len(entry.roles) < len(Role):
            ids += ["forbidden_role"]
        if entry.own_only:
            ids += ["forbidden_not_own"]
    if entry.body is not Nothing:
        ids += ["bad_json", "bad_request", "body_too_slow", "body_too_large", "unsupported_media_type"]
    ids += ["invalid_input", "internal_error"]
    by_status: dict[int, list[str]] = {}
    for name in ids:
        by_status.setdefault(ERRORS[name].status, []).append(name)
    return by_status


def _error_example(name: str) -> Json:
    kind = ERRORS[name]
    example = ErrorOut(
        error=name,
        sentence=kind.meaning,
        field=None,
        cause="0b54e5cbd3b84be4a8d6f8f6c4a0c9a1",
        problems=[],
    )
    shown: Json = json.loads(example.model_dump_json())
    return shown


def _json_content(schema: Json, model: type[BaseModel]) -> Json:
    content: Json = {"schema": schema}
    extra = model.model_config.get("json_schema_extra")
    if isinstance(extra, dict) and isinstance(examples := extra.get("examples"), list) and examples:
        content["example"] = examples[0]
    return {"application/json": content}


def _first_line(model: type[Output]) -> str:
    return (model.__doc__ or HTTPStatus.OK.phrase).strip().splitlines()[0]
