"""`hotline-lab run` as a process of its own, and every process that works in its directory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROUTED = "calls are routed"
_GONE_S = 30.0
"""As long as a busy machine may take to end some processes; on an idle one it is a fraction of a second."""


class Launcher:
    """Started in `directory`, with the configuration in `config` and what `environment` adds."""

    def __init__(self, directory: Path, config: Path, **environment: str) -> None:
        self._directory = directory
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "HOTLINE_ASTERISK", "HOTLINE_SECRETS")
        }
        self._errors = (directory / f"errors-{time.monotonic_ns()}").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab.cli", "run"],
            cwd=directory,
            env=inherited
            | {"PYTHONPATH": str(Path(__file__).parents[2]), "HOTLINE_CONFIG": str(config)}
            | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.said: list[str] = []

    def until(self, text: str) -> None:
        """Returns once it has printed a line with this text."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            self.said.append(line)
            if text in line:
                return
        raise AssertionError(f"it never said `{text}` but: {self.said} {self.errors}")

    def ended(self) -> int:
        """Waits for its end; the exit status."""
        return self.process.wait(_GONE_S)

    @property
    def errors(self) -> str:
        """What it and its service wrote to standard error."""
        self._errors.flush()
        return Path(self._errors.name).read_text()

    @property
    def parts(self) -> dict[str, psutil.Process]:
        """Its child processes by what they are: `postgres`, `asterisk`, `cti.cli`."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            command = " ".join(child.cmdline())
            for name in ("bin/postgres", "bin/asterisk", "cti.cli"):
                if name in command:
                    found[name.removeprefix("bin/")] = child
        return found

    def close(self) -> None:
        """Nothing of it runs on return, whatever the test came to."""
        if self.process.poll() is None:
            parts = psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
            self.process.wait()
            psutil.wait_procs(parts, _GONE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


@contextmanager
def launched(directory: Path, config: Path, **environment: str) -> Iterator[Launcher]:
    launcher = Launcher(directory, config, **environment)
    try:
        yield launcher
    finally:
        launcher.close()


def running_in(directory: Path) -> list[str]:
    """Command lines of all processes that name the directory, or work in it."""
    found = []
    for process in psutil.process_iter():
        try:
            command, where = " ".join(process.cmdline()), process.cwd()
            alive = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if alive and (str(directory) in command or Path(where).is_relative_to(directory)):
            found.append(command)
    return found


def nothing_runs_in(directory: Path) -> None:
    """Waits until no process has to do with the directory."""
    give_up = time.monotonic() + _GONE_S
    while left := running_in(directory):
        assert time.monotonic() < give_up, f"still running: {left}"
        time.sleep(0.05)
