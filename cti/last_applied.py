"""Which configuration was applied last, as the journal's state keeps it over a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from pydantic import ValidationError

from config.models import Site
from cti.configuration import Applied
from cti.journal import JournalError
from cti.records_json import JSON, BadRecord, Draft, decode, encode

log = structlog.get_logger(__name__)

STATE = "configuration/applied"


class StateKeeper(Protocol):
    """The journal, as far as it is needed here."""

    def state(self, prefix: str = "") -> dict[str, JSON]: ...
    def append(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int: ...


class LastApplied:
    """The configuration itself, with when, by whom and with what difference it was applied."""

    def __init__(self, journal: StateKeeper) -> None:
        self._journal = journal

    def recall(self) -> tuple[Applied, Site | None] | None:
        """What was applied last; None before the first. The site is None when another version of this
        software wrote it, and this one does not understand it. Raises `JournalError`.
        """
        body = self._journal.state(STATE).get(STATE)
        if not isinstance(body, Mapping):
            return None
        try:
            applied = decode(Applied, body)
        except BadRecord:
            return None
        try:
            return applied, Site.model_validate(body.get("site"))
        except ValidationError:
            return applied, None

    def keep(self, applied: Applied, site: Site) -> None:
        """Durable on return. A disk that refuses costs the memory of it, and no call."""
        try:
            self._journal.append([], {STATE: encode(applied) | {"site": site.model_dump(mode="json")}})
        except JournalError as error:
            log.error("configuration_not_kept", cause=applied.cause, reason=str(error))
