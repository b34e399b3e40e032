"""Secrets are random, private, never overwritten, and never repeated in a message."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from config.load import load_secrets, load_site
from config.models import Role, Site
from config.pins import hash_pin, is_pin
from config.problems import ConfigInvalid
from config.secrets import SecretsExist, make_secrets, token_sha256
from tests.unit.config.site_files import SiteFiles

HASH = token_sha256("a token")


@pytest.fixture
def site(files: SiteFiles) -> Site:
    return load_site(files.directory, prompts=files.prompts)


def secrets_file(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "secrets.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def problems(path: Path, site: Site | None = None) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load_secrets(path, site=site)
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


RIGHT = f"""\
ami: ami-secret-123
seats:
  s01: seat-secret-1
  s02: seat-secret-2
tokens:
  - name: wall
    role: wallboard
    sha256: "{HASH}"
"""


def test_made_secrets_load_and_fit_their_site(site: Site, tmp_path: Path) -> None:
    made = make_secrets(site, tmp_path / "etc" / "secrets.yaml")
    secrets = load_secrets(made.secrets, site=site)
    assert secrets.seats.keys() == {"s01", "s02"}
    assert [(t.name, t.role, t.agent) for t in secrets.tokens] == [
        ("operations", Role.OPERATIONS, None),
        ("supervisor", Role.SUPERVISOR, None),
        ("wallboard", Role.WALLBOARD, None),
        ("auditor", Role.AUDITOR, None),
        ("agent-1001", Role.AGENT, "1001"),
        ("agent-1002", Role.AGENT, "1002"),
    ]


def test_the_service_gets_hashes_and_the_bearers_the_tokens(site: Site, tmp_path: Path) -> None:
    made = make_secrets(site, tmp_path / "secrets.yaml", pin_cost=10)
    kept: dict[str, str] = YAML(typ="safe", pure=True).load(made.tokens)
    tokens = {name: token for name, token in kept.items() if not name.startswith("pin-")}
    secrets = load_secrets(made.secrets)
    assert {token.name: token.sha256 for token in secrets.tokens} == {
        name: token_sha256(token) for name, token in tokens.items()
    }
    text = made.secrets.read_text(encoding="utf-8")
    assert not any(token in text for token in tokens.values())
    assert all(len(token) >= 43 for token in tokens.values())


def test_every_agent_gets_a_pin_and_the_service_its_hash(site: Site, tmp_path: Path) -> None:
    made = make_secrets(site, tmp_path / "secrets.yaml", pin_cost=10)
    kept: dict[str, str] = YAML(typ="safe", pure=True).load(made.tokens)
    secrets = load_secrets(made.secrets, site=site)
    assert secrets.pins.keys() == {"1001", "1002"}
    for agent, hashed in secrets.pins.items():
        assert len(kept[f"pin-{agent}"]) == site.login.pin_digits
        assert is_pin(kept[f"pin-{agent}"], hashed)
        assert kept[f"pin-{agent}"] not in made.secrets.read_text(encoding="utf-8")


def test_a_pin_of_nobody_and_one_that_is_no_hash_are_refused_without_being_repeated(
    site: Site, tmp_path: Path
) -> None:
    text = RIGHT + f'pins:\n  "1009": "{hash_pin("482913", cost=10)}"\n'
    [problem] = problems(secrets_file(tmp_path, text), site)
    assert problem.startswith("secrets.yaml:10:")
    assert "pins.1009" in problem
    assert "is not an agent" in problem
    [problem] = problems(secrets_file(tmp_path, RIGHT + 'pins:\n  "1001": "482913"\n'), site)
    assert "a PIN's hash as `hotline secrets pin` makes it" in problem
    assert "482913" not in problem


def test_no_two_secrets_are_alike(site: Site, tmp_path: Path) -> None:
    first = load_secrets(make_secrets(site, tmp_path / "a" / "secrets.yaml").secrets)
    second = load_secrets(make_secrets(site, tmp_path / "b" / "secrets.yaml").secrets)
    values = [
        value
        for secrets in (first, second)
        for value in (
            secrets.ami.get_secret_value(),
            *(password.get_secret_value() for password in secrets.seats.values()),
            *(token.sha256 for token in secrets.tokens),
        )
    ]
    assert len(set(values)) == len(values) == 18


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_both_files_are_their_owners_alone_whatever_the_umask(site: Site, tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = make_secrets(site, tmp_path / "etc" / "secrets.yaml")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(file.stat().st_mode) for file in (made.secrets, made.tokens)] == [0o600, 0o600]
    assert sorted(file.name for file in (tmp_path / "etc").iterdir()) == ["secrets.yaml", "tokens.yaml"]


@pytest.mark.parametrize("existing", ["secrets.yaml", "tokens.yaml"])
def test_an_existing_file_is_never_overwritten_and_nothing_is_left_half(
    site: Site, tmp_path: Path, existing: str
) -> None:
    directory = tmp_path / "etc"
    directory.mkdir()
    (directory / existing).write_text("precious", encoding="utf-8")
    with pytest.raises(SecretsExist, match=f"{existing} exists and is not overwritten"):
        make_secrets(site, directory / "secrets.yaml")
    assert [(file.name, file.read_text()) for file in directory.iterdir()] == [(existing, "precious")]


def test_the_secrets_file_cannot_take_the_tokens_name(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be named tokens"):
        make_secrets(site, tmp_path / "tokens.yaml")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_may_read_is_refused_unread(tmp_path: Path, mode: int) -> None:
    path = secrets_file(tmp_path, "not even yaml: [", mode)
    what = f"can be read by others than its owner (mode {mode:04o})"
    assert problems(path) == [f"secrets.yaml: {what}; run `chmod 600 secrets.yaml`"]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "secrets.yaml") == [
        "secrets.yaml: cannot be read (No such file or directory); "
        "give the secrets file; `docs/configuration.md` says how to make one"
    ]


def test_a_directory_is_no_secrets_file(tmp_path: Path) -> None:
    assert problems(tmp_path) == [f"{tmp_path.name}: is not a file; give the secrets file"]


def test_a_right_file_loads(tmp_path: Path, site: Site) -> None:
    secrets = load_secrets(secrets_file(tmp_path, RIGHT), site=site)
    assert secrets.seats["s02"].get_secret_value() == "seat-secret-2"
    assert secrets.tokens[0].sha256 == HASH


MISTAKES = [
    ("ami: ami-secret-123\n", "", "1:1: ami: is missing; expected a secret text"),
    ("ami-secret-123", "short", "1:6: ami: is too short; expected at least 12 characters"),
    ("ami-secret-123", "123456789012", "1:6: ami: is not a text; write it in quotes"),
    (
        "ami-secret-123",
        "'ami secret;123'",
        "1:6: ami: has a character that Asterisk's files cannot hold; use letters, digits and - _ . ~ + / =",
    ),
    ("seat-secret-1", "''", "3:8: seats.s01: is too short; expected at least 12 characters"),
    ("  s02: seat-secret-2\n", "", "2:1: seats.s02: is missing; add a password for this seat"),
    ("  s02:", "  s02: seat-secret-2\n  s03:", "5:3: seats.s03: is not a seat; did you mean `s02`?"),
    ("role: wallboard", "role: boss", None),
    (
        "role: wallboard",
        "role: agent",
        '6:5: tokens[0]: has role `agent` but names none; write which, as `agent: "1001"`',
    ),
    (
        "role: wallboard",
        'role: wallboard\n    agent: "1001"',
        "6:5: tokens[0]: has role `wallboard` and names an agent; delete `agent`, or write `role: agent`",
    ),
    (
        "role: wallboard",
        'role: agent\n    agent: "1009"',
        "8:12: tokens[0].agent: agent '1009' is unknown; did you mean `1002`?",
    ),
    (
        f'sha256: "{HASH}"',
        f"sha256: {HASH[:-1]}",
        "8:13: tokens[0].sha256: the value does not fit; expected a SHA-256 as 64 lower case",
    ),
    ("name: wall\n", "name: wall\n    token: x\n", "7:5: tokens[0].token: is not a key here; "),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[str(m[2])[:40] for m in MISTAKES])
def test_a_mistake_in_the_secrets_has_its_place(
    tmp_path: Path, site: Site, old: str, new: str, message: str | None
) -> None:
    assert RIGHT.count(old) == 1
    found = problems(secrets_file(tmp_path, RIGHT.replace(old, new)), site)
    if message is None:
        message = "7:11: tokens[0].role: the value does not fit; expected one of `agent`, `supervisor`, "
    assert len(found) == 1
    assert found[0].startswith(f"secrets.yaml:{message}")


def test_two_tokens_with_one_name_or_hash_are_refused(tmp_path: Path) -> None:
    again = f'  - name: wall\n    role: operations\n    sha256: "{HASH}"\n'
    found = problems(secrets_file(tmp_path, RIGHT + again))
    assert [line.split(":")[3].strip() for line in found] == ["tokens[1].name", "tokens[1].sha256"]


@pytest.mark.parametrize("old", ["ami-secret-123", "seat-secret-1", f'"{HASH}"'])
@pytest.mark.parametrize(
    "new", ["[hunter2]", "hunter2 hunter2", "'hunter2", "!!int hunter2", "{hunter2: 1}", "hunter2"]
)
def test_no_message_repeats_a_secret(tmp_path: Path, site: Site, old: str, new: str) -> None:
    found = problems(secrets_file(tmp_path, RIGHT.replace(old, new)), site)
    assert not [line for line in found if "hunter2" in line.replace("seats.s01.hunter2", "")]


def test_secrets_do_not_show_in_a_repr(tmp_path: Path) -> None:
    assert "secret" not in repr(load_secrets(secrets_file(tmp_path, RIGHT))).lower().replace(
        "secretstr", ""
    ).replace("secrets(", "")
