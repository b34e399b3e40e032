"""Told to reload before it can, the service starts all the same, and reloads then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.site import LabSite, make_lab_site

START_S = 60.0
"""As long as a busy machine may take."""


@contextmanager
def started(lab: LabSite, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real service, with neither PostgreSQL nor Asterisk in reach."""
    command = [sys.executable, "-m", "cti.cli", "run"]
    command += ["--config", str(lab.config), "--secrets", str(lab.secrets_file)]
    environment = os.environ | {"DATABASE_URL": "postgresql://hotline@127.0.0.1:1/hotline"}
    with log.open("wb") as output, subprocess.Popen(command, stderr=output, env=environment) as service:
        try:
            yield service
        finally:
            service.kill()


def until(service: subprocess.Popen[bytes], holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + START_S
    while not holds():
        assert service.poll() is None, f"it ended with {service.returncode}"
        assert time.monotonic() < give_up
        time.sleep(0.005)


def holds_back_hang_ups(process: int) -> bool:
    """Whether the kernel keeps SIGHUP from the process for now (proc(5), `SigBlk`)."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    blocked = next(line.split()[1] for line in lines if line.startswith("SigBlk"))
    return bool(int(blocked, 16) >> (signal.SIGHUP - 1) & 1)


def test_hang_ups_during_the_start_are_one_reload_after_it(tmp_path: Path) -> None:
    lab = make_lab_site(tmp_path)
    log = tmp_path / "log"

    def told(event: str, *, by: str = "") -> int:
        return sum(f'"{event}"' in line and f'"{by}' in line for line in log.read_text().splitlines())

    with started(lab, log) as service:
        until(service, lambda: holds_back_hang_ups(service.pid))
        assert "uvloop" not in Path(f"/proc/{service.pid}/maps").read_text(), "what takes long comes after"
        for _ in range(3):
            service.send_signal(signal.SIGHUP)
        until(service, lambda: told("configuration_applied", by="SIGHUP") == 1)
        assert told("api_listening") == 1
        assert not holds_back_hang_ups(service.pid)

        service.send_signal(signal.SIGHUP)
        until(service, lambda: told("configuration_applied") > 1)
        assert told("configuration_applied", by="SIGHUP") == 2
        service.send_signal(signal.SIGTERM)
        assert service.wait(START_S) == 0
