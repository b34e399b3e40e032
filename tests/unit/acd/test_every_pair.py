"""What each event does to an entity in each of its states, against the tables.

An illegal one changes nothing, in the whole of the router's state, and its error tells the entity's story.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from acd.effects import AgentChanged, CallbackChanged, ContactChanged
from acd.events import (
    AgentReady,
    CallbackRequested,
    ContactQueued,
    ContactServedElsewhere,
    OfferEnded,
    OfferLapsed,
    TimePassed,
    WrapUpExtended,
)
from acd.model import (
    AgentState,
    AttemptOutcome,
    CallbackMode,
    CallbackState,
    ContactState,
    OfferOutcome,
    OfferState,
)
from acd.refusals import InvalidTransition, UnknownEntity
from acd.states import AGENT, CALLBACK, CONTACT, GONE, OFFER, TABLES
from acd.transitions import Ignored, NotAllowed, Table, To
from acd.triggers import AgentTrigger, CallbackTrigger, ContactTrigger, OfferTrigger
from tests.unit.acd.floorplan import Center, policy

Act = Callable[[Center], Any]
RULES = policy(agents={"ann": {}, "bob": {}})


def center(*acts: Act) -> Center:
    found = Center(RULES)
    found.tell(TimePassed(found.now, "opens"))
    for act in acts:
        act(found)
        found.now += 1
    return found


def queue(each: Center) -> None:
    each.queue("c1")


def ready(each: Center) -> None:
    each.ready("ann")


def answer(each: Center) -> None:
    each.answer(next(iter(each.router._floor.offers)))


def release(each: Center) -> None:
    each.release("ann")


def whole(each: Center) -> str:
    return json.dumps(each.router.snapshot())


AGENT_IN: dict[str, tuple[Act, ...]] = {
    AgentState.LOGGED_OUT: (lambda each: each.log_in("ann"), lambda each: each.log_out("ann")),
    AgentState.NOT_READY: (lambda each: each.log_in("ann"),),
    AgentState.READY: (ready,),
    AgentState.RESERVED: (ready, queue),
    AgentState.BUSY: (ready, queue, answer),
    AgentState.WRAP_UP: (ready, queue, answer, release),
}
AGENT_TOLD: dict[str, Act] = {
    AgentTrigger.LOG_IN: lambda each: each.log_in("ann", "another seat"),
    AgentTrigger.LOG_OUT: lambda each: each.log_out("ann"),
    AgentTrigger.MOVED: lambda each: each.move("ann", "another seat"),
    AgentTrigger.PHONE_LOST: lambda each: each.lose_phone("ann"),
    AgentTrigger.PHONE_BACK: lambda each: each.phone_back("ann"),
    AgentTrigger.READY: lambda each: each.tell(AgentReady(each.now, each.cause, "ann")),
    AgentTrigger.NOT_READY: lambda each: each.not_ready("ann"),
    AgentTrigger.ENGAGED: lambda each: each.engage("ann"),
    AgentTrigger.RELEASED: release,
    AgentTrigger.CONNECTED: lambda each: each.restore_contact("c9", "ann"),
    AgentTrigger.OFFER_LAPSED: lambda each: each.tell(
        OfferLapsed(each.now, each.cause, "ann", OfferOutcome.NO_ANSWER)
    ),
    AgentTrigger.WRAP_UP_EXTENDED: lambda each: each.tell(WrapUpExtended(each.now, each.cause, "ann", 5)),
    AgentTrigger.RESTORED: lambda each: each.restore_agent("ann", AgentState.READY, seat="another seat"),
}
"""What is told of an agent from outside; the other triggers are the router's own."""


@pytest.mark.parametrize("state", AgentState)
@pytest.mark.parametrize("trigger", AGENT_TOLD)
def test_what_is_told_of_an_agent_does_what_the_table_says(state: AgentState, trigger: AgentTrigger) -> None:
    floor = center(*AGENT_IN[state])
    assert floor.agent("ann").state is state
    cell = AGENT.cells[state][trigger]
    before, agents = whole(floor), floor.router.snapshot()["agents"]
    if isinstance(cell, NotAllowed):
        story = tuple(floor.router._floor.agents["ann"].history)
        with pytest.raises(InvalidTransition) as refused:
            AGENT_TOLD[trigger](floor)
        assert whole(floor) == before
        told = refused.value
        assert (told.entity, told.state, told.event, told.history) == ("agent ann", state, trigger, story)
        assert all(f"{step} -> {after}" in str(told) for _, step, after in story)
        return
    AGENT_TOLD[trigger](floor)
    after = floor.agent("ann").state
    if isinstance(cell, Ignored):
        assert floor.router.snapshot()["agents"] == agents
        assert not floor.heard(AgentChanged)
    elif trigger is AgentTrigger.PHONE_BACK:
        assert after is state, "it was not the phone that took the agent out"
    else:
        assert after in cell.states
        assert after is state or floor.heard(AgentChanged)


