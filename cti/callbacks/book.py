"""All open callbacks: joins what the router decides about them with whom they are for."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd import effects as fx
from acd import events as acd
from acd.model import CallbackMode, CallbackState, ContactId, Instant, QueueId
from cti.callbacks.records import CallbackEntry
from cti.calls.actions import DialFromSeat
from cti.calls.facts import CallId
from cti.calls.outputs import CallbackReason, CallbackWanted
from cti.calls.records import CallRecord
from cti.calls.steps import steps_of, steps_text
from cti.records_json import JSON, Draft, decode, encode

STATE = "callback/"
_OWN_WISH = frozenset({CallbackReason.REQUESTED, CallbackReason.MISSED})


@dataclass(slots=True)
class Work:
    """What follows for the journal."""

    drafts: list[Draft] = field(default_factory=list)
    state: dict[str, JSON] = field(default_factory=dict)


def join_key(request: CallbackWanted | CallbackEntry, caller_key: Callable[[str], str | None]) -> str | None:
    """What two requests have in common of which the second joins the first; None: it stands for itself.

    A citizen who asked, or whose call was missed, is called once, and not at all once they called again and
    were answered: that key is the caller's. Whom the hotline wants to call is called once for each work order
    and each list, whatever they called for themselves.
    """
    caller = caller_key(request.number)
    if caller is None or request.reason in _OWN_WISH:
        return caller
    if request.work_order is None and request.campaign is None:
        return None
    return f"{request.reason}/{request.campaign or ''}/{request.work_order or ''}/{caller}"


class CallbackBook:
    """Open callbacks by id. Its owner routes the events that it makes and does what comes of them."""

    def __init__(self) -> None:
        self._open: dict[ContactId, CallbackEntry] = {}
        self._wanted: dict[ContactId, CallbackEntry] = {}
        """Asked for; the router has not said yet what it makes of them."""
        self._tried_by: dict[CallId, CallbackEntry] = {}
        """What each open call is an attempt of."""

    def entry(self, callback: ContactId) -> CallbackEntry | None:
        """An open callback."""
        return self._open.get(callback)

    def want(
        self, wanted: CallbackWanted, caller_key: Callable[[str], str | None], usual: CallbackMode
    ) -> acd.CallbackRequested:
        """Takes a request in; the router's answer to the event says whether it stands for itself.

        `usual` is the mode of a request that names none.
        """
        mode = wanted.mode or usual
        self._wanted[wanted.callback] = CallbackEntry(
            callback=wanted.callback,
            number=wanted.number,
            hotline=wanted.hotline,
            reason=wanted.reason,
            origin=wanted.origin,
            work_order=wanted.work_order,
            requested_by=wanted.by,
            requested_at=wanted.at,
            queue=wanted.queue,
            priority=wanted.priority,
            queued_at=wanted.queued_at,
            owner=wanted.owner,
            mode=mode,
            latest_at=wanted.at,
            due_at=wanted.at,
            campaign=wanted.campaign,
        )
        return acd.CallbackRequested(
            wanted.at,
            wanted.cause,
            wanted.callback,
            wanted.queue,
            wanted.priority,
            wanted.queued_at,
            join_key(wanted, caller_key),
            wanted.owner,
            wanted.earliest_at,
            wanted.latest_at,
            mode,
        )

    def answered(self, callback: ContactId) -> None:
        """The router has had its say about a request, which it may have refused, or had before."""
        self._wanted.pop(callback, None)

    def changed(self, change: fx.CallbackChanged) -> Work:
        """The router says how a callback stands."""
        entry = self._open.get(change.callback)
        if entry is None:
            entry = self._open[change.callback] = self._wanted.pop(change.callback)
        if change.joined is not None:
            second = self._wanted.pop(change.joined)
            if second.origin is not None and second.origin not in entry.joined:
                entry.joined.append(second.origin)
            entry.work_order = entry.work_order or second.work_order
        entry.queue, entry.priority, entry.queued_at = change.queue, change.priority, change.queued_at
        entry.owner, entry.mode, entry.attempts = change.owner, change.mode, change.attempts
        entry.due_at, entry.latest_at, entry.ends_as = change.due_at, change.latest_at, change.ends_as
        entry.state, entry.end, entry.last_outcome = change.state, change.end, change.last_outcome
        entry.steps = steps_text(change.steps) if change.steps else None
        if change.end is not None:
            entry.ended_at = change.at
            del self._open[change.callback]
        return self._written(entry, change.at)

    def tried(self, record: CallRecord) -> Work:
        """A call in which a callback is tried has begun."""
        entry = self._open.get(record.callback or "")
        if entry is None or record.call in entry.calls:
            return Work()
        entry.calls.append(record.call)
        self._tried_by[record.call] = entry
        return self._written(entry, record.started_at)

    def dialled_from(self, campaign: str) -> list[CallbackEntry]:
        """The open callbacks of a list that ring the customer first."""
        return [
            entry
            for entry in self._open.values()
            if entry.campaign == campaign and entry.mode is CallbackMode.CUSTOMER_FIRST
        ]

    def call_over(self, call: CallId) -> None:
        """An attempt's call is over."""
        self._tried_by.pop(call, None)

    def spawns_work_order(self, call: CallId) -> bool:
        """Whether a call is for a request that no work order is about yet: asked for, or missed."""
        entry = self._tried_by.get(call)
        return (
            entry is not None
            and entry.work_order is None
            and entry.reason in (CallbackReason.REQUESTED, CallbackReason.MISSED)
        )

    def dial(self, offer: fx.MakeOffer, until: Instant) -> DialFromSeat:
        """What rings the agent's phone, which dials the citizen when it is answered before `until`."""
        entry = self._open[offer.contact]
        return DialFromSeat(
            cause=offer.cause,
            leg=offer.offer,
            seat=offer.seat,
            number=entry.number,
            ring_timeout_s=offer.ring_timeout_s,
            callback=entry.callback,
            work_order=entry.work_order or "",
            auto_answer=offer.auto_answer,
            until=until,
        )

    def restore(
        self,
        saved: Mapping[str, Any],
        now: float,
        caller_key: Callable[[str], str | None],
        queues: Mapping[QueueId, Any],
        open_calls: Container[CallId],
    ) -> list[acd.CallbackRequested]:
        """Takes up what the journal knew, oldest request first.

        One whose queue is gone from the configuration waits in the first queue that there is, so that nobody
        is forgotten. A citizen who was to be dialled, and whose call was not begun, still waits.
        """
        entries = sorted(
            (decode(CallbackEntry, body) for body in saved.values()),
            key=lambda entry: (entry.requested_at, entry.callback),
        )
        self._wanted |= {entry.callback: entry for entry in entries}
        self._tried_by |= {
            entry.calls[-1]: entry
            for entry in entries
            if entry.calls and entry.state is CallbackState.DIALLING
        }
        return [
            acd.CallbackRequested(
                now,
                "resume",
                entry.callback,
                entry.queue if entry.queue in queues else next(iter(queues)),
                entry.priority,
                entry.queued_at,
                join_key(entry, caller_key),
                entry.owner,
                entry.due_at,
                entry.latest_at,
                entry.mode,
                (steps_of(entry.steps) or ()) if entry.steps is not None else (),
                attempts=entry.attempts,
                restored=True,
                dialling=_goes_on(entry, open_calls),
                ends_as=entry.ends_as,
                last_outcome=entry.last_outcome,
            )
            for entry in entries
        ]

    def _written(self, entry: CallbackEntry, at: float) -> Work:
        entry.version += 1
        body = encode(entry)
        over = entry.end is not None
        return Work(
            [Draft(at, "callback", entry.callback, body)],
            {STATE + entry.callback: None if over else body},
        )


def _goes_on(entry: CallbackEntry, open_calls: Container[CallId]) -> bool:
    """Whether the call of an attempt was under way; of a phone that rings for one Asterisk will tell."""
    if entry.state is not CallbackState.DIALLING or not entry.calls:
        return False
    return entry.mode is CallbackMode.AGENT_FIRST or entry.calls[-1] in open_calls
