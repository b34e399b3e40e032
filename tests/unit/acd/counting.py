"""What tests of figures share."""

from __future__ import annotations

from acd.events import ContactServedElsewhere
from acd.model import AnyOf, Has, QueuePolicy
from tests.unit.acd.floorplan import Center, policy

RULES = policy([QueuePolicy("q", timely_s=15, short_abandon_s=5), QueuePolicy("p")], {"ann": {}, "bob": {}})


SKILLED = policy(
    [
        QueuePolicy("tax", {"tax": 1}, wrap_up_s=10),
        QueuePolicy("either", requirement=AnyOf((Has("tax"), Has("english"))), wrap_up_s=0),
    ],
    {"ann": {"tax": 3}, "bob": {"english": 2}},
    interval_s=100.0,
)


def served_elsewhere(
    center: Center, contact: str, waited_s: float, answered: bool, queue: str = "q", agent: str | None = None
) -> None:
    queued_at = center.now - waited_s
    answered_at = center.now if answered else None
    center.tell(
        ContactServedElsewhere(center.now, center.cause, contact, queue, queued_at, answered_at, agent)
    )
