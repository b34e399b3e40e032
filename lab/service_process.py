"""The service as a process of its own, as operations staff run it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

_PR_SET_PDEATHSIG = 1
_LOG_LINES_SHOWN = 15


class ServiceFailed(Exception):
    """The service ended, or never became ready; the message has the end of its log."""


def die_with_parent() -> None:
    """For `preexec_fn`: the child is terminated when whoever started it dies, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class ServiceProcess:
    """`hotline run`, started and stopped; kill it with `kill` to see what a crash does."""

    config: Path
    secrets: Path
    database_url: str
    api_url: str
    log: Path
    through: tuple[str, ...] = ()
    """What the command line begins with, such as a clock's."""
    process: asyncio.subprocess.Process | None = None
    started_at: float = 0.0
    reloads: int = 0
    """How often it was told to read its configuration again."""

    async def start(self, *, ready_within_s: float = 60.0) -> float:
        """Starts it and waits until it routes. Returns the seconds it took. Raises `ServiceFailed`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started_at = time.time()
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.through,
                sys.executable,
                "-m",
                "cti.cli",
                "run",
                "--config",
                str(self.config),
                "--secrets",
                str(self.secrets),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"DATABASE_URL": self.database_url},
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        await self._until_ready(began + ready_within_s)
        return time.monotonic() - began

    async def _until_ready(self, deadline: float) -> None:
        assert self.process is not None
        async with aiohttp.ClientSession() as client:
            while True:
                if self.process.returncode is not None:
                    raise ServiceFailed(
                        f"the service ended with status {self.process.returncode}:\n{self.tail()}"
                    )
                if await self.is_ready(client):
                    return
                if time.monotonic() > deadline:
                    raise ServiceFailed(f"the service did not become ready:\n{self.tail()}")
                await asyncio.sleep(0.05)

    async def is_ready(self, client: aiohttp.ClientSession | None = None) -> bool:
        """Whether it says that it routes."""
        if client is None:
            async with aiohttp.ClientSession() as own:
                return await self.is_ready(own)
        try:
            async with client.get(
                f"{self.api_url}/health/ready", timeout=aiohttp.ClientTimeout(total=5.0)
            ) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    def freeze(self) -> None:
        """It stops in the middle of whatever it does, as on a machine that hangs."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Has it read its configuration again."""
        assert self.process is not None
        self.reloads += 1
        self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> int:
        """Ends it as Ctrl-C does and returns its exit status."""
        return await self._end(signal.SIGINT)

    async def kill(self) -> None:
        """Ends it without a chance to tidy up."""
        await self._end(signal.SIGKILL)

    async def _end(self, sign: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.returncode is None:
            self.process.send_signal(sign)
        try:
            return await asyncio.wait_for(self.process.wait(), 20)
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()

    def tail(self) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
