"""The two pure cores as one machine: an event goes in, and everything that follows from it comes out.

`Runtime.step` does no I/O and reads no clock, so a log of its events replays to the same outcome.
`cti.service` feeds it from the inbox, journals what it returns and runs the effects.

This module says in which order things happen within a step, and hands each to the part that knows it.
"""

from __future__ import annotations

from acd import events as acd
from acd.model import AgentId, ContactId, Instant, OfferOutcome, Policy, SeatId
from acd.refusals import InvalidEvent
from acd.router import Router
from cti import due_recordings
from cti.agent_requests import AgentRequests
from cti.audit import ToAudit, Trail
from cti.call_entries import CallEntries
from cti.callbacks.book import CallbackBook, join_key
from cti.calls import facts as f
from cti.calls.actions import (
    ActionDone,
    ActionFailed,
    AnswerFeature,
    DialCitizen,
    DialFromSeat,
    HangUp,
    RingParty,
    RingSeat,
    RingSupervisor,
    SendSupervisor,
)
from cti.calls.facts import CallId, Fact
from cti.calls.model import CallModel
from cti.calls.outputs import CallbackWanted
from cti.calls.quality import Sound
from cti.calls.state import OpenCall
from cti.calls.supervisions import Supervisions
from cti.commands import (
    BeNotReady,
    BeReady,
    ExtendWrapUp,
    FillWorkOrder,
    LogIn,
    LogOut,
    MoveSeat,
    PinTried,
    UnlockPin,
)
from cti.desk import Desk
from cti.dialler import Dialler
from cti.fallback import SeatPauses, TakeOvers
from cti.flows.announce import Announcer
from cti.flows.missed import callback_for
from cti.kept_places import KeptPlaces
from cti.plan import InForce, Plan
from cti.preferred import PreferredAgents
from cti.records_json import Draft
from cti.resuming import Resume, agents_restored
from cti.returning import Returning
from cti.router_effects import RouterEffects
from cti.router_link import RouterLink
from cti.silent_phones import SilentPhones
from cti.step import InboxEvent, Reconfigured, RecordingGone, RecordingStored, Step
from cti.supervising import KEY, Supervising, is_supervision
from cti.todays_figures import TodaysFigures
from cti.verbs.model import Order, Switchboard
from cti.verbs.records import CommandState
from cti.verbs.register import Commands, Work
from cti.verbs.table import VERBS
from cti.views import Refused
from cti.work_order_entries import WorkOrderEntries


