"""A `ConfigurationPort` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cti.configuration import Applied, AtStart, ChangeView, ConfigurationRejected, Rejected


class FakeConfiguration:
    """What a test puts on disk is what `changes` and `problems` say."""

    def __init__(self) -> None:
        self.applied = Applied(datetime.now(UTC), "start", "start", ())
        self.at_start = AtStart(self.applied.at, ())
        self.rejected: Rejected | None = None
        self.changes: tuple[ChangeView, ...] = ()
        self.problems: tuple[str, ...] = ()

    async def proposed(self) -> Sequence[ChangeView]:
        if self.problems:
            raise ConfigurationRejected(Rejected(datetime.now(UTC), "dry run", "dry-run", self.problems))
        return self.changes

    async def apply(self, by: str, cause: str) -> Applied:
        if self.problems:
            self.rejected = Rejected(datetime.now(UTC), by, cause, self.problems)
            raise ConfigurationRejected(self.rejected)
        self.applied, self.rejected = Applied(datetime.now(UTC), by, cause, self.changes), None
        return self.applied
