"""Why the router does not take an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from acd.model import Instant

Step: TypeAlias = tuple[Instant, str, str]
"""When, which trigger, and the state it led to."""


class InvalidEvent(Exception):
    """The router cannot take the event. Nothing has changed."""


class UnknownEntity(InvalidEvent):
    """The event names an agent or a queue that the policy does not have."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name!r} is not in the routing policy")
        self.kind = kind
        self.name = name


class InvalidTransition(InvalidEvent):
    """The event does not fit the state of what it is about; the message tells that entity's recent story."""

    def __init__(self, entity: str, state: str, event: str, history: Sequence[Step] = ()) -> None:
        story = "; ".join(f"{at:.3f} {trigger} -> {after}" for at, trigger, after in history)
        super().__init__(f"{entity} is {state}: {event} is not allowed (before: {story or 'nothing'})")
        self.entity = entity
        self.state = state
        self.event = event
        self.history = tuple(history)
