"""The audit: who did what to whom, each entry bound to the one before by its hash.

An entry's hash is SHA-256 over the previous entry's hash and the entry itself as canonical JSON, so that one
which is changed, taken out or put in later makes the chain fail at its place. The service makes the chain
where it makes the journal, before PostgreSQL has seen anything of it; the journal keeps the newest hash, so
that entries missing at the end are noticed too. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acd.model import Instant
from cti.records_json import JSON, Draft, decode, encode

KIND = "audit"
STATE = "audit"
"""Of the journal: the kind of its entries, and the key of its state."""
FIRST = "0" * 64
"""What the first entry of a chain has in place of a previous hash."""
DONE = "done"


@dataclass(frozen=True, slots=True)
class ToAudit:
    """Something to be written down. Also an event of the inbox."""

    at: Instant
    cause: str
    who: str
    """The token's name, or an agent's number."""
    action: str
    """What was done or tried: `listen`, `end_call`, `recording_played` and so on."""
    outcome: str = DONE
    """`done`, or the stable id of why it was refused or failed."""
    whom: str | None = None
    """The agent, recording or other thing that it was done to."""
    call: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is kept; see `ToAudit` for the fields that are the same."""

    chain: str
    """The journal whose service wrote it: each journal has a chain of its own."""
    number: int
    """From 1, without gaps."""
    at: Instant
    who: str
    action: str
    outcome: str
    whom: str | None
    call: str | None
    detail: dict[str, str]
    cause: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest entry of a chain."""

    chain: str
    number: int = 0
    hash: str = FIRST


class Trail:
    """Makes the entries of one chain, after the one that `head` names."""

    def __init__(self, head: AuditHead) -> None:
        self.head = head

    def add(self, what: ToAudit) -> tuple[Draft, dict[str, JSON]]:
        """The journal's entry, and the state that goes with it in the same transaction."""
        body: dict[str, JSON] = {
            "chain": self.head.chain,
            "number": self.head.number + 1,
            **encode(what),
            "previous": self.head.hash,
        }
        body["hash"] = hash_of(body)
        self.head = AuditHead(self.head.chain, self.head.number + 1, str(body["hash"]))
        return Draft(what.at, KIND, f"{self.head.chain}/{self.head.number}", body), {STATE: encode(self.head)}


def head_of(state: JSON, journal_id: str) -> AuditHead:
    """The chain's newest entry as the journal's state has it; a chain's beginning for a journal without."""
    return decode(AuditHead, state) if isinstance(state, dict) else AuditHead(journal_id)


def hash_of(body: Mapping[str, JSON]) -> str:
    """SHA-256 in hex over an entry as `encode` gives it, without its `hash`."""
    content = {name: value for name, value in body.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What recomputing one chain came to."""

    chain: str
    entries: int
    first: int
    last: int
    """Numbers; entries older than the retention may be gone from the beginning."""
    last_hash: str
    broken_at: int | None
    """The first number at which the chain does not hold; None: it holds."""
    reason: str | None
    """`changed`, `missing` (a number is left out) or `unlinked` (it does not follow the one before)."""


class Verifier:
    """Recomputes chains from entries in the order of (chain, number)."""

    def __init__(self) -> None:
        self._reports: list[ChainReport] = []

    def take(self, entries: Iterable[AuditEntry]) -> None:
        for entry in entries:
            known = self._reports[-1] if self._reports else None
            if known is None or known.chain != entry.chain:
                # The first that is left need not be the first there was, but then it names one before it.
                reason = None if (entry.number == 1) == (entry.previous == FIRST) else "unlinked"
                known = ChainReport(entry.chain, 0, entry.number, 0, FIRST, None, None)
                self._reports.append(known)
            elif entry.number != known.last + 1:
                reason = "missing"
            else:
                reason = None if entry.previous == known.last_hash else "unlinked"
            if reason is None and hash_of(encode(entry)) != entry.hash:
                reason = "changed"
            broken = known.broken_at is None and reason is not None
            self._reports[-1] = ChainReport(
                entry.chain,
                known.entries + 1,
                known.first,
                entry.number,
                entry.hash,
                entry.number if broken else known.broken_at,
                reason if broken else known.reason,
            )

    def reports(self) -> tuple[ChainReport, ...]:
        return tuple(self._reports)
