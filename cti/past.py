"""What the journal knows from before this start, in the form in which the runtime takes it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from acd.effects import AgentChanged
from acd.model import AgentState, Instant
from cti.audit import STATE as AUDIT
from cti.audit import head_of
from cti.callbacks.book import STATE as CALLBACKS
from cti.calls.connections import leg_of_recording
from cti.calls.facts import LegId
from cti.calls.flows import voicemail_due
from cti.calls.outputs import RecordingDue
from cti.calls.records import CallRecord
from cti.calls.supervision import Supervision
from cti.clock import STATE as CLOCK
from cti.dialler import STATE as DIALLER
from cti.due_recordings import STATE as DUE
from cti.journal import Journal
from cti.kept_places import PLACES
from cti.pins import STATE as PINS
from cti.preferred import LAST_AGENT, OPEN_ORDER
from cti.records_json import JSON, decode, decode_call, instant_of
from cti.resuming import Resume
from cti.supervising import STATE as SUPERVISIONS
from cti.todays_figures import FIGURES
from cti.verbs.register import STATE as COMMANDS

log = structlog.get_logger(__name__)

PAGE = 1000
_UNSEEN_S = 10.0
"""How long before the last sight of Asterisk a leg may have ended without the journal's knowing."""


@dataclass(slots=True)
class Past:
    """`seen_until` is None for a journal that never saw Asterisk."""

    resume: Resume = field(default_factory=Resume)
    seen_until: Instant | None = None
    clock: JSON = None
    """What the last service's clock said of itself, if somebody was at work or on the line."""
    due: dict[LegId, RecordingDue] = field(default_factory=dict)
    """Recordings of legs that have ended, by leg. Those still in the spool are archived yet."""


def read_past(journal: Journal) -> Past:
    """Reads the journal's state, and the calls that it still holds. Raises `JournalError`."""
    past = Past()
    state = journal.state()
    for key, body in state.items():
        if key.startswith("agent/") and isinstance(body, dict):
            past.resume.agents.append(decode(AgentChanged, body))
        elif key.startswith("call/") and isinstance(body, dict):
            call = decode_call(body)
            past.resume.open_calls.append(call)
            past.due |= _due(call)
        elif key.startswith((LAST_AGENT, OPEN_ORDER)):
            past.resume.preferred[key] = body
        elif key.startswith(PLACES):
            past.resume.places[key] = body
        elif key.startswith(CALLBACKS):
            past.resume.callbacks[key] = body
        elif key.startswith(DIALLER):
            past.resume.dialler[key] = body
        elif key.startswith(FIGURES):
            past.resume.figures[key.removeprefix(FIGURES)] = body
        elif key.startswith(SUPERVISIONS) and isinstance(body, dict):
            past.resume.supervisions.append(decode(Supervision, body))
        elif key.startswith(PINS):
            past.resume.pins[key] = body
        elif key.startswith(COMMANDS):
            past.resume.commands[key] = body
        elif key.startswith(DUE) and isinstance(body, dict):
            due = decode(RecordingDue, body)
            past.due[due.leg] = due
    past.resume.audit = head_of(state.get(AUDIT), journal.journal_id)
    if past.resume.open_calls or any(
        agent.state is not AgentState.LOGGED_OUT for agent in past.resume.agents
    ):
        past.clock = state.get(CLOCK)
    seen = state.get("seen_until")
    if isinstance(seen, str):
        past.seen_until = instant_of(seen)
    _read_ended_calls(journal, past)
    return past


def recordings_left(past: Past, pending: Mapping[LegId, float], last_seen: float) -> list[RecordingDue]:
    """Which of the recorder's files in the spool are to be archived now.

    `pending` tells when each was last written, `last_seen` when the service last saw Asterisk, both in
    seconds since the epoch by the machine's clock. An old file of which nothing is known is logged as an
    error, as no event will tell of it. Of an open call's, of one that is still written and of one that was
    written while the service was away Asterisk tells.
    """
    on_the_line = {leg.leg for call in past.resume.open_calls for leg in call.legs}
    for name, written_at in pending.items():
        known = name in past.due or leg_of_recording(name) in on_the_line
        if not known and written_at < last_seen - _UNSEEN_S:
            log.error("recording_without_call", leg=name)
    return [past.due[name] for name in pending if name in past.due]


def _read_ended_calls(journal: Journal, past: Past) -> None:
    after = 0
    done: dict[LegId, None] = {}
    while entries := journal.read(after, PAGE):
        after = entries[-1].seq
        for entry in entries:
            if entry.kind != "call" or entry.body.get("ended_at") is None:
                continue
            call = decode_call(entry.body)
            done |= dict.fromkeys(leg.leg for leg in call.legs)
            past.due |= _due(call)
    past.resume.done_legs = list(done)


def _due(call: CallRecord) -> dict[LegId, RecordingDue]:
    """Recordings that are complete because their leg has ended, whether the call has or not."""
    # Worked out of the calls too: a journal that an earlier version wrote has no `due/` in its state.
    ended = {leg.leg for leg in call.legs if leg.ended_at is not None}
    due: dict[LegId, RecordingDue] = {}
    for segment in call.segments:
        name = segment.recorded_leg
        if name is not None and name not in due and leg_of_recording(name) in ended:
            due[name] = RecordingDue("resume", name, call.call, segment.segment, segment.started_at)
    if call.voicemail is not None and call.voicemail.ended_at is not None:
        due[call.voicemail.leg] = voicemail_due(call.call, call.voicemail, "resume")
    return due
