"""What agents ask for, over the API or at a phone, and what their phones' comings and goings mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from acd import events as acd
from acd.refusals import InvalidEvent
from cti.audit import ToAudit
from cti.calls.actions import AnswerFeature
from cti.calls.facts import FeatureDialled, PbxSnapshot, PhoneChanged
from cti.commands import AgentCommand, BeNotReady, BeReady, LogIn, LogOut, PinTried
from cti.desk import Desk
from cti.pins import PinAsked
from cti.plan import InForce
from cti.router_link import RouterLink
from cti.seats import Turn
from cti.step import Notice, Step
from cti.views import Refused


class AgentRequests:
    """Between the desk, which knows what a request means, and the router, which grants it."""

    def __init__(self, desk: Desk, link: RouterLink, in_force: InForce) -> None:
        self._desk = desk
        self._link = link
        self._in_force = in_force

    def ask(self, command: AgentCommand, step: Step) -> Refused | None:
        """Carries out what an agent asked for, or says why not."""
        try:
            event = self._desk.asked(command, self._in_force.policy)
            self._link.handle(event, step)
        except Refused as refused:
            return refused
        except InvalidEvent:
            return self._desk.refused_by_state(command.agent)
        if isinstance(event, acd.AgentMoved):
            after = self._desk.sat_down(event.seat, event.at, event.cause)
            if after is not None:
                self._link.route(after, step)
        return None

    def dialled(self, fact: FeatureDialled, step: Step) -> None:
        """A phone dialled to log in or out, or to be ready or not; it is answered how that went."""
        if fact.feature == "login" and self._desk.rules.pin_at_phone:
            step.pins.append(PinAsked(fact.cause, fact.channel, fact.seat, fact.argument))
            return
        agent = self._desk.agent_at.get(fact.seat)
        command: AgentCommand | None = None
        if fact.feature == "login":
            command = LogIn(fact.at, fact.cause, fact.argument, fact.seat)
        elif agent is not None and fact.feature == "logout":
            command = LogOut(fact.at, fact.cause, agent)
        elif agent is not None and fact.feature == "ready":
            command = BeReady(fact.at, fact.cause, agent)
        elif agent is not None and fact.feature == "not_ready":
            reason = self._desk.reasons.get(fact.argument, "")
            command = BeNotReady(fact.at, fact.cause, agent, reason)
        refused = (
            self.ask(command, step) if command else Refused("not_logged_in", "Nobody is logged in here.")
        )
        later = command is not None and self._desk.holds_later(command.agent)
        step.actions.append(
            AnswerFeature(fact.cause, fact.channel, "refused" if refused else "later" if later else "ok")
        )

    def pin_tried(self, tried: PinTried, step: Step) -> list[ToAudit]:
        """A PIN was looked at: at a phone a right one logs its agent in. For the audit: what it locked."""
        verdict = self._desk.pin_tried(tried)
        step.state |= verdict.state
        for whose in verdict.locked:
            told: dict[str, str | float | None] = {"whose": whose, "agent": tried.agent, "seat": tried.seat}
            step.notices.append(Notice("pins_locked", tried.cause, told))
        detail = {} if tried.seat is None else {"seat": tried.seat}
        locked = [
            ToAudit(tried.at, tried.cause, tried.agent, "pins_locked", whom=whose, detail=detail)
            for whose in verdict.locked
        ]
        if tried.channel is None or tried.seat is None:
            step.refused = verdict.refused
            return locked
        refused = verdict.refused or self.ask(LogIn(tried.at, tried.cause, tried.agent, tried.seat), step)
        result = "ok" if refused is None else "locked" if refused.error == "pin_locked" else "refused"
        step.actions.append(AnswerFeature(tried.cause, tried.channel, result))
        return locked

    def phones_turned(self, turns: Iterable[Turn], fact: PhoneChanged | PbxSnapshot, step: Step) -> None:
        """Phones can be rung from now on, or cannot: operations staff and the router are told."""
        for turn in turns:
            agent = self._desk.agent_at.get(turn.seat)
            if not turn.reachable or turn.away_s is not None:
                told: dict[str, str | float | None] = {"seat": turn.seat, "agent": agent}
                name = "seat_reachable" if turn.reachable else "seat_unreachable"
                step.notices.append(Notice(name, fact.cause, told, warning=agent is not None))
            event = self._desk.phone_turned(turn, fact.at, fact.cause)
            if event is not None:
                self._link.route(event, step)
