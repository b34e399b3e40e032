"""SIPp as a child process whose calls are steered one by one from here.

SIPp's way for that is 3PCC extended: its scenario waits for commands (`recvCmd`) and sends some (`sendCmd`)
over TCP. A command is a block of headers with the `Call-ID` of the SIP call that it is about.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from lab.link import acknowledge_at_once, connect_to_child
from lab.network import LOOPBACK, free_block, free_ports
from lab.processes import ChildProcess
from lab.roots import tool

SCENARIOS: Final = Path(__file__).with_name("scenarios")

_START_S: Final = 20.0
_MEDIA_PORTS: Final = 4
"""SIPp binds ports for audio and, two above, for video, each with the one after it."""
_LOG_LINES_SHOWN: Final = 6
_END: Final = b"\x1b"
_LAB: Final = "lab"
_SIPP: Final = "sipp"


class SippError(Exception):
    """SIPp could not be started or ended by itself; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Told:
    """What SIPp says of one of its calls."""

    text: str
    """Headers, one of which may be a whole SIP message."""

    @property
    def call_id(self) -> str:
        return self.header("Call-ID")

    @property
    def what(self) -> str:
        """The turn the call took, as the scenario names it."""
        return self.header("What")

    def header(self, name: str) -> str:
        """Its first value; empty when it is not there."""
        found = re.search(rf"^{re.escape(name)}:[ \t]*(.*?)\s*$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    @property
    def media(self) -> tuple[str, int] | None:
        """Where the other party takes audio, from the SDP of the message."""
        host = re.search(r"^c=IN IP4 ([0-9.]+)", self.text, re.MULTILINE)
        port = re.search(r"^m=audio ([0-9]+)", self.text, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None


class Sipp:
    """One SIPp with one scenario for any number of calls at once."""

    def __init__(
        self,
        scenario: str,
        directory: Path,
        *,
        address: tuple[str, int],
        remote: tuple[str, int],
        role: Literal["slave", "master"],
        on_told: Callable[[Told], None],
        on_end: Callable[[SippError], None],
    ) -> None:
        """`scenario` is a file of `lab/scenarios`, `address` where its SIP is, `remote` whom it calls.

        A `slave` begins a call when it is sent a command, a `master` when it is called. `on_told` is handed
        each command from SIPp, `on_end` the reason when SIPp ends by itself.
        """
        self._scenario = SCENARIOS / scenario
        self._directory = directory
        self._address = address
        self._remote = remote
        self._role = role
        self._on_told = on_told
        self._on_end = on_end
        self._child: ChildProcess | None = None
        self._server: asyncio.Server | None = None
        self._out: asyncio.StreamWriter | None = None
        self._readers: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    async def start(self) -> None:
        """On return it takes calls. Raises SippError, ProcessError and RootError."""
        program = await asyncio.to_thread(tool, "sipp")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._log.unlink(missing_ok=True)
        self._errors.unlink(missing_ok=True)
        self._server = await asyncio.start_server(self._connected, LOOPBACK, 0)
        own_port = self._server.sockets[0].getsockname()[1]
        (sipp_port,) = free_ports(1)
        audio_port = free_block(_MEDIA_PORTS)
        peers = self._directory / "peers"
        peers.write_text(f"{_LAB};{LOOPBACK}:{own_port}\n{_SIPP};{LOOPBACK}:{sipp_port}\n")
        host, port = self._address
        argv = program.argv(
            "{}:{}".format(*self._remote),
            *("-sf", self._scenario, f"-{self._role}", _SIPP, "-slave_cfg", peers),
            *("-i", host, "-p", str(port), "-mp", str(audio_port), "-nostdin"),
            *("-aa", "-default_behaviors", "all,-bye"),
            *("-trace_err", "-error_file", self._errors),
        )
        self._child = ChildProcess(argv, self._log, directory=self._directory)
        try:
            reader, self._out = await connect_to_child(self._child, LOOPBACK, sipp_port, within_s=_START_S)
        except ConnectionRefusedError:
            await self.stop()
            raise SippError(f"SIPp did not start{self._last_words()}") from None
        self._watch = asyncio.create_task(self._until_it_ends(reader))

    async def stop(self) -> None:
        """No process is left on return. Calls that are up are left as they are: end them before."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._child is not None:
            await asyncio.to_thread(self._child.stop)
        await asyncio.gather(*self._readers)
        if self._out is not None:
            self._out.close()
            with suppress(OSError):
                await self._out.wait_closed()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def command(self, call_id: str, **headers: str) -> None:
        """Sends SIPp a command about a call. Raises ValueError for a value of more than one line."""
        fields = {"Call-ID": call_id, "From": _LAB} | headers
        if any(not value.isprintable() for value in fields.values()):
            raise ValueError(f"a command's values must be printable: {sorted(headers)}")
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        assert self._out is not None
        self._out.write(text.encode() + b"\r\n" + _END)

    @property
    def _log(self) -> Path:
        return self._directory / "sipp.log"

    @property
    def _errors(self) -> Path:
        return self._directory / "errors.log"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._readers.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    acknowledge_at_once(writer)
                    block = await reader.readuntil(_END)
                    self._on_told(Told(block[:-1].decode(errors="replace")))
        finally:
            self._readers.discard(task)
            writer.close()

    async def _until_it_ends(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
        self._on_end(SippError(f"SIPp ended by itself{self._last_words()}"))

    def _last_words(self) -> str:
        for path in (self._errors, self._log):
            if path.exists() and (lines := path.read_text(errors="replace").splitlines()):
                return "; it said:\n  " + "\n  ".join(lines[-_LOG_LINES_SHOWN:])
        return ""
