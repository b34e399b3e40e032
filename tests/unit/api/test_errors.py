from __future__ import annotations

import asyncio
import gzip
import logging
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.app import create_app, make_runner
from api.errors import ERRORS, status_of_refusal
from config.models import Role
from cti.views import Refused
from tests.support.api_world import TOKENS, ApiWorld, secret
from tests.support.small_site import AGENT, SEAT

LOGIN = f"/v1/agents/{AGENT}/login"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/", "/v1/agents/", "/v1/agents/%20/login"])
async def test_an_address_that_does_not_exist_is_an_error_like_any_other(world: ApiWorld, path: str) -> None:
    answer = await world.ask("GET", path)
    assert (answer.status, answer.error) == (404, "unknown_route")


async def test_a_wrong_method_is_told_the_right_ones(world: ApiWorld) -> None:
    answer = await world.ask("DELETE", "/v1/agents")
    assert (answer.status, answer.error) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


@pytest.mark.parametrize("body", [b"", b"{", b"seat=s01", b"\xff\xfe", b'{"seat": s01}', b"[" * 60000])
async def test_a_body_that_is_no_json_is_said_to_be_none(world: ApiWorld, body: bytes) -> None:
    answer = await world.ask("POST", LOGIN, data=body, headers=JSON)
    assert (answer.status, answer.error) == (400, "bad_json")


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"3", b'"s01"', b"{}", b'{"seat": 3}', b'{"seat": "\\u0000"}']
)
async def test_json_of_another_form_is_wrong_input(world: ApiWorld, body: bytes) -> None:
    answer = await world.ask("POST", LOGIN, data=body, headers=JSON)
    assert (answer.status, answer.error) == (422, "invalid_input")
    assert answer.json["problems"]


async def test_a_body_of_another_type_is_not_read(world: ApiWorld) -> None:
    answer = await world.ask("POST", LOGIN, data=b"seat=s01", headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.error) == (415, "unsupported_media_type")


async def test_a_body_that_is_too_large_is_refused(world: ApiWorld) -> None:
    body = b'{"seat": "' + b"x" * 70_000 + b'"}'
    answer = await world.ask("POST", LOGIN, data=body, headers=JSON)
    assert (answer.status, answer.error) == (413, "body_too_large")


