"""`make run`: what it starts, what it says, and that nothing of it is ever left behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ruamel.yaml import YAML
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.journal import Journal
from lab.asterisk import AsteriskProcess
from lab.network import LOOPBACK
from lab.postgres import Postgres
from lab.site import LabSite, make_lab_site
from tests.support.launcher import ROUTED, launched, nothing_runs_in, running_in

ALL_PARTS = {"postgres", "asterisk", "cti.cli"}


@pytest.fixture(scope="module")
def home(asterisk_root: Path) -> Iterator[LabSite]:
    """A site on loopback and free ports, in a directory that the launcher is started in again and again."""
    with TemporaryDirectory(prefix="hotline-run-") as directory:
        yield make_lab_site(Path(directory).resolve())


@pytest.fixture
def other_directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hotline-run-") as directory:
        yield Path(directory).resolve()


@pytest.fixture
def hang_up_is_heard() -> Iterator[None]:
    """Also where the tests themselves were started to survive it, which their children would inherit."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_up_is_heard")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda sign: sign.name)
def test_told_to_end_it_ends_well_and_leaves_no_process(home: LabSite, sign: signal.Signals) -> None:
    with launched(home.directory, home.config) as launcher:
        launcher.until(ROUTED)
        assert set(launcher.parts) == ALL_PARTS
        assert _ready(home)

        launcher.process.send_signal(sign)

        assert launcher.ended() == 0
        assert running_in(home.directory) == []
        assert "Traceback" not in launcher.errors


def test_told_to_end_while_it_starts_it_leaves_no_process(home: LabSite) -> None:
    with launched(home.directory, home.config) as launcher:
        launcher.until("PostgreSQL runs")

        launcher.process.send_signal(signal.SIGINT)

        assert launcher.ended() == 0
        nothing_runs_in(home.directory)
        assert "Traceback" not in launcher.errors


def test_killed_it_takes_everything_along(home: LabSite) -> None:
    with launched(home.directory, home.config) as launcher:
        launcher.until(ROUTED)
        assert set(launcher.parts) == ALL_PARTS

        launcher.process.kill()

        nothing_runs_in(home.directory)


@pytest.mark.parametrize(
    ("part", "name"), [("postgres", "PostgreSQL"), ("asterisk", "Asterisk"), ("cti.cli", "the service")]
)
def test_a_part_that_dies_is_named_and_the_others_are_stopped(home: LabSite, part: str, name: str) -> None:
    with launched(home.directory, home.config) as launcher:
        launcher.until(ROUTED)

        os.kill(launcher.parts[part].pid, signal.SIGKILL)

        assert launcher.ended() == 1
        assert f"hotline-lab: {name} ended by itself" in launcher.errors
        nothing_runs_in(home.directory)


def test_a_second_one_over_the_same_data_is_refused_and_the_first_goes_on(
    home: LabSite, other_directory: Path
) -> None:
    other = make_lab_site(other_directory)
    with launched(home.directory, home.config) as first:
        first.until(ROUTED)
        with launched(home.directory, other.config) as second:
            assert second.ended() == 1
            assert f"{home.directory / 'var/postgres'} is in use by" in second.errors
        assert set(first.parts) == ALL_PARTS


@pytest.mark.parametrize("use", ["api", "sip", "ami"])
def test_a_port_in_use_is_named_and_nothing_is_left(home: LabSite, use: str) -> None:
    asterisk = home.site.asterisk
    port = {"api": home.site.api.port, "sip": asterisk.sip_port, "ami": asterisk.ami_port}[use]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if use == "sip" else socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((LOOPBACK, port))
        if use != "sip":
            taken.listen()
        with launched(home.directory, home.config) as launcher:
            assert launcher.ended() == 1
            assert str(port) in launcher.errors.splitlines()[-1]
            assert "Traceback" not in launcher.errors
            nothing_runs_in(home.directory)


def test_with_asterisk_and_postgresql_given_it_starts_the_service_alone(
    other_directory: Path, database_url: str, asterisk_root: Path
) -> None:
    site = make_lab_site(other_directory)
    with (
        AsteriskProcess(site.site, site.secrets, other_directory / "asterisk") as asterisk,
        launched(other_directory, site.config, **_given(site, database_url)) as launcher,
    ):
        launcher.until(ROUTED)
        assert set(launcher.parts) == {"cti.cli"}

        launcher.process.send_signal(signal.SIGTERM)

        assert launcher.ended() == 0
        assert asterisk.running
    nothing_runs_in(other_directory)


async def test_a_database_of_a_newer_version_is_refused(
    other_directory: Path, database: AsyncEngine, database_url: str
) -> None:
    async with database.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    errors = _cannot_start(other_directory, database_url)

    assert "has schema 9999, which this version of the software" in errors


def test_a_database_url_that_names_no_database_is_refused(
    other_directory: Path, postgres_server: Postgres
) -> None:
    errors = _cannot_start(other_directory, postgres_server.url("nowhere"))

    assert "there is no such database on it; create it first" in errors


def test_a_journal_in_use_by_another_process_is_refused(other_directory: Path, database_url: str) -> None:
    site = make_lab_site(other_directory)
    journal = Journal.open(site.site.storage.journal)
    try:
        errors = _cannot_start(other_directory, database_url)
    finally:
        journal.close()

    assert f"is in use by process {os.getpid()}" in errors


def test_a_wrong_configuration_stops_the_start_before_anything_runs(other_directory: Path) -> None:
    site = make_lab_site(other_directory)
    service = site.config / "service.yaml"
    service.write_text(service.read_text().replace("port:", "prot:"))

    with launched(other_directory, site.config) as launcher:
        assert launcher.ended() == 1
        assert "service.yaml" in launcher.errors
        assert "prot" in launcher.errors
        assert "Traceback" not in launcher.errors
    assert not (other_directory / "var").exists()


def test_secrets_are_made_at_first_for_their_owner_alone(other_directory: Path, database_url: str) -> None:
    site = make_lab_site(other_directory)
    given = {"DATABASE_URL": database_url, "HOTLINE_ASTERISK": "external"}
    with launched(other_directory, site.config, **given) as launcher:
        launcher.until("wallboard: ")

    tokens = other_directory / "var" / "tokens.yaml"
    for file in (other_directory / "var" / "secrets.yaml", tokens):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # What it printed went into a pipe, not to a terminal.
    wallboard = YAML(typ="safe").load(tokens)["wallboard"]
    assert not any(wallboard in line for line in launcher.said)


def _ready(site: LabSite) -> bool:
    link = HTTPConnection(site.site.api.host, site.site.api.port, timeout=10)
    try:
        link.request("GET", "/health/ready")
        return link.getresponse().status == 200
    finally:
        link.close()


def _given(site: LabSite, database_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "HOTLINE_ASTERISK": "external",
        "HOTLINE_SECRETS": str(site.secrets_file),
    }


def _cannot_start(directory: Path, database_url: str) -> str:
    """Starts it, with Asterisk given, and sees that it ends with status 1; what it said."""
    site = make_lab_site(directory)
    with launched(directory, site.config, **_given(site, database_url)) as launcher:
        assert launcher.ended() == 1
        assert "Traceback" not in launcher.errors
        nothing_runs_in(directory)
        return launcher.errors
