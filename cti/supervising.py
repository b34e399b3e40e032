"""Supervisions as the runtime has them: what is journaled and audited, and orders from a phone. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from acd.model import AgentId, Instant
from cti.audit import ToAudit
from cti.calls.facts import FeatureDialled, LegId
from cti.calls.supervision import Afterwards, Mode, Supervision
from cti.calls.supervisions import Supervisions
from cti.records_json import JSON, Draft, encode
from cti.verbs.model import Order
from cti.verbs.register import Work
from cti.verbs.supervision import ChangeSupervision, StopSupervision, Supervise, TakeOverCall

KIND = "supervision"
"""Of the journal's entries: told to supervisors as they come. What is kept for good is in the audit."""
STATE = "supervision/"

KEY = "supervision_key"
"""A key pressed on a supervisor's phone."""
_STARTS = {mode.value: mode for mode in Mode}
_MODES = {"1": Mode.LISTEN, "2": Mode.WHISPER, "3": Mode.BARGE}
_TAKE, _STOP = "9", "0"


def is_supervision(fact: FeatureDialled) -> bool:
    return fact.feature == KEY or fact.feature in _STARTS


class Supervising:
    """Beside `Supervisions`: what was journaled of each."""

    def __init__(self, supervisions: Supervisions) -> None:
        self._supervisions = supervisions
        self._written: dict[LegId, dict[str, JSON]] = {}

    def restore(self, supervisions: Iterable[Supervision]) -> None:
        known = list(supervisions)
        self._written = {each.supervision: encode(each) for each in known}
        self._supervisions.restore(known)

    def settle(self, at: Instant, cause: str) -> Work:
        """What follows for Asterisk, the journal and the audit from all that happened."""
        actions, told = self._supervisions.settle(at, cause)
        work = Work(actions=actions)
        for each in told:
            supervision = each.supervision
            detail = {
                "supervision": supervision.supervision,
                "seat": supervision.seat,
                "mode": supervision.mode.value,
            }
            if each.reason:
                detail["reason"] = each.reason
            what = ToAudit(
                at, cause, supervision.by, each.what, whom=supervision.agent, call=each.call, detail=detail
            )
            work.audits.append(what)
            if each.reason:
                body = encode(supervision) | {"ended": each.reason}
                work.drafts.append(Draft(at, KIND, supervision.supervision, body))
        for name in [name for name in self._written if name not in self._supervisions.open]:
            del self._written[name]
            work.state[STATE + name] = None
        for name, supervision in self._supervisions.open.items():
            body = encode(supervision)
            if self._written.get(name) != body:
                self._written[name] = body
                work.state[STATE + name] = body
                work.drafts.append(Draft(at, KIND, name, body))
        return work

    def order_of(
        self, fact: FeatureDialled, agent: AgentId | None, supervisors: frozenset[AgentId]
    ) -> Order | ToAudit | None:
        """What a supervisor dialled or pressed; an attempt to be audited of who is none; None for a key that
        means nothing.
        """
        asked: object
        if fact.feature == KEY:
            supervision = self._supervisions.open.get(fact.leg)
            if supervision is None:
                return None
            by, name = supervision.by, supervision.supervision
            if fact.argument in _MODES:
                asked = ChangeSupervision(name, _MODES[fact.argument])
            elif fact.argument == _TAKE:
                asked = TakeOverCall(name)
            elif fact.argument == _STOP:
                asked = StopSupervision(name)
            else:
                return None
        elif agent is None or agent not in supervisors:
            error = "not_logged_in" if agent is None else "forbidden_role"
            who = agent or fact.seat
            return ToAudit(
                fact.at, fact.cause, who, "supervise", error, fact.argument, None, {"seat": fact.seat}
            )
        else:
            by, mode = agent, _STARTS[fact.feature]
            asked = Supervise(fact.argument, fact.seat, mode, Afterwards.WAIT, fact.leg, fact.channel)
        return Order(fact.at, fact.cause, f"phone-{fact.cause}", by, True, None, None, "", asked)