CONTACT_IN: dict[str, tuple[Act, ...]] = {
    GONE: (),
    ContactState.WAITING: (queue,),
    ContactState.OFFERED: (ready, queue),
    ContactState.CONNECTED: (ready, queue, answer),
}
CONTACT_TOLD: dict[str, Act] = {
    ContactTrigger.QUEUED: lambda each: each.queue("c1", priority=3),
    ContactTrigger.ALTERED: lambda each: each.alter("c1", priority=3),
    ContactTrigger.LEFT: lambda each: each.leave("c1"),
    ContactTrigger.FOUND_TALKING: lambda each: each.restore_contact("c1", "bob"),
    ContactTrigger.SERVED_ELSEWHERE: lambda each: each.tell(
        ContactServedElsewhere(each.now, each.cause, "c1", "q", each.now - 5, each.now)
    ),
}


@pytest.mark.parametrize("state", CONTACT_IN)
@pytest.mark.parametrize("trigger", CONTACT_TOLD)
def test_what_is_told_of_a_contact_does_what_the_table_says(state: str, trigger: ContactTrigger) -> None:
    floor = center(*CONTACT_IN[state])
    cell = CONTACT.cells[state][trigger]
    before = whole(floor)
    CONTACT_TOLD[trigger](floor)
    record = floor.router.contact("c1")
    if isinstance(cell, Ignored):
        assert (floor.said, whole(floor)) == ((), before)
    else:
        assert isinstance(cell, To), "nothing that is told of a contact is out of order"
        assert (record.state if record else GONE) in cell.states
        assert bool(floor.heard(ContactChanged)) is (record is not None), "its end is not told back"


CALLBACK_IN: dict[str, tuple[Act, ...]] = {
    GONE: (),
    CallbackState.SCHEDULED: (
        lambda each: each.request_callback("k1", caller="them", earliest_at=each.now + 60),
    ),
    CallbackState.WAITING: (lambda each: each.request_callback("k1", caller="them"),),
    CallbackState.DIALLING: (ready, lambda each: each.request_callback("k1", caller="them"), answer),
}
CALLBACK_TOLD: dict[str, Act] = {
    CallbackTrigger.REQUESTED: lambda each: each.request_callback("k1", priority=3),
    CallbackTrigger.JOINED: lambda each: each.request_callback("k2", caller="them"),
    CallbackTrigger.ALTERED: lambda each: each.alter_callback("k1", priority=3),
    CallbackTrigger.TAKEN: lambda each: each.take_callback("k1"),
    CallbackTrigger.REACHED: lambda each: each.end_attempt("k1", AttemptOutcome.REACHED),
    CallbackTrigger.UNREACHED: lambda each: each.end_attempt("k1", AttemptOutcome.BUSY),
    CallbackTrigger.CANCELLED: lambda each: each.cancel_callback("k1"),
    CallbackTrigger.CALLED_AGAIN: lambda each: each.cancel_callback("k1", called_again=True),
}


@pytest.mark.parametrize("state", CALLBACK_IN)
@pytest.mark.parametrize("trigger", CALLBACK_TOLD)
def test_what_is_told_of_a_callback_does_what_the_table_says(state: str, trigger: CallbackTrigger) -> None:
    floor = center(*CALLBACK_IN[state])
    cell = CALLBACK.cells[state][trigger]
    before = whole(floor)
    if state == GONE and trigger is CallbackTrigger.JOINED:
        CALLBACK_TOLD[trigger](floor)
        assert floor.router.callback("k2"), "the first of its caller joins none"
    elif isinstance(cell, Ignored):
        CALLBACK_TOLD[trigger](floor)
        assert (floor.said, whole(floor)) == ((), before)
    else:
        assert isinstance(cell, To), "nothing that is told of a callback is out of order"
        CALLBACK_TOLD[trigger](floor)
        record = floor.router.callback("k1")
        assert (record.state if record else GONE) in cell.states
        assert floor.heard(CallbackChanged)


OFFER_IN: dict[str, tuple[Act, ...]] = {
    OfferState.GONE: (ready, queue, answer),
    OfferState.RINGING: (ready, queue),
    OfferState.ENDING: (ready, queue, lambda each: each.wait(18)),
    OfferState.GIVEN_UP: (ready, queue, lambda each: each.wait(23)),
}


@pytest.mark.parametrize("state", OFFER_IN)
@pytest.mark.parametrize("trigger", [OfferTrigger.ANSWERED, OfferTrigger.ENDED])
def test_what_is_told_of_an_offer_does_what_the_table_says(state: str, trigger: OfferTrigger) -> None:
    floor = center(ready, queue)
    offer = floor.offer().offer
    for act in OFFER_IN[state][2:]:
        act(floor)
    before = whole(floor)
    known = floor.router._floor.offers.get(offer)
    assert (known.state if known else OfferState.GONE) == state
    (floor.answer if trigger is OfferTrigger.ANSWERED else floor.end)(offer)
    assert offer not in floor.router._floor.offers
    if isinstance(OFFER.cells[state][trigger], Ignored):
        assert (floor.said, whole(floor)) == ((), before)


