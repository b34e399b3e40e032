"""Commands of agents, and the same dialled at a phone."""

from __future__ import annotations

import pytest

from acd.model import AgentState
from cti.calls import facts as f
from cti.calls.actions import AnswerFeature
from cti.calls.facts import Fact
from cti.commands import BeNotReady, BeReady, LogIn, LogOut
from cti.step import InboxEvent
from tests.unit.cti.rig import Rig


@pytest.mark.parametrize(
    ("command", "error", "field"),
    [
        (LogIn(1.0, "t", "9999", "seat-01"), "unknown_agent", "agent"),
        (LogIn(1.0, "t", "1002", "seat-99"), "unknown_seat", "seat"),
        (LogIn(1.0, "t", "1001", "seat-02"), "agent_already_logged_in", "agent"),
        (LogIn(1.0, "t", "1002", "seat-01"), "seat_taken", "seat"),
        (BeReady(1.0, "t", "1002"), "not_logged_in", None),
        (LogOut(1.0, "t", "1002"), "not_logged_in", None),
        (BeNotReady(1.0, "t", "1001", "nonsense"), "unknown_reason", "reason"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why_and_changes_nothing(
    command: InboxEvent, error: str, field: str | None
) -> None:
    rig = Rig()
    rig.ready_agent()
    before = dict(rig.runtime.agents)
    [step] = rig.tell(command)

    assert step.refused is not None
    assert (step.refused.error, step.refused.field) == (error, field)
    assert (step.drafts, rig.runtime.agents) == ([], before)


def dialled(feature: str, argument: str = "", seat: str = "seat-02") -> Fact:
    return f.FeatureDialled(1.0, "t", "leg", "PJSIP/x", seat, feature, argument)


@pytest.mark.parametrize(
    ("facts", "results", "state"),
    [
        ([dialled("login", "1002")], ["ok"], AgentState.NOT_READY),
        ([dialled("login", "1002"), dialled("ready")], ["ok", "ok"], AgentState.READY),
        ([dialled("login", "1002"), dialled("not_ready", "1")], ["ok", "ok"], AgentState.NOT_READY),
        ([dialled("login", "1002"), dialled("not_ready", "7")], ["ok", "refused"], AgentState.NOT_READY),
        ([dialled("login", "1002"), dialled("logout")], ["ok", "ok"], AgentState.LOGGED_OUT),
    ],
)
def test_feature_codes_do_what_the_commands_do(
    facts: list[Fact], results: list[str], state: AgentState
) -> None:
    rig = Rig()
    steps = rig.tell(*facts)

    assert [a.result for a in rig.actions(steps, AnswerFeature) if isinstance(a, AnswerFeature)] == results
    assert rig.state("1002") is state


def test_a_seat_that_was_left_is_free_for_the_next_agent() -> None:
    rig = Rig()
    rig.ready_agent()
    rig.tell(LogOut(2.0, "t", "1001"))
    [step] = rig.tell(LogIn(3.0, "t", "1002", "seat-01"))

    assert step.refused is None


def test_a_feature_code_at_a_seat_where_nobody_sits_is_refused() -> None:
    rig = Rig()
    [answer] = rig.actions(rig.tell(dialled("ready")), AnswerFeature)

    assert isinstance(answer, AnswerFeature)
    assert answer.result == "refused"
