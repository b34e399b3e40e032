"""The two pure cores as one machine: an event goes in, and everything that follows from it comes out.

`Runtime.step` does no I/O and reads no clock, so a log of its events replays to the same outcome.
`cti.service` feeds it from the inbox, journals what it returns and runs the effects.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from acd import effects as fx
from acd import events as acd
from acd.model import (
    AgentId,
    AgentState,
    Diversion,
    Instant,
    OfferOutcome,
    Policy,
    QueueId,
    RoutingStep,
    SeatId,
)
from acd.router import Router
from acd.states import InvalidEvent
from cti.audit import AuditHead, ToAudit, Trail
from cti.callbacks.book import CallbackBook
from cti.callbacks.book import Work as CallbackWork
from cti.calls import facts as f
from cti.calls.actions import (
    Action,
    ActionDone,
    ActionFailed,
    Announce,
    AnswerFeature,
    DialFromSeat,
    HangUp,
    MoveToQueue,
    OfferCallback,
    PauseSeat,
    RingParty,
    RingSeat,
    RingSupervisor,
    SendAway,
    TakeOver,
)
from cti.calls.facts import CallId, Fact
from cti.calls.model import CallModel
from cti.calls.outputs import CallbackWanted, CallUpdated, Output, RecordingDue, RecordingVoid
from cti.calls.quality import Sound
from cti.calls.records import CallOutcome, CallRecord, Direction
from cti.calls.state import OpenCall
from cti.calls.steps import steps_of, steps_text
from cti.calls.supervision import Supervision, Supervisions
from cti.commands import (
    AgentCommand,
    BeNotReady,
    BeReady,
    Command,
    ExtendWrapUp,
    FillWorkOrder,
    LogIn,
    LogOut,
    MoveSeat,
    PinTried,
    UnlockPin,
)
from cti.desk import Desk, DeskRules
from cti.flows.announce import Announcer
from cti.flows.missed import answered_unseen, callback_for
from cti.pins import PinAsked
from cti.preferred import PreferredAgents
from cti.records_json import JSON, Draft, encode, instant_text
from cti.returning import Returning, served_unseen
from cti.seats import Turn
from cti.supervising import KEY, Supervising, is_supervision
from cti.verbs.model import Order, Switchboard
from cti.verbs.records import CommandState
from cti.verbs.register import Commands, Work
from cti.verbs.table import VERBS
from cti.views import Refused

TAKE_OVER_AGAIN_S = 5.0
"""A caller who is still in the fallback queue this long after we asked for them is asked for again."""
ANNOUNCE_EVERY_S = 0.9
"""How often it is looked whom to tell their place: with each heartbeat, however many timers fall due."""
CALLS_OVER_KEPT = 10_000
FIGURES = "figures/"
"""Before the name of each part of the figures in the journal's state."""
FALLBACK_STATES = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP})
"""Whose seats the fallback queue may ring; Asterisk itself passes over a phone in use."""


@dataclass(frozen=True, slots=True)
class RecordingStored:
    """The pipeline has a recording's file in the archive's storage; `record` is what to keep about it."""

    at: Instant
    cause: str
    recording: str
    record: dict[str, JSON]


