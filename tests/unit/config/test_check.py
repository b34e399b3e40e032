from __future__ import annotations

import io
from pathlib import Path

from config.check import run_check
from config.load import load_site
from config.secrets import make_secrets
from tests.unit.config.site_files import SiteFiles

EXAMPLE = Path(__file__).parents[3] / "config" / "hotline"


def check(files: SiteFiles, secrets: Path | None = None) -> tuple[int, list[str]]:
    out = io.StringIO()
    status = run_check(files.directory, secrets, out, prompts=files.prompts)
    return status, out.getvalue().replace(f"{files.directory}/", "").splitlines()


def test_a_right_configuration_is_counted() -> None:
    out = io.StringIO()
    assert run_check(EXAMPLE, None, out) == 0
    assert out.getvalue() == f"{EXAMPLE}: right; 33 hotlines, 10 queues, 52 agents, 40 seats\n"


def test_every_problem_is_a_line_and_the_last_line_counts_them(files: SiteFiles) -> None:
    files.edit("calls", "queue: general", "queue: genral")
    files.edit("people", "name: 王芳", "nmae: 王芳")
    assert check(files) == (
        1,
        [
            "calls.yaml:4:12: hotlines[0].queue: queue 'genral' is unknown; did you mean `general`?",
            "people.yaml:2:5: agents[0].name: is missing; "
            "expected a name: 1 to 80 characters on one line, no blanks around them",
            "people.yaml:3:5: agents[0].nmae: is not a key here; did you mean `name`?",
            "3 problems in 2 files",
        ],
    )


def test_secrets_are_checked_against_the_site(files: SiteFiles, tmp_path: Path) -> None:
    site = load_site(files.directory, prompts=files.prompts)
    made = make_secrets(site, tmp_path / "secrets.yaml")
    assert check(files, made.secrets)[0] == 0
    files.edit(
        "people", '    extension: "8002"\n', '    extension: "8002"\n  - {id: s03, extension: "8003"}\n'
    )
    status, lines = check(files, made.secrets)
    assert status == 1
    assert lines == [
        f"{made.secrets}:5:1: seats.s03: is missing; add a password for this seat",
        "1 problem in 1 file",
    ]


def test_secrets_are_checked_for_form_beside_a_wrong_site(files: SiteFiles, tmp_path: Path) -> None:
    files.edit("calls", "queue: general", "queue: genral")
    status, lines = check(files, tmp_path / "nowhere.yaml")
    assert status == 1
    assert len(lines) == 3
    assert lines[1].startswith(f"{tmp_path}/nowhere.yaml: cannot be read")
    assert lines[2] == "2 problems in 2 files"
