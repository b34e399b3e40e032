"""How often a PIN was wrong: after too many tries the next are not looked at for a while. Pure.

Wrong PINs are counted for the agent, so that nobody finds a PIN by trying, and for the seat's phone, so that
nobody tries every agent there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from acd.model import AgentId, Instant, SeatId
from cti.commands import PinTried
from cti.records_json import JSON, decode, encode
from cti.views import Refused

STATE = "pin/"


@dataclass(frozen=True, slots=True)
class PinAsked:
    """What was pressed at a phone is to be looked at; `PinTried` says what came of it."""

    cause: str
    channel: str
    seat: SeatId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class WrongPins:
    """Wrong PINs in a row."""

    count: int
    last_at: Instant
    locked_until: Instant | None = None


@dataclass(slots=True)
class Verdict:
    refused: Refused | None = None
    state: dict[str, JSON] = field(default_factory=dict)
    """What changed, for the journal; None: to be forgotten."""
    locked: list[str] = field(default_factory=list)
    """Whose tries are not looked at from now on: `agent/1001`, `seat/s07`."""


class PinGuard:
    """Agents and seats with wrong PINs."""

    def __init__(self) -> None:
        self._wrong: dict[str, WrongPins] = {}

    def restore(self, state: Mapping[str, JSON]) -> None:
        """Takes up what the journal knows; keys begin with `STATE`."""
        for key, body in state.items():
            if isinstance(body, dict):
                self._wrong[key.removeprefix(STATE)] = decode(WrongPins, body)

    def locked_until(self, agent: AgentId, seat: SeatId | None, at: Instant) -> Instant | None:
        """Until when a try of this agent at this seat is not looked at; None: it is."""
        until = [
            wrong.locked_until
            for key in _keys(agent, seat)
            if (wrong := self._wrong.get(key)) and wrong.locked_until is not None
        ]
        return max((each for each in until if each > at), default=None)

    def tried(self, tried: PinTried, *, most: int, locked_s: float) -> Verdict:
        """`most`: how many wrong PINs lock for `locked_s`, which is also how long one counts."""
        until = self.locked_until(tried.agent, tried.seat, tried.at)
        if until is not None:
            return Verdict(refused=pin_locked(until))
        old = [key for key, wrong in self._wrong.items() if tried.at - wrong.last_at > locked_s]
        if tried.right:
            return Verdict(state=self._forget([*old, *_keys(tried.agent, tried.seat)]))
        verdict = Verdict(Refused("wrong_pin", "This is not the agent's PIN.", "pin"), self._forget(old))
        for key in _keys(tried.agent, tried.seat):
            before = self._wrong.get(key)
            count = before.count + 1 if before is not None else 1
            wrong = WrongPins(count, tried.at, tried.at + locked_s if count >= most else None)
            if wrong.locked_until is not None:
                verdict.locked.append(key)
                verdict.refused = pin_locked(wrong.locked_until)
            self._wrong[key] = wrong
            verdict.state[STATE + key] = encode(wrong)
        return verdict

    def unlock(self, agent: AgentId) -> dict[str, JSON]:
        """Forgets an agent's wrong PINs. Returns what changed."""
        return self._forget(_keys(agent, None))

    def _forget(self, keys: Iterable[str]) -> dict[str, JSON]:
        return {STATE + key: None for key in keys if self._wrong.pop(key, None) is not None}


def pin_locked(until: Instant) -> Refused:
    time = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
    return Refused("pin_locked", f"There were too many wrong PINs: no PIN is looked at before {time}.", "pin")


def _keys(agent: AgentId, seat: SeatId | None) -> tuple[str, ...]:
    return (f"agent/{agent}",) if seat is None else (f"agent/{agent}", f"seat/{seat}")