def _nobody(number: str) -> str | None:
    del number
    return None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the machine needs to know of the site beside the routing policy."""

    seats: tuple[SeatId, ...]
    trunk: str
    reason_by_digit: Mapping[str, str]
    """Not-ready reasons by the digit dialled after the feature code."""
    day_of: Callable[[Instant], tuple[Instant, Instant]]
    """The local day of an instant, from midnight to midnight: figures are of it."""
    supervisors: frozenset[AgentId] = frozenset()
    """Agents who may supervise others from a phone."""
    steps_of: Mapping[str, tuple[RoutingStep, ...]] = field(default_factory=dict)
    """What callers of a hotline number are kept for before their queue's own steps."""
    queue_of: Mapping[str, QueueId] = field(default_factory=dict)
    """Each hotline's queue."""
    caller_key: Callable[[str], str | None] = _nobody
    """Tells one caller's number from another's without being it; None for a number that is withheld."""
    last_agent_ttl_s: float = 0.0
    """How long a caller is kept for the agent who spoke with them last; 0: not at all."""
    owner_ttl_s: float = 0.0
    """How long before that for the owner of their open work order; 0: not at all."""
    desk: DeskRules = DeskRules()  # noqa: RUF009 - frozen
    caller_number: str = ""
    """The number shown to whom the hotline calls."""
    choice_steps: Mapping[str, tuple[RoutingStep, ...]] = field(default_factory=dict)
    """What callers are kept for who chose in a menu, by `<flow>.<choice>`; before their hotline's steps."""
    told_place: frozenset[str] = frozenset()
    """Hotline numbers whose waiting callers are told their place."""
    calls_missed: frozenset[str] = frozenset()
    """Hotline numbers whose callers are called back when they gave up."""


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """Operations staff changed the configuration. Seats, trunk and time zone stay until a restart."""

    at: Instant
    cause: str
    policy: Policy
    plan: Plan


InboxEvent: TypeAlias = (
    Fact | ActionFailed | ActionDone | Command | Order | RecordingStored | acd.TimePassed | Reconfigured
)


@dataclass(slots=True)
class Resume:
    """What the journal knows from before a restart."""

    agents: list[fx.AgentChanged] = field(default_factory=list)
    open_calls: list[CallRecord] = field(default_factory=list)
    done_legs: list[f.LegId] = field(default_factory=list)
    figures: dict[str, JSON] = field(default_factory=dict)
    """Today's figures, as `acd.router.Router.restore_figures` takes them; none for a new journal."""
    pins: dict[str, JSON] = field(default_factory=dict)
    """Wrong PINs, as `PinGuard.restore` takes them."""
    preferred: dict[str, JSON] = field(default_factory=dict)
    """Whom callers know, as `PreferredAgents` takes it."""
    commands: dict[str, JSON] = field(default_factory=dict)
    """Commands of the last day, as `Commands.restore` takes them."""
    supervisions: list[Supervision] = field(default_factory=list)
    audit: AuditHead = field(default_factory=lambda: AuditHead("unnamed"))
    callbacks: dict[str, JSON] = field(default_factory=dict)
    """Open callbacks, as `CallbackBook.restore` takes them."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that operations staff are told of in the log."""

    event: str
    cause: str
    fields: dict[str, str | float | None]
    warning: bool = True


@dataclass(slots=True)
class Step:
    """What follows from one event. Journal `drafts` and `state` first, then run the rest."""

    drafts: list[Draft] = field(default_factory=list)
    state: dict[str, JSON] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    recordings: list[RecordingDue | RecordingVoid] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    """Recordings whose raw file is no longer needed once this step is in the journal."""
    refused: Refused | None = None
    """Why the command was not carried out; None for a command that was, and for any other event."""
    notices: list[Notice] = field(default_factory=list)
    pins: list[PinAsked] = field(default_factory=list)
    """PINs that phones were asked for, to be looked at."""
    command: str = ""
    """The id of the command that an order began or had begun before."""
    illegal: list[InvalidEvent] = field(default_factory=list)
    """Events that the router's tables do not allow: nothing was changed by them, and each is a defect."""


