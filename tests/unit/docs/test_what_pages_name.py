"""What a page names is there: a reader who follows a path, a link or a test's name arrives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE_WHILE_RUNNING = "var"
"""The folder whose paths come into being with a run."""

FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {MADE_WHILE_RUNNING}
TEST_FILES = list((ROOT / "tests").rglob("test_*.py"))
TESTS = {path.stem for path in TEST_FILES} | {
    name
    for path in TEST_FILES
    for name in re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(), re.M)
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    paths = [p for p in re.findall(r"`([\w./-]+/[\w./-]*)`", text) if p.split("/")[0] in FOLDERS]
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    """`test_a...` and `..._b` are names cut short."""
    text = page.read_text()
    whole = re.findall(r"`(?:[\w/-]*/)?(test_\w+)(?:\.py)?(?: |`)", text)
    cut = re.findall(r"`(test_\w+)\.\.\.", text) + re.findall(r"`\.\.\.(_\w+)", text)

    assert [name for name in whole if name not in TESTS] == []
    assert [part for part in cut if not any(part in name for name in TESTS)] == []
