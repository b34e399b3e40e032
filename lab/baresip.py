"""baresip, a softphone, as a child process driven over its `ctrl_tcp` port (JSON in netstrings)."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.link import acknowledge_at_once, connect_to_child
from lab.network import LOOPBACK, free_ports
from lab.processes import ChildProcess
from lab.roots import baresip_modules, tool

_START_S: Final = 20.0
_COMMAND_S: Final = 10.0
_LONGEST_COMMAND: Final = 1000
_LOG_LINES_SHOWN: Final = 12
# Below the lab's Asterisk and below the ports that the kernel hands out by itself.
_RTP_PORTS: Final = "10000-19999"


class PhoneError(Exception):
    """A phone could not be started, registered or told something; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class Account:
    """One user of a softphone and the tone that it says."""

    user: str
    password: str
    registrar: str
    """`host:port`"""
    tone_hz: int
    registers_every_s: int = 120

    @property
    def aor(self) -> str:
        return f"sip:{self.user}@{self.registrar}"

    @property
    def line(self) -> str:
        """As `uanew` takes it."""
        return (
            f"<{self.aor}>;auth_user={self.user};auth_pass={self.password};answermode=manual"
            f";audio_source=ausine,{self.tone_hz};audio_codecs=pcma,pcmu;regint={self.registers_every_s};mwi=no"
        )


class Baresip:
    """One baresip process with any number of accounts, which `uanew` adds.

    It needs no sound device and plays to nowhere.
    """

    def __init__(
        self,
        directory: Path,
        *,
        address: str,
        on_event: Callable[[dict[str, Any]], None],
        on_end: Callable[[PhoneError], None],
        record_to: Path | None = None,
    ) -> None:
        """`address`: where its SIP and RTP come from. `on_event` is handed each event as baresip has it,
        `on_end` the reason when it ends by itself. With `record_to` all it says and hears is written there.
        """
        self._directory = directory
        self._address = address
        self._on_event = on_event
        self._on_end = on_end
        self._record_to = record_to
        self._child: ChildProcess | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reader_task: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._answers: deque[asyncio.Future[tuple[bool, str]]] = deque()

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    async def start(self) -> None:
        """On return it takes commands. Raises PhoneError, ProcessError and RootError."""
        (port,) = free_ports(1)
        program = await asyncio.to_thread(tool, "baresip")
        modules = await asyncio.to_thread(baresip_modules)
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / "config").write_text(self._config(modules, port))
        # Empty: accounts are added by command, so that no event of their registration is missed.
        (self._directory / "accounts").write_text("")
        self._log.unlink(missing_ok=True)
        self._child = ChildProcess(program.argv("-f", self._directory), self._log)
        try:
            reader, self._writer = await connect_to_child(self._child, LOOPBACK, port, within_s=_START_S)
        except ConnectionRefusedError:
            raise PhoneError(f"baresip did not start{self._last_words()}") from None
        self._reader_task = asyncio.create_task(self._read(reader, self._writer))

    async def stop(self) -> None:
        """The phones unregister, and no process is left. Harmless when it does not run."""
        if self._reader_task is not None:
            self._reader_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader_task
            self._reader_task = None
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None
        self._fail_answers(PhoneError("the phone was stopped"))
        if self._child is not None:
            await asyncio.to_thread(self._child.stop)

    async def kill(self) -> None:
        """It dies as when its power is cut: nothing is said to anybody. It may be started again."""
        assert self._child is not None
        if self._reader_task is not None:
            self._reader_task.cancel()
            await asyncio.gather(self._reader_task, return_exceptions=True)
        await asyncio.to_thread(self._child.kill)
        await self.stop()

    async def run(self, *commands: str) -> list[str]:
        """Runs commands in one go, none other between them, and returns what they print.

        Raises PhoneError with the answer of the first that failed.
        """
        async with self._one_at_a_time:
            if self._writer is None or self._reader_task is None or self._reader_task.done():
                raise PhoneError(f"baresip does not run{self._last_words()}")
            answers = [asyncio.get_running_loop().create_future() for _ in commands]
            self._answers.extend(answers)
            # One segment: baresip takes every command of it before it looks at anything else, so that a call
            # which comes in meanwhile cannot change which account the commands are about.
            self._writer.write(b"".join(map(_netstring, commands)))
            acknowledge_at_once(self._writer)
            async with asyncio.timeout(_COMMAND_S):
                results = await asyncio.gather(*answers)
        for command, (succeeded, text) in zip(commands, results, strict=True):
            if not succeeded:
                raise PhoneError(f"`{command.split(' ')[0]}`: {text.strip()}")
        return [text for _, text in results]

    @property
    def _log(self) -> Path:
        return self._directory / "baresip.log"

    def _config(self, modules: Path, control_port: int) -> str:
        lines = [
            f"sip_listen {self._address}:0",
            f"net_interface {self._address}",
            f"rtp_ports {_RTP_PORTS}",
            f"module_path {modules}",
            "module g711.so",
            "module ausine.so",
            # ausine knows this format alone.
            "ausrc_srate 48000",
            "ausrc_channels 2",
            "module_app account.so",
            "module_app menu.so",
            "module_app ctrl_tcp.so",
            f"ctrl_tcp_listen {LOOPBACK}:{control_port}",
            "call_max_calls 2",
            "call_local_timeout 600",
            "menu_bell no",
            "ringback_disabled yes",
            "statmode_default off",
        ]
        if self._record_to is not None:
            self._record_to.mkdir(parents=True, exist_ok=True)
            lines += ["module sndfile.so", f"snd_path {self._record_to}"]
        return "".join(f"{line}\n" for line in lines)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                message = json.loads((await reader.readexactly(length + 1))[:-1])
                acknowledge_at_once(writer)
                if message.get("response"):
                    answer = self._answers.popleft()
                    if not answer.done():
                        answer.set_result((message["ok"], message.get("data", "")))
                else:
                    self._on_event(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            error = PhoneError(f"baresip ended by itself{self._last_words()}")
            self._fail_answers(error)
            self._on_end(error)

    def _fail_answers(self, error: PhoneError) -> None:
        while self._answers:
            answer = self._answers.popleft()
            if not answer.done():
                answer.set_exception(error)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "; it said:\n  " + "\n  ".join(lines[-_LOG_LINES_SHOWN:]) if lines else ""


def _netstring(command: str) -> bytes:
    name, _, parameters = command.partition(" ")
    message: Mapping[str, str] = {"command": name} | ({"params": parameters} if parameters else {})
    text = json.dumps(message).encode()
    if len(text) > _LONGEST_COMMAND:
        raise PhoneError(f"`{name}`: too long for baresip, {len(text)} bytes")
    return b"%d:%s," % (len(text), text)