class Runtime:
    """The service's whole state. Not safe for two callers at once: it has one writer."""

    def __init__(self, plan: Plan, policy: Policy, resume: Resume, now: Instant) -> None:
        seats = frozenset(plan.seats)
        self.in_force = InForce(plan, policy)
        self.router = Router(policy)
        self.calls = CallModel(seats=seats, trunk=plan.trunk)
        self.desk = Desk(plan.seats, plan.reason_by_digit, plan.desk)
        self.agents = self.desk.agents
        self.callbacks = CallbackBook()
        self.supervisions = Supervisions(self.calls, seats, plan.trunk)
        self.commands = Commands(VERBS, self)
        self.trail = Trail(resume.audit)
        self._supervising = Supervising(self.supervisions)
        self._announcer = Announcer()
        self._figures = TodaysFigures(self.router, plan.day_of, resume.figures, now)
        self.silent_phones = SilentPhones(self.calls, self.desk.phones)
        self._returning = Returning()
        self._take_overs = TakeOvers(self._returning)
        self._pauses = SeatPauses(self.desk)
        self.dialler = Dialler(self.router, self.calls, self.callbacks, self.in_force)
        self._places = KeptPlaces(resume.places)
        preferred = PreferredAgents(resume.preferred)
        self._work_orders = WorkOrderEntries(self.callbacks, preferred, self.in_force)
        self._entries = CallEntries(self.callbacks, preferred, self._work_orders, self.in_force)
        self._link = RouterLink(
            self.router,
            self.calls,
            in_force=self.in_force,
            callbacks=self.callbacks,
            preferred=preferred,
            places=self._places,
            returning=self._returning,
            entries=self._entries,
            effects=RouterEffects(
                self.router, self.calls, self.callbacks, self.desk, self._pauses, self._places, self.dialler
            ),
            dialler=self.dialler,
        )
        self._requests = AgentRequests(self.desk, self._link, self.in_force)
        self.opening = self._resume(resume, now)
        """What resuming led to; the service journals it before anything else."""

    # -- one step --------------------------------------------------------------------------------------------

    def step(self, event: InboxEvent, *, newest: bool = True) -> Step:
        """Takes one event and returns what follows from it.

        Unless it is the newest there is, nobody is taken out of the fallback queue: by a later one a phone
        may ring for them, or they talk.
        """
        step, at, cause = Step(), event.at, event.cause
        self._figures.turn_day(at)
        self._take(event, step)
        if newest:
            step.actions += self._take_overs.due(self.calls.in_fallback(), at, cause)
        self._link.drain(step)
        self._link.tell_returned(at, step)
        self._carry_out(self._supervising.settle(at, cause), at, step)
        self._carry_out(self.commands.follow(at), at, step)
        self._dial(at, cause, step)
        self._after_calls(at, step)
        self._close(at, step)
        return step

    def _take(self, event: InboxEvent, step: Step) -> None:
        match event:
            case RecordingStored():
                step.drafts.append(Draft(event.at, "recording", event.recording, event.record))
                step.archived.append(event.recording)
                step.state |= due_recordings.done(event.recording)
            case RecordingGone():
                step.state |= due_recordings.done(event.recording)
            case ActionFailed():
                self._action_failed(event, step)
            case ActionDone():
                self._carry_out(self.commands.action_done(event), event.at, step)
            case Order():
                self._order(event, step)
            case ToAudit():
                self._audit(event, step)
            case FillWorkOrder():
                self._work_orders.filled(event, step)
            case LogIn() | MoveSeat() | LogOut() | BeReady() | BeNotReady() | ExtendWrapUp():
                step.refused = self._requests.ask(event, step)
            case PinTried():
                for locked in self._requests.pin_tried(event, step):
                    self._audit(locked, step)
            case UnlockPin():
                step.state |= self.desk.pins.unlock(event.agent)
            case acd.TimePassed():
                self._link.route(event, step)
                step.actions += self._announcer.announce(
                    self.calls.calls.values(),
                    self.in_force.plan.told_place,
                    self.router.estimate,
                    event.at,
                    event.cause,
                )
            case Reconfigured():
                self._reconfigure(event, step)
            case _:
                self._fact(event, step)

    def next_deadline(self) -> Instant | None:
        """When to be woken with `TimePassed` at the latest, if nothing else happens."""
        deadlines = (
            self.router.next_deadline(),
            self.commands.next_deadline(),
            self._returning.next_deadline(),
        )
        return min((each for each in deadlines if each is not None), default=None)

    # -- what there is to look at ----------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        return self.in_force.policy

    @property
    def reachable(self) -> set[SeatId]:
        """Seats whose phone can be rung."""
        return {seat.seat for seat in self.desk.phones.seats.values() if seat.reachable}

    def phone_name(self, seat: SeatId) -> str:
        """What the seat's phone calls itself; '' when that is not known."""
        known = self.desk.phones.seats.get(seat)
        return known.phone.user_agent if known is not None and known.phone is not None else ""

    @property
    def switchboard(self) -> Switchboard:
        plan = self.in_force.plan
        return Switchboard(plan.seats, plan.trunk, plan.caller_number, take_talk=plan.take_talk)

    @property
    def supervisors(self) -> frozenset[AgentId]:
        return self.in_force.plan.supervisors

    def joins(self, wanted: CallbackWanted) -> ContactId | None:
        key = join_key(wanted, self.in_force.plan.caller_key)
        return self.router.callback_of(key) if key is not None else None

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(self.in_force.plan.reason_by_digit.values())

    def open_call(self, call: CallId) -> OpenCall | None:
        return self.calls.calls.get(call)

    # -- what comes in ---------------------------------------------------------------------------------------

    def _fact(self, fact: Fact, step: Step) -> None:
        match fact:
            case f.FeatureDialled() if is_supervision(fact):
                self._supervision_dialled(fact, step)
            case f.FeatureDialled():
                self._requests.dialled(fact, step)
            case f.PhoneChanged():
                self._requests.phones_turned(self.desk.phones.changed(fact), fact, step)
            case f.LegMeasured():
                place = self.calls.state.place_of(fact.leg)
                if place is not None and fact.quality is not None:
                    self.desk.phones.sounded(*place, fact.at, Sound.of(fact.quality))
                self.silent_phones.measured(fact, step)
            case f.LegEnded():
                # The dialplan lets them go too, after three seconds of silence.
                step.actions += [HangUp(fact.cause, leg) for leg in self.calls.state.aside_for(fact.leg)]
            case f.ClockSet():
                self.silent_phones.clock_set(fact.at)
            case f.LegLingers():
                step.actions.append(HangUp(fact.cause, fact.leg))
            case f.PhonesSeen():
                self.desk.phones.seen(fact)
            case f.PbxSnapshot():
                step.actions += self._pauses.tell_all(self.in_force.plan.seats, fact.cause)
                self._requests.phones_turned(self.desk.phones.snapshot(fact), fact, step)
            case _:
                pass
        self._link.put(self.calls.handle(fact))
        self.supervisions.note(fact)

    def _reconfigure(self, event: Reconfigured, step: Step) -> None:
        try:
            self._link.handle(acd.PolicyChanged(event.at, event.cause, event.policy), step)
        except InvalidEvent as error:
            step.illegal.append(error)
            return
        self.in_force.take(event.plan, event.policy)
        self.desk.reasons, self.desk.rules = event.plan.reason_by_digit, event.plan.desk

    def _supervision_dialled(self, fact: f.FeatureDialled, step: Step) -> None:
        """An accepted one is sent on from where the dialplan waits; only a refusal is answered there."""
        agent = self.desk.agent_at.get(fact.seat)
        order = self._supervising.order_of(fact, agent, self.supervisors)
        if isinstance(order, ToAudit):
            self._audit(order, step)
        elif order is not None:
            self._order(order, step)
            record = self.commands.record(order.command)
            if record is None or record.state is not CommandState.REFUSED:
                return
        if fact.feature != KEY:
            step.actions.append(AnswerFeature(fact.cause, fact.channel, "refused"))

    def _order(self, order: Order, step: Step) -> None:
        try:
            step.command, work = self.commands.take(order)
        except Refused as refused:
            step.refused = refused
        else:
            self._carry_out(work, order.at, step)

    def _action_failed(self, failure: ActionFailed, step: Step) -> None:
        """A phone that could not even be asked to ring will not, and a supervisor's that was not sent is sent
        again; the rest is told by later facts.
        """
        self._carry_out(self.commands.action_failed(failure), failure.at, step)
        at, cause, action = failure.at, failure.cause, failure.action
        if not failure.reason.startswith("refused"):
            return
        match action:
            case RingSupervisor():
                self.supervisions.note(f.OriginateFailed(at, cause, action.leg, failure.reason))
            case SendSupervisor():
                self.supervisions.refused(action)
            case RingSeat() | RingParty() | DialFromSeat() | DialCitizen():
                failed = f.OriginateFailed(at, cause, action.leg, OfferOutcome.FAILED.value)
                self._link.put(self.calls.handle(failed))
            case _:
                pass

    # -- what follows ----------------------------------------------------------------------------------------

    def _carry_out(self, work: Work, at: Instant, step: Step) -> None:
        step.keep(work.drafts, work.state)
        step.actions += work.actions
        for action in work.actions:
            self._link.put(self.calls.commanded(action, at))
        self._link.put(work.events)
        for change in work.supervise:
            self.supervisions.apply(change)
        for what in work.audits:
            self._audit(what, step)
        self._link.drain(step)

    def _dial(self, at: Instant, cause: str, step: Step) -> None:
        """Citizens are dialled first: those for whom the router has an agent, and perhaps more."""
        self._link.put(self.dialler.begin(at, step))
        self._link.drain(step)
        for taken in self.dialler.ahead(at, cause):
            self._link.route(taken, step)
        self._link.put(self.dialler.begin(at, step))
        self._link.drain(step)

    def _audit(self, what: ToAudit, step: Step) -> None:
        draft, state = self.trail.add(what)
        step.keep([draft], state)

    def _after_calls(self, at: Instant, step: Step) -> None:
        """Callers of calls that are over may have to be called back."""
        plan, queues = self.in_force.plan, self.policy.queues
        for record in self._entries.just_over():
            known = plan.caller_key(record.number) is not None
            if record.queue is not None and known and record.hotline in plan.calls_missed:
                instead = queues[self.in_force.queue_instead(record.hotline)]
                queue = queues.get(record.queue, instead)
                wanted = callback_for(record, queue.short_abandon_s, at, f"over-{record.call}")
                if wanted is not None:
                    self._link.put([wanted])
        self._link.drain(step)

    def _close(self, at: Instant, step: Step) -> None:
        for call in self._entries.write(at, step):
            self._announcer.forget(call)
            self._take_overs.forget(call)
            step.state |= self._places.over(call)
        step.state |= self._figures.changes()

    # -- after a restart -------------------------------------------------------------------------------------

    def _resume(self, resume: Resume, now: Instant) -> Step:
        """Gives each part what the journal knew of it; the figures have theirs already."""
        step = Step()
        self._link.route(acd.TelephonyLost(now, "resume"), step)
        for agent in agents_restored(resume, self.in_force, now):
            self._link.route(agent, step)
        places, stale = self._places.restored(now, "resume")
        step.state |= stale
        for place in places:
            self._link.route(place, step)
        for record in resume.open_calls:
            self.calls.restore(record)
            self._work_orders.restore(record)
        self.calls.forget_done(resume.done_legs)
        self._supervising.restore(resume.supervisions)
        self.commands.restore(resume.commands)
        self.desk.pins.restore(resume.pins)
        key, queues = self.in_force.plan.caller_key, self.policy.queues
        calls = self.calls.calls
        for request in self.callbacks.restore(resume.callbacks, now, key, queues, calls):
            self._link.route(request, step)
        self._link.drain(step)
        self.dialler.restore(resume.dialler)
        self._close(now, step)
        return step
