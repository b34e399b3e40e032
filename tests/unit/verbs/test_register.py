"""Commands: accepted, begun, followed until they are so; once for each key; across a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from acd.events import TimePassed
from cti.calls import facts as f
from cti.calls.actions import ActionFailed, HangUp
from cti.calls.outputs import CallbackReason
from cti.records_json import JSON
from cti.verbs.callbacks import RequestCallback
from cti.verbs.consult import Consult
from cti.verbs.dial import DialOut
from cti.verbs.hang_up import HangUpCall
from cti.verbs.parties import Party, To
from cti.verbs.records import CommandState
from cti.verbs.register import KEPT_S
from cti.views import Refused
from tests.support.conversation import agent_hangs_up, snapshot
from tests.support.telling import CALL, Telling


@pytest.fixture
def talking() -> Telling:
    told = Telling()
    told.ready()
    told.talk()
    return told


def test_a_command_is_journaled_begun_and_done_when_it_is_so(talking: Telling) -> None:
    leg = talking.record().segments[0].legs[0]
    record = talking.order(HangUpCall(CALL), 20.0)
    assert (record.state, record.call, record.verb) == (CommandState.ACCEPTED, CALL, "hang_up")
    [step] = [s for s in talking.steps if any(d.kind == "command" for d in s.drafts)]
    assert step.actions == [HangUp(record.command, leg)]

    talking.tell(*agent_hangs_up(leg, CALL, 20.2))
    done = talking.command(record.command)
    assert (done.state, done.ended_at, done.reason) == (CommandState.DONE, 20.2, None)
    told = [d.body["state"] for s in talking.steps for d in s.drafts if d.kind == "command"]
    assert told == ["accepted", "done"]


def test_what_the_state_does_not_allow_is_refused_and_nothing_is_done(talking: Telling) -> None:
    for asked, agent, reason in (
        (HangUpCall("none"), "1001", "unknown_call"),
        (HangUpCall(CALL), "1002", "not_in_call"),
    ):
        record = talking.order(asked, 20.0, agent)
        assert (record.state, record.reason, record.ended_at) == (CommandState.REFUSED, reason, 20.0)
        assert record.sentence
    assert talking.actions(HangUp) == []


def test_a_command_that_shows_no_effect_in_time_has_failed(talking: Telling) -> None:
    record = talking.order(HangUpCall(CALL), 20.0)
    assert talking.runtime.next_deadline() == 25.0
    talking.tell(TimePassed(25.0, "timer"))
    failed = talking.command(record.command)
    assert (failed.state, failed.reason) == (CommandState.FAILED, "no_effect")


def test_a_command_whose_action_asterisk_refuses_has_failed(talking: Telling) -> None:
    record = talking.order(HangUpCall(CALL), 20.0)
    [action] = talking.actions(HangUp)
    talking.tell(ActionFailed(20.1, record.command, action, "refused: no"))
    assert talking.command(record.command).reason == "asterisk_refused"


def test_an_action_without_an_answer_may_yet_have_worked(talking: Telling) -> None:
    record = talking.order(HangUpCall(CALL), 20.0)
    [action] = talking.actions(HangUp)
    talking.tell(ActionFailed(20.1, record.command, action, "deadline"))
    assert talking.command(record.command).state is CommandState.ACCEPTED
    talking.tell(*agent_hangs_up(action.leg, CALL, 21.0))
    assert talking.command(record.command).state is CommandState.DONE


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (DialOut("13812341234"), {"number": "138****1234"}),
        (Consult(CALL, Party(To.NUMBER, "13812341234")), {"party": "number 138****1234"}),
        (Consult(CALL, Party(To.AGENT, "1002")), {"party": "agent 1002"}),
    ],
)
def test_numbers_are_hidden_in_the_audit(talking: Telling, asked: object, detail: dict[str, str]) -> None:
    talking.order(asked, 20.0, by="boss", agent="1001")
    talking.tell(TimePassed(200.0, "timer"))
    [audited] = [draft for step in talking.steps for draft in step.drafts if draft.kind == "audit"]
    told = cast(dict[str, str], audited.body["detail"])
    assert {name: told[name] for name in detail} == detail
    assert "13812341234" not in str(audited.body)


def test_nothing_is_begun_while_asterisk_is_out_of_sight(talking: Telling) -> None:
    talking.tell(f.PbxLost(19.0, "t"))
    record = talking.order(HangUpCall(CALL), 20.0)
    assert (record.state, record.reason) == (CommandState.REFUSED, "asterisk_away")


def test_the_same_key_is_the_same_command_and_acts_once(talking: Telling) -> None:
    first = talking.order(HangUpCall(CALL), 20.0, key="k", digest="d")
    again = talking.order(HangUpCall(CALL), 20.1, key="k", digest="d")
    assert again.command == first.command
    assert len(talking.actions(HangUp)) == 1
    with pytest.raises(Refused) as refused:
        talking.order(HangUpCall("other"), 20.2, key="k", digest="other")
    assert refused.value.error == "idempotency_key_reused"
    assert talking.order(HangUpCall("x"), 20.3, "1002", key="k", digest="x").command != first.command


def test_a_command_that_was_refused_did_nothing_and_its_key_is_free_again(talking: Telling) -> None:
    refused = talking.order(HangUpCall("none"), 20.0, key="k", digest="d")
    assert refused.state is CommandState.REFUSED
    taken = talking.order(HangUpCall(CALL), 20.5, key="k", digest="other")
    assert taken.state is CommandState.ACCEPTED
    later = Telling(talking.resume(), now=100.0)
    assert later.order(HangUpCall(CALL), 101.0, key="k", digest="other").command == taken.command
    # The refused one is forgotten first, and the key goes on being the other's.
    at = 20.0 + KEPT_S + 0.2
    talking.order(HangUpCall("none"), at)
    assert talking.runtime.commands.record(refused.command) is None
    assert talking.order(HangUpCall(CALL), at, key="k", digest="other").command == taken.command


def test_a_key_is_remembered_across_a_restart_and_for_a_day(talking: Telling) -> None:
    wanted = RequestCallback("13800000009", "general", CallbackReason.MANUAL)
    first = talking.order(wanted, 20.0, key="k", digest="d")
    later = Telling(talking.resume(), now=100.0)
    assert later.order(wanted, 101.0, key="k", digest="d") == first
    next_day = 20.0 + KEPT_S + 1
    assert later.order(HangUpCall("none"), next_day, digest="other").state is CommandState.REFUSED
    assert later.runtime.commands.record(first.command) is None
    assert later.state[f"command/{first.command}"] is None
    assert later.order(wanted, next_day, key="k", digest="new").command != first.command


def test_a_command_under_way_is_followed_after_a_restart(talking: Telling) -> None:
    record = talking.order(HangUpCall(CALL), 20.0)
    later = Telling(talking.resume(), now=21.0, sees=snapshot(at=21.0))
    done = later.command(record.command)
    assert (done.state, done.ended_at) == (CommandState.DONE, 21.0)


def test_a_command_of_a_verb_that_is_no_longer_there_is_kept_as_it_was(talking: Telling) -> None:
    record = talking.order(HangUpCall(CALL), 20.0)
    resume = talking.resume()
    body = resume.commands[f"command/{record.command}"]
    assert isinstance(body, dict)
    assert isinstance(body["record"], dict)
    gone: dict[str, JSON] = {"record": body["record"] | {"verb": "gone"}}
    resume.commands[f"command/{record.command}"] = gone
    later = Telling(resume, now=21.0)
    assert later.command(record.command) == replace(record, verb="gone")


def test_a_supervisor_ends_a_whole_call(talking: Telling) -> None:
    record = talking.order(HangUpCall(CALL), 20.0, None)
    legs = {action.leg for action in talking.actions(HangUp)}
    assert legs == set(talking.record().segments[0].legs)
    assert talking.command(record.command).state is CommandState.ACCEPTED
