"""The configuration in force, as the API sees it: what was applied, what would change, and applying it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One thing that is different."""

    what: str
    """Such as `queue general: wrap_up_s 10.0 -> 20.0`."""
    effect: str
    """What it takes for the change to hold: `at once`, or what has to be done first."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A configuration that was put in force. Restarts that change nothing leave it the one applied last."""

    at: datetime
    by: str
    """`start` (files that had changed since, or the first start), `SIGHUP`, or the token that applied it."""
    cause: str
    changes: tuple[ChangeView, ...]
    """Against the one that was in force before; none for the first of all."""


@dataclass(frozen=True, slots=True)
class AtStart:
    """What the service found when it started."""

    at: datetime
    changes: tuple[ChangeView, ...]
    """Of the files on disk, which hold since then, against what was applied last before."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A configuration that was not: nothing changed."""

    at: datetime
    by: str
    cause: str
    problems: Sequence[str]
    """Each with its file, line and what would be right."""


class ConfigurationRejected(Exception):
    """The files on disk are no configuration. Nothing changed."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(f"{len(rejected.problems)} problems")
        self.rejected = rejected


class ConfigurationPort(Protocol):
    """What the API needs of whoever loads the configuration."""

    @property
    def applied(self) -> Applied:
        """What was applied last."""

    @property
    def at_start(self) -> AtStart:
        """What the service found when it started."""

    @property
    def rejected(self) -> Rejected | None:
        """What was rejected since then, if anything was."""

    async def proposed(self) -> Sequence[ChangeView]:
        """What the files on disk would change. Applies nothing. Raises `ConfigurationRejected`."""
        ...

    async def apply(self, by: str, cause: str) -> Applied:
        """Puts the files on disk in force. Returns once they hold for every event that comes after.

        Raises `ConfigurationRejected`; then nothing changed.
        """
        ...
