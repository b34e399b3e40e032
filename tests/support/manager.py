"""The manager interface (AMI) as plain as it is: what is sent, what comes, and a heartbeat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lab.asterisk import AsteriskProcess

Message = dict[str, str]


class Manager:
    """One connection, logged in as a user of the service's: it sees what the service would see."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._changed = asyncio.Condition()
        self._sent = 0
        self.messages: list[Message] = []
        self.raw: list[str] = []
        """Every line that came."""

    async def act(self, action: str, **headers: str | list[str]) -> Message:
        """Sends an action and returns the answer, which must be a success."""
        answer = await self.ask(action, **headers)
        assert answer["Response"] == "Success", answer
        return answer

    async def ask(self, action: str, **headers: str | list[str]) -> Message:
        """Sends an action and returns the answer, whatever it is."""
        self._sent += 1
        identity = f"test-{self._sent}"
        lines = [f"Action: {action}", f"ActionID: {identity}"]
        for name, value in headers.items():
            lines += [f"{name}: {one}" for one in ([value] if isinstance(value, str) else value)]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return await self.message(lambda m: m.get("ActionID") == identity and "Response" in m)

    async def message(self, wanted: Callable[[Message], bool], within_s: float = 20.0) -> Message:
        """The first message, among those that came and those that come, that is wanted."""
        async with asyncio.timeout(within_s), self._changed:
            while True:
                for message in self.messages:
                    if wanted(message):
                        return message
                await self._changed.wait()

    async def user_event(self, name: str, within_s: float = 20.0, **headers: str) -> Message:
        return await self.message(
            lambda m: (
                m.get("UserEvent") == name and all(m.get(key) == value for key, value in headers.items())
            ),
            within_s,
        )

    def user_events(self, name: str) -> list[Message]:
        return [message for message in self.messages if message.get("UserEvent") == name]

    async def event(self, name: str, within_s: float = 20.0, **headers: str) -> Message:
        return await self.message(
            lambda m: m.get("Event") == name and all(m.get(key) == value for key, value in headers.items()),
            within_s,
        )

    async def variable(self, channel: str, name: str) -> str:
        return (await self.act("Getvar", Channel=channel, Variable=name))["Value"]

    async def variable_becomes(self, channel: str, name: str, value: str, within_s: float = 20.0) -> None:
        """Returns once the dialplan has set the variable so; Asterisk tells nobody, so it is asked."""
        async with asyncio.timeout(within_s):
            while await self.variable(channel, name) != value:  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.02)

    async def beat(self) -> None:
        await self.act("Setvar", Variable="HL_BEAT", Value=str(int(time.time())))

    async def read(self) -> None:
        """Takes messages in until the connection ends."""
        message: Message = {}
        while line := await self._reader.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.raw.append(text)
            if text:
                name, _, value = text.partition(": ")
                message[name.rstrip(":")] = value
            elif message:
                async with self._changed:
                    self.messages.append(message)
                    self._changed.notify_all()
                message = {}

    async def log_in(self, asterisk: AsteriskProcess, apart: str) -> None:
        secret = asterisk.secrets.ami.get_secret_value()
        await self.act("Login", Username=asterisk.site.asterisk.ami_user + apart, Secret=secret)


@asynccontextmanager
async def manager_of(asterisk: AsteriskProcess, apart: str = "") -> AsyncIterator[Manager]:
    """`apart` comes after the name of the service's user."""
    at = asterisk.site.asterisk
    reader, writer = await asyncio.open_connection(at.ami_host, at.ami_port)
    manager = Manager(reader, writer)
    reading = asyncio.create_task(manager.read())
    try:
        await manager.log_in(asterisk, apart)
        yield manager
    finally:
        writer.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def heartbeat(manager: Manager) -> AsyncIterator[None]:
    """The service routes: its heartbeat is set now and once a second."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(1)
            await manager.beat()

    await manager.beat()
    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