def named_like_a_callback(each: Center) -> None:
    each.request_callback("k1")


@pytest.mark.parametrize(
    ("acts", "event", "error", "says"),
    [
        (
            (lambda each: each.log_in("bob", "seat-1"),),
            lambda each: each.log_in("ann", "seat-1"),
            InvalidTransition,
            "seat seat-1 is taken by agent bob: log-in of ann is not allowed (before: ",
        ),
        (
            (lambda each: each.log_in("bob", "seat-1"), ready),
            lambda each: each.move("ann", "seat-1"),
            InvalidTransition,
            "seat seat-1 is taken by agent bob: log-in of ann is not allowed (before: ",
        ),
        (
            (lambda each: each.log_in("bob", "seat-1"),),
            lambda each: each.restore_agent("ann", AgentState.READY, seat="seat-1"),
            InvalidTransition,
            "seat seat-1 is taken by agent bob: log-in of ann is not allowed (before: ",
        ),
        (
            (ready, queue),
            lambda each: each.tell(
                OfferEnded(each.now, "x", next(iter(each.router._floor.offers)), OfferOutcome.ACCEPTED)
            ),
            InvalidTransition,
            " is ringing: ended as accepted is not allowed (before: 1763942401.000 made -> ringing)",
        ),
        ((), lambda each: each.log_in("zoe"), UnknownEntity, "agent 'zoe' is not in the routing policy"),
        ((), lambda each: each.queue("c1", "x"), UnknownEntity, "queue 'x' is not in the routing policy"),
        (
            (queue,),
            lambda each: each.alter("c1", queue="x", priority=1),
            UnknownEntity,
            "queue 'x' is not in the routing policy",
        ),
        ((), lambda each: each.restore_contact("c1", "ann", "x"), UnknownEntity, "queue 'x' is not in"),
        (
            (),
            lambda each: each.tell(ContactServedElsewhere(each.now, "x", "c9", "x", each.now, None)),
            UnknownEntity,
            "queue 'x' is not in the routing policy",
        ),
        ((), lambda each: each.request_callback("k1", "x"), UnknownEntity, "queue 'x' is not in"),
        (
            (named_like_a_callback,),
            lambda each: each.alter_callback("k1", queue="x", priority=2),
            UnknownEntity,
            "queue 'x' is not in",
        ),
        (
            (queue,),
            lambda each: each.tell(CallbackRequested(each.now, "x", "c1", "q", 0, each.now)),
            InvalidTransition,
            "contact c1 is waiting: callback requested under its id is not allowed (before: ",
        ),
        (
            (
                lambda each: each.request_callback(
                    "k1", mode=CallbackMode.CUSTOMER_FIRST, earliest_at=each.now + 9
                ),
            ),
            lambda each: each.tell(ContactQueued(each.now, "x", "k1", "q", 0, each.now)),
            InvalidTransition,
            "callback k1 is scheduled: queued is not allowed (before: ",
        ),
        (
            (named_like_a_callback,),
            lambda each: each.leave("k1"),
            InvalidTransition,
            "callback k1 is waiting: left is not allowed (before: ",
        ),
        (
            (named_like_a_callback,),
            lambda each: each.tell(ContactServedElsewhere(each.now, "x", "k1", "q", each.now, None)),
            InvalidTransition,
            "callback k1 is waiting: served_elsewhere is not allowed (before: ",
        ),
    ],
)
def test_what_contradicts_something_else_changes_nothing_either(
    acts: tuple[Act, ...], event: Act, error: type[Exception], says: str
) -> None:
    floor = center(*acts)
    before = whole(floor)
    with pytest.raises(error) as refused:
        event(floor)
    assert says in str(refused.value)
    if isinstance(refused.value, InvalidTransition):
        assert refused.value.history, "a story"
    assert whole(floor) == before


ILLEGAL = [
    (table, state, trigger)
    for table in TABLES
    for state in table.states
    for trigger in table.triggers
    if isinstance(table.cells[state][trigger], NotAllowed)
]


@pytest.mark.parametrize(("table", "state", "trigger"), ILLEGAL)
def test_each_illegal_pair_is_refused_by_name(table: Table, state: str, trigger: str) -> None:
    story = [(12.5, "so far", "here")]
    with pytest.raises(InvalidTransition) as refused:
        table.allows("x", state, trigger, story)
    assert str(refused.value) == (
        f"{table.kind} x is {state}: {trigger} is not allowed (before: 12.500 so far -> here)"
    )
    with pytest.raises(
        AssertionError, match=f"{table.kind} x: {state} -{trigger}-> {state} is not in the table"
    ):
        table.check("x", state, trigger, state)
