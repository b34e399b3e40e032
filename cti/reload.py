"""Reads the configuration again while the service runs: on SIGHUP, or as the API asks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from config.difference import difference
from config.load import ConfigInvalid, load_site
from config.models import Site
from cti.configuration import Applied, ChangeView, ConfigurationRejected, Rejected

log = structlog.get_logger(__name__)

PutInForce = Callable[[Site, str], Awaitable[None]]
"""Makes a site hold, with the cause. Returns once it does."""


class Reloader:
    """A `ConfigurationPort` over the configuration's directory. One apply at a time."""

    def __init__(self, directory: Path, site: Site, put_in_force: PutInForce) -> None:
        self._directory = directory
        self._site = site
        self._put_in_force = put_in_force
        self._applying = asyncio.Lock()
        self.applied = Applied(datetime.now(UTC), "start", "start", ())
        self.rejected: Rejected | None = None

    async def proposed(self) -> Sequence[ChangeView]:
        return _changes(self._site, await self._read("dry run", "dry-run"))

    async def apply(self, by: str, cause: str) -> Applied:
        async with self._applying:
            try:
                site = await self._read(by, cause)
            except ConfigurationRejected as error:
                self.rejected = error.rejected
                log.error("configuration_refused", by=by, cause=cause, problems=list(error.rejected.problems))
                raise
            changes = _changes(self._site, site)
            await self._put_in_force(site, cause)
            self._site = site
            self.applied, self.rejected = Applied(datetime.now(UTC), by, cause, changes), None
            log.info("configuration_applied", by=by, cause=cause, changes=[_line(each) for each in changes])
            return self.applied

    async def apply_when_told(self, told: asyncio.Event) -> None:
        """Applies each time that the event is set. A wrong configuration changes nothing."""
        while True:
            await told.wait()
            told.clear()
            try:
                await self.apply("SIGHUP", f"reload-{uuid.uuid4().hex[:8]}")
            except ConfigurationRejected:
                continue

    async def _read(self, by: str, cause: str) -> Site:
        try:
            return await asyncio.to_thread(load_site, self._directory)
        except ConfigInvalid as error:
            problems = tuple(str(problem) for problem in error.problems)
            raise ConfigurationRejected(Rejected(datetime.now(UTC), by, cause, problems)) from error


def _changes(old: Site, new: Site) -> tuple[ChangeView, ...]:
    return tuple(ChangeView(each.what, each.effect.value) for each in difference(old, new))


def _line(change: ChangeView) -> str:
    return change.what if change.effect == "at once" else f"{change.what} ({change.effect})"
