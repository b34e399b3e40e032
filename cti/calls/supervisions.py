"""Supervisions: a supervisor's phone beside an agent's calls. Listening, whispering, barging in, taking over.

What a supervision wants follows from who is on which call; after everything that happens it is compared with
what the supervisor's phone was last sent to do, and the difference is sent. One way serves a new call, a
transfer, a hold, a restart and a lost link. Nothing here is known to the router or to other agents: while it
listens or whispers, the supervisor's leg is a party of no call.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from acd.model import Instant, SeatId
from cti.calls import facts as f
from cti.calls.actions import Action, HangUp, SendSupervisor, SetFact
from cti.calls.facts import Fact, LegId
from cti.calls.model import CallModel
from cti.calls.state import Leg, OpenCall
from cti.calls.supervision import (
    Afterwards,
    Began,
    Change,
    Doing,
    Ended,
    Mode,
    ModeChanged,
    Stopping,
    Supervision,
    TakingOver,
    Told,
)

BARGED_WITHIN_S = 2.0
"""A phone that is in no bridge so long after it was sent into one is sent again: Asterisk may lose one of two
redirects that come at the same moment.
"""
SENT_AGAIN_S = 0.2
"""So long after a phone was sent that Asterisk refused to send, it is sent again: it was on another way."""
ARRIVES_WITHIN_S = 1.0
"""A phone that has not come so long after it was sent is sent again: a redirect that comes as the dialplan
goes into a subroutine is undone by that.
"""
SENDS = 3
"""So often: a dialplan from before an upgrade does not tell that a phone has come."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What a phone was sent to do and has not come to."""

    doing: Doing
    at_leg: LegId | None
    sends: int
    """How often it was sent to just that."""


