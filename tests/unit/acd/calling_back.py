"""A center whose queue calls back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acd.effects import CallbackChanged, DialCallback
from acd.model import CallbackEnd, CallbackTerms, QueuePolicy
from tests.unit.acd.floorplan import Center, policy


def center(agents: tuple[str, ...] = ("ann",), **terms: Any) -> Center:
    """Agents who all serve the queue; `terms` are settings of its callbacks."""
    usual = CallbackTerms(busy_delay_s=60.0, no_answer_delay_s=120.0, failed_delay_s=30.0)
    queue = QueuePolicy("q", callbacks=replace(usual, **terms), wrap_up_s=10.0)
    return Center(policy([queue, QueuePolicy("other")], {name: {} for name in agents}))


def dialled(floor: Center, callback: str = "k1") -> DialCallback:
    """The (ready) agent is offered the callback and takes it."""
    offer = floor.offer()
    assert (offer.contact, offer.callback) == (callback, True)
    floor.answer(offer.offer)
    return floor.heard(DialCallback)[0]


def over(floor: Center) -> CallbackEnd | None:
    """How a callback was said to be over just now."""
    changes = [change for change in floor.heard(CallbackChanged) if change.state is None]
    return changes[-1].end if changes else None


def center_with_skill(**terms: float) -> Center:
    """Ann has the skill that the queue asks for, bob has none; `p` asks for none."""
    queue = QueuePolicy("q", {"tax": 1}, callbacks=CallbackTerms(busy_delay_s=0.0, **terms))  # type: ignore[arg-type]
    return Center(policy([queue, QueuePolicy("p")], {"ann": {"tax": 1}, "bob": {}}))
