"""Our AMI client: one lasting link to Asterisk, kept up by one task, over panoramisk's protocol.

Nothing is ever sent twice: an action whose link drops fails with `AmiLost`, and whoever asked decides what
to do.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

from cti.ami.errors import AmiDeadline, AmiError, AmiNotConnected, AmiRefused
from cti.ami.messages import AmiMessage, Headers, check_headers
from cti.ami.wire import LIST_ID, GuardedAction, GuardedProtocol

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where Asterisk is and how patient to be with it. Times are seconds."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    connect_timeout_s: float = 5.0
    login_timeout_s: float = 5.0
    boot_timeout_s: float = 120.0
    """How long Asterisk may take from accepting the login to being fully booted."""
    ping_interval_s: float = 5.0
    ping_timeout_s: float = 3.0
    retry_base_s: float = 0.5
    retry_cap_s: float = 10.0
    refused_base_s: float = 30.0
    """After a refused secret, which only people can mend."""
    refused_cap_s: float = 600.0
    write_limit_bytes: int = 1 << 20
    read_limit_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        if self.tls is not None and not isinstance(self.tls, ssl.SSLContext):
            raise TypeError("tls must be an ssl.SSLContext or None")
        check_headers({"Username": self.user, "Secret": self.secret})


class LinkState(StrEnum):
    CLOSED = "closed"
    CONNECTING = "connecting"
    BOOTING = "booting"
    """Logged in; Asterisk is not fully booted."""
    CONNECTED = "connected"
    RETRYING = "retrying"
    SECRET_REFUSED = "secret_refused"  # noqa: S105 - a state's name
    """Asterisk refuses user or secret; tried again far more slowly."""


class _LinkFailed(Exception):
    """A link ended or never came up; the message says why."""


class _SecretRefused(_LinkFailed):
    pass


def retry_delay_s(failures: int, base_s: float, cap_s: float, chance: float) -> float:
    """Exponential back-off with full jitter (Brooker, 2015): uniform in [0, min(cap, base * 2^failures)].

    `failures` counts from 0; `chance` is uniform in [0, 1).
    """
    ceiling: float = min(cap_s, base_s * 2 ** min(failures, 32))
    return chance * ceiling


def refused_delay_s(failures: int, base_s: float, cap_s: float, chance: float) -> float:
    """As `retry_delay_s`, but in the upper half alone: a refused secret is never tried again soon."""
    return retry_delay_s(failures, base_s, cap_s, 0.5 + chance / 2)


class AmiClient:
    """Keeps a link to Asterisk and sends actions over it.

    `on_event` gets every event in order, synchronously; `on_connected` is called after login once Asterisk
    is fully booted and its events flow, with its uptime in seconds; `on_lost` with the reason when that
    link is gone, unless `close` ended it. What a callback raises is logged. All are called in the event
    loop.
    """

    def __init__(
        self,
        settings: AmiSettings,
        *,
        on_event: Callable[[AmiMessage], None],
        on_connected: Callable[[float], None],
        on_lost: Callable[[str], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._chance = chance
        self._ids = itertools.count(1)
        self._task: asyncio.Task[None] | None = None
        self._protocol: GuardedProtocol | None = None
        self._booted: asyncio.Future[AmiMessage] | None = None
        self._unmatched_before = 0
        self.state = LinkState.CLOSED

    @property
    def unmatched(self) -> int:
        """Answers that came after their deadline, and what was left of abandoned lists; they are dropped."""
        return self._unmatched_before + (self._protocol.unmatched if self._protocol else 0)

    @property
    def unanswered(self) -> int:
        """Actions sent and not yet answered, given up or lost."""
        return len(self._protocol.responses) if self._protocol else 0

    async def start(self) -> None:
        """Begin connecting, and keep at it until `close`. Returns at once."""
        if self._task is not None:
            raise RuntimeError("the client is running")
        self._task = asyncio.create_task(self._keep_linked(), name="ami-link")

    async def close(self) -> None:
        """End the link and every attempt at one; unanswered actions fail with AmiLost. Leaves nothing
        behind.
        """
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.state = LinkState.CLOSED

    def drop(self, reason: str) -> None:
        """End the present link, if there is one; the next is made at once."""
        if self._protocol is not None:
            self._protocol.drop(reason)

    def post(
        self,
        headers: Headers,
        *,
        deadline_s: float,
        ends_with: str | None = None,
        on_complete: Callable[[], None] | None = None,
    ) -> asyncio.Future[Any]:
        """Write an action in this very call; the future yields its response, or the events of a list.

        `ends_with` names the event that completes a list; `on_complete` runs when the answer is complete,
        before any message after it is handled. Raises AmiNotConnected, AmiInputError, AmiLost when nothing
        was written; the future fails with AmiRefused, AmiDeadline or AmiLost.
        """
        protocol = self._protocol
        if protocol is None or self.state is not LinkState.CONNECTED:
            raise AmiNotConnected(f"the link to asterisk is {self.state}")
        return self._submit(protocol, headers, deadline_s, ends_with, on_complete)

    async def send(self, headers: Headers, *, deadline_s: float) -> AmiMessage:
        """Send an action and await its response. Raises as `post` and its future do."""
        response: AmiMessage = await self.post(headers, deadline_s=deadline_s)
        return response

    async def send_list(
        self,
        headers: Headers,
        *,
        deadline_s: float,
        ends_with: str,
        on_complete: Callable[[], None] | None = None,
    ) -> list[AmiMessage]:
        """Send an action whose answer is a list of events, and await it whole."""
        events: list[AmiMessage] = await self.post(
            headers, deadline_s=deadline_s, ends_with=ends_with, on_complete=on_complete
        )
        return events

    def _submit(
        self,
        protocol: GuardedProtocol,
        headers: Headers,
        deadline_s: float,
        ends_with: str | None = None,
        on_complete: Callable[[], None] | None = None,
    ) -> asyncio.Future[Any]:
        if not any(name.lower() == "actionid" for name in headers):
            prefix = LIST_ID if ends_with else "action/"
            headers = {**headers, "ActionID": f"{prefix}{next(self._ids)}"}
        future = protocol.submit(GuardedAction(headers, ends_with, on_complete))

        def expire() -> None:
            if not future.done():
                future.set_exception(AmiDeadline(f"no answer within {deadline_s:g} s"))

        timer = asyncio.get_running_loop().call_later(deadline_s, expire)
        future.add_done_callback(lambda _: timer.cancel())
        return future

    async def _keep_linked(self) -> None:
        settings = self._settings
        loop = asyncio.get_running_loop()
        failures = refusals = 0
        while True:
            self.state = LinkState.CONNECTING
            started = loop.time()
            try:
                await self._hold_link()
            except _SecretRefused as refusal:
                delay_s = refused_delay_s(
                    refusals, settings.refused_base_s, settings.refused_cap_s, self._chance()
                )
                refusals += 1
                self.state = LinkState.SECRET_REFUSED
                log.error(
                    "ami_secret_refused",
                    user=settings.user,
                    asterisk_said=str(refusal),
                    remedy="make the secret of this user in manager.conf and the service's own the same",
                    retry_in_s=round(delay_s, 1),
                )
            except _LinkFailed as failure:
                refusals = 0
                if loop.time() - started > settings.retry_cap_s:
                    failures = 0
                delay_s = retry_delay_s(failures, settings.retry_base_s, settings.retry_cap_s, self._chance())
                failures += 1
                self.state = LinkState.RETRYING
                log.warning("ami_link_failed", reason=str(failure), retry_in_s=round(delay_s, 2))
            await asyncio.sleep(delay_s)

    async def _hold_link(self) -> None:
        """One link from connecting to its end. Raises _LinkFailed."""
        protocol = await self._connect()
        try:
            await self._log_in(protocol)
            self.state = LinkState.BOOTING
            await self._watch(protocol)
        finally:
            protocol.drop("closed")
            was_connected, self._protocol = self._protocol is not None, None
            self.state = LinkState.RETRYING
            await asyncio.wait([protocol.gone])
            self._unmatched_before += protocol.unmatched
            if was_connected and self._task is not None:
                self._call(self._on_lost, protocol.gone.result())

    async def _connect(self) -> GuardedProtocol:
        settings = self._settings
        loop = asyncio.get_running_loop()
        self._booted = loop.create_future()
        try:
            async with asyncio.timeout(settings.connect_timeout_s):
                _, protocol = await loop.create_connection(
                    lambda: GuardedProtocol(
                        self._receive,
                        write_limit_bytes=settings.write_limit_bytes,
                        read_limit_bytes=settings.read_limit_bytes,
                    ),
                    settings.host,
                    settings.port,
                    ssl=settings.tls,
                )
        except TimeoutError as error:
            raise _LinkFailed(f"no connection within {settings.connect_timeout_s:g} s") from error
        except OSError as error:
            raise _LinkFailed(f"cannot connect: {error}") from error
        return protocol

    async def _log_in(self, protocol: GuardedProtocol) -> None:
        settings = self._settings
        login = {"Action": "Login", "Username": settings.user, "Secret": settings.secret, "Events": "on"}
        try:
            await self._submit(protocol, login, settings.login_timeout_s)
        except AmiRefused as refusal:
            raise _SecretRefused(refusal.message) from refusal
        except AmiError as error:
            raise _LinkFailed(f"login: {error}") from error

    async def _watch(self, protocol: GuardedProtocol) -> None:
        """Wait for the boot, then for the end, pinging all the while. Raises _LinkFailed."""
        settings = self._settings
        loop = asyncio.get_running_loop()
        booted = self._booted
        assert booted is not None
        boot_deadline = loop.time() + settings.boot_timeout_s
        while True:
            waits_for: list[asyncio.Future[Any]] = [protocol.gone]
            if self._protocol is None:
                waits_for.append(booted)
            await asyncio.wait(
                waits_for, timeout=settings.ping_interval_s, return_when=asyncio.FIRST_COMPLETED
            )
            if protocol.gone.done():
                raise _LinkFailed(protocol.gone.result())
            if self._protocol is None and booted.done():
                self._become_connected(protocol, booted.result())
                continue
            if self._protocol is None and loop.time() > boot_deadline:
                raise _LinkFailed(
                    f"no FullyBooted within {settings.boot_timeout_s:g} s: asterisk hangs in its start, "
                    "or the user's `read` in manager.conf lacks `system`"
                )
            await self._ping(protocol)

    def _become_connected(self, protocol: GuardedProtocol, booted: AmiMessage) -> None:
        self._protocol = protocol
        self.state = LinkState.CONNECTED
        log.info(
            "ami_connected", host=self._settings.host, port=self._settings.port, version=protocol.version
        )
        self._call(self._on_connected, float(booted.get("Uptime", "0")))

    async def _ping(self, protocol: GuardedProtocol) -> None:
        timeout_s = self._settings.ping_timeout_s
        try:
            await self._submit(protocol, {"Action": "Ping"}, timeout_s)
        except AmiDeadline as error:
            protocol.drop(f"a ping was not answered within {timeout_s:g} s")
            raise _LinkFailed(f"a ping was not answered within {timeout_s:g} s") from error
        except AmiError as error:
            raise _LinkFailed(str(error)) from error

    def _receive(self, message: AmiMessage) -> None:
        if message.event == "FullyBooted" and self._booted is not None and not self._booted.done():
            self._booted.set_result(message)
        self._on_event(message)

    def _call(self, callback: Callable[[Any], None], argument: float | str) -> None:
        try:
            callback(argument)
        except Exception:
            log.exception("ami_callback_failed", callback=getattr(callback, "__qualname__", repr(callback)))
