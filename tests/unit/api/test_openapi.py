from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import ROUTES, openapi_document
from api.errors import ERRORS, ErrorOut
from api.openapi import document
from api.routing import Nothing, Output, Raw, Route
from tests.support.api_world import ApiWorld


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


async def test_the_application_answers_what_the_document_says_and_nothing_else(world: ApiWorld) -> None:
    served = set()
    app = world.client.app
    assert app is not None
    for served_route in app.router.routes():
        resource = served_route.resource
        assert resource is not None
        info = resource.get_info()
        path = info.get("path") or info["formatter"]
        if served_route.method != "HEAD":
            served.add((served_route.method, path))
    assert served == {(method, path) for method, path, _ in operations()}


async def test_head_comes_with_every_get(world: ApiWorld) -> None:
    app = world.client.app
    assert app is not None
    for resource in app.router.resources():
        methods = {each.method for each in resource}
        assert ("GET" in methods) == ("HEAD" in methods)


async def test_the_document_is_served_to_everyone(world: ApiWorld) -> None:
    answer = await world.ask("GET", "/openapi.json", None)
    assert answer.json == openapi_document()
    assert answer.json["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    text = json.dumps(openapi_document())
    schemas = openapi_document()["components"]["schemas"]
    for name in schemas:
        assert f'"#/components/schemas/{name}"' in text
    assert text.count('"$ref"') == sum(
        text.count(f'"$ref": "#/components/schemas/{name}"') for name in schemas
    )


def test_every_operation_is_described_and_has_its_own_name() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in openapi_document()["tags"]}
    for _, _, operation in operations():
        assert operation["summary"]
        assert set(operation["tags"]) <= tags


def test_the_roles_of_the_table_are_in_the_document() -> None:
    by_route = {(entry.method, entry.path): entry for entry in ROUTES}
    for method, path, operation in operations():
        roles = by_route[method, path].roles
        assert operation.get("x-roles") == (None if roles is None else sorted(roles))
        assert bool(operation["security"]) == (roles is not None)


@pytest.mark.parametrize(
    "entry", [entry for entry in ROUTES if entry.path.startswith("/v1")], ids=lambda e: f"{e.method} {e.path}"
)
def test_the_examples_are_what_the_models_accept(entry: Route) -> None:
    operation = openapi_document()["paths"][entry.path][entry.method.lower()]
    for status, answer in entry.answers.items():
        if not isinstance(answer, Raw):
            example = operation["responses"][str(status)]["content"]["application/json"]["example"]
            assert json.loads(answer.model_validate(example).model_dump_json()) == example
    if entry.body is not Nothing:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        entry.body.model_validate(example)


def test_the_examples_of_errors_are_errors_of_the_table() -> None:
    seen = set()
    for _, _, operation in operations():
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                for name, example in content.get("examples", {}).items():
                    assert ErrorOut.model_validate(example["value"]).error == name
                    seen.add(name)
    assert seen <= set(ERRORS)


def test_filters_are_parameters_with_their_limits() -> None:
    parameters = openapi_document()["paths"]["/v1/calls"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert set(by_name) == {
        "since",
        "until",
        "queue",
        "agent",
        "outcome",
        "work_order",
        "limit",
        "cursor",
    }
    limit = by_name["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 500, 50)


async def test_a_handler_cannot_answer_what_its_route_does_not_declare(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Surprise(Output):
        answer: int = 42

    monkeypatch.setattr("api.queues.QueuesOut", lambda **_: Surprise())
    answer = await world.ask("GET", "/v1/queues")
    assert (answer.status, answer.error) == (500, "internal_error")


def test_the_document_follows_the_table() -> None:
    assert set(document(ROUTES[:1])["paths"]) == {ROUTES[0].path}