class Runtime:
    """The service's whole state. Not safe for two callers at once: it has one writer."""

    def __init__(self, plan: Plan, policy: Policy, resume: Resume, now: Instant) -> None:
        self._plan = plan
        self.policy = policy
        self.router = Router(policy)
        self.calls = CallModel(seats=frozenset(plan.seats), trunk=plan.trunk)
        self._day_ends = now
        """The next local midnight."""
        self.desk = Desk(plan.seats, plan.reason_by_digit, plan.desk)
        self.agents = self.desk.agents
        self._agent_at = self.desk.agent_at
        self._with_work_order: set[CallId] = set()
        self._over: dict[CallId, None] = {}
        self._asked_for: dict[CallId, Instant] = {}
        self._returning = Returning()
        self._preferred = PreferredAgents(resume.preferred)
        self._paused: dict[SeatId, bool] = {}
        self._pending: deque[Output] = deque()
        self._step = Step()
        self._updated: dict[CallId, CallRecord] = {}
        self.callbacks = CallbackBook()
        self.supervisions = Supervisions(self.calls, frozenset(plan.seats), plan.trunk)
        self._supervising = Supervising(self.supervisions)
        self.commands = Commands(VERBS, self)
        self.trail = Trail(resume.audit)
        self._announcer = Announcer()
        self._announced_at = 0.0
        self.opening = self._resume(resume, now)
        """What resuming led to; the service journals it before anything else."""

    # -- one step --------------------------------------------------------------------------------------------

    def step(self, event: InboxEvent) -> Step:
        """Takes one event and returns what follows from it."""
        self._step = Step()
        self._turn_day(event.at)
        match event:
            case RecordingStored():
                self._step.drafts.append(Draft(event.at, "recording", event.recording, event.record))
                self._step.archived.append(event.recording)
            case ActionFailed():
                self._action_failed(event)
            case ActionDone():
                self._carry_out(self.commands.action_done(event))
            case Order():
                self._order(event)
            case ToAudit():
                self._audit(event)
            case FillWorkOrder():
                self._step.drafts.append(Draft(event.at, "work_order", event.work_order, event.record))
                by = str(event.record.get("filled_by"))
                self._step.state |= self._preferred.order_written(
                    event.work_order,
                    settled=event.record.get("state") == "resolved",
                    by=by,
                    is_agent=by in self.policy.agents,
                )
            case LogIn() | MoveSeat() | LogOut() | BeReady() | BeNotReady() | ExtendWrapUp():
                self._step.refused = self._command(event)
            case PinTried():
                self._pin_tried(event)
            case UnlockPin():
                self._step.state |= self.desk.pins.unlock(event.agent)
            case acd.TimePassed():
                self._route(event)
                self._announce(event.at, event.cause)
            case Reconfigured():
                self._reconfigure(event)
            case _:
                self._fact(event)
        self._take_over(event.at, event.cause)
        self._drain()
        for returned in self._returning.due(event.at):
            self._tell_router(returned)
            self._drain()
        self._carry_out(self._supervising.settle(event.at, event.cause))
        self._carry_out(self.commands.follow(event.at))
        self._after_calls(event.at)
        return self._close_step(event.at)

    def _turn_day(self, at: Instant) -> None:
        """The first event of a local day begins its figures; one that is told late changes no day."""
        if at < self._day_ends:
            return
        began, self._day_ends = self._plan.day_of(at)
        self.router.reset_figures(began)

    def _reconfigure(self, event: Reconfigured) -> None:
        try:
            effects = self.router.handle(acd.PolicyChanged(event.at, event.cause, event.policy))
        except InvalidEvent as error:
            self._step.illegal.append(error)
            return
        self.policy = event.policy
        self._plan = replace(
            event.plan, seats=self._plan.seats, trunk=self._plan.trunk, day_of=self._plan.day_of
        )
        self.desk.reasons, self.desk.rules = self._plan.reason_by_digit, self._plan.desk
        self._take_effects(effects, event.at)

    @property
    def reachable(self) -> set[SeatId]:
        """Seats whose phone can be rung."""
        return {seat.seat for seat in self.desk.phones.seats.values() if seat.reachable}

    @property
    def switchboard(self) -> Switchboard:
        return Switchboard(self._plan.seats, self._plan.trunk, self._plan.caller_number)

    @property
    def supervisors(self) -> frozenset[AgentId]:
        return self._plan.supervisors

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(self._plan.reason_by_digit.values())

    def next_deadline(self) -> Instant | None:
        """When to be woken with `TimePassed` at the latest, if nothing else happens."""
        deadlines = (
            self.router.next_deadline(),
            self.commands.next_deadline(),
            self._returning.next_deadline(),
        )
        return min((each for each in deadlines if each is not None), default=None)

    # -- what comes in ---------------------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> None:
        match fact:
            case f.FeatureDialled():
                self._feature(fact)
            case f.PhoneChanged():
                self._phones_turned(self.desk.phones.changed(fact), fact)
            case f.LegMeasured():
                place = self.calls.place_of(fact.leg)
                if place is not None and fact.quality is not None:
                    self.desk.phones.sounded(*place, fact.at, Sound.of(fact.quality))
            case f.LegEnded():
                # The dialplan lets them go too, after three seconds of silence.
                self._step.actions += [HangUp(fact.cause, leg) for leg in self.calls.aside_for(fact.leg)]
            case f.LegLingers():
                self._step.actions.append(HangUp(fact.cause, fact.leg))
            case f.PhonesSeen():
                self.desk.phones.seen(fact)
            case f.PbxSnapshot():
                self._paused.clear()
                for seat in self._plan.seats:
                    self._pause(seat, fact.cause)
                self._phones_turned(self.desk.phones.snapshot(fact), fact)
            case _:
                pass
        self._pending += self.calls.handle(fact)
        self.supervisions.note(fact)

    def _phones_turned(self, turns: Iterable[Turn], fact: f.PhoneChanged | f.PbxSnapshot) -> None:
        for turn in turns:
            agent = self._agent_at.get(turn.seat)
            if not turn.reachable or turn.away_s is not None:
                told: dict[str, str | float | None] = {"seat": turn.seat, "agent": agent}
                name = "seat_reachable" if turn.reachable else "seat_unreachable"
                self._step.notices.append(Notice(name, fact.cause, told, warning=agent is not None))
            event = self.desk.phone_turned(turn, fact.at, fact.cause)
            if event is not None:
                self._route(event)

    def _pin_tried(self, tried: PinTried) -> None:
        verdict = self.desk.pin_tried(tried)
        self._step.state |= verdict.state
        for whose in verdict.locked:
            told: dict[str, str | float | None] = {"whose": whose, "agent": tried.agent, "seat": tried.seat}
            self._step.notices.append(Notice("pins_locked", tried.cause, told))
        if tried.channel is None or tried.seat is None:
            self._step.refused = verdict.refused
            return
        refused = verdict.refused or self._command(LogIn(tried.at, tried.cause, tried.agent, tried.seat))
        result = "ok" if refused is None else "locked" if refused.error == "pin_locked" else "refused"
        self._step.actions.append(AnswerFeature(tried.cause, tried.channel, result))

    def _feature(self, fact: f.FeatureDialled) -> None:
        if fact.feature == "login" and self.desk.rules.pin_at_phone:
            self._step.pins.append(PinAsked(fact.cause, fact.channel, fact.seat, fact.argument))
            return
        agent = self._agent_at.get(fact.seat)
        if is_supervision(fact):
            self._supervision_dialled(fact, agent)
            return
        command: AgentCommand | None = None
        if fact.feature == "login":
            command = LogIn(fact.at, fact.cause, fact.argument, fact.seat)
        elif agent is not None and fact.feature == "logout":
            command = LogOut(fact.at, fact.cause, agent)
        elif agent is not None and fact.feature == "ready":
            command = BeReady(fact.at, fact.cause, agent)
        elif agent is not None and fact.feature == "not_ready":
            reason = self._plan.reason_by_digit.get(fact.argument, "")
            command = BeNotReady(fact.at, fact.cause, agent, reason)
        refused = self._command(command) if command else Refused("not_logged_in", "Nobody is logged in here.")
        later = command is not None and self.desk.holds_later(command.agent)
        self._step.actions.append(
            AnswerFeature(fact.cause, fact.channel, "refused" if refused else "later" if later else "ok")
        )

    def _command(self, command: AgentCommand) -> Refused | None:
        """Carries out what an agent asked for, or says why not."""
        try:
            event = self.desk.asked(command, self.policy)
            self._take_effects(self.router.handle(event), event.at)
        except Refused as refused:
            return refused
        except InvalidEvent:
            return self.desk.refused_by_state(command.agent)
        if isinstance(event, acd.AgentMoved):
            after = self.desk.sat_down(event.seat, event.at, event.cause)
            if after is not None:
                self._route(after)
        return None

    def _supervision_dialled(self, fact: f.FeatureDialled, agent: AgentId | None) -> None:
        """An accepted one is sent on from where the dialplan waits; only a refusal is answered there."""
        order = self._supervising.order_of(fact, agent, self._plan.supervisors)
        if isinstance(order, ToAudit):
            self._audit(order)
        elif order is not None:
            self._order(order)
            record = self.commands.record(order.command)
            if record is None or record.state is not CommandState.REFUSED:
                return
        if fact.feature != KEY:
            self._step.actions.append(AnswerFeature(fact.cause, fact.channel, "refused"))

    def _order(self, order: Order) -> None:
        try:
            self._step.command, work = self.commands.take(order)
        except Refused as refused:
            self._step.refused = refused
        else:
            self._carry_out(work)

    def _carry_out(self, work: Work) -> None:
        self._step.drafts += work.drafts
        self._step.state |= work.state
        self._step.actions += work.actions
        for action in work.actions:
            if isinstance(action, RingParty):
                self.calls.party_asked(action.leg, action.call)
        self._pending += work.events
        for change in work.supervise:
            self.supervisions.apply(change)
        for what in work.audits:
            self._audit(what)
        self._drain()

    def _audit(self, what: ToAudit) -> None:
        draft, state = self.trail.add(what)
        self._step.drafts.append(draft)
        self._step.state |= state

    def _action_failed(self, failure: ActionFailed) -> None:
        """A phone that could not even be asked to ring ends its offer; the rest is told by later facts."""
        self._carry_out(self.commands.action_failed(failure))
        if isinstance(failure.action, RingSupervisor) and failure.reason.startswith("refused"):
            self.supervisions.note(
                f.OriginateFailed(failure.at, failure.cause, failure.action.leg, failure.reason)
            )
        if isinstance(failure.action, RingSeat | DialFromSeat) and failure.reason.startswith("refused"):
            self._pending += self.calls.handle(
                f.OriginateFailed(failure.at, failure.cause, failure.action.leg, OfferOutcome.FAILED.value)
            )

    # -- what follows ----------------------------------------------------------------------------------------

    def _drain(self) -> None:
        while self._pending:
            output = self._pending.popleft()
            match output:
                case CallUpdated():
                    self._updated[output.record.call] = output.record
                case RecordingDue() | RecordingVoid():
                    self._step.recordings.append(output)
                case CallbackWanted():
                    self._route(self.callbacks.want(output, self._plan.caller_key))
                case _:
                    self._route(output)

    def _route(self, event: acd.Event) -> None:
        """Tells the router, of callers who come back in the order of their places."""
        if isinstance(event, acd.ContactQueued):
            for returned in self._returning.came(self._introduced(event)):
                self._tell_router(returned)
            return
        if isinstance(event, acd.ContactLeft | acd.ContactRestored | acd.ContactServedElsewhere):
            held = self._returning.take(event.contact)
            served = served_unseen(held, event) if held is not None else None
            if served is not None:
                self._tell_router(served)
            if held is not None and isinstance(event, acd.ContactLeft):
                return
        self._tell_router(event)

    def _tell_router(self, event: acd.Event) -> None:
        if isinstance(event, acd.ContactRestored | acd.ContactServedElsewhere) and not self.router.has_queue(
            event.queue
        ):
            call = self.calls.calls.get(event.contact)
            hotline = call.record.hotline if call is not None else ""
            event = replace(event, queue=self._queue_instead(hotline))
        try:
            effects = self.router.handle(event)
        except InvalidEvent as error:
            self._step.illegal.append(error)
            effects = ()
        self._take_effects(effects, event.at)
        if isinstance(event, acd.CallbackRequested):
            self.callbacks.answered(event.callback)
        if isinstance(event, acd.ContactAltered):
            self._pending += self.calls.altered(
                event.contact,
                event.at,
                event.cause,
                queue=event.queue,
                priority=event.priority,
                steps=None if event.steps is None else steps_text(event.steps),
            )

    def _keep(self, work: CallbackWork) -> None:
        self._step.drafts += work.drafts
        self._step.state |= work.state

    def _introduced(self, event: acd.ContactQueued) -> acd.ContactQueued:
        """The contact with what its hotline asks for, and who it is."""
        call = self.calls.calls[event.contact]
        record = call.record
        caller = self._plan.caller_key(record.number)
        steps = self._preferred.steps(caller, self._plan.owner_ttl_s, self._plan.last_agent_ttl_s)
        if record.choice is not None:
            steps += self._plan.choice_steps.get(record.choice, ())
        steps += self._plan.steps_of.get(record.hotline, ())
        if record.steps is not None:
            steps = steps_of(record.steps) or ()
        if not self.router.knows_queue(event.queue):
            event = replace(event, queue=self._queue_instead(record.hotline))
            self._step.actions.append(MoveToQueue(event.cause, call.caller_channel, event.queue))
            self._pending += self.calls.altered(event.contact, event.at, event.cause, queue=event.queue)
        return replace(event, steps=steps, caller=caller)

    def _queue_instead(self, hotline: str) -> QueueId:
        """Where callers wait whose queue was removed, while the dialplan still names it."""
        queue = self._plan.queue_of.get(hotline)
        return queue if queue is not None else next(iter(self.policy.queues))

    def _take_effects(self, effects: Iterable[fx.Effect], at: Instant) -> None:
        for effect in effects:
            match effect:
                case fx.MakeOffer() if effect.callback:
                    self._pending += self.calls.offer_made(effect, at)
                    self._step.actions.append(self.callbacks.dial(effect))
                case fx.MakeOffer():
                    self._ring(effect, at)
                case fx.CallbackChanged():
                    self._keep(self.callbacks.changed(effect))
                case fx.CancelOffer():
                    self._step.actions.append(HangUp(effect.cause, effect.offer))
                case fx.AgentChanged():
                    self._agent_changed(effect)
                case fx.OfferClosed():
                    self._pending += self.calls.offer_closed(effect)
                case fx.ContactDiverted():
                    self._divert(effect, at)
                case fx.Decided():
                    self._step.drafts.append(Draft(effect.at, "decision", effect.decision, encode(effect)))
                case _:
                    pass

    def _ring(self, offer: fx.MakeOffer, at: Instant) -> None:
        call = self.calls.calls[offer.contact]
        self._pending += self.calls.offer_made(offer, at)
        self._step.actions.append(
            RingSeat(
                cause=offer.cause,
                leg=offer.offer,
                seat=offer.seat,
                call=offer.contact,
                caller_channel=call.caller_channel,
                queue=call.record.queue or "",
                shown_number=call.record.number,
                ring_timeout_s=offer.ring_timeout_s,
                auto_answer=offer.auto_answer,
            )
        )

    def _divert(self, diverted: fx.ContactDiverted, at: Instant) -> None:
        call = self.calls.calls[diverted.contact]
        channel = call.caller_channel
        match diverted.to:
            case Diversion.QUEUE:
                self._step.actions.append(MoveToQueue(diverted.cause, channel, diverted.target))
                self._pending += self.calls.altered(
                    diverted.contact, at, diverted.cause, queue=diverted.target
                )
            case Diversion.MESSAGE | Diversion.BUSY:
                prompt = diverted.target if diverted.to is Diversion.MESSAGE else None
                self._step.actions.append(SendAway(diverted.cause, channel, prompt))
                self._pending += self.calls.sent_away(diverted.contact, at, diverted.cause)
            case Diversion.CALLBACK:  # the caller waits on
                self._step.actions.append(OfferCallback(diverted.cause, channel))

    def _agent_changed(self, change: fx.AgentChanged) -> None:
        before = self.agents.get(change.agent)
        body = encode(change)
        if change.state is AgentState.LOGGED_OUT:
            change = replace(change, seat=None)  # the record says which seat was left; from now on it is free
        self.agents[change.agent] = change
        self._step.drafts.append(Draft(change.at, "agent_state", change.agent, body))
        self._step.state[f"agent/{change.agent}"] = body
        seat_before = before.seat if before else None
        if seat_before != change.seat:
            if seat_before is not None:
                self._agent_at.pop(seat_before, None)
                self._pending += self.calls.agent_sat(seat_before, None, change.at, change.cause)
                self._pause(seat_before, change.cause)
            if change.seat is not None:
                self._agent_at[change.seat] = change.agent
                self._pending += self.calls.agent_sat(change.seat, change.agent, change.at, change.cause)
        if change.seat is not None:
            self._pause(change.seat, change.cause)

    def _pause(self, seat: SeatId, cause: str) -> None:
        """Tells the fallback queue whether it may ring the seat, when that is new."""
        agent = self._agent_at.get(seat)
        paused = agent is None or self.agents[agent].state not in FALLBACK_STATES
        if self._paused.get(seat) is not paused:
            self._paused[seat] = paused
            self._step.actions.append(PauseSeat(cause, seat, paused))

    def _after_calls(self, at: Instant) -> None:
        """Callers of calls that are over may have to be called back, or need not be any more."""
        for record in list(self._updated.values()):
            caller = self._plan.caller_key(record.number)
            if record.ended_at is None or record.call in self._over or caller is None:
                continue
            cause = f"over-{record.call}"
            if answered_unseen(record):
                for callback in [each for each in self.router.callbacks() if each.caller == caller]:
                    self._route(acd.CallbackCancelled(at, cause, callback.callback, called_again=True))
            queue = self.policy.queues.get(record.queue) if record.queue is not None else None
            if queue is not None and record.hotline in self._plan.calls_missed:
                wanted = callback_for(record, queue.short_abandon_s, at, cause)
                if wanted is not None:
                    self._pending.append(wanted)
        self._drain()

    def _announce(self, at: Instant, cause: str) -> None:
        """Tells waiting callers their place and expected wait, where these got better; once a second."""
        if at - self._announced_at < ANNOUNCE_EVERY_S:
            return
        self._announced_at = at
        for call_id, call in self.calls.calls.items():
            record = call.record
            if record.hotline not in self._plan.told_place or record.queued_at is None:
                continue
            if call.place != "waiting" or any(offer.outcome is None for offer in record.offers):
                continue
            estimate = self.router.estimate(call_id)
            prompts = self._announcer.due(call_id, record.queued_at, estimate, at)
            if prompts:
                self._step.actions.append(Announce(cause, call.caller_channel, prompts))

    def _take_over(self, at: Instant, cause: str) -> None:
        """Takes callers out of the fallback queue once no phone rings for them there."""
        for call_id, call in self.calls.in_fallback():
            if at - self._asked_for.get(call_id, 0.0) < TAKE_OVER_AGAIN_S:
                continue
            self._asked_for[call_id] = at
            self._returning.ask(call_id, call.record.queued_at or at, at)
            self._step.actions.append(TakeOver(cause, call.caller_channel))

    def _close_step(self, at: Instant) -> Step:
        """Writes each call that changed, once, as it stands at the end of the step."""
        for call_id, record in self._updated.items():
            body = encode(record)
            self._step.drafts.append(Draft(at, "call", call_id, body))
            if call_id in self._over:
                continue  # an offer of a call that is over has ended: nothing else about the call is new
            over = record.ended_at is not None
            self._step.state[f"call/{call_id}"] = None if over else body
            if record.callback is not None:
                self._keep(self.callbacks.tried(record))
            self._work_order(record, at)
            if over:
                self._announcer.forget(call_id)
                self._step.state |= self._preferred.spoke(record, self._plan.caller_key)
                self.callbacks.call_over(call_id)
                self._with_work_order.discard(call_id)
                self._asked_for.pop(call_id, None)
                self._over[call_id] = None
                while len(self._over) > CALLS_OVER_KEPT:
                    del self._over[next(iter(self._over))]
        self._updated.clear()
        for part, figures in self.router.figures_changes().items():
            self._step.state[FIGURES + part] = figures
        return self._step

    def _work_order(self, record: CallRecord, at: Instant) -> None:
        """A citizen's request spawns its work order once an agent talks to them, or they left a message."""
        if record.direction is not Direction.INBOUND and not self.callbacks.spawns_work_order(record.call):
            return
        if record.answered_at is not None:
            since = record.answered_at
        elif record.voicemail is not None and record.outcome is CallOutcome.VOICEMAIL:
            since = record.voicemail.started_at
        else:
            return
        if record.call in self._with_work_order:
            return
        self._with_work_order.add(record.call)
        work_order, caller = f"wo-{record.call}", self._plan.caller_key(record.number)
        self._step.state |= self._preferred.order_opened(work_order, caller, record.agent)
        opened: dict[str, JSON] = {
            "work_order": work_order,
            "call": record.call,
            "agent": record.agent,
            "state": "intake",
            "category": None,
            "summary": None,
            "disposition": None,
            "created_at": instant_text(since),
            "filled_at": None,
            "filled_by": None,
            "version": 1,
        }
        self._step.drafts.append(Draft(at, "work_order", work_order, opened))

    # -- after a restart -------------------------------------------------------------------------------------

    def _resume(self, resume: Resume, now: Instant) -> Step:
        cause = "resume"
        began, self._day_ends = self._plan.day_of(now)
        if resume.figures:
            self.router.restore_figures(resume.figures)
        if self.router.day_began != began:
            self.router.reset_figures(began)
        queue_of = {record.call: record.queue for record in resume.open_calls}
        for agent in resume.agents:
            if agent.state is AgentState.LOGGED_OUT or agent.seat is None:
                continue
            if agent.agent not in self.policy.agents or agent.seat not in self._plan.seats:
                continue
            self._route(self._restored(agent, queue_of, now, cause))
        for record in resume.open_calls:
            self.calls.restore(record)
            if record.answered_at is not None:
                self._with_work_order.add(record.call)
        self.calls.forget_done(resume.done_legs)
        self._supervising.restore(resume.supervisions)
        self.commands.restore(resume.commands)
        self.desk.pins.restore(resume.pins)
        key, queues = self._plan.caller_key, self.policy.queues
        for request in self.callbacks.restore(resume.callbacks, now, key, queues):
            self._route(request)
        self._drain()
        return self._close_step(now)

    def _restored(
        self, agent: fx.AgentChanged, queue_of: Mapping[CallId, QueueId | None], now: Instant, cause: str
    ) -> acd.AgentRestored:
        """The agent as they may be taken to stand until a snapshot says who is on a call.

        One whose call ended while the service was away gets the whole wrap-up from now on: of the call's
        queue or, for a call that is not known any more, the longest of all. A ringing phone left them ready.
        """
        assert agent.seat is not None
        state, until = agent.state, agent.until
        if state is AgentState.RESERVED:
            state = AgentState.READY
        elif state is AgentState.BUSY:
            terms = self.policy.queues
            queue = terms.get(queue_of.get(agent.contact or "") or "")
            longest_s = max((each.wrap_up_s for each in terms.values()), default=0.0)
            wrap_up_s = longest_s if queue is None else queue.wrap_up_s
            ceiling_s = self.policy.agents[agent.agent].max_wrap_up_s
            wrap_up_s = wrap_up_s if ceiling_s is None else min(wrap_up_s, ceiling_s)
            state, until = (
                (AgentState.WRAP_UP, now + wrap_up_s) if agent.contact else (AgentState.READY, None)
            )
        return acd.AgentRestored(now, cause, agent.agent, agent.seat, state, agent.reason, agent.since, until)

    def open_call(self, call: CallId) -> OpenCall | None:
        return self.calls.calls.get(call)
