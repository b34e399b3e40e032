"""Child processes that cannot outlive this one.

The kernel ends a child when the thread that started it ends (PR_SET_PDEATHSIG), so each child has a thread of
its own that starts it and waits for it: however this process dies, its children go too. Ctrl-C at a terminal
does not reach them: they are sessions of their own, and whoever started one stops it in an orderly way.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

_CAP_DAC_READ_SEARCH = 2
"""Its number in linux/capability.h."""


class ProcessError(Exception):
    """A program could not be started; the message says which one and why."""


class ChildProcess:
    """One program, from its start on. Methods may be called from any thread."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        output: Path | None,
        *,
        keep_open: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
    ) -> None:
        """Starts the program; what it prints is appended to `output`, or goes where this process prints.

        It inherits the descriptors `keep_open`. `end_signal` asks it to end: sent by `stop`, and by the
        kernel when this process dies. As root, `user` is whom it runs as (`as_user`). Raises ProcessError.
        """
        if shutil.which("setpriv") is None:
            raise ProcessError("setpriv is missing; it is in Debian's package util-linux")
        identity = [] if user is None else as_user(user)
        self._end_signal = end_signal
        self._ended = threading.Event()
        started: list[subprocess.Popen[bytes] | OSError] = []
        ready = threading.Event()

        def keep() -> None:
            try:
                with ExitStack() as stack:
                    out = None if output is None else stack.enter_context(output.open("ab"))
                    process = subprocess.Popen(
                        [
                            "setpriv",
                            *identity,
                            "--pdeathsig",
                            end_signal.name.removeprefix("SIG"),
                            "--",
                            *argv,
                        ],
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=None if out is None else subprocess.STDOUT,
                        pass_fds=tuple(keep_open),
                        env=None if environment is None else dict(environment),
                        cwd=directory,
                        start_new_session=True,
                    )
            except OSError as error:
                started.append(error)
                ready.set()
                return
            started.append(process)
            ready.set()
            process.wait()
            self._ended.set()

        threading.Thread(target=keep, name=f"child {Path(argv[0]).name}", daemon=True).start()
        ready.wait()
        if isinstance(started[0], OSError):
            raise ProcessError(f"cannot start {argv[0]}: {started[0]}") from started[0]
        self._process = started[0]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.returncode if self._ended.is_set() else None

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended, at the latest after `timeout_s`."""
        return self._ended.wait(timeout_s)

    def signal(self, number: signal.Signals) -> None:
        """Harmless when it has ended."""
        if self.running:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                self._ended.wait(1.0)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Asks it to end and, after `timeout_s`, makes it. It has ended on return."""
        self.signal(self._end_signal)
        if not self.wait(timeout_s):
            self.kill()

    def kill(self) -> None:
        """It has ended on return."""
        self.signal(signal.SIGKILL)
        self._ended.wait()


def as_user(user: str) -> list[str]:
    """For `setpriv`, started by root: runs the program as `user`, who may also pass through directories that
    are closed to others, such as root's home. Their permissions need no change then.
    """
    entry = pwd.getpwnam(user)
    # A container's root may lack the narrower of the two capabilities (capabilities(7)).
    through = "+dac_read_search" if _may_read_all() else "+dac_override"
    identity = ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
    capability = [f"--inh-caps=-all,{through}", f"--ambient-caps=-all,{through}"]
    # Without it access(2), by which PostgreSQL looks for its own files, takes no account of capabilities.
    return [*identity, *capability, "--securebits=+no_setuid_fixup"]


def _may_read_all() -> bool:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return bool(int(status["CapEff"], 16) >> _CAP_DAC_READ_SEARCH & 1)
