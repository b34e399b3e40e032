"""The HTTP application: the route table, put behind the middlewares."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from api import (
    agents,
    alter,
    audit,
    call_control,
    callbacks,
    calls,
    campaigns,
    commands,
    configuration,
    events,
    figures,
    flows,
    health,
    metrics,
    open_calls,
    queues,
    recordings,
    seats,
    supervision,
    work_orders,
)
from api.auth import Tokens
from api.context import CONTEXT_KEY, Context, Limits
from api.errors import CAUSE_KEY, speak_errors
from api.openapi import document
from api.pages import page_routes
from api.ports import AuditLog, CallArchive, Callbacks, FlowArchive, LiveService, WorkOrders
from api.routing import BEARER_KEY, ROUTE_KEY, Route
from api.strangers import Strangers
from config.models import Site, Token
from cti.configuration import ConfigurationPort

log = structlog.get_logger(__name__)

REQUEST_ID = "X-Request-Id"
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")


@cache
def openapi_document() -> dict[str, Any]:
    return document(ROUTES)


ROUTES: tuple[Route, ...] = (
    *agents.ROUTES,
    *seats.ROUTES,
    *queues.ROUTES,
    *figures.ROUTES,
    *open_calls.ROUTES,
    *calls.ROUTES,
    *call_control.ROUTES,
    *commands.ROUTES,
    *alter.ROUTES,
    *callbacks.ROUTES,
    *campaigns.ROUTES,
    *flows.ROUTES,
    *events.ROUTES,
    *recordings.ROUTES,
    *work_orders.ROUTES,
    *supervision.ROUTES,
    *audit.ROUTES,
    *configuration.ROUTES,
    *health.ROUTES,
    *metrics.ROUTES,
    *page_routes(openapi_document),
)
"""Everything this API answers."""


def create_app(
    service: LiveService,
    archive: CallArchive,
    work_orders: WorkOrders,
    audit_log: AuditLog,
    callback_archive: Callbacks,
    running_configuration: ConfigurationPort,
    flow_archive: FlowArchive,
    site: Site,
    tokens: Iterable[Token],
    recordings_root: Path,
    limits: Limits | None = None,
) -> web.Application:
    """The application; serve it with `make_runner`. Raises ValueError when a token comes twice."""
    limits = limits or Limits()
    app = web.Application(middlewares=[_trace, speak_errors], client_max_size=limits.body_bytes)
    strangers = Strangers(service.audit, limits.strangers_s)
    app[CONTEXT_KEY] = Context(
        service,
        archive,
        work_orders,
        audit_log,
        callback_archive,
        running_configuration,
        flow_archive,
        site,
        Tokens(tokens),
        recordings_root,
        strangers,
        limits,
    )
    app[events.SOCKETS_KEY] = set()
    app.on_response_prepare.append(_set_headers)
    app.on_shutdown.append(events.close_streams)
    app.on_cleanup.append(_close_strangers)
    for entry in ROUTES:
        entry.add_to(app)
    return app


def make_runner(app: web.Application, shutdown_s: float = 3.0) -> web.AppRunner:
    """What serves `app`. aiohttp's own access log is off: it would write addresses as clients typed them."""
    http_log = logging.getLogger("api.http")
    http_log.addFilter(_name_only)
    return web.AppRunner(app, access_log=None, logger=http_log, shutdown_timeout=shutdown_s)


def _name_only(record: logging.LogRecord) -> bool:
    """Of what was not HTTP only the error's name is logged: the rest quotes what was sent."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args, record.exc_info = "not HTTP: %s", (type(error).__name__,), None
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


@web.middleware
async def _trace(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Gives the request its id, which every log line of it carries, and logs how it ended."""
    offered = request.headers.get(REQUEST_ID, "")
    cause = offered if _SANE_REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex
    request[CAUSE_KEY] = cause
    began = time.monotonic()
    with structlog.contextvars.bound_contextvars(cause=cause):
        response = await handler(request)
        bearer = request.get(BEARER_KEY)
        # Screens and monitors ask every second; only what changes something or fails is worth a line.
        plain = request.method in ("GET", "HEAD") and response.status < 400
        (log.debug if plain else log.info)(
            "request",
            method=request.method,
            route=request.get(ROUTE_KEY),
            status=response.status,
            who=bearer.name if bearer else None,
            took_s=round(time.monotonic() - began, 4),
        )
        return response


async def _close_strangers(app: web.Application) -> None:
    app[CONTEXT_KEY].strangers.close()


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    if (cause := request.get(CAUSE_KEY)) is not None:
        headers[REQUEST_ID] = cause
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
