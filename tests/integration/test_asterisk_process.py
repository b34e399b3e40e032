"""Asterisk below a directory of its own: up at once, never twice, never left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.asterisk import AsteriskError, AsteriskProcess
from tests.support.asterisk_site import asterisk_site, secrets_for

REPOSITORY = Path(__file__).resolve().parents[2]

OWNER = """
import sys
from pathlib import Path
from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import asterisk_site, secrets_for

root = Path(sys.argv[1])
site = asterisk_site(root)
asterisk = AsteriskProcess(site, secrets_for(site), root / "asterisk")
asterisk.start()
print(asterisk.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def stopped(asterisk_root: Path, tmp_path: Path) -> Iterator[AsteriskProcess]:
    """An Asterisk that was not started yet."""
    site = asterisk_site(tmp_path)
    process = AsteriskProcess(site, secrets_for(site), tmp_path / "asterisk")
    yield process
    process.stop()


def test_it_starts_without_a_warning(asterisk: AsteriskProcess) -> None:
    said = asterisk.log.read_text()
    assert "WARNING" not in said
    assert "ERROR" not in said


def test_every_application_and_function_of_the_dialplan_is_there(asterisk: AsteriskProcess) -> None:
    dialplan = (asterisk.log.parents[1] / "etc" / "extensions.conf").read_text()
    applications = set(re.findall(r"(?:same => n(?:\(\w+\))?|exten => [^,]+,1),(\w+)\(", dialplan))
    functions = set(re.findall(r"\$\{([A-Z_]+)\(|Set\(([A-Z]+)\(", dialplan))
    assert {"Queue", "Bridge", "MixMonitor"} <= applications
    present = set(re.findall(r"^\s+(\w+):", asterisk.console("core show applications"), re.MULTILINE))
    assert applications <= present
    known = set(re.findall(r"^(\w+)\s", asterisk.console("core show functions"), re.MULTILINE))
    assert {first or second for first, second in functions} <= known


def test_it_loads_nothing_that_can_run_programs_or_serve_http(asterisk: AsteriskProcess) -> None:
    loaded = asterisk.console("module show")
    for module in (
        "app_system",
        "func_shell",
        "func_env",
        "res_agi",
        "res_ari",
        "res_http_websocket",
    ):
        assert f"{module}.so" not in loaded
    assert "Server Disabled" in asterisk.console("http show status")


def test_a_directory_is_not_used_by_two_at_once(asterisk: AsteriskProcess) -> None:
    directory = asterisk.log.parents[1]
    second = AsteriskProcess(asterisk.site, asterisk.secrets, directory)
    with pytest.raises(AsteriskError, match=rf"in use by an Asterisk that runs \(process {asterisk.pid}\)"):
        second.start()
    assert asterisk.running


@pytest.mark.parametrize("protocol", ["SIP", "AMI"])
def test_a_port_in_use_is_named(asterisk: AsteriskProcess, tmp_path: Path, protocol: str) -> None:
    at = asterisk.site.asterisk
    taken = {"SIP": {"sip_port": at.sip_port}, "AMI": {"ami_port": at.ami_port}}[protocol]
    site = asterisk_site(tmp_path)
    site = site.model_copy(update={"asterisk": site.asterisk.model_copy(update=taken)})
    second = AsteriskProcess(site, secrets_for(site), tmp_path / "second")
    with pytest.raises(
        AsteriskError, match=rf"port {next(iter(taken.values()))} of 127.0.0.1 for {protocol}"
    ):
        second.start()
    assert not second.running


def test_stopped_it_leaves_no_process_and_its_directory_free(stopped: AsteriskProcess) -> None:
    stopped.start()
    first = stopped.pid
    stopped.stop()
    assert not psutil.pid_exists(first)
    stopped.start()
    assert stopped.pid != first


def test_killed_it_starts_again(stopped: AsteriskProcess) -> None:
    stopped.start()
    stopped.kill()
    assert not stopped.running
    stopped.restart()
    assert "System uptime" in stopped.console("core show uptime")


def test_an_asterisk_that_ends_while_starting_says_why(stopped: AsteriskProcess, tmp_path: Path) -> None:
    (tmp_path / "asterisk" / "lib" / "astdb.sqlite3").mkdir(parents=True)
    with pytest.raises(AsteriskError, match=r"ended while starting; it said:(.|\n)*astdb"):
        stopped.start()
    assert not stopped.running


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_it_does_not_outlive_whoever_started_it(
    asterisk_root: Path, tmp_path: Path, end: signal.Signals
) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        asterisk = psutil.Process(int(owner.stdout.readline()))
        owner.send_signal(end)
        owner.wait(10)
        asterisk.wait(20)


def test_its_secrets_are_not_readable_by_everybody(
    asterisk: AsteriskProcess,
) -> None:
    for name in ("manager.conf", "pjsip.conf"):
        assert (asterisk.log.parents[1] / "etc" / name).stat().st_mode & 0o007 == 0
