"""The way to the router: what it is told of calls and callbacks, in which order, and as whom. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from acd import events as acd
from acd.model import Instant
from acd.refusals import InvalidEvent
from acd.router import Router
from cti import due_recordings
from cti.call_entries import CallEntries
from cti.callbacks.book import CallbackBook
from cti.calls.actions import MoveToQueue
from cti.calls.model import CallModel
from cti.calls.outcome import tried_in_vain
from cti.calls.outputs import (
    CallbackWanted,
    CallerAnswered,
    CallUpdated,
    CutOffUnseen,
    Output,
    RecordingDue,
    RecordingVoid,
)
from cti.calls.steps import steps_of, steps_text
from cti.dialler import Dialler
from cti.kept_places import KeptPlaces
from cti.plan import InForce
from cti.preferred import PreferredAgents
from cti.returning import Returning, served_unseen
from cti.router_effects import RouterEffects
from cti.step import Step


class RouterLink:
    """Conclusions of the call model that are still to be followed, and the way to the router."""

    def __init__(
        self,
        router: Router,
        calls: CallModel,
        *,
        in_force: InForce,
        callbacks: CallbackBook,
        preferred: PreferredAgents,
        places: KeptPlaces,
        returning: Returning,
        entries: CallEntries,
        effects: RouterEffects,
        dialler: Dialler,
    ) -> None:
        self._router = router
        self._calls = calls
        self._in_force = in_force
        self._callbacks = callbacks
        self._preferred = preferred
        self._places = places
        self._returning = returning
        self._entries = entries
        self._effects = effects
        self._dialler = dialler
        self._pending: deque[Output] = deque()

    def put(self, outputs: Iterable[Output]) -> None:
        """Takes in what is to be followed with the next `drain`."""
        self._pending += outputs

    def drain(self, step: Step) -> None:
        """Follows everything that was put in, and what comes of that."""
        while self._pending:
            output = self._pending.popleft()
            match output:
                case CallUpdated():
                    self._entries.updated(output.record)
                case RecordingDue() | RecordingVoid():
                    step.recordings.append(output)
                    step.state |= due_recordings.concluded(output)
                case CutOffUnseen():
                    self._cut_off_unseen(output, step)
                case CallerAnswered():
                    self._caller_answered(output, step)
                case CallbackWanted():
                    if not self._router.knows_queue(output.queue):
                        output = replace(output, queue=self._in_force.queue_instead(output.hotline))
                    plan = self._in_force.plan
                    usual = plan.dialling_in(output.queue).mode
                    self.route(self._callbacks.want(output, plan.caller_key, usual), step)
                case _:
                    self.route(output, step)

    def route(self, event: acd.Event, step: Step) -> None:
        """Tells the router, of callers who come back in the order of their places."""
        if isinstance(event, acd.ContactQueued):
            for returned in self._returning.came(event):
                self._tell(returned, step)
            return
        if isinstance(event, acd.ContactLeft | acd.ContactRestored | acd.ContactServedElsewhere):
            held = self._returning.take(event.contact)
            served = served_unseen(held, event) if held is not None else None
            if served is not None:
                self._tell(served, step)
            if held is not None and isinstance(event, acd.ContactLeft):
                return
        self._tell(event, step)

    def tell_returned(self, at: Instant, step: Step) -> None:
        """Tells the router of those who came back and have waited long enough for earlier ones."""
        for returned in self._returning.due(at):
            self._tell(returned, step)
            self.drain(step)

    def handle(self, event: acd.Event, step: Step) -> None:
        """Gives the router an event as it is. Raises `InvalidEvent`; then nothing has changed."""
        self.put(self._effects.take(self._router.handle(event), event.at, step))

    def _cut_off_unseen(self, cut: CutOffUnseen, step: Step) -> None:
        caller = self._in_force.plan.caller_key(cut.number)
        if caller is not None:
            place_from = self._places.taken_by(cut.call) or cut.queued_at
            self.route(acd.PlaceKept(cut.at, cut.cause, caller, place_from), step)

    def _caller_answered(self, answered: CallerAnswered, step: Step) -> None:
        """Nobody is called back for what they asked, or called, for before they were answered."""
        caller = self._in_force.plan.caller_key(answered.number)
        callback = self._router.callback_of(caller) if caller is not None else None
        entry = self._callbacks.entry(callback) if callback is not None else None
        if entry is not None and entry.requested_at < answered.at:
            cancelled = acd.CallbackCancelled(answered.at, answered.cause, entry.callback, called_again=True)
            self.route(cancelled, step)

    def _tell(self, event: acd.Event, step: Step) -> None:
        if isinstance(event, acd.ContactQueued):
            event = self._introduced(event, step)
        elif isinstance(
            event, acd.ContactRestored | acd.ContactServedElsewhere
        ) and not self._router.has_queue(event.queue):
            call = self._calls.calls.get(event.contact)
            hotline = call.record.hotline if call is not None else ""
            event = replace(event, queue=self._in_force.queue_instead(hotline))
        if isinstance(event, acd.CallbackAttemptEnded):
            self._dialler.attempt_ended(event, step)
        try:
            self.handle(event, step)
        except InvalidEvent as error:
            step.illegal.append(error)
        if isinstance(event, acd.CallbackRequested):
            self._callbacks.answered(event.callback)
        if isinstance(event, acd.ContactAltered):
            altered = self._calls.altered(
                event.contact,
                event.at,
                event.cause,
                queue=event.queue,
                priority=event.priority,
                steps=None if event.steps is None else steps_text(event.steps),
            )
            self.put(altered)

    def _introduced(self, event: acd.ContactQueued, step: Step) -> acd.ContactQueued:
        """The contact with what its hotline asks for, and who it is."""
        plan = self._in_force.plan
        call = self._calls.calls[event.contact]
        record = call.record
        caller = plan.caller_key(record.number)
        steps = self._preferred.steps(caller, plan.owner_ttl_s, plan.last_agent_ttl_s)
        if record.choice is not None:
            steps += plan.choice_steps.get(record.choice, ())
        steps += plan.steps_of.get(record.hotline, ())
        if record.steps is not None:
            steps = steps_of(record.steps) or ()
        if not self._router.knows_queue(event.queue):
            event = replace(event, queue=self._in_force.queue_instead(record.hotline))
            step.actions.append(MoveToQueue(event.cause, call.caller_channel, event.queue))
            self.put(self._calls.altered(event.contact, event.at, event.cause, queue=event.queue))
        return replace(
            event,
            steps=steps,
            # A dialled citizen's own callback says who they are.
            caller=caller if event.callback is None else None,
            # One who comes back from an agent may be offered to everybody anew.
            tried=() if event.returned else tried_in_vain(record),
            place_from=self._places.taken_by(record.call),
        )
