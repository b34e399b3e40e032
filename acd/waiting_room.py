"""Where a waiting contact stands: at which step of what it asks for, with which rank, and what wakes it."""

from __future__ import annotations

from acd.effects import PlaceChanged
from acd.estimate import Pace
from acd.hours import in_force, next_change
from acd.index import Stage
from acd.known import Known
from acd.model import ContactId, ContactState, Instant, Limit, QueueId, QueuePolicy, RoutingStep
from acd.ranking import contact_rank, priority_of
from acd.records import Contact
from acd.requirement import Need, need_of, step_key


def abandoned_from(contact: Contact, queue: QueuePolicy) -> Instant:
    """When a citizen who was dialled has waited for an agent as long as they may."""
    return contact.steps_from + queue.callbacks.abandoned_after_s


class WaitingRoom(Known):
    """Contacts come in, are placed again when something about them changes, and go."""

    def enter_waiting(self, contact: Contact) -> None:
        """Puts a waiting contact where its requirement and its rank belong now."""
        contact.placed_at = self.at
        queue = self.queues[contact.queue]
        urgency = self._urgency(priority_of(contact, queue))
        steps = contact.own_steps + queue.steps
        if steps != contact.steps:
            contact.steps = steps
            contact.step_ends.clear()
        if steps:
            step, skipped = self._present_step(contact, queue, urgency)
        else:
            step, skipped = None, []
        stage = self._stage(queue, step, urgency)
        rank = contact_rank(contact, queue, self.policy)
        self.waiting.add(contact.contact, rank, stage, skipped)
        if contact.tried:
            self._wake_for_retry(contact)
        self.unsettled_contacts[contact.contact] = None
        if contact.dialled:
            self.timers.set(("overflow", contact.contact), abandoned_from(contact, queue))
        elif queue.overflow and not contact.callback:
            self._watch_limits(contact, queue, stage)

    def _watch_limits(self, contact: Contact, queue: QueuePolicy, stage: Stage) -> None:
        """Arranges for the contact to be looked at when a limit is reached that its waiting brings about."""
        due: Instant | None = None
        for number, rule in enumerate(queue.overflow):
            if f"{queue.queue}/{number}" in contact.diversions:
                continue
            if rule.limit is Limit.WAITED:
                reached = contact.queued_at + rule.threshold
            elif rule.limit is Limit.NOBODY_LOGGED_IN and stage.final and not stage.staffed:
                reached = self.at
            else:
                continue
            due = reached if due is None else min(due, reached)
        if due is not None:
            self.timers.set(("overflow", contact.contact), due)

    def pace(self, queue: QueueId) -> Pace:
        """How fast the queue's contacts were answered lately."""
        pace = self.paces.get(queue)
        if pace is None:
            pace = self.paces[queue] = Pace()
        return pace

    def keep_hours(self, queue: QueueId) -> None:
        """Puts in force what holds in the queue at this hour; its contacts are matched anew on a change."""
        self.watch_hours_of(queue)
        present = in_force(self.terms[queue], self.at)
        if present == self.queues[queue]:
            return
        waiting = [
            contact
            for contact in self.contacts.values()
            if contact.queue == queue and contact.state is ContactState.WAITING
        ]
        for contact in waiting:
            self.leave_waiting(contact)
        self.queues[queue], self.needs[queue] = present, need_of(present)
        for contact in waiting:
            self.enter_waiting(contact)

    def watch_hours(self) -> None:
        """Wakes the router when any queue opens or closes."""
        self.hours_known = True
        for queue in self.terms:
            self.watch_hours_of(queue)

    def watch_hours_of(self, queue: QueueId) -> None:
        calendar = self.terms[queue].calendar
        change = None if calendar is None else next_change(calendar, self.at)
        if change is not None:
            self.timers.set(("hours", queue), change)

    def _present_step(
        self, contact: Contact, queue: QueuePolicy, urgency: int
    ) -> tuple[RoutingStep | None, list[Stage]]:
        """The first step that is in its time and that somebody logged in can serve (None: all have passed),
        and the stages of those skipped before it. A step's time begins when the one before it is over or is
        skipped.
        """
        ends = contact.step_ends
        skipped: list[Stage] = []
        present: RoutingStep | None = None
        next_end: Instant | None = None
        for number, step in enumerate(contact.steps):
            if number == len(ends):
                begins = contact.steps_from if number == 0 else min(ends[-1], self.at)
                ends.append(begins + step.ttl_s)
            if ends[number] <= self.at:
                continue
            next_end = ends[number] if next_end is None else min(next_end, ends[number])
            stage = self._stage(queue, step, urgency)
            if stage.staffed:
                present = step
                break
            skipped.append(stage)
        if next_end is not None:
            self.timers.set(("step", contact.contact), next_end)
        return present, skipped

    def _stage(self, queue: QueuePolicy, step: RoutingStep | None, urgency: int) -> Stage:
        key = step_key(queue.queue, step, urgency)
        stage = self.waiting.stages.get(key)
        if stage is None:
            if step is None:
                need = self.needs[queue.queue]
            else:
                need = need_of(queue, step.requirement, step.beyond_queue)
            stage = Stage(key, queue, need, self._anybody_for(need))
            self.waiting.open(stage, self.staff)
        return stage

    def _urgency(self, priority: int) -> int:
        """Which reserves a contact of this priority may use, one bit each."""
        return sum(
            1 << bit for bit, reserve in enumerate(self.policy.reserves) if priority >= reserve.urgent_from
        )

    def _wake_for_retry(self, contact: Contact) -> None:
        times = [until for _, until in contact.tried.values() if until is not None and until > self.at]
        if times:
            self.timers.set(("retry", contact.contact), min(times))

    def place_again(self, contact: Contact) -> None:
        """Takes a waiting contact out and in again, as its step, queue or priority may have changed."""
        self.leave_waiting(contact)
        self.enter_waiting(contact)

    def _place_again(self, contacts: list[ContactId]) -> None:
        for name in contacts:
            self.place_again(self.contacts[name])

    def keep_place(self, caller: str | None, place_from: Instant, until: Instant | None = None) -> None:
        """The caller was cut off and may come back to the same place for a while."""
        until = self.at + self.policy.keep_place_s if until is None else until
        if caller is not None and until > self.at:
            self.kept_places[caller] = place_from
            self.timers.set(("kept", caller), until)
            self.effects.append(PlaceChanged(self.at, self.cause, caller, place_from, until))

    def take_kept_place(self, caller: str | None, taken_by: ContactId | None = None) -> Instant | None:
        """Since when this caller had waited when cut off; None when nothing is kept for them."""
        if caller is None or caller not in self.kept_places:
            return None
        until = self.timers.cancel(("kept", caller))
        place_from = self.kept_places.pop(caller)
        in_time = until is not None and until > self.at
        taken_by = taken_by if in_time else None
        self.effects.append(PlaceChanged(self.at, self.cause, caller, place_from, None, taken_by))
        return place_from if in_time else None

    def leave_waiting(self, contact: Contact) -> None:
        self.waiting.remove(contact.contact)
        self.unsettled_contacts.pop(contact.contact, None)
        if contact.steps:
            self.timers.cancel(("step", contact.contact))
        if contact.tried:
            self.timers.cancel(("retry", contact.contact))
        self.timers.cancel(("overflow", contact.contact))

    def _anybody_for(self, need: Need) -> bool:
        agents, accepts = self.agents, need.accepts
        return any(accepts(agents[name].policy) for _, name in self.staff.candidates(need))
