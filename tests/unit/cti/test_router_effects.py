"""What Asterisk is asked for when the router diverts or offers a caller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd import events as acd
from acd.model import Diversion, Limit, OverflowRule
from cti.calls import facts as f
from cti.calls.actions import MoveToQueue, SendAway
from cti.records_json import decode_call
from cti.step import Reconfigured
from tests.support.conversation import caller_arrives
from tests.unit.cti.rig import CALL, Rig, plan, policy


def runtime_with(*rules: OverflowRule, **settings: object) -> Rig:
    """A rig whose general queue has these limits."""
    rig = Rig()
    terms = replace(policy().queues["general"], overflow=rules, **settings)  # type: ignore[arg-type]
    rig.tell(
        Reconfigured(0.0, "t", replace(policy(), queues=dict(policy().queues) | {"general": terms}), plan())
    )
    return rig


def test_overflow_moves_the_caller_to_the_other_queue_in_asterisk_and_in_the_record() -> None:
    rig = runtime_with(OverflowRule(Limit.WAITED, Diversion.QUEUE, 20.0, "english"))
    rig.tell(*caller_arrives(CALL, 2.0))
    steps = rig.tell(acd.TimePassed(25.0, "t"))

    assert rig.actions(steps, MoveToQueue) == [MoveToQueue("t", f"PJSIP/trunk-{CALL}", "english")]
    assert rig.runtime.calls.calls[CALL].record.queue == "english"
    contact = rig.runtime.router.contact(CALL)
    assert contact is not None
    assert (contact.queue, contact.queued_at) == ("english", 5.0)


@pytest.mark.parametrize(
    ("to", "target", "prompt"), [(Diversion.MESSAGE, "closed", "closed"), (Diversion.BUSY, "", None)]
)
def test_a_caller_who_is_sent_away_counts_as_neither_answered_nor_abandoned(
    to: Diversion, target: str, prompt: str | None
) -> None:
    rig = runtime_with(OverflowRule(Limit.SIZE, to, 0.0, target))
    steps = rig.tell(*caller_arrives(CALL, 2.0))
    assert rig.actions(steps, SendAway) == [SendAway("t", f"PJSIP/trunk-{CALL}", prompt)]

    rig.tell(f.LegEnded(12.0, "t", CALL, 16, False))
    [*_, last] = [draft for step in rig.steps for draft in step.drafts if draft.kind == "call"]
    assert decode_call(last.body).outcome == "diverted"
    assert rig.runtime.router.contact(CALL) is None
    figures = rig.runtime.router.queue_figures("general")
    assert (figures.abandoned, figures.diverted) == (0, 1)


def test_a_queue_that_answers_by_itself_asks_the_phone_to() -> None:
    rig = runtime_with(auto_answer=True)
    rig.ready_agent()
    assert rig.offer(5.0).auto_answer
