"""The API over fakes, and a client that holds every answer to the API's own document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from api.app import ROUTES, create_app, openapi_document
from api.context import Limits
from api.errors import ErrorOut
from api.ports import LiveService
from api.routing import ID_PATTERN, Raw, Route
from config.models import Role, Site, Token
from tests.support.fake_archive import FakeArchive, FakeAuditLog, FakeCallbacks, FakeWorkOrders
from tests.support.fake_configuration import FakeConfiguration
from tests.support.fake_flows import FakeFlows
from tests.support.fake_service import FakeService
from tests.support.small_site import AGENT, OTHER_AGENT, small_site

FAST = Limits(body_s=0.5, archive_s=1.0, projection_s=1.0, audio_write_s=0.5)


def secret(role: Role, agent: str | None = None) -> str:
    return f"secret-of-{role}-{agent or AGENT}" if role is Role.AGENT else f"secret-of-{role}"


def token(role: Role, agent: str | None = None) -> Token:
    digest = hashlib.sha256(secret(role, agent).encode()).hexdigest()
    name = f"{role} {agent}" if agent else str(role)
    return Token(name=name, role=role, agent=agent, sha256=digest)


TOKENS = (
    token(Role.AGENT, AGENT),
    token(Role.AGENT, OTHER_AGENT),
    token(Role.SUPERVISOR),
    token(Role.OPERATIONS),
    token(Role.WALLBOARD),
    token(Role.AUDITOR),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    json: Any

    @property
    def error(self) -> str:
        name = self.json["error"]
        assert isinstance(name, str)
        return name

    @property
    def wrong_fields(self) -> set[str]:
        return {problem["field"] for problem in self.json["problems"]}


@dataclass(slots=True)
class ApiWorld:
    service: FakeService
    archive: FakeArchive
    work_orders: FakeWorkOrders
    audit: FakeAuditLog
    callbacks: FakeCallbacks
    configuration: FakeConfiguration
    flows: FakeFlows
    site: Site
    recordings_root: Path
    client: TestClient[Request, Application]

    async def ask(
        self,
        method: str,
        path: str,
        role: Role | None = Role.SUPERVISOR,
        agent: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """Sends a request as a bearer of `role` (None: nobody) and checks the answer against the document."""
        sent = dict(headers or {})
        if role is not None:
            sent["Authorization"] = f"Bearer {secret(role, agent)}"
        async with self.client.request(method, path, headers=sent, **more) as response:
            return await checked(method, response)


async def checked(method: str, response: ClientResponse) -> Answer:
    content = await response.read()
    is_json = response.content_type == "application/json"
    entry = route_of(method, response.url.raw_path)
    if method != "HEAD":
        hold_to_document(entry, response.status, response.content_type, content)
    body = await response.json() if is_json and content else None
    assert response.headers["X-Request-Id"]
    if body is not None and response.status >= 400 and "error" in body:
        assert body["cause"] == response.headers["X-Request-Id"]
    return Answer(response.status, response.headers, content, body)


def route_of(method: str, path: str) -> Route | None:
    for entry in ROUTES:
        pattern = re.sub(r"{\w+}", ID_PATTERN, entry.path)
        if entry.method == method and re.fullmatch(pattern, path):
            return entry
    return None


def hold_to_document(entry: Route | None, status: int, content_type: str, content: bytes) -> None:
    """The document names the answer's status, and its body is what the document says, no more and no less."""
    answer = entry.answers.get(status) if entry is not None else None
    if isinstance(answer, Raw):
        assert answer.content_type in (content_type, "*/*") or status == 304
    elif answer is not None:
        assert answer.model_validate_json(content).model_dump_json().encode() == content
    else:
        error = ErrorOut.model_validate_json(content)
        assert error.model_dump_json().encode() == content
        assert error.sentence
        if entry is not None:
            operation = openapi_document()["paths"][entry.path][entry.method.lower()]
            documented = operation["responses"][str(status)]["content"]["application/json"]["examples"]
            assert error.error in documented, f"{entry.method} {entry.path} does not document {error.error}"


@asynccontextmanager
async def api_world(root: Path, limits: Limits = FAST) -> AsyncIterator[ApiWorld]:
    site = small_site(root)
    service, archive, orders = FakeService(site), FakeArchive(), FakeWorkOrders()
    audit, callbacks, flows = FakeAuditLog(), FakeCallbacks(), FakeFlows()
    service.keep_audit = audit.kept.append
    recordings_root = root / "recordings"
    recordings_root.mkdir(exist_ok=True)
    configuration = FakeConfiguration()
    app = create_app(
        service,
        archive,
        orders,
        audit,
        callbacks,
        configuration,
        flows,
        site,
        TOKENS,
        recordings_root,
        limits,
    )
    async with TestClient(TestServer(app)) as client:
        yield ApiWorld(
            service, archive, orders, audit, callbacks, configuration, flows, site, recordings_root, client
        )


@asynccontextmanager
async def api_over(service: LiveService, root: Path) -> AsyncIterator[TestClient[Request, Application]]:
    """The API over a service of the test's own, and an archive in which nothing is."""
    fakes = FakeArchive(), FakeWorkOrders(), FakeAuditLog(), FakeCallbacks(), FakeConfiguration(), FakeFlows()
    app = create_app(service, *fakes, small_site(root), TOKENS, root, FAST)
    async with TestClient(TestServer(app)) as client:
        yield client
