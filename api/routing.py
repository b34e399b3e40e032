"""The route table: what each address takes, gives and demands; handlers and the OpenAPI document share it.

A handler gets its input parsed and its bearer checked, and answers with one of the models its route declares:
an answer that the route does not declare fails, so the document cannot say anything else than what happens.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ConfigDict, ValidationError

from api.auth import Bearer, presented, require_role
from api.context import CONTEXT_KEY, Context
from api.errors import CAUSE_KEY, ApiError, Problem, error_of, invalid_input, wrong_input
from api.strangers import Stranger
from config.models import Role
from cti.audit import DONE

BEARER_KEY = web.RequestKey("bearer", Bearer)
ROUTE_KEY = web.RequestKey("route", str)

ID_PATTERN = "[A-Za-z0-9._-]{1,100}"
"""What an id in an address looks like; anything else is not an address of ours."""


class Input(BaseModel):
    """What a client sends: names that are not in the model are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, use_attribute_docstrings=True
    )


_QUERY_KEY = web.RequestKey("query", Input)


class Nothing(Input):
    """For a route that takes no query or no body."""


class Output(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(frozen=True, from_attributes=True, use_attribute_docstrings=True)


QueryT = TypeVar("QueryT", bound=Input)
BodyT = TypeVar("BodyT", bound=Input)


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is no JSON: its media type, and what it is."""

    content_type: str
    description: str


@dataclass(frozen=True, slots=True)
class Audited:
    """That a route goes to the audit, refusals too. What agents do with what is their own does not."""

    action: str
    whom: str | None = None
    """The part of the address that it is done to."""
    itself: bool = False
    """Whether what is done is written down where it is done; then here only what never came so far."""
    asked: bool = False
    """Whether the query is written down too: what was looked for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A handler's answer, in one of the models its route declares for the status."""

    model: Output
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked(Generic[QueryT, BodyT]):
    """One request, as its handler sees it."""

    request: web.Request
    context: Context
    cause: str
    query: QueryT
    body: BodyT

    @property
    def who(self) -> Bearer:
        """The bearer; only on routes that state roles."""
        return self.request[BEARER_KEY]

    def named(self, part: str) -> str:
        """A part of the address, as `agent` in `/v1/agents/{agent}`."""
        return self.request.match_info[part]


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method. `roles` None: open to everyone."""

    method: str
    path: str
    operation: str
    summary: str
    tag: str
    roles: frozenset[Role] | None
    answers: Mapping[int, type[Output] | Raw]
    query: type[Input]
    body: type[Input]
    errors: tuple[str, ...]
    description: str
    own_only: bool
    """An agent's token reaches only what is that agent's own."""
    audited: Audited | None
    idempotent: bool
    """Takes the header `Idempotency-Key`."""
    run: Callable[[web.Request], Awaitable[web.StreamResponse]]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.path))

    def add_to(self, app: web.Application) -> None:
        """HEAD comes with every GET."""
        pattern = re.sub(r"{(\w+)}", rf"{{\1:{ID_PATTERN}}}", self.path)
        resource = app.router.add_resource(pattern)
        methods = ("GET", "HEAD") if self.method == "GET" else (self.method,)
        for method in methods:
            resource.add_route(method, self.run, expect_handler=_continue_if_expected)


def route(
    method: str,
    path: str,
    handler: Callable[[Asked[QueryT, BodyT]], Awaitable[Reply | web.StreamResponse]],
    *,
    summary: str,
    tag: str,
    roles: frozenset[Role] | None,
    answers: Mapping[int, type[Output] | Raw],
    query: type[QueryT] = Nothing,  # type: ignore[assignment]
    body: type[BodyT] = Nothing,  # type: ignore[assignment]
    errors: tuple[str, ...] = (),
    description: str = "",
    own_only: bool = False,
    idempotent: bool = False,
    audited: Audited | None = None,
) -> Route:
    """One line of the table. `errors` names those beyond the ones that every such route has."""

    async def run(request: web.Request) -> web.StreamResponse:
        request[ROUTE_KEY] = path
        if roles is not None:
            bearer = _bearer(request)
            if audited is not None:
                return await _audited(audited, request, bearer, answer_it)
        return await answer_it(request)

    async def answer_it(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT_KEY]
        if roles is not None:
            require_role(request[BEARER_KEY], roles)
        wanted = _read_query(request, query)
        given: Input = wanted
        request[_QUERY_KEY] = given
        asked = Asked(
            request=request,
            context=context,
            cause=request[CAUSE_KEY],
            query=wanted,
            body=await _read_body(request, body, context.limits.body_s),
        )
        answer = await handler(asked)
        if isinstance(answer, Reply):
            declared = answers.get(answer.status)
            if type(answer.model) is not declared:
                raise TypeError(
                    f"{method} {path} answered {answer.status} with {type(answer.model).__name__}"
                )
            return web.Response(
                status=answer.status,
                text=answer.model.model_dump_json(),
                content_type="application/json",
                headers=answer.headers,
            )
        return answer

    return Route(
        method=method,
        path=path,
        operation=getattr(handler, "__name__", "handler").lstrip("_"),
        summary=summary,
        tag=tag,
        roles=roles,
        answers=answers,
        query=query,
        body=body,
        errors=errors,
        description=description,
        own_only=own_only,
        idempotent=idempotent,
        audited=audited,
        run=run,
    )


def _bearer(request: web.Request) -> Bearer:
    """Who asks. Raises `unauthenticated`, which is noted."""
    context, offered = request.app[CONTEXT_KEY], presented(request.headers)
    try:
        request[BEARER_KEY] = bearer = context.tokens.authenticate(offered)
    except ApiError:
        route, cause = request[ROUTE_KEY], request[CAUSE_KEY]
        context.strangers.came(Stranger(request.remote, route, offered is not None, cause))
        raise
    return bearer


async def _audited(
    audited: Audited,
    request: web.Request,
    bearer: Bearer,
    answer_it: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Writes down what somebody did, or was not let do, to what is not their own."""

    async def write(outcome: str) -> None:
        await request.app[CONTEXT_KEY].service.audit(
            bearer.acts_as,
            audited.action,
            request[CAUSE_KEY],
            outcome=outcome,
            whom=request.match_info.get(audited.whom) if audited.whom else None,
            call=request.match_info.get("call"),
            detail=_looked_for(request) if audited.asked else None,
        )

    theirs = bearer.role is Role.AGENT
    try:
        answer = await answer_it(request)
    except Exception as failure:
        error = error_of(failure)
        if not theirs or error.startswith("forbidden_"):
            await write(error)
        raise
    if not theirs and not audited.itself:
        await write(DONE)
    return answer


def _looked_for(request: web.Request) -> dict[str, str]:
    """The query as it was given, once it was found right: what is wrong is not repeated."""
    query = request.get(_QUERY_KEY)
    given = query.model_dump(mode="json", exclude_unset=True, exclude_none=True) if query else {}
    return {name: str(value) for name, value in given.items()}


def _read_query(request: web.Request, model: type[QueryT]) -> QueryT:
    values = request.query
    twice = sorted({name for name in values if len(values.getall(name)) > 1})
    if twice:
        raise wrong_input([Problem(field=name, sentence="Give this once.") for name in twice])
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise invalid_input(error) from None


async def _read_body(request: web.Request, model: type[BodyT], within_s: float) -> BodyT:
    if model is Nothing:
        return model()
    optional = not any(field.is_required() for field in model.model_fields.values())
    if optional and not request.body_exists:
        return model()
    if request.content_type != "application/json":
        raise ApiError("unsupported_media_type", "Send JSON with `Content-Type: application/json`.")
    try:
        async with asyncio.timeout(within_s):
            content = await request.read()
    except TimeoutError:
        raise ApiError("body_too_slow", f"The body did not arrive within {within_s:g} s.") from None
    except (HttpProcessingError, web.RequestPayloadError, ConnectionError):
        raise ApiError("bad_request", "The body is cut off, or not packed as its headers say.") from None
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise ApiError("bad_json", "The body is not JSON in UTF-8.") from None
        raise invalid_input(error) from None


async def _continue_if_expected(request: web.Request) -> None:
    """Lets a client that asked first send its body. Other expectations are ignored (RFC 9110 10.1.1)."""
    if request.version == HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def input_problem(field_name: str, sentence: str) -> ApiError:
    """For what only the site knows to be wrong."""
    return wrong_input([Problem(field=field_name, sentence=sentence)])
