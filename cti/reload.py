"""Reads the configuration again while the service runs: on SIGHUP, or as the API asks."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from config.difference import Effect, difference
from config.load import ConfigInvalid, load_site
from config.models import Site
from cti.configuration import Applied, AtStart, ChangeView, ConfigurationRejected, Rejected
from cti.last_applied import LastApplied

log = structlog.get_logger(__name__)

PutInForce = Callable[[Site, str], Awaitable[None]]
"""Makes a site hold, with the cause. Returns once it does."""


class Reloader:
    """A `ConfigurationPort` over the configuration's directory. One apply at a time."""

    def __init__(
        self, directory: Path, site: Site, put_in_force: PutInForce, last_applied: LastApplied
    ) -> None:
        """`site` holds already: the service has just started with it. Raises `JournalError`."""
        self._directory = directory
        self._site = site
        self._put_in_force = put_in_force
        self._last_applied = last_applied
        self._applying = asyncio.Lock()
        self.rejected: Rejected | None = None
        known = last_applied.recall()
        changes = () if known is None else _changes_at_start(known[1], site)
        self.at_start = AtStart(datetime.now(UTC), changes)
        if known is None or changes:
            self.applied = Applied(self.at_start.at, "start", "start", changes)
            last_applied.keep(self.applied, site)
        else:
            self.applied = known[0]
        log.info(
            "configuration_at_start",
            applied_at=self.applied.at.isoformat(),
            by=self.applied.by,
            cause=self.applied.cause,
            changes=[_line(each) for each in changes],
        )

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
            await asyncio.to_thread(self._last_applied.keep, self.applied, site)
            log.info("configuration_applied", by=by, cause=cause, changes=[_line(each) for each in changes])
            return self.applied

    async def again(self, put: PutInForce) -> None:
        """Has some of what is in force put in force once more, and nothing applied meanwhile."""
        async with self._applying:
            await put(self._site, f"again-{uuid.uuid4().hex[:8]}")

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


def _changes_at_start(old: Site | None, new: Site) -> tuple[ChangeView, ...]:
    """What takes a restart has had it."""
    if old is None:
        unknown = "what was applied before was written by another version and cannot be compared"
        return (ChangeView(unknown, Effect.AT_ONCE.value),)
    return tuple(
        replace(each, effect=Effect.AT_ONCE.value) if each.effect == Effect.RESTART.value else each
        for each in _changes(old, new)
    )


def _line(change: ChangeView) -> str:
    return change.what if change.effect == Effect.AT_ONCE.value else f"{change.what} ({change.effect})"
