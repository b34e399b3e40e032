"""What a new configuration changes is told line by line, with what it takes to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.difference import Effect, difference
from config.load import load_site
from config.models import Site
from cti.cli import main
from tests.unit.config.site_files import SiteFiles

EDITS = [
    (
        "calls",
        "    ring_timeout_s: 20\n",
        "    ring_timeout_s: 25\n",
        "queue consumer: ring_timeout_s 20.0 -> 25.0",
        Effect.AT_ONCE,
    ),
    (
        "calls",
        "    ring_timeout_s: 20\n",
        '    ring_timeout_s: 20\n    digit: "2"\n',
        "queue consumer: digit None -> 2",
        Effect.DIALPLAN,
    ),
    ("calls", "    priority: 5\n", "    priority: 6\n", "hotline 12315: priority 5 -> 6", Effect.DIALPLAN),
    ("people", '  - id: "1002"\n    name: 李强\n', "", "agent 1002: removed", Effect.AT_ONCE),
    ("people", '  - id: s02\n    extension: "8002"\n', "", "seat s02: removed", Effect.RESTART),
    ("service", "  port: 8080\n", "  port: 8081\n", "api: port 8080 -> 8081", Effect.RESTART),
    (
        "service",
        "api:\n",
        "routing: {keep_place_s: 9}\napi:\n",
        "routing: keep_place_s 0.0 -> 9.0",
        Effect.AT_ONCE,
    ),
    ("service", "api:\n", "timezone: UTC\napi:\n", "timezone Asia/Shanghai -> UTC", Effect.RESTART),
]


def loaded(files: SiteFiles) -> Site:
    return load_site(files.directory, prompts=files.prompts)


@pytest.mark.parametrize(("file", "old", "new", "what", "effect"), EDITS, ids=[each[3] for each in EDITS])
def test_each_change_is_told_with_when_it_holds(
    files: SiteFiles, file: str, old: str, new: str, what: str, effect: Effect
) -> None:
    before = loaded(files)
    files.edit(file, old, new)
    assert [(change.what, change.effect) for change in difference(before, loaded(files))] == [(what, effect)]


def test_something_new_is_told_and_nothing_is_not(files: SiteFiles) -> None:
    before = loaded(files)
    assert difference(before, before) == []
    files.edit("calls", "\nskills:\n", "\nskills:\n  - {id: law, name: 法律}\n")
    assert [str(change) for change in difference(before, loaded(files))] == ["skill law: added"]


def test_the_command_prints_the_difference(files: SiteFiles, capsys: pytest.CaptureFixture[str]) -> None:
    example = str(Path(__file__).parents[3] / "config" / "hotline")
    assert main(["config", "diff", example, example]) == 0
    assert capsys.readouterr().out == "nothing changes\n"
