from __future__ import annotations

import re

import pytest

from api.pages import content_security_policy
from config.models import Role
from tests.support.api_world import ApiWorld, secret

PAGES = ("/", "/wallboard", "/docs")
FILES = ("/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/favicon-32x32.png")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_open_to_everyone_and_locked_to_its_own_content(world: ApiWorld, path: str) -> None:
    answer = await world.ask("GET", path, None)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_nothing_from_another_host(world: ApiWorld, path: str) -> None:
    page = (await world.ask("GET", path, None)).content.decode()
    assert "//" not in re.sub(r"<!--.*?-->", "", page).replace("://www.w3.org", "")
    assert "@import" not in page
    for address in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert address.startswith("data:") or not address.startswith(("/", "http"))


async def test_the_wallboard_is_one_file(world: ApiWorld) -> None:
    page = (await world.ask("GET", "/wallboard", None)).content.decode()
    assert "<script src" not in page
    assert 'rel="stylesheet"' not in page
    for word in ("排队等待", "最长等待", "接通率", "及时率", "今日接通", "今日放弃", "空闲", "话后"):
        assert word in page


async def test_the_wallboard_takes_its_token_from_the_fragment_and_sends_it_as_a_header(
    world: ApiWorld,
) -> None:
    page = (await world.ask("GET", "/wallboard", None)).content.decode()
    assert "location.hash" in page
    assert "Authorization: `Bearer ${token}`" in page
    assert not re.search(r"\?token|token=\$", page)


@pytest.mark.parametrize("path", FILES)
async def test_the_apis_page_has_its_files_here(world: ApiWorld, path: str) -> None:
    answer = await world.ask("GET", path, None)
    assert answer.status == 200
    assert len(answer.content) > 500


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js.map", "..", "swagger-initializer.js"])
async def test_no_other_file_is_given_out(world: ApiWorld, name: str) -> None:
    answer = await world.ask("GET", f"/docs/{name}", None)
    assert answer.status in (200, 404)
    assert (answer.status == 200) == (name == "..")


async def test_the_policy_names_each_script_by_its_digest() -> None:
    policy = content_security_policy("<style>a{}</style><script>b()</script>")
    assert policy.count("'sha256-") == 2
    assert policy != content_security_policy("<style>a{}</style><script>c()</script>")


async def test_answers_of_the_api_are_kept_by_no_cache_and_run_by_no_browser(world: ApiWorld) -> None:
    headers = {"Authorization": f"Bearer {secret(Role.WALLBOARD)}"}
    answer = await world.ask("GET", "/v1/queues", None, headers=headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
