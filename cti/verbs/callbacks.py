"""Callbacks by command: ask for one, change it, cancel it."""

from __future__ import annotations

from dataclasses import dataclass

from acd import events as acd
from acd.model import AgentId, CallbackMode, ContactId, Instant, QueueId
from acd.records import CallbackRecord
from acd.router import Router
from cti.calls.facts import CallId
from cti.calls.outputs import CallbackReason, CallbackWanted
from cti.verbs.model import Command, Done, Progress, Situation, Verb
from cti.views import Refused


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Somebody is to be called back."""

    number: str
    queue: QueueId
    reason: CallbackReason
    work_order: str | None = None
    origin: CallId | None = None
    priority: int = 0
    owner: AgentId | None = None
    earliest_at: Instant | None = None
    latest_at: Instant | None = None
    mode: CallbackMode | None = None
    """Whose phone rings first; None: as the queue has it."""


@dataclass(frozen=True, slots=True)
class AlterCallback:
    """None leaves as it is."""

    callback: ContactId
    queue: QueueId | None = None
    priority: int | None = None
    owner: AgentId | None = None
    earliest_at: Instant | None = None
    latest_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class CancelCallback:
    callback: ContactId


def begin_request(situation: Situation, command: Command[RequestCallback], at: Instant) -> Progress:
    asked = command.asked
    require_queue(situation.router, asked.queue)
    require_agent(situation.router, asked.owner)
    require_time(at, asked.earliest_at, asked.latest_at)
    callback = f"cb-{command.command}"
    wanted = CallbackWanted(
        at=at,
        cause=command.command,
        callback=callback,
        number=asked.number,
        queue=asked.queue,
        reason=asked.reason,
        queued_at=at,
        by=command.by,
        origin=asked.origin,
        work_order=asked.work_order,
        priority=asked.priority,
        owner=asked.owner,
        earliest_at=asked.earliest_at,
        latest_at=asked.latest_at,
        mode=asked.mode,
    )
    result = {"callback": situation.joins(wanted) or callback}
    return Progress(events=(wanted,), result=result, outcome=Done())


def begin_alter(situation: Situation, command: Command[AlterCallback], at: Instant) -> Progress:
    asked = command.asked
    stands = _require_open(situation, asked.callback)
    require_queue(situation.router, asked.queue)
    require_agent(situation.router, asked.owner)
    if asked.earliest_at is not None or asked.latest_at is not None:
        earliest_at = stands.due_at if asked.earliest_at is None else asked.earliest_at
        require_time(at, earliest_at, stands.latest_at if asked.latest_at is None else asked.latest_at)
    event = acd.CallbackAltered(
        at,
        command.command,
        asked.callback,
        asked.queue,
        asked.priority,
        asked.owner,
        None,
        asked.earliest_at,
        asked.latest_at,
    )
    return Progress(events=(event,), result={"callback": asked.callback}, outcome=Done())


def begin_cancel(situation: Situation, command: Command[CancelCallback], at: Instant) -> Progress:
    callback = command.asked.callback
    _require_open(situation, callback)
    event = acd.CallbackCancelled(at, command.command, callback)
    return Progress(events=(event,), result={"callback": callback}, outcome=Done())


def _require_open(situation: Situation, callback: ContactId) -> CallbackRecord:
    stands = situation.router.callback(callback)
    if stands is None:
        raise Refused("unknown_callback", f"There is no open callback {callback}.", "callback")
    return stands


def require_time(at: Instant, earliest_at: Instant | None, latest_at: Instant | None) -> None:
    if latest_at is not None and latest_at <= max(at, earliest_at or at):
        raise Refused("too_late", "The latest time comes before anybody could be dialled.", "latest_at")


def require_queue(router: Router, queue: QueueId | None) -> None:
    if queue is not None and queue not in router.queue_names():
        there_are = ", ".join(router.queue_names())
        raise Refused("unknown_queue", f"There is no queue {queue}; there are {there_are}.", "queue")


def require_agent(router: Router, agent: AgentId | None) -> None:
    if agent is not None and router.agent(agent) is None:
        raise Refused(
            "unknown_agent", f"There is no agent {agent}; name one that there is, or none.", "owner"
        )


def unknown_work_order(name: str) -> Refused:
    sentence = f"There is no work order {name}; name one that there is, or none."
    return Refused("unknown_work_order", sentence, "work_order")


REQUEST_CALLBACK = Verb("request_callback", RequestCallback, begin_request, secret=True)
ALTER_CALLBACK = Verb("alter_callback", AlterCallback, begin_alter)
CANCEL_CALLBACK = Verb("cancel_callback", CancelCallback, begin_cancel)
