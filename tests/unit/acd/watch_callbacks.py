"""What must hold of a router's callbacks whenever it is at rest."""

from __future__ import annotations

from acd.hours import is_open
from acd.model import CallbackMode, CallbackState, ContactState
from acd.router import Router
from tests.unit.acd import oracle


def check_callbacks(router: Router) -> None:
    floor = router._floor
    callers = [callback.caller for callback in floor.callbacks.values() if callback.caller is not None]
    assert len(callers) == len(set(callers)), "two open callbacks of one caller"
    assert floor.callback_of == {
        callback.caller: name for name, callback in floor.callbacks.items() if callback.caller is not None
    }
    due = {name: at for (kind, name), at in floor.timers.items() if kind == "callback"}
    assert due.keys() == floor.callbacks.keys(), "a callback that nothing would ever wake"
    queued: list[tuple[str, float, str]] = []
    for name, callback in floor.callbacks.items():
        contact = floor.contacts.get(name)
        is_contact = contact is not None and contact.state is not ContactState.CONNECTED
        assert is_contact == (callback.state is CallbackState.WAITING)
        assert callback.ends_as is None or callback.state is CallbackState.DIALLING
        if callback.agent is not None:
            assert callback.state is CallbackState.DIALLING
            assert floor.agents[callback.agent].promised == name
        if contact is not None:
            assert contact.callback
            assert contact.caller == callback.caller
        if callback.state is CallbackState.SCHEDULED:
            assert contact is None
            assert due[name] == callback.due_at
            assert floor.at < callback.due_at < callback.latest_at
        elif callback.state is CallbackState.WAITING:
            assert floor.at < due[name] <= callback.latest_at
            hours = floor.terms[callback.queue].callbacks.hours
            assert hours is None or is_open(hours, floor.at), "a phone may ring out of hours"
            assert callback.due_at <= floor.at or is_offered(router, name)
        if contact is not None and is_contact:
            assert contact.queue == callback.queue
            assert contact.priority == callback.priority
            queued.append((contact.queue, contact.queued_at, name))
    free = [each for each in floor.agents.values() if each.agent in floor.ready]
    for name in floor.broken_promises:
        callback = floor.callbacks[name]
        assert (callback.state, callback.agent) == (CallbackState.DIALLING, None)
        queue = floor.queues[callback.queue]
        assert not any(oracle.belongs(each.policy, queue) for each in free), "nobody else is promised"
    figures = floor.figures
    listed = [
        (queue, at, name)
        for queue, board in figures._boards.items()
        if queue is not None
        for at, name in board.callbacks
    ]
    assert sorted(listed) == sorted(queued)
    assert figures._boards[None].callbacks == sorted((at, name) for _, at, name in queued)
    for contact in floor.contacts.values():
        if contact.callback and contact.state is ContactState.OFFERED:
            assert floor.callbacks[contact.contact].mode is CallbackMode.AGENT_FIRST
        assert (
            not contact.callback
            or contact.state is ContactState.CONNECTED
            or contact.contact in floor.callbacks
        )


def is_offered(router: Router, name: str) -> bool:
    contact = router.contact(name)
    return contact is not None and contact.state is ContactState.OFFERED
