"""A waiting call gets another priority, queue or requirement: at once, and over a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.model import AgentPolicy, Has, OneOf, Policy, QueuePolicy, RoutingStep
from cti.calls.actions import MoveToQueue, NotePriority, NoteSteps, RingSeat
from cti.calls.steps import LONGEST, steps_of, steps_text
from cti.resuming import Resume
from cti.verbs.alter_contact import AlterContact
from cti.verbs.records import CommandState
from tests.support import telling
from tests.support.conversation import caller_arrives, shown, snapshot
from tests.support.telling import CALL, SEATS, Telling

ENGLISH = (RoutingStep(Has("english"), 86_400.0),)
FIRST, SECOND = "hotline-1", "hotline-2"


def policy() -> Policy:
    queues = {"general": QueuePolicy("general"), "expert": QueuePolicy("expert", {"law": 1})}
    agents = {
        "1001": AgentPolicy("1001"),
        "1002": AgentPolicy("1002", {"law": 2}),
        "1003": AgentPolicy("1003", {"english": 3}),
    }
    return Policy(queues, agents, skills=("law", "english"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Telling:
    monkeypatch.setattr(telling, "policy", policy)
    return Telling()


def rung(told: Telling) -> list[tuple[str, str]]:
    return [(ring.call, ring.seat) for ring in told.actions(RingSeat)]


def test_a_higher_priority_is_served_first_and_noted_on_the_channel(told: Telling) -> None:
    told.tell(*caller_arrives(FIRST, 0.0), *caller_arrives(SECOND, 5.0))
    done = told.order(AlterContact(SECOND, priority=9), 10.0, None)
    assert done.state is CommandState.DONE
    assert told.actions(NotePriority) == [NotePriority(done.command, f"PJSIP/trunk-{SECOND}", 9)]
    assert told.record(SECOND).priority == 9
    told.ready("1001", "seat-01", 11.0)
    assert rung(told) == [(SECOND, "seat-01")]


def test_another_queue_holds_at_once(told: Telling) -> None:
    told.ready("1002", "seat-02")
    told.tell(*caller_arrives(FIRST, 0.0))
    told.tell(*caller_arrives(SECOND, 1.0))
    told.ready("1003", "seat-03", 2.0)
    assert rung(told) == [(FIRST, "seat-02"), (SECOND, "seat-03")]

    told.tell(*caller_arrives(CALL, 5.0))
    done = told.order(AlterContact(CALL, queue="expert"), 10.0, None)
    assert told.actions(MoveToQueue) == [MoveToQueue(done.command, f"PJSIP/trunk-{CALL}", "expert")]
    assert told.record().queue == "expert"
    told.ready("1001", "seat-01", 11.0)
    assert (CALL, "seat-01") not in rung(told)
    figures = told.runtime.router.queue_figures
    assert (figures("general").moved_away, figures("expert").offered, figures(None).offered) == (1, 1, 3)


def test_other_agents_are_asked_for_at_once_and_after_a_restart(
    told: Telling,
) -> None:
    told.tell(*caller_arrives(CALL, 0.0))
    told.order(AlterContact(CALL, steps=steps_text(ENGLISH), priority=4), 5.0, None)
    [noted] = told.actions(NoteSteps)
    assert steps_of(noted.steps) == ENGLISH
    told.ready("1003", "seat-03", 6.0)
    told.ready("1001", "seat-01", 6.0)
    assert rung(told) == [(CALL, "seat-03")]

    # A service that has lost its journal finds it all on the channel.
    leg = shown(CALL, "trunk", CALL, place="waiting", queued_at=3.0)
    altered = replace(leg, steps=noted.steps, priority=4)
    sees = snapshot(altered, at=60.0, reachable=frozenset(SEATS))
    again = Telling(Resume(), now=60.0, sees=sees)
    assert again.record().priority == 4
    again.ready("1003", "seat-03", 61.0)
    again.ready("1001", "seat-01", 61.0)
    assert rung(again) == [(CALL, "seat-03")]


@pytest.mark.parametrize(
    ("asked", "reason", "named"),
    [
        (AlterContact("none", priority=1), "unknown_call", "none"),
        (AlterContact(CALL, queue="nowhere"), "unknown_queue", "nowhere"),
        (AlterContact(CALL, steps=steps_text((RoutingStep(Has("latin"), 9.0),))), "bad_steps", "latin"),
        (AlterContact(CALL, steps=steps_text((RoutingStep(OneOf(("9",)), 9.0),))), "bad_steps", "9"),
        (AlterContact(CALL, steps="x"), "bad_steps", ""),
        (
            AlterContact(
                CALL,
                steps=steps_text(
                    tuple(RoutingStep(OneOf((f"{n * 7919 % 10_007:05}",)), n * 1.37) for n in range(200))
                ),
            ),
            "steps_too_long",
            "",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(
    told: Telling, asked: AlterContact, reason: str, named: str
) -> None:
    told.tell(*caller_arrives(CALL, 0.0))
    before = told.record()
    refused = told.order(asked, 5.0, None)
    assert (refused.state, refused.reason) == (CommandState.REFUSED, reason)
    assert refused.sentence is not None
    assert named in refused.sentence
    assert told.record() == before


def test_a_call_that_does_not_wait_is_refused(told: Telling) -> None:
    told.ready()
    told.talk()
    refused = told.order(AlterContact(CALL, priority=1), 20.0, None)
    assert (refused.state, refused.reason) == (CommandState.REFUSED, "not_waiting")


def test_steps_that_fit_on_a_channel_come_back_as_they_were() -> None:
    text = steps_text(ENGLISH)
    assert len(text) < LONGEST
    assert steps_of(text) == ENGLISH
    assert steps_of("AAAA") is steps_of("!") is steps_of(steps_text(ENGLISH)[:-9]) is None


def test_a_caller_for_a_queue_that_was_removed_waits_in_the_hotlines_new_one(told: Telling) -> None:
    told.tell(*caller_arrives(CALL, 0.0, queue="gone"))
    assert told.actions(MoveToQueue) == [MoveToQueue("t", f"PJSIP/trunk-{CALL}", "general")]
    told.ready()
    assert rung(told) == [(CALL, "seat-01")]
