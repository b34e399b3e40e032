"""The dialler: citizens who are dialled before an agent is. Pure.

The router chooses an agent for each of them (`acd.callbacks`); how many are dialled beyond that is the rule
of `cti.callbacks.pacing`. This part begins the calls, counts what came of them, and says why no more are
begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acd import events as acd
from acd.effects import CallbackChanged
from acd.floor import base36
from acd.hours import is_open
from acd.model import AttemptOutcome, CallbackMode, CallbackState, ContactId, ContactState, Instant, QueueId
from acd.router import Router
from cti.callbacks.book import CallbackBook
from cti.callbacks.pacing import Allowance, Attempts, Moment, may_dial
from cti.callbacks.records import CallbackEntry
from cti.calls.actions import DialCitizen
from cti.calls.facts import LegId
from cti.calls.model import CallModel
from cti.calls.outputs import Output
from cti.plan import InForce
from cti.records_json import decode, encode
from cti.step import Step
from cti.views import DialledToday, Holds

STATE = "dialler/"
_ID_LENGTH = 56
"""What is left of a callback's id in a leg's, of which Asterisk keeps 79 characters."""


@dataclass(slots=True)
class Tally:
    """What was dialled on one day, for a queue or a list."""

    day: Instant
    """Its local midnight."""
    dialled: int = 0
    ended: int = 0
    answered: int = 0
    abandoned: int = 0

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.ended, self.answered, self.abandoned)


@dataclass(slots=True)
class Dialler:
    """Attempts that ring the customer first. Its owner routes the events that it makes."""

    router: Router
    calls: CallModel
    callbacks: CallbackBook
    in_force: InForce
    _due: list[tuple[ContactId, str]] = field(default_factory=list)
    """To be dialled as soon as Asterisk is in sight, with the cause."""
    _under_way: dict[ContactId, LegId] = field(default_factory=dict)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _to_look_at: set[QueueId] = field(default_factory=set)
    """Queues in which there may be room for more."""

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Takes up what the journal knew, once the callbacks are."""
        self._tallies = {key.removeprefix(STATE): decode(Tally, body) for key, body in saved.items()}
        for record in self.router.callbacks():
            entry = self.callbacks.entry(record.callback)
            leg = entry.calls[-1] if entry is not None and entry.calls else ""
            if entry is not None and leg in self.calls.calls and _is_dialled(entry):
                self._under_way[record.callback] = leg

    def dial(self, callback: ContactId, cause: str) -> None:
        """The router found an agent for a citizen."""
        self._due.append((callback, cause))

    def ahead(self, at: Instant, cause: str) -> list[acd.CallbackTaken]:
        """Citizens who are to be dialled beyond the agents who are free."""
        if not self.calls.in_sight:
            return []
        taken: list[ContactId] = []
        for queue in sorted(self._to_look_at):
            if self.in_force.plan.dialling_in(queue).max_abandoned_rate > 0:
                taken += self.router.to_be_dialled(queue, self._allowance(queue, at).dials)
        self._to_look_at.clear()
        self._due += [(callback, cause) for callback in taken]
        return [acd.CallbackTaken(at, cause, callback) for callback in taken]

    def begin(self, at: Instant, step: Step) -> list[Output]:
        """Begins the calls that are due; gives what the call model concludes."""
        outputs: list[Output] = []
        if not self.calls.in_sight:
            return outputs
        for callback, cause in self._due:
            entry = self.callbacks.entry(callback)
            if entry is None or callback in self._under_way or not _is_dialled(entry):
                continue
            dial = self._call(entry, cause, at)
            self._under_way[callback] = dial.leg
            self._to_look_at.add(entry.queue)
            self._count(entry, at, step, dialled=1)
            step.actions.append(dial)
            outputs += self.calls.citizen_dialled(dial, at)
        self._due.clear()
        return outputs

    def attempt_ended(self, event: acd.CallbackAttemptEnded, step: Step) -> None:
        """What came of an attempt is known, and the router is about to learn it."""
        entry = self.callbacks.entry(event.callback)
        if (
            entry is None
            or event.callback not in self._under_way
            or event.outcome is AttemptOutcome.CANCELLED
        ):
            return
        abandoned = event.outcome is AttemptOutcome.ABANDONED
        answered = abandoned or event.outcome is AttemptOutcome.REACHED
        self._count(entry, event.at, step, ended=1, answered=int(answered), abandoned=int(abandoned))

    def changed(self, change: CallbackChanged) -> None:
        """The router says how a callback stands."""
        if change.state is CallbackState.DIALLING:
            return
        if self._under_way.pop(change.callback, None) or change.state is CallbackState.WAITING:
            self._to_look_at.add(change.queue)

    def today(self, campaign: str, at: Instant) -> DialledToday | None:
        """How a list stands; None for one of which nobody was dialled first today, nor is to be."""
        entries = self.callbacks.dialled_from(campaign)
        tally = self._tally(f"campaign/{campaign}", at)
        if not entries and not tally.dialled:
            return None
        return DialledToday(
            tally.dialled, tally.answered, tally.abandoned, tally.attempts.rate, self._holds(entries, at)
        )

    def _holds(self, entries: list[CallbackEntry], at: Instant) -> Holds | None:
        """Why nobody else of these is dialled."""
        if not entries:
            return None
        waiting = [entry for entry in entries if entry.state is CallbackState.WAITING]
        if waiting:
            return self._allowance(waiting[0].queue, at).holds
        scheduled = [entry for entry in entries if entry.state is CallbackState.SCHEDULED]
        hours = [self.router.dialling_hours(entry.queue) for entry in scheduled]
        if any(each is not None and not is_open(each, at) for each in hours):
            return Holds.QUIET_HOURS
        return Holds.NOBODY_DUE

    def _allowance(self, queue: QueueId, at: Instant) -> Allowance:
        ringing = waiting = 0
        for callback, leg in self._under_way.items():
            entry, call = self.callbacks.entry(callback), self.calls.calls.get(leg)
            if entry is None or entry.queue != queue:
                continue
            contact = self.router.contact(leg)
            if contact is not None:
                waiting += contact.state is ContactState.WAITING
            elif call is not None and call.record.queued_at is None:
                ringing += 1
        moment = Moment(self.router.promised(queue), ringing, waiting)
        rate = self.in_force.plan.dialling_in(queue).max_abandoned_rate
        return may_dial(moment, self._tally(f"queue/{queue}", at).attempts, rate)

    def _call(self, entry: CallbackEntry, cause: str, at: Instant) -> DialCitizen:
        plan = self.in_force.plan
        return DialCitizen(
            cause=cause,
            leg=f"{entry.callback[:_ID_LENGTH]}-d{base36(max(0, round(at * 1000)))}",
            trunk=plan.trunk,
            number=entry.number,
            shown_number=plan.caller_number,
            ring_timeout_s=plan.dialling_in(entry.queue).ring_timeout_s,
            callback=entry.callback,
            hotline=plan.line_of(entry.queue, entry.hotline),
            queue=entry.queue,
            priority=entry.priority,
            work_order=entry.work_order or "",
        )

    def _tally(self, name: str, at: Instant) -> Tally:
        """Today's; a new one on a new day."""
        day, _ = self.in_force.plan.day_of(at)
        tally = self._tallies.get(name)
        return tally if tally is not None and tally.day == day else Tally(day)

    def _count(self, entry: CallbackEntry, at: Instant, step: Step, **more: int) -> None:
        """Counts for today; the tallies of earlier days, of lists that are over too, are dropped."""
        day, _ = self.in_force.plan.day_of(at)
        for name in [each for each, tally in self._tallies.items() if tally.day < day]:
            del self._tallies[name]
            step.state[STATE + name] = None
        names = [f"queue/{entry.queue}", *([f"campaign/{entry.campaign}"] if entry.campaign else [])]
        for name in names:
            tally = self._tallies[name] = self._tally(name, at)
            for figure, count in more.items():
                setattr(tally, figure, getattr(tally, figure) + count)
            step.state[STATE + name] = encode(tally)


def _is_dialled(entry: CallbackEntry) -> bool:
    """Whether an attempt that rings the customer first is under way."""
    return entry.state is CallbackState.DIALLING and entry.mode is CallbackMode.CUSTOMER_FIRST