async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(world: ApiWorld) -> None:
    body = gzip.compress(b'{"seat": "' + b"x" * 5_000_000 + b'"}')
    assert len(body) < 64 * 1024
    answer = await world.ask("POST", LOGIN, data=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status, answer.error) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Encoding: gzip\r\nContent-Length: 9\r\n", b"not gzip."),
        ("Transfer-Encoding: chunked\r\n", b"zz\r\nnot a chunk\r\n\r\n"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_the_clients_error(
    world: ApiWorld, headers: str, body: bytes
) -> None:
    status, _ = await raw_login(world, headers, body)
    assert status == 400


async def raw_login(world: ApiWorld, headers: str, body: bytes) -> tuple[int, bytes]:
    """Sends a log-in byte by byte as given, and reads until the server closes or the body is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.client.port)
    writer.write(
        f"POST {LOGIN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {secret(Role.SUPERVISOR)}\r\n{headers}\r\n".encode()
        + body
    )
    async with asyncio.timeout(30):
        line = await reader.readline()
        rest = await reader.read(64 * 1024)
    writer.close()
    return int(line.split()[1]), rest


async def test_a_body_that_does_not_arrive_is_given_up(world: ApiWorld) -> None:
    status, rest = await raw_login(world, "Content-Length: 20\r\n", b'{"seat":')
    assert status == 408
    assert b"body_too_slow" in rest


async def test_a_client_that_asks_before_it_sends_is_told_to_go_on(world: ApiWorld) -> None:
    answer = await world.ask("POST", LOGIN, json={"seat": SEAT}, expect100=True)
    assert answer.status == 200


async def test_another_expectation_is_ignored(world: ApiWorld) -> None:
    answer = await world.ask("GET", "/v1/queues", headers={"Expect": "miracles"})
    assert answer.status == 200


async def test_a_failure_of_ours_tells_the_client_its_cause_and_the_log_the_rest(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("password=hunter2 at db.internal")

    monkeypatch.setattr(world.service, "agents", fail)
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = await world.ask("GET", "/v1/agents", headers={"X-Request-Id": "console-0001"})
    assert (answer.status, answer.error, answer.json["cause"]) == (500, "internal_error", "console-0001")
    assert b"hunter2" not in answer.content
    assert b"RuntimeError" not in answer.content
    logged = next(line for line in lines if line["event"] == "request_failed")
    assert (logged["cause"], logged["exc_info"]) == ("console-0001", True)


@pytest.mark.parametrize(
    ("error", "status"),
    [("unknown_planet", 404), ("on_fire", 409), ("not_logged_in", 409), ("unknown_queue", 404)],
)
async def test_a_refusal_is_passed_on_with_its_id_even_one_that_is_new(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch, error: str, status: int
) -> None:
    async def refuse(agent: str, cause: str) -> None:
        raise Refused(error, "The sentence.", "the_field")

    monkeypatch.setattr(world.service, "ready", refuse)
    async with world.client.post(
        f"/v1/agents/{AGENT}/ready", headers={"Authorization": f"Bearer {secret(Role.SUPERVISOR)}"}
    ) as response:
        body = await response.json()
    assert (response.status, status_of_refusal(error)) == (status, status)
    assert (body["error"], body["sentence"], body["field"]) == (error, "The sentence.", "the_field")


async def test_every_answer_carries_a_request_id_and_the_log_has_it(world: ApiWorld) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        for path in ("/v1/queues", "/nothing", "/wallboard"):
            answer = await world.ask("GET", path, headers={"X-Request-Id": "screen-3:17"})
            assert answer.headers["X-Request-Id"] == "screen-3:17"
    assert [line["cause"] for line in lines] == ["screen-3:17"] * 3


@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "two words here", "semi;colon;colon", "13812341234,x"]
)
async def test_a_request_id_that_is_not_sane_is_replaced(world: ApiWorld, offered: str) -> None:
    answer = await world.ask("GET", "/v1/queues", headers={"X-Request-Id": offered})
    assert answer.headers["X-Request-Id"] != offered
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_the_log_has_no_address_as_it_was_typed_and_no_token(world: ApiWorld) -> None:
    with capture_logs() as lines:
        await world.ask("GET", "/v1/calls?number=13812341234")
        await world.ask("GET", "/v1/calls/13812341234")
        await world.ask("GET", "/13812341234")
    assert lines
    assert "13812341234" not in repr(lines)
    assert "secret-of" not in repr(lines)


async def test_what_is_not_http_is_logged_without_what_was_sent(
    world: ApiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(
        world.service,
        world.archive,
        world.work_orders,
        world.audit,
        world.callbacks,
        world.configuration,
        world.flows,
        world.site,
        TOKENS,
        Path(),
    )
    runner = make_runner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    try:
        with caplog.at_level(logging.DEBUG):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"BREW /13812341234 HTTP/1.1\r\n\r\n")
            async with asyncio.timeout(30):
                assert b" 400 " in await reader.readline()
            writer.close()
            address = f"http://{host}:{port}/v1/calls/13812341234"
            async with ClientSession() as session, session.get(address) as response:
                assert response.status == 401
    finally:
        await runner.cleanup()
    assert "not HTTP: BadHttpMethod" in caplog.text
    assert "1381234" not in caplog.text


def test_the_documentation_lists_every_error_with_its_status_and_meaning() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    rows = {line for line in text.splitlines() if line.startswith("| `")}
    expected = {f"| `{kind.error}` | {kind.status} | {kind.meaning} |" for kind in ERRORS.values()}
    assert expected == {row for row in rows if row.count("|") == 4 and row.split("|")[2].strip().isdigit()}
