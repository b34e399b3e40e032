"""The figures for Prometheus, in its text format 0.0.4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiohttp import web

from acd.model import AgentState
from api.auth import WATCHERS
from api.routing import Asked, Nothing, Raw, route
from cti.figures import QueueView
from cti.views import Health, ServicePort

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_QUEUE_GAUGES = (
    ("waiting", "Contacts waiting now."),
    ("longest_wait_s", "Longest wait now, in seconds."),
    ("talking", "Contacts connected with an agent now."),
    ("offered", "Contacts queued since local midnight."),
    ("answered", "Contacts answered since local midnight."),
    ("abandoned", "Contacts that gave up since local midnight."),
    ("short_abandoned", "Of the abandoned, those within the short-abandon time."),
    ("timely", "Contacts answered in time since local midnight."),
)


async def get_metrics(ask: Asked[Nothing, Nothing]) -> web.StreamResponse:
    text = exposition(ask.context.service)
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


def exposition(service: ServicePort) -> str:
    """Gauges alone: today's figures go back to 0 at midnight, so none of them is a counter."""
    lines = [*_of_health(service.health()), *_of_queues(service.queues()), *_of_agents(service)]
    return "\n".join(lines) + "\n"


def _of_health(health: Health) -> Iterator[str]:
    values = (
        ("hotline_asterisk_connected", "1 while connected to Asterisk.", int(health.asterisk_connected)),
        ("hotline_routing", "1 while this service routes the calls.", int(health.routing)),
        ("hotline_database_reachable", "1 while PostgreSQL can be reached.", int(health.database_reachable)),
        ("hotline_journal_backlog", "Journal entries not yet in PostgreSQL.", health.journal_backlog),
        ("hotline_start_time_seconds", "When the service started.", health.started_at.timestamp()),
    )
    for name, meaning, value in values:
        yield from _head(name, meaning)
        yield f"{name} {value}"


def _of_queues(views: Sequence[QueueView]) -> Iterator[str]:
    for figure, meaning in _QUEUE_GAUGES:
        name = "hotline_queue_" + figure.removesuffix("_s") + ("_seconds" if figure.endswith("_s") else "")
        yield from _head(name, meaning)
        for view in views:
            yield f'{name}{{queue="{_label(view.queue or "")}"}} {getattr(view, figure)}'


def _of_agents(service: ServicePort) -> Iterator[str]:
    total = service.total()
    yield from _head("hotline_agents", "Agents by state.")
    for state in AgentState:
        yield f'hotline_agents{{state="{state}"}} {total.agents.get(state, 0)}'


def _head(name: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} gauge"


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


ROUTES = (
    route(
        "GET",
        "/metrics",
        get_metrics,
        summary="Figures for Prometheus",
        tag="health",
        roles=WATCHERS,
        answers={200: Raw("text/plain", "Prometheus text format 0.0.4; only gauges.")},
    ),
)
