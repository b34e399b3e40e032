"""An Asterisk of one's own, below one directory: configured from the site, started, watched, stopped."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from config.models import Secrets, Site
from config.render import Layout, render
from lab import prompts, roots
from lab.clock import LabClock
from lab.processes import ChildProcess

_BOOT_S: Final = 60.0
_LOG_LINES_SHOWN: Final = 15
_LONGEST_SOCKET_PATH: Final = 107


class AsteriskError(Exception):
    """Asterisk could not be started, or died; the message says why and what to do."""


class AsteriskProcess:
    """Asterisk, configured from a site, below a directory that no other one uses at the same time.

    Its methods block: from asyncio code call them through `asyncio.to_thread`.
    """

    def __init__(self, site: Site, secrets: Secrets, directory: Path, clock: LabClock | None = None) -> None:
        self._clock = clock
        self.site = site
        self.secrets = secrets
        self._directory = directory.resolve()
        self._child: ChildProcess | None = None

    @property
    def log(self) -> Path:
        """Asterisk's log of notices, warnings and errors."""
        return self._directory / "log" / "messages.log"

    @property
    def cdr(self) -> Path:
        """Asterisk's own record of calls (CDR)."""
        return self.site.asterisk.spool.resolve() / "cdr" / "hotline.csv"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def start(self) -> None:
        """Renders the configuration and starts Asterisk; on return it takes calls and AMI logins.

        Raises AsteriskError, RenderError, PromptError and RootError.
        """
        program = roots.asterisk_program()
        through = [] if self._clock is None else self._clock.through()
        sounds = prompts.sounds()
        self._make_directories()
        lock = self._lock()
        try:
            self._check_ports()
            layout = Layout(sounds=sounds, state=self._directory)
            if program.fetched:
                layout = Layout(
                    sounds=sounds,
                    state=self._directory,
                    modules=next(program.root.glob("usr/lib/*/asterisk/modules")),
                    data=program.root / "usr/share/asterisk",
                )
            render(self.site, self.secrets, self._etc, layout)
            self.log.unlink(missing_ok=True)
            self._output.unlink(missing_ok=True)
            # Asterisk inherits the lock's descriptor: the directory is taken for as long as it lives,
            # whatever becomes of this process.
            self._child = ChildProcess(
                [*through, *program.argv("-f", "-C", self._etc / "asterisk.conf")],
                self._output,
                keep_open=(lock,),
                directory=self._directory,
            )
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{self._child.pid}\n".encode(), 0)
        finally:
            os.close(lock)
        try:
            self._wait_booted(self._child)
        except BaseException:
            self._child.kill()
            raise

    def stop(self) -> None:
        """Ends all calls and Asterisk; no process is left on return. Harmless when it does not run."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """Ends Asterisk as a crash would."""
        if self._child is not None:
            self._child.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def console(self, command: str) -> str:
        """What Asterisk's console answers to `command`. Raises AsteriskError."""
        program = roots.asterisk_program()
        done = subprocess.run(
            program.argv("-C", self._etc / "asterisk.conf", "-rx", command),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
        if done.returncode != 0:
            raise AsteriskError(f"console command `{command}`: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _etc(self) -> Path:
        return self._directory / "etc"

    @property
    def _output(self) -> Path:
        return self._directory / "output.log"

    def _make_directories(self) -> None:
        for name in ("etc", "cache", "lib", "agi", "spool", "run", "log"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)
        control = self._directory / "run" / "asterisk.ctl"
        if len(str(control)) > _LONGEST_SOCKET_PATH:
            raise AsteriskError(
                f"{self._directory} is too long for Asterisk's control socket; use a shorter path"
            )

    def _lock(self) -> int:
        lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 32).decode().strip() or "unknown"
            os.close(lock)
            raise AsteriskError(
                f"{self._directory} is in use by an Asterisk that runs (process {holder}); "
                "stop that one, or use another directory"
            ) from None
        return lock

    def _check_ports(self) -> None:
        asterisk = self.site.asterisk
        for kind, use, host, port in (
            (socket.SOCK_DGRAM, "SIP", asterisk.sip_bind, asterisk.sip_port),
            (socket.SOCK_STREAM, "AMI", asterisk.ami_host, asterisk.ami_port),
        ):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as error:
                    protocol = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
                    raise AsteriskError(
                        f"Asterisk cannot use {protocol} port {port} of {host} for {use}: {error.strerror}; "
                        "stop what uses it, or set another port in the configuration's `asterisk`"
                    ) from error

    def _wait_booted(self, child: ChildProcess) -> None:
        deadline = time.monotonic() + _BOOT_S
        while time.monotonic() < deadline:
            if child.wait(0.05):
                raise AsteriskError(f"Asterisk ended while starting{self._last_words()}")
            if self._answers(deadline):
                return
        raise AsteriskError(f"Asterisk did not come up within {_BOOT_S:.0f} s{self._last_words()}")

    def _answers(self, deadline: float) -> bool:
        asterisk = self.site.asterisk
        try:
            with socket.create_connection((asterisk.ami_host, asterisk.ami_port), timeout=1.0) as link:
                link.settimeout(max(0.1, deadline - time.monotonic()))
                secret = self.secrets.ami.get_secret_value()
                login = f"Action: Login\r\nUsername: {asterisk.ami_user}\r\nSecret: {secret}\r\n\r\n"
                link.sendall(login.encode())
                with link.makefile("r", encoding="utf-8", errors="replace") as lines:
                    for line in lines:
                        if line.startswith("Event: FullyBooted"):
                            return True
        except OSError:
            return False
        return False

    def _last_words(self) -> str:
        lines: list[str] = []
        for path in (self._output, self.log):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        shown = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines if line.strip()]
        return "; it said:\n  " + "\n  ".join(shown) if shown else ", without a word"
