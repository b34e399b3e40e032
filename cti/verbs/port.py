"""What the API needs to give orders and to hear what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.model import AgentId
from cti.records_json import Entry
from cti.verbs.campaigns import AddToCampaign, Mistake
from cti.verbs.records import CommandRecord


@dataclass(frozen=True, slots=True)
class Orderer:
    """Who gives an order."""

    name: str
    """An agent's number, else the token's name."""
    supervisor: bool
    """Whether they may act on other people's calls."""
    agent: AgentId | None
    """As whom: an agent as themselves, a supervisor as an agent or as nobody."""


class Feed(Protocol):
    """What the journal took in, as it goes on. Entries are numbered: one can go on from any of them."""

    @property
    def last(self) -> int:
        """The newest entry's number."""

    @property
    def first(self) -> int:
        """Entries up to this number may be gone."""

    async def after(self, seq: int) -> Sequence[Entry]:
        """The next entries after that number; waits until there is one."""


class CommandPort(Protocol):
    async def order(self, asked: object, by: Orderer, cause: str, key: str | None) -> CommandRecord:
        """Accepts a command: `asked` is the dataclass of a verb. Returns once it is in the journal, which is
        perhaps after its outcome. The same key again: the same command, as it stands now.

        Raises `Refused`: as `idempotency_key_reused` when the key came with something else before, as
        `unknown_work_order` for a work order that there is not. An archive that is away cannot say, and the
        command goes on.
        """

    async def mistakes(self, asked: AddToCampaign) -> Sequence[Mistake]:
        """Why a part of a list would not be taken now; nothing of it is."""
        ...

    def command(self, command: str) -> CommandRecord | None:
        """A command of the last day."""

    @property
    def feed(self) -> Feed: ...
