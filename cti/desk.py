"""Agents at their seats: what they ask for becomes an event for the router, or is refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acd import events as acd
from acd.effects import AgentChanged
from acd.model import AgentId, AgentState, Instant, Policy, SeatId
from cti.commands import (
    AgentCommand,
    BeNotReady,
    BeReady,
    ExtendWrapUp,
    LogIn,
    LogOut,
    MoveSeat,
    PinTried,
)
from cti.pins import PinGuard, Verdict
from cti.seats import SeatBook, Turn
from cti.views import Refused

PHONE_UNREACHABLE = "phone_unreachable"
ON_CALL = (AgentState.RESERVED, AgentState.BUSY)


@dataclass(frozen=True, slots=True)
class DeskRules:
    """What operations staff decided about log-in, seats and their phones."""

    pin_at_phone: bool = False
    """Whether logging in at a phone asks for the agent's PIN."""
    moves_at_login: bool = False
    """Whether who logs in elsewhere is moved there; else that is refused."""
    wrong_pins: int = 5
    """After so many wrong PINs in a row the next are not looked at."""
    locked_s: float = 300.0
    """For so long; and a wrong PIN counts for so long."""
    ready_again_within_s: float = 60.0
    """An agent whose phone is back within this time is put back; 0: never."""


class Desk:
    """Who sits where. The owner carries its events out and tells of each agent's change."""

    def __init__(self, seats: tuple[SeatId, ...], reasons: Mapping[str, str], rules: DeskRules) -> None:
        """`reasons`: not-ready reasons by digit."""
        self.agents: dict[AgentId, AgentChanged] = {}
        self.agent_at: dict[SeatId, AgentId] = {}
        self.phones = SeatBook(seats)
        self.pins = PinGuard()
        self.reasons = reasons
        self.rules = rules

    def asked(self, command: AgentCommand, policy: Policy) -> acd.Event:
        """What a command means to the router. Raises `Refused`."""
        agent = command.agent
        if agent not in policy.agents:
            raise Refused("unknown_agent", f"There is no agent {agent}.", "agent")
        known = self.agents.get(agent)
        at, cause = command.at, command.cause
        if known is None or known.state is AgentState.LOGGED_OUT or known.seat is None:
            if not isinstance(command, LogIn):
                raise Refused("not_logged_in", f"Agent {agent} is not logged in.")
            self._check_seat(agent, command.seat)
            return acd.AgentLoggedIn(at, cause, agent, command.seat)
        match command:
            case LogIn():
                if not self.rules.moves_at_login or command.seat == known.seat:
                    sentence = f"Agent {agent} is logged in at {known.seat}."
                    raise Refused("agent_already_logged_in", sentence, "agent")
                return self._move(known, command)
            case MoveSeat():
                return self._move(known, command)
            case LogOut():
                return acd.AgentLoggedOut(at, cause, agent)
            case BeReady():
                if self.phones.reachable(known.seat) is False:
                    sentence = f"The phone of {known.seat} cannot be reached: see to it, or change seats."
                    raise Refused(PHONE_UNREACHABLE, sentence)
                return acd.AgentReady(at, cause, agent)
            case BeNotReady():
                if command.reason not in self.reasons.values():
                    raise Refused("unknown_reason", "There is no such not-ready reason.", "reason")
                return acd.AgentNotReady(at, cause, agent, command.reason)
            case ExtendWrapUp():
                return self._extend(known, command, policy.agents[agent].max_wrap_up_s)

    def _check_seat(self, agent: AgentId, seat: SeatId) -> None:
        if seat not in self.phones.seats:
            raise Refused("unknown_seat", f"There is no seat {seat}.", "seat")
        if self.agent_at.get(seat, agent) != agent:
            raise Refused("seat_taken", f"Another agent is logged in at {seat}.", "seat")

    def _move(self, known: AgentChanged, command: LogIn | MoveSeat) -> acd.Event:
        self._check_seat(known.agent, command.seat)
        if known.state in ON_CALL:
            sentence = f"Agent {known.agent}'s phone rings or talks; the seat is changed between calls."
            raise Refused("agent_on_call", sentence)
        return acd.AgentMoved(command.at, command.cause, known.agent, command.seat)

    def _extend(self, known: AgentChanged, command: ExtendWrapUp, ceiling_s: float | None) -> acd.Event:
        if known.state is not AgentState.WRAP_UP or known.until is None:
            raise Refused("not_in_wrap_up", f"Agent {known.agent} is {known.state}, not in wrap-up.")
        if ceiling_s is not None and known.until >= known.since + ceiling_s:
            sentence = f"Agent {known.agent}'s wrap-up is as long as it may be: {ceiling_s:g} s."
            raise Refused("wrap_up_ceiling", sentence)
        return acd.WrapUpExtended(command.at, command.cause, known.agent, command.seconds)

    def pin_tried(self, tried: PinTried) -> Verdict:
        """Whether a PIN lets its agent in."""
        return self.pins.tried(tried, most=self.rules.wrong_pins, locked_s=self.rules.locked_s)

    def refused_by_state(self, agent: AgentId) -> Refused:
        """Why the router's tables did not take what was asked for."""
        known = self.agents.get(agent)
        state = known.state if known else AgentState.LOGGED_OUT
        return Refused("not_allowed_now", f"Agent {agent} is {state}, which does not allow this.")

    def holds_later(self, agent: AgentId) -> bool:
        """Whether what was asked for last holds after the present call only."""
        known = self.agents.get(agent)
        if known is None or known.state not in ON_CALL:
            return False
        return (known.next_state, known.next_reason) != (AgentState.READY, None)

    def phone_turned(self, turn: Turn, at: Instant, cause: str) -> acd.Event | None:
        """What a phone that went or came back means for who sits there."""
        agent = self.agent_at.get(turn.seat)
        if agent is None:
            return None
        if not turn.reachable:
            return acd.AgentPhoneLost(at, cause, agent)
        # After a restart it was not seen when the phone went; the agent's own state knows at least so long.
        away_s = turn.away_s if turn.away_s is not None else at - self.agents[agent].since
        back = away_s <= self.rules.ready_again_within_s
        return acd.AgentPhoneBack(at, cause, agent) if back else None

    def sat_down(self, seat: SeatId, at: Instant, cause: str) -> acd.Event | None:
        """What the phone of a seat means for an agent who moved there: a broken one is left like this."""
        reachable = self.phones.reachable(seat)
        return None if reachable is None else self.phone_turned(Turn(seat, reachable, 0.0), at, cause)
