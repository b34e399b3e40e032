"""What a table of states says of each pair of state and trigger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from acd.refusals import InvalidTransition, Step


@dataclass(frozen=True, slots=True)
class To:
    """One of these states follows; which one is the router's choice where there are several."""

    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing changes, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The pair cannot come about in a right order of events: `InvalidTransition`."""


Cell: TypeAlias = To | Ignored | NotAllowed


def to(*states: str) -> To:
    return To(states)


NO = NotAllowed()


@dataclass(frozen=True, slots=True)
class Table:
    """All (state, trigger) pairs of one kind of entity."""

    kind: str
    initial: str
    states: tuple[str, ...]
    triggers: tuple[str, ...]
    cells: Mapping[str, Mapping[str, Cell]]

    def allows(self, name: str, state: str, trigger: str, history: Sequence[Step] = ()) -> bool:
        """Whether the trigger acts on an entity in this state; False when it is ignored.

        Raises `InvalidTransition` when it is not allowed.
        """
        cell = self.cells[state][trigger]
        if isinstance(cell, NotAllowed):
            raise InvalidTransition(f"{self.kind} {name}", state, trigger, history)
        return isinstance(cell, To)

    def check(self, name: str, state: str, trigger: str, after: str) -> None:
        """Asserts that the state chosen to follow is one that the table has."""
        cell = self.cells[state][trigger]
        if not isinstance(cell, To) or after not in cell.states:
            raise AssertionError(f"{self.kind} {name}: {state} -{trigger}-> {after} is not in the table")
