"""A link of its own for one action: for the right that the lasting link has not (docs/dialplan.md#rights)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from cti.ami.client import AmiSettings
from cti.ami.errors import AmiDeadline, AmiNotConnected
from cti.ami.messages import AmiMessage, Headers
from cti.ami.needs import PHONES_USER
from cti.ami.wire import GuardedAction, GuardedProtocol


class ApartLinks:
    """Each action logs in as the user of the phones, is carried out, and leaves nothing behind."""

    def __init__(self, settings: AmiSettings) -> None:
        """`settings` are those of the lasting link."""
        self._settings = replace(settings, user=settings.user + PHONES_USER)
        self._under_way: set[asyncio.Task[AmiMessage]] = set()

    def post(self, headers: Headers, *, deadline_s: float) -> asyncio.Future[Any]:
        """Begins at once; the future yields the response, or fails with an AmiError."""
        task = asyncio.create_task(self._act(headers, deadline_s), name="ami-apart")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def close(self) -> None:
        """Gives up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _act(self, headers: Headers, deadline_s: float) -> AmiMessage:
        settings = self._settings
        login = {"Action": "Login", "Username": settings.user, "Secret": settings.secret, "Events": "off"}
        try:
            async with asyncio.timeout(deadline_s), self._linked() as protocol:
                await protocol.submit(GuardedAction(login | {"ActionID": "login"}))
                response: AmiMessage = await protocol.submit(GuardedAction({**headers, "ActionID": "apart"}))
                return response
        except TimeoutError as error:
            raise AmiDeadline(f"no answer within {deadline_s:g} s") from error

    @asynccontextmanager
    async def _linked(self) -> AsyncIterator[GuardedProtocol]:
        settings = self._settings
        try:
            _, protocol = await asyncio.get_running_loop().create_connection(
                lambda: GuardedProtocol(
                    lambda _: None,
                    write_limit_bytes=settings.write_limit_bytes,
                    read_limit_bytes=settings.read_limit_bytes,
                ),
                settings.host,
                settings.port,
                ssl=settings.tls,
            )
        except TimeoutError:
            raise
        except OSError as error:
            raise AmiNotConnected(f"cannot connect: {error}") from error
        try:
            yield protocol
        finally:
            protocol.drop("done")
