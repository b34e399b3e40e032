"""What a browser opens: the index, the API's page, the wallboard. Nothing in them comes from another host."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

from aiohttp import web
from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

from api.errors import ApiError
from api.routing import Asked, Nothing, Raw, Route, route

_SWAGGER_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_CACHE = "public, max-age=86400"


def content_security_policy(page: str, inline_styles: bool = False) -> str:
    """Lets in this server's own files and the very scripts and styles that stand in the page.

    `inline_styles` is for Swagger UI, which writes `style` attributes.
    """
    allowed: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        allowed[kind].append(f"'sha256-{digest}'")
    styles = ["'unsafe-inline'"] if inline_styles else allowed["style"]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["script-src 'self'", *allowed["script"]]),
            " ".join(["style-src 'self'", *styles]),
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _page(path: str, file: str, summary: str, inline_styles: bool = False) -> Route:
    html = (resources.files("api") / "static" / file).read_text(encoding="utf-8")
    headers = {
        "Content-Security-Policy": content_security_policy(html, inline_styles),
        "Cache-Control": "no-cache",
    }

    async def page(_ask: Asked[Nothing, Nothing]) -> web.StreamResponse:
        return web.Response(text=html, content_type="text/html", headers=headers)

    page.__name__ = f"{file.removesuffix('.html')}_page"
    return route(
        "GET", path, page, summary=summary, tag="pages", roles=None, answers={200: Raw("text/html", summary)}
    )


async def docs_asset(ask: Asked[Nothing, Nothing]) -> web.StreamResponse:
    name = ask.named("asset")
    if name not in _SWAGGER_ASSETS:
        raise ApiError("unknown_route", f"The API's page has no file {name}.")
    return web.FileResponse(
        swagger_ui_path / name, headers={"Content-Type": _SWAGGER_ASSETS[name], "Cache-Control": _CACHE}
    )


def page_routes(document: Callable[[], dict[str, Any]]) -> tuple[Route, ...]:
    """The pages' part of the table; `document` gives the OpenAPI document of the whole table."""

    async def openapi(_ask: Asked[Nothing, Nothing]) -> web.StreamResponse:
        text = json.dumps(document(), ensure_ascii=False)
        return web.Response(text=text, content_type="application/json")

    return (
        _page("/", "index.html", "Where to go from here"),
        _page(
            "/wallboard",
            "wallboard.html",
            "The wallboard; `#token=<token>` at the end of its address opens it",
        ),
        _page("/docs", "docs.html", "This document, to read and to try", inline_styles=True),
        route(
            "GET",
            "/docs/{asset}",
            docs_asset,
            summary="Files of the API's page",
            tag="pages",
            roles=None,
            answers={200: Raw("*/*", "The file.")},
            errors=("unknown_route",),
        ),
        route(
            "GET",
            "/openapi.json",
            openapi,
            summary="The OpenAPI document",
            tag="pages",
            roles=None,
            answers={200: Raw("application/json", "OpenAPI 3.1.")},
        ),
    )
