"""Requests without a good token, for the audit: the first at once, those that follow it counted.

Whoever tries many tokens must not be able to fill the audit. So each address has one entry a minute at most,
and beyond `MOST` addresses at once all the others share theirs. Of a token nothing is kept.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

log = structlog.get_logger(__name__)

UNAUTHENTICATED = "unauthenticated"
"""Action and outcome in the audit."""
ELSEWHERE = "elsewhere"
"""Who, for all addresses beyond `MOST`."""
MOST = 100


@dataclass(frozen=True, slots=True)
class Stranger:
    """One request without a good token."""

    address: str | None
    """Where it came from; None: not known."""
    route: str
    token: bool
    """Whether it brought a token at all."""
    cause: str


@dataclass(slots=True)
class _Count:
    """What came from one address since its last entry."""

    last: Stranger
    since: datetime
    requests: int = 0
    without_token: int = 0

    def add(self, stranger: Stranger) -> None:
        self.last = stranger
        self.requests += 1
        self.without_token += not stranger.token


@dataclass(slots=True)
class _Window:
    """The time after an entry."""

    over: asyncio.TimerHandle
    count: _Count | None = None


class Strangers:
    """Counts by address, and writes entries. `audit` writes one: see `cti.views.ServicePort.audit`."""

    def __init__(self, audit: Callable[..., Awaitable[None]], window_s: float) -> None:
        """`window_s`: how long what follows an entry is counted before the next one."""
        self._audit = audit
        self._window_s = window_s
        self._windows: dict[str, _Window] = {}
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> int:
        """How many had an entry within the last window."""
        return len(self._windows)

    def came(self, stranger: Stranger) -> None:
        """Notes a request. It is not kept waiting for the audit: nothing was done."""
        who = network_of(stranger.address)
        if who not in self._windows and len(self._windows) >= MOST:
            who = ELSEWHERE
        window = self._windows.get(who)
        count = (window.count if window else None) or _Count(stranger, datetime.now(UTC))
        count.add(stranger)
        if window is None:
            self._write(who, count)
        else:
            window.count = count

    def close(self) -> None:
        """Ends with the service, which writes no more: what was counted for a next entry is in the log."""
        for who, window in self._windows.items():
            window.over.cancel()
            if window.count is not None:
                log.warning("not_audited", action=UNAUTHENTICATED, who=who, requests=window.count.requests)
        for task in self._writing:
            task.cancel()

    def _over(self, who: str) -> None:
        window = self._windows.pop(who)
        if window.count is not None:
            self._write(who, window.count)

    def _write(self, who: str, count: _Count) -> None:
        """Makes an entry, after which a new window begins."""
        loop = asyncio.get_running_loop()
        self._windows[who] = _Window(loop.call_later(self._window_s, self._over, who))
        detail = {
            "requests": str(count.requests),
            "without_token": str(count.without_token),
            "since": count.since.isoformat(),
            "route": count.last.route,
        }
        task = loop.create_task(self._entry(who, count.last.cause, detail))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _entry(self, who: str, cause: str, detail: Mapping[str, str]) -> None:
        try:
            await self._audit(who, UNAUTHENTICATED, cause, outcome=UNAUTHENTICATED, detail=detail)
        except Exception:
            log.exception("audit_not_written", action=UNAUTHENTICATED, who=who)


def network_of(address: str | None) -> str:
    """Whose address it is, as far as one can tell: of IPv6 the /64, the rest is the client's choice."""
    try:
        known = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(known), 64), strict=False))
