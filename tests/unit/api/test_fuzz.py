"""Whatever is sent, the answer is the client's error or ours to give, never a failure."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from api.app import ROUTES
from config.models import Role
from tests.support.api_world import Answer, ApiWorld, api_world
from tests.support.fake_archive import archived_call, stored_recording, work_order
from tests.support.small_site import AGENT, CATEGORY, REASON, SEAT

QUIET = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
known_words = st.sampled_from(
    [SEAT, REASON, CATEGORY, "to_dispatch", AGENT, "c-1", "wo-c-1", "r-1", "general"]
)
forms = st.dictionaries(
    st.sampled_from(["seat", "reason", "category", "summary", "disposition"]),
    known_words | anything,
    max_size=5,
)
bodies = st.binary(max_size=200) | (forms | anything).map(lambda value: json.dumps(value).encode())
parts = known_words | st.text(min_size=1, max_size=30)
names = st.sampled_from(["since", "until", "queue", "agent", "outcome", "limit", "cursor", "state"])
moments = st.datetimes().map(lambda moment: moment.isoformat() + "+23:59")
queries = st.dictionaries(
    names | st.text(max_size=8),
    known_words | moments | st.integers().map(str) | st.text(max_size=20),
    max_size=4,
)
visible = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
headers = st.dictionaries(
    st.sampled_from(["Range", "If-Range", "If-None-Match", "X-Request-Id", "Content-Type", "Accept"]),
    visible | st.sampled_from(["application/json", "bytes=0-5", "bytes=-1", "bytes=9-"]),
    max_size=4,
)


class Sender:
    """A world that lives as long as the test, on a loop that the examples share."""

    def __init__(self, loop: asyncio.AbstractEventLoop, world: ApiWorld) -> None:
        self._loop = loop
        self._world = world

    def send(self, method: str, path: str, query: Mapping[str, str], **more: Any) -> Answer:
        text = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in query.items())
        address = URL(f"{path}?{text}" if text else path, encoded=True)
        return self._loop.run_until_complete(self._world.ask(method, str(address), **more))


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with tempfile.TemporaryDirectory() as root, asyncio.Runner() as runner:
        context = api_world(Path(root))
        world = runner.run(context.__aenter__())
        world.archive.records["c-1"] = archived_call("c-1", AGENT)
        world.archive.recordings["r-1"] = stored_recording(world.recordings_root, "r-1", "c-1", b"RIFF" * 9)
        world.work_orders.orders["wo-c-1"] = work_order("c-1", AGENT)
        world.service.work_order_owner = {"wo-c-1": AGENT}
        yield Sender(runner.get_loop(), world)
        runner.run(context.__aexit__(None, None, None))


@QUIET
@given(
    entry=st.sampled_from([entry for entry in ROUTES if entry.path.startswith("/v1")]),
    role=st.sampled_from([None, *Role]),
    part=parts,
    query=queries,
    sent=headers,
    body=bodies,
)
def test_no_input_makes_the_service_fail(
    sender: Sender,
    entry: Any,
    role: Role | None,
    part: str,
    query: dict[str, str],
    sent: dict[str, str],
    body: bytes,
) -> None:
    path = entry.path
    for name in entry.parts:
        path = path.replace(f"{{{name}}}", quote(part, safe=""))
    more: dict[str, Any] = {"data": body} if entry.method != "GET" else {}
    if entry.method != "GET":
        sent = {"Content-Type": "application/json", **sent}
    answer = sender.send(entry.method, path, query, role=role, headers=sent, **more)
    assert answer.status < 500


@QUIET
@given(
    path=st.text(max_size=60), method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
)
def test_no_address_makes_the_service_fail(sender: Sender, path: str, method: str) -> None:
    answer = sender.send(method, "/" + quote(path, safe="/%?#").lstrip("/"), {})
    assert answer.status < 500