class Supervisions:
    """All open supervisions. Its owner applies changes, notes facts after the call model did, and settles."""

    def __init__(self, calls: CallModel, seats: frozenset[SeatId], trunk: str) -> None:
        self._calls = calls
        self.seats = seats
        self._trunk = trunk
        self.open: dict[LegId, Supervision] = {}
        self.ended: dict[LegId, Ended] = {}
        """How those ended that ended lately."""
        self.under_way: dict[LegId, UnderWay] = {}
        """Those whose phone was sent to do something and has not come there."""
        self._refused: set[LegId] = set()
        """Those of them that Asterisk refused to send."""
        self._actions: list[Action] = []
        self._told: list[Told] = []

    def at_seat(self, seat: SeatId) -> Supervision | None:
        return next((each for each in self.open.values() if each.seat == seat), None)

    def restore(self, supervisions: Iterable[Supervision]) -> None:
        """Takes up what the journal knew; a snapshot must follow."""
        self.open |= {each.supervision: each for each in supervisions}

    # -- what happens ----------------------------------------------------------------------------------------

    def refused(self, action: SendSupervisor) -> None:
        """Asterisk did not take it, as of a phone that is just leaving a bridge; it is sent again soon,
        unless it was sent elsewhere since.
        """
        for name, each in self.open.items():
            if (each.channel, each.doing.value) == (action.channel, action.doing):
                self._refused.add(name)

    def apply(self, change: Change) -> None:
        match change:
            case Began(supervision=supervision):
                self.open[supervision.supervision] = supervision
            case ModeChanged(supervision=name, mode=mode):
                if name in self.open:
                    self.open[name].mode = mode
            case Stopping(supervision=name):
                if name in self.open:
                    self.open[name].stopping = Ended.STOPPED
            case TakingOver(supervision=name):
                if name in self.open:
                    self.open[name].taking = True

    def note(self, fact: Fact) -> None:
        """Takes one fact, after the call model did."""
        if not self.open:
            return
        match fact:
            case (
                f.LegStarted()
                | f.LegAnswered()
                | f.LegJoined()
                | f.LegParted()
                | f.LegEnded()
                | f.SupervisorDoes()
            ):
                supervision = self.open.get(fact.leg)
                if supervision is not None:
                    self._leg(supervision, fact)
            case f.OriginateFailed():
                supervision = self.open.get(fact.leg)
                if supervision is not None and not supervision.connected:
                    self._end(supervision, Ended.NOT_ANSWERED)
            case f.PbxSnapshot():
                self._snapshot(fact)
            case _:
                pass

    def _leg(
        self,
        supervision: Supervision,
        fact: f.LegStarted | f.LegAnswered | f.LegJoined | f.LegParted | f.LegEnded | f.SupervisorDoes,
    ) -> None:
        match fact:
            case f.LegStarted():
                supervision.channel = fact.channel
            case f.LegAnswered():
                if not supervision.connected:
                    supervision.connected = True
                    self._on_the_way(supervision, Doing.WAIT, fact.at)  # by the dialplan itself
            case f.SupervisorDoes():
                if fact.doing == supervision.doing.value:
                    self.under_way.pop(supervision.supervision, None)
            case f.LegJoined():
                supervision.bridge = fact.bridge
            case f.LegParted():
                # Only out of the bridge that it was sent to: leaving an earlier one is its own doing.
                if supervision.bridge == fact.bridge:
                    supervision.bridge = None
                    supervision.doing = Doing.NOTHING
            case f.LegEnded():
                why = supervision.stopping or (Ended.HUNG_UP if supervision.connected else Ended.NOT_ANSWERED)
                self._end(supervision, why)

    def _snapshot(self, snapshot: f.PbxSnapshot) -> None:
        shown = {leg.leg: leg for leg in snapshot.legs}
        for supervision in list(self.open.values()):
            leg = shown.get(supervision.supervision)
            if leg is None:
                self._actions.append(HangUp(snapshot.cause, supervision.supervision))
                self._end(supervision, Ended.HUNG_UP if supervision.connected else Ended.NOT_ANSWERED)
                continue
            supervision.channel, supervision.connected = leg.channel, leg.up
            supervision.hung_up = False
            supervision.bridge = leg.bridge
            self.under_way.pop(supervision.supervision, None)
            if leg.bridge is None:
                supervision.doing = Doing.NOTHING

    def _end(self, supervision: Supervision, why: Ended) -> None:
        name = supervision.supervision
        del self.open[name]
        self.under_way.pop(name, None)
        self._refused.discard(name)
        self.ended[name] = why
        while len(self.ended) > 1000:
            del self.ended[next(iter(self.ended))]
        self._told.append(Told(supervision, "supervision_ended", supervision.call, why.value))

    # -- what follows ----------------------------------------------------------------------------------------

    def settle(self, at: Instant, cause: str) -> tuple[list[Action], list[Told]]:
        """Compares what each supervision wants with what its phone was sent to do."""
        if self._calls.in_sight:
            for supervision in list(self.open.values()):
                self._settle(supervision, at, cause)
        actions, self._actions = self._actions, []
        told, self._told = self._told, []
        return actions, told

    def _settle(self, supervision: Supervision, at: Instant, cause: str) -> None:
        if supervision.stopping is None:
            self._follow_call(supervision)
        if supervision.stopping is not None:
            if not supervision.hung_up:
                supervision.hung_up = True
                self._actions.append(HangUp(cause, supervision.supervision))
            return
        if not supervision.connected or not supervision.channel:
            return
        call = self._calls.calls.get(supervision.call) if supervision.call is not None else None
        if call is not None and self._has_citizen(supervision, call):
            self._hand_over(supervision, call, cause)
            return
        if self._comes(supervision, at):
            return
        if supervision.taking:
            self._take(supervision, call, at, cause)
            return
        wanted = self._wanted(supervision)
        sent = supervision.doing, supervision.at_leg
        if sent != (wanted, supervision.spied) or self._astray(supervision, at):
            self._send(supervision, wanted, at, cause)

    def _comes(self, supervision: Supervision, at: Instant) -> bool:
        """Whether its phone is on the way to what it was sent to do, and is not to be sent elsewhere yet.

        One that does not come is to be sent anew.
        """
        name = supervision.supervision
        if name not in self.under_way:
            return False
        refused = name in self._refused
        if at - supervision.sent_at < (SENT_AGAIN_S if refused else ARRIVES_WITHIN_S):
            return True
        if refused or self.under_way[name].sends < SENDS:
            supervision.doing = Doing.NOTHING
        return False

    def _wanted(self, supervision: Supervision) -> Doing:
        """What the supervisor's phone is to do now. Where the agent talks with nobody, having put the other
        party on hold, there is no bridge to barge into: only the agent hears the supervisor then.
        """
        agents = self._calls.leg(supervision.spied) if supervision.spied is not None else None
        if agents is None:
            return Doing.WAIT
        own = self._calls.leg(supervision.supervision)
        alone = own is None or not self._calls.state.beside(own)
        if supervision.mode is Mode.BARGE and agents.bridge is None and alone:
            return Doing.WHISPER
        return Doing(supervision.mode.value)

    def _astray(self, supervision: Supervision, at: Instant) -> bool:
        """Whether it was to barge in and is not where the agent talks now, or never came there."""
        agents = self._calls.leg(supervision.spied) if supervision.spied is not None else None
        if supervision.doing is not Doing.BARGE or agents is None or agents.bridge is None:
            return False
        if supervision.bridge is None:
            return at - supervision.sent_at >= BARGED_WITHIN_S
        return agents.bridge != supervision.bridge

    def _follow_call(self, supervision: Supervision) -> None:
        call = self._calls.calls.get(supervision.call) if supervision.call is not None else None
        if call is None and supervision.call is not None:
            if supervision.party_of is not None or supervision.afterwards is Afterwards.STOP:
                supervision.stopping = Ended.CALL_OVER
                return
            supervision.call, supervision.spied = None, None
            supervision.mode = Mode.LISTEN
        if supervision.party_of is not None and call is not None and self._external(call) is None:
            supervision.stopping = Ended.CALL_OVER
            return
        agent_leg = self._agent_leg(supervision, call) if call is not None else None
        if agent_leg is None and supervision.party_of is None and not (call and self._coming(call)):
            found = self._call_of_agent(supervision)
            stays = call is not None and supervision.afterwards is Afterwards.STOP
            if found is not None and found is not call and not stays:
                if call is not None:
                    supervision.mode = Mode.LISTEN
                call, agent_leg = found, self._agent_leg(supervision, found)
                supervision.call = found.record.call
                self._told.append(Told(supervision, "supervision_on_call", supervision.call))
        supervision.spied = agent_leg

    def _agent_leg(self, supervision: Supervision, call: OpenCall) -> LegId | None:
        """Whom it is beside: the agent's leg while that lives, else the one of who has the call now."""
        if supervision.spied is not None and supervision.spied in call.live:
            return supervision.spied
        legs = [self._calls.leg(name) for name in (call.segment.legs if call.segment else ())]
        agents = [leg.record for leg in legs if leg is not None and self._is_agents(leg)]
        own = [leg for leg in agents if leg.agent == supervision.agent]
        return next((leg.leg for leg in own + agents), None)

    def _call_of_agent(self, supervision: Supervision) -> OpenCall | None:
        """The call in which the agent is connected, of two the one that began first."""
        state = self._calls.state
        found = [
            call
            for leg in state.legs_of(supervision.agent)
            for each in (leg, *state.beside(leg))
            if self._is_agents(leg)
            and (call := state.call_of(each)) is not None
            and call.segment is not None
            and leg.record.leg in call.segment.legs
        ]
        return min(found, key=lambda call: call.record.started_at, default=None)

    def _is_agents(self, leg: Leg) -> bool:
        return leg.record.seat is not None and leg.record.leg not in self.open

    def _coming(self, call: OpenCall) -> bool:
        """Whether somebody is about to have the call: a phone rings for it."""
        return any(
            leg.record.answered_at is None for name in call.live if (leg := self._calls.leg(name)) is not None
        ) or any(offer.outcome is None for offer in call.record.offers)

    def _external(self, call: OpenCall) -> Leg | None:
        """The citizen's leg."""
        legs: Iterator[Leg | None] = (self._calls.leg(name) for name in call.live)
        return next((leg for leg in legs if leg is not None and leg.record.endpoint == self._trunk), None)

    def _has_citizen(self, supervision: Supervision, call: OpenCall) -> bool:
        """Whether the supervisor talks with the citizen, to take over or because no agent does."""
        segment = call.segment
        if segment is None or supervision.supervision not in segment.legs:
            return False
        legs = [leg for name in segment.legs if (leg := self._calls.leg(name)) is not None]
        if not any(leg.record.endpoint == self._trunk for leg in legs):
            return False
        if supervision.taking or supervision.spied in call.live:
            return supervision.taking  # else the agent is on the way into a hold, or out of it
        return not any(self._is_agents(leg) for leg in legs)

    def _hand_over(self, supervision: Supervision, call: OpenCall, cause: str) -> None:
        """The call is the supervisor's. Their leg is a seat's like any other from now on: it ends with it."""
        self._set(supervision, "HL_SPIED", "", cause)
        why = Ended.TOOK_OVER if supervision.taking else Ended.AGENT_LEFT
        for name in call.live:
            leg = self._calls.leg(name)
            if supervision.taking and leg is not None and self._is_agents(leg):
                self._actions.append(HangUp(cause, name))
        self._end(supervision, why)

    def _take(self, supervision: Supervision, call: OpenCall | None, at: Instant, cause: str) -> None:
        external = self._external(call) if call is not None else None
        if call is None or external is None:
            supervision.stopping, supervision.hung_up = Ended.CALL_OVER, True
            self._actions.append(HangUp(cause, supervision.supervision))
        elif supervision.doing is not Doing.TAKE:
            self._set(supervision, "HL_PEER", external.record.channel, cause)
            self._send(supervision, Doing.TAKE, at, cause)

    def _send(self, supervision: Supervision, doing: Doing, at: Instant, cause: str) -> None:
        if supervision.spied is not None:
            self._set(supervision, "HL_SPIED", supervision.spied, cause)
        if doing in (Doing.BARGE, Doing.TAKE) and supervision.call is not None:
            supervision.party_of = supervision.call
            self._set(supervision, "HL_CALL", supervision.call, cause)
        supervision.at_leg = supervision.spied
        self._on_the_way(supervision, doing, at)
        self._actions.append(SendSupervisor(cause, supervision.channel, doing.value))

    def _on_the_way(self, supervision: Supervision, doing: Doing, at: Instant) -> None:
        name, at_leg = supervision.supervision, supervision.at_leg
        supervision.doing, supervision.bridge, supervision.sent_at = doing, None, at
        before = self.under_way.get(name)
        if before is None or (before.doing, before.at_leg) != (doing, at_leg):
            before = UnderWay(doing, at_leg, 0)
        self.under_way[name] = replace(before, sends=before.sends + 1)
        self._refused.discard(name)

    def _set(self, supervision: Supervision, name: str, value: str, cause: str) -> None:
        self._actions.append(SetFact(cause, supervision.supervision, name, value))
