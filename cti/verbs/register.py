"""All commands of the last day: those under way, and what became of the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acd import events as acd
from acd.model import Instant
from cti.audit import DONE, ToAudit
from cti.calls.actions import Action, ActionDone, ActionFailed
from cti.calls.outputs import CallbackWanted
from cti.calls.supervision import Change
from cti.masking import mask
from cti.records_json import JSON, Draft, decode, encode
from cti.verbs.model import Command, Done, Failed, Order, Outcome, Progress, Situation, Verb
from cti.verbs.parties import To
from cti.verbs.records import CommandRecord, CommandState
from cti.views import Refused

KEPT_S = 24 * 3600.0
"""How long an outcome can be asked for, and an idempotency key is remembered."""
KEPT = 20_000

STATE = "command/"
_UNCERTAIN = frozenset({"deadline", "lost"})
"""Reasons of a failed action that leave open whether Asterisk carried it out."""
_LONGEST_CHAIN = 20
_FORGOTTEN_AT_ONCE = 10


@dataclass(slots=True)
class Work:
    """What follows for the journal, Asterisk and the router."""

    drafts: list[Draft] = field(default_factory=list)
    state: dict[str, JSON] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    supervise: list[Change] = field(default_factory=list)
    audits: list[ToAudit] = field(default_factory=list)
    events: list[acd.Event | CallbackWanted] = field(default_factory=list)


@dataclass(slots=True)
class _Pending:
    record: CommandRecord
    verb: Verb[Any]
    asked: object
    stage: str = ""
    unanswered: int = 0
    """Actions of it that Asterisk has not answered."""

    @property
    def command(self) -> Command[Any]:
        record = self.record
        return Command(
            record.command,
            record.accepted_at,
            record.by,
            record.supervisor,
            record.agent,
            self.asked,
            self.stage,
            record.result,
        )

    @property
    def until(self) -> Instant:
        return self.record.accepted_at + self.verb.within_s


class Commands:
    """Accepts, begins and follows commands. Pure, as its handlers are; its owner does what comes of it."""

    def __init__(self, verbs: Iterable[Verb[Any]], situation: Situation) -> None:
        self._verbs = {verb.asks: verb for verb in verbs}
        self._named = {verb.name: verb for verb in self._verbs.values()}
        self._situation = situation
        self._records: dict[str, CommandRecord] = {}
        self._by_key: dict[tuple[str, str], str] = {}
        self._pending: dict[str, _Pending] = {}
        self._work = Work()

    # -- what the owner asks ---------------------------------------------------------------------------------

    def record(self, command: str) -> CommandRecord | None:
        """A command of the last day."""
        return self._records.get(command)

    def next_deadline(self) -> Instant | None:
        return min((pending.until for pending in self._pending.values()), default=None)

    # -- what the owner tells --------------------------------------------------------------------------------

    def take(self, order: Order) -> tuple[str, Work]:
        """Accepts an order and begins it. Returns the command's id: an earlier one's for a key that is known.

        A command that was refused did nothing: its key is free again. Raises `Refused` when the key came with
        something else before.
        """
        known = self._by_key.get((order.by, order.key)) if order.key is not None else None
        if known is not None and self._records[known].state is not CommandState.REFUSED:
            if self._records[known].digest != order.digest:
                raise Refused(
                    "idempotency_key_reused",
                    "This Idempotency-Key came with another request before; give each request its own.",
                    "Idempotency-Key",
                )
            return known, self._take_work()
        verb = self._verbs[type(order.asked)]
        call = getattr(order.asked, "call", None)
        record = CommandRecord(
            command=order.command,
            verb=verb.name,
            by=order.by,
            accepted_at=order.at,
            cause=order.cause,
            supervisor=order.supervisor,
            agent=order.agent,
            call=call if isinstance(call, str) else None,
            key=order.key,
            digest=order.digest,
        )
        pending = _Pending(record, verb, order.asked)
        self._pending[order.command] = pending
        if not self._situation.calls.in_sight:
            self._end(
                pending,
                order.at,
                CommandState.REFUSED,
                "asterisk_away",
                "Asterisk is out of sight; calls go on. Try again in a few seconds.",
            )
        else:
            self._begin(pending, order.at)
        self._forget_old(order.at)
        return order.command, self._take_work()

    def follow(self, at: Instant) -> Work:
        """Looks what has come about. To be called after everything that happens, and when it is time."""
        for pending in list(self._pending.values()):
            if self._situation.calls.in_sight:
                self._follow(pending, at)
            if pending.record.command in self._pending and at >= pending.until:
                self._settle(pending, pending.verb.too_late, at)
        return self._take_work()

    def action_failed(self, failure: ActionFailed) -> Work:
        """An action failed, perhaps of a command: then so did the command, unless it may yet show effect."""
        pending = self._pending.get(failure.cause)
        if pending is not None and failure.reason not in _UNCERTAIN:
            self._end(
                pending, failure.at, CommandState.FAILED, "asterisk_refused", "Asterisk did not carry it out."
            )
        return self._take_work()

    def action_done(self, done: ActionDone) -> Work:
        """Asterisk carried an action out: with the last one a command that goes by that is done."""
        pending = self._pending.get(done.cause)
        if pending is not None and pending.verb.answered:
            pending.unanswered -= 1
            if pending.unanswered <= 0:
                self._end(pending, done.at, CommandState.DONE)
        return self._take_work()

    def restore(self, states: Mapping[str, JSON]) -> None:
        """Takes up what the journal's state has under `STATE`. Those under way are followed from here on."""
        found = [
            (decode(CommandRecord, body["record"]), body)
            for body in states.values()
            if isinstance(body, dict) and isinstance(body["record"], dict)
        ]
        for record, body in sorted(found, key=lambda each: (each[0].accepted_at, each[0].command)):
            self._remember(record)
            verb = self._named.get(record.verb)
            asked = body.get("asked")
            if record.state is CommandState.ACCEPTED and verb is not None:
                kept = decode(verb.asks, asked) if isinstance(asked, dict) else None
                stage = str(body.get("stage", ""))
                self._pending[record.command] = _Pending(record, verb, kept, stage)

    # -- inside ----------------------------------------------------------------------------------------------

    def _begin(self, pending: _Pending, at: Instant) -> None:
        try:
            progress = pending.verb.begin(self._situation, pending.command, at)
        except Refused as refused:
            self._end(pending, at, CommandState.REFUSED, refused.error, refused.sentence)
            return
        self._advance(pending, progress, at)

    def _follow(self, pending: _Pending, at: Instant) -> None:
        if pending.asked is None:
            return
        for _ in range(_LONGEST_CHAIN):
            progress = pending.verb.follow(self._situation, pending.command, at)
            if progress is None:
                return
            self._advance(pending, progress, at)
            if pending.record.command not in self._pending:
                return
        raise AssertionError(f"{pending.verb.name} does not come to rest at stage {pending.stage!r}")

    def _advance(self, pending: _Pending, progress: Progress, at: Instant) -> None:
        self._work.actions += progress.actions
        pending.unanswered += len(progress.actions)
        self._work.events += progress.events
        self._work.supervise += progress.supervise
        pending.stage = progress.stage or pending.stage
        record = pending.record
        pending.record = replace(
            record, call=progress.call or record.call, result={**record.result, **progress.result}
        )
        self._settle(pending, progress.outcome, at)

    def _settle(self, pending: _Pending, outcome: Outcome | None, at: Instant) -> None:
        match outcome:
            case None:
                self._write(pending, at)
            case Done():
                self._end(pending, at, CommandState.DONE)
            case Failed(reason=reason, sentence=sentence):
                self._end(pending, at, CommandState.FAILED, reason, sentence)

    def _end(
        self,
        pending: _Pending,
        at: Instant,
        state: CommandState,
        reason: str | None = None,
        sentence: str | None = None,
    ) -> None:
        pending.record = replace(pending.record, state=state, ended_at=at, reason=reason, sentence=sentence)
        del self._pending[pending.record.command]
        self._write(pending, at)
        if pending.record.supervisor:
            self._work.audits.append(_intervention(pending, at))

    def _write(self, pending: _Pending, at: Instant) -> None:
        record = pending.record
        self._remember(record)
        body = encode(record)
        under_way = record.state is CommandState.ACCEPTED
        keep = under_way and not pending.verb.secret and pending.asked is not None
        kept: dict[str, JSON] = {"record": body}
        if keep:
            kept |= {"asked": encode(pending.asked), "stage": pending.stage}
        self._work.drafts = [d for d in self._work.drafts if d.key != record.command]
        self._work.drafts.append(Draft(at, "command", record.command, body))
        self._work.state[STATE + record.command] = kept

    def _remember(self, record: CommandRecord) -> None:
        self._records[record.command] = record
        if record.key is not None:
            self._by_key[record.by, record.key] = record.command

    def _forget_old(self, at: Instant) -> None:
        for oldest in list(itertools.islice(self._records.values(), _FORGOTTEN_AT_ONCE)):
            if len(self._records) <= KEPT and oldest.accepted_at > at - KEPT_S:
                break
            if oldest.command in self._pending:
                break
            del self._records[oldest.command]
            if oldest.key is not None and self._by_key[oldest.by, oldest.key] == oldest.command:
                del self._by_key[oldest.by, oldest.key]
            self._work.state[STATE + oldest.command] = None

    def _take_work(self) -> Work:
        work, self._work = self._work, Work()
        return work


def _intervention(pending: _Pending, at: Instant) -> ToAudit:
    """What a supervisor did, or was refused: all of it goes to the audit, telephone numbers in part."""
    record = pending.record
    asked = {} if pending.asked is None or pending.verb.secret else encode(pending.asked)
    detail = {name: _audited(name, value) for name, value in asked.items() if value and name != "call"}
    detail |= record.result
    whom = detail.pop("agent", record.agent)
    return ToAudit(
        at,
        record.cause,
        record.by,
        record.verb,
        DONE if record.state is CommandState.DONE else record.reason or record.state.value,
        whom,
        record.call,
        detail | {"command": record.command},
    )


def _audited(name: str, value: JSON) -> str:
    if isinstance(value, dict) and name == "party":
        whom, to = str(value["name"]), str(value["to"])
        return f"{to} {mask(whom) if to == To.NUMBER else whom}"
    return mask(str(value)) if name == "number" else str(value)
