"""The ledger of a run: what a fault cost, told from the side of the phones and the callers.

What callers heard and what phones were asked to do is compared with Asterisk's own log (CEL) and with
PostgreSQL. The service's call model is not asked, so it cannot hide what it got wrong. Every count is meant
to be zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from lab.callers import CallerReport
from lab.conferring import CROSSING_S, conferred, connected_at, together_s, were_connected
from lab.phone_log import PhoneCall
from lab.witness import ArchiveSays, AsteriskSaw

BENCHED_WITHIN_S: Final = 8.0
"""An agent is taken out for what their phone did so shortly before; the service may have been away since."""
TIMES_AGREE_S: Final = 1.0
LEAST_RING_S: Final = 2.0
"""No queue may let a phone ring for less (3 s), so a shorter ring is no `rona`."""

DROPPED = "calls dropped"
ARCHIVED = "calls archived twice, not at all, or otherwise than seen"
RECORDINGS = "recordings lost"
AGENTS = "agents left in a wrong state"
PLACES = "contacts that lost their place"
RANG = "phones that rang for nobody"
ERRORS = "errors in the service's log"
KINDS: Final = (DROPPED, ARCHIVED, RECORDINGS, AGENTS, PLACES, RANG, ERRORS)


@dataclass(slots=True)
class Evidence:
    """All that was seen of a run, once it has come to rest."""

    callers: Sequence[CallerReport]
    phones: Sequence[PhoneCall]
    saw: AsteriskSaw
    says: ArchiveSays
    agents: Sequence[Mapping[str, Any]]
    """The agents who were logged in, as the API shows them at the end."""
    in_spool: Sequence[str] = ()
    """Recorder's files that nobody fetched."""
    voiceless: Sequence[str] = ()
    """Recordings without the voices that should be in them."""
    errors: Sequence[str] = ()
    refused: int = 0
    """Journal entries that PostgreSQL did not take."""
    dead: Mapping[str, float] = field(default_factory=dict)
    """Seats whose phone was made to die, and when."""
    cut: frozenset[str] = frozenset()
    """Callers whose calls the scenario itself ended, by killing Asterisk."""
    willed: Mapping[str, str] = field(default_factory=dict)
    """Agents who themselves chose to be something else than ready, and what."""
    times_agree_s: float = TIMES_AGREE_S
    forgotten: frozenset[str] = frozenset()
    """Seats whose registration ended because the scenario set the clock."""
    kept: frozenset[str] = frozenset()
    """Callers who were cut off and dialled again in time: they have the place of their first call."""
    asked: frozenset[str] = frozenset()
    """Seats whose phone an agent had ring beside their own, to consult whoever sits there or to hand over."""
    gave_away: frozenset[str] = frozenset()
    """Seats whose agent transferred the caller by command, at which that phone is let go."""


@dataclass(slots=True)
class Ledger:
    """The problems of each kind, each a sentence."""

    problems: dict[str, list[str]]

    @property
    def clean(self) -> bool:
        return not any(self.problems.values())

    @property
    def counts(self) -> dict[str, int]:
        return {kind: len(found) for kind, found in self.problems.items()}

    def __str__(self) -> str:
        told = [f"{kind}: {each}" for kind, found in self.problems.items() for each in found]
        return "\n".join(told) or "all zero"


def ledger(seen: Evidence) -> Ledger:
    """Looks for every kind of damage."""
    return Ledger(
        {
            DROPPED: dropped(seen),
            ARCHIVED: archived_wrongly(seen),
            RECORDINGS: recordings_lost(seen),
            AGENTS: agents_wrong(seen),
            PLACES: places_lost(seen),
            RANG: rang_for_nobody(seen),
            ERRORS: [f"{error}" for error in seen.errors],
        }
    )


# -- calls dropped -------------------------------------------------------------------------------------------


def dropped(seen: Evidence) -> list[str]:
    """Calls that ended, or fell silent, though neither of those who spoke or waited wanted it."""
    problems = []
    rings = _by_number(seen.phones)
    for caller in seen.callers:
        if caller.number in seen.cut:
            continue
        phones = [call for call in rings.get(caller.number, ()) if call.answered_at is not None]
        if caller.outcome == "failed":
            problems.append(f"caller {caller.number} got no call: {caller.reason}")
        elif caller.hung_up_by == "far_end" and not _ended_by_an_agent(seen, caller, phones):
            problems.append(f"caller {caller.number} was hung up on by nobody")
        problems += [
            f"caller {caller.number} lost {call.seat} while both were there"
            for call in phones
            if call.ended_at is not None
            and not call.hung_up_here
            and call.seat not in seen.dead
            and call.seat not in seen.gave_away
            and call.ended_at < caller.ended_at - CROSSING_S
            and not any(connected_at(other, call.ended_at) for other in conferred(seen.asked, call, phones))
        ]
        problems += [
            f"caller {caller.number} and {call.seat} were connected and heard nothing"
            for call in phones
            if call.seat not in caller.seats
            and together_s(call, caller) > 2 * CROSSING_S
            and (call.seat not in seen.asked or were_connected(seen.saw, caller.number, call.seat))
        ]
    return problems


def _ended_by_an_agent(seen: Evidence, caller: CallerReport, phones: Iterable[PhoneCall]) -> bool:
    diverted = any(
        call["number"] == caller.number and call["outcome"] == "diverted" for call in seen.says.calls.values()
    )
    return diverted or any(call.hung_up_here or call.seat in seen.dead for call in phones)


# -- the archive ---------------------------------------------------------------------------------------------


def archived_wrongly(seen: Evidence) -> list[str]:
    """Calls that PostgreSQL has twice, not at all, or otherwise than callers and Asterisk saw them."""
    saw, says = seen.saw, seen.says
    problems = [f"{seen.refused} journal entries were refused by PostgreSQL"] if seen.refused else []
    problems += [
        f"call {call} is archived, Asterisk knows none" for call in says.calls if call not in saw.calls
    ]
    by_number: dict[str, list[Mapping[str, Any]]] = {}
    for archived in says.calls.values():
        by_number.setdefault(archived["number"], []).append(archived)
    made: dict[str, int] = {}
    for caller in seen.callers:
        made[caller.number] = made.get(caller.number, 0) + (caller.connected_at is not None)
    for number, times in made.items():
        found = len(by_number.get(number, ()))
        if found != times:
            problems.append(f"caller {number} called {times} times, archived are {found} calls")
    for call in saw.calls.values():
        if call.call in says.calls:
            problems += [f"call {call.call}: {what}" for what in _differences(seen, call.call)]
        else:
            problems.append(f"call {call.call} is not archived")
    return problems


def _differences(seen: Evidence, call_id: str) -> list[str]:
    saw, says = seen.saw.calls[call_id], seen.says
    archived = says.calls[call_id]
    differences = []
    if archived["ended_at"] is None:
        differences.append("archived as going on")
    expected = "answered" if saw.answered_at is not None else "abandoned" if saw.queued_at else "not_queued"
    if archived["outcome"] not in (expected, "diverted" if expected == "abandoned" else expected):
        differences.append(f"{expected}, archived as {archived['outcome']}")
    if archived["seat"] != saw.seat:
        differences.append(f"answered at {saw.seat}, archived at {archived['seat']}")
    for name in ("queued_at", "answered_at", "ended_at"):
        ours, theirs = archived[name], saw.over_at if name == "ended_at" else getattr(saw, name)
        if name == "ended_at" and saw.number in seen.cut:
            continue  # Asterisk died with the call and wrote down no end
        if (ours is None) != (theirs is None):
            differences.append(f"{name} is {theirs}, archived as {ours}")
        elif ours is not None and abs(ours.timestamp() - theirs) > seen.times_agree_s:
            differences.append(f"{name} is {theirs}, archived as {ours.timestamp()}")
    talked = [s for s in says.segments if s["call"] == call_id and s["seat"] is not None]
    if len(talked) != len(saw.talks):
        differences.append(f"{len(saw.talks)} conversations, archived are {len(talked)} segments")
    orders = sum(1 for order in says.work_orders if order["call"] == call_id)
    if orders != (1 if saw.answered_at is not None else 0):
        differences.append(f"{orders} work orders")
    unsettled = [o["offer"] for o in says.offers if o["call"] == call_id and o["outcome"] is None]
    differences += [f"offer {offer} has no outcome" for offer in unsettled]
    return differences


# -- recordings ----------------------------------------------------------------------------------------------


def recordings_lost(seen: Evidence) -> list[str]:
    """Conversations whose recording is not archived once, with both voices in it; files left in the spool."""
    archived: dict[str, list[str]] = {}
    for recording in seen.says.recordings:
        archived.setdefault(recording["call"], []).append(recording["recording"])
    problems = []
    for call in seen.saw.answered:
        found = archived.get(call.call, [])
        problems += [
            f"call {call.call}: {found.count(name)} times recording {name}"
            for name in call.recorded
            if found.count(name) != 1
        ]
    problems += [f"{leg} was left in the spool" for leg in seen.in_spool]
    return [*problems, *seen.voiceless]


# -- agents --------------------------------------------------------------------------------------------------


def agents_wrong(seen: Evidence) -> list[str]:
    """Agents who at the end are not what their phones say, and who was taken out for nothing."""
    by_seat: dict[str, list[PhoneCall]] = {}
    for call in seen.phones:
        by_seat.setdefault(call.seat, []).append(call)
    problems = []
    for agent in seen.agents:
        name, seat, state, reason = agent["agent"], agent["seat"], agent["state"], agent["reason"]
        talks = any(
            call.answered_at is not None and call.ended_at is None and call.seat not in seen.dead
            for call in by_seat.get(seat, ())
        )
        if name in seen.willed:
            if state != seen.willed[name]:
                problems.append(f"agent {name} chose {seen.willed[name]} and is {state}")
        elif seat is None:
            problems.append(f"agent {name} is logged out")
        elif talks != (state == "busy"):
            problems.append(f"agent {name} is {state} while {seat} {'talks' if talks else 'is idle'}")
        elif state in ("reserved", "wrap_up"):
            problems.append(f"agent {name} stays {state} though nothing happens at {seat} any more")
        elif state == "not_ready" and reason not in _BENCHED:
            problems.append(f"agent {name} is not ready ({reason})")
    for change in seen.says.agent_states:
        if change["state"] != "not_ready" or change["reason"] not in _BENCHED:
            continue
        at, seat, reason = change["at"].timestamp(), change["seat"], change["reason"]
        if reason == "phone_unreachable" and seat in seen.forgotten:
            continue
        if not _benched_rightly(by_seat.get(seat, ()), reason, at, seen.dead.get(seat)):
            problems.append(f"agent {change['agent']} was taken out ({reason}), {seat} did nothing like it")
    return problems


_BENCHED = frozenset({"rona", "rejected", "busy_elsewhere", "phone_unreachable"})


def _benched_rightly(calls: Iterable[PhoneCall], reason: str, at: float, died_at: float | None) -> bool:
    if died_at is not None and died_at <= at:
        return True
    for call in calls:
        end = call.ended_at if call.ended_at is not None else at
        if not -CROSSING_S <= at - end <= BENCHED_WITHIN_S:
            continue
        rang_in_vain = not call.outgoing and call.answered_at is None
        if reason == "rona" and rang_in_vain and end - call.began_at >= LEAST_RING_S:
            return True
        if reason == "rejected" and rang_in_vain and call.hung_up_here:
            return True
        if reason == "busy_elsewhere" and call.answered_at is not None:
            return True
    return False


# -- places --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Waiting:
    call: str
    number: str
    queued_at: float
    asked_at: float
    """When a phone first rang for it in the ring that was answered; infinite: none was."""
    rings: list[tuple[float, float]]
    left_at: float

    def rings_at(self, at: float) -> bool:
        """Whether a phone rings for it then, or is about to, or has just stopped."""
        return any(began - CROSSING_S <= at <= ended + CROSSING_S for began, ended in self.rings)


def places_lost(seen: Evidence) -> list[str]:
    """Contacts that were passed over: a later one of the same line was rung for first.

    Compared are callers of one hotline number, queue and priority, who ask for the same agents; so no rule of
    routing puts one before the other but the time of queueing. Left out is whom an agent refused or let
    ring: a queue may spare that agent (`offer_backoff_s`).
    """
    groups: dict[tuple[Any, ...], list[_Waiting]] = {}
    rings = _by_number(seen.phones)
    first = {
        number: min(
            each.queued_at for each in seen.saw.calls.values() if each.number == number and each.queued_at
        )
        for number in seen.kept
    }
    for call in seen.saw.calls.values():
        archived = seen.says.calls.get(call.call)
        if archived is None or call.queued_at is None or call.number in seen.cut:
            continue
        mine = [ring for ring in rings.get(call.number, ()) if ring.began_at >= call.queued_at - CROSSING_S]
        if any(_in_vain(ring) for ring in mine):
            continue
        answered = min((r.began_at for r in mine if r.answered_at is not None), default=float("inf"))
        left_at = call.ended_at if call.ended_at is not None else float("inf")
        waiting = _Waiting(
            call.call,
            call.number,
            first.get(call.number, call.queued_at),
            answered,
            [(ring.began_at, ring.ended_at or float("inf")) for ring in mine],
            min(left_at, call.answered_at or float("inf")),
        )
        key = (archived["hotline"], archived["queue"], archived["priority"])
        groups.setdefault(key, []).append(waiting)
    return list(chain.from_iterable(_overtaken(group) for group in groups.values()))


def _in_vain(ring: PhoneCall) -> bool:
    if ring.answered_at is not None or ring.ended_at is None:
        return False
    return ring.hung_up_here or ring.ended_at - ring.began_at >= LEAST_RING_S


def _overtaken(group: Sequence[_Waiting]) -> list[str]:
    ordered = sorted(group, key=lambda waiting: waiting.queued_at)
    problems = []
    for place, first in enumerate(ordered):
        later = [
            second
            for second in ordered[place + 1 :]
            if second.asked_at < min(first.asked_at, first.left_at) - CROSSING_S
            and second.asked_at > first.queued_at + CROSSING_S
            and not first.rings_at(second.asked_at)
        ]
        if later:
            best = min(later, key=lambda second: second.asked_at)
            problems.append(
                f"caller {first.number}, queued at {first.queued_at:.1f}, was passed over by {len(later)}:"
                f" {best.number} came {best.queued_at - first.queued_at:.1f} s later and was rung for"
                f" at {best.asked_at:.1f}, {first.number} at {first.asked_at:.1f}"
            )
    return problems


# -- ringing -------------------------------------------------------------------------------------------------


def rang_for_nobody(seen: Evidence) -> list[str]:
    """Phones that rang, or went on ringing or talking, while there was nobody to be connected with."""
    problems = []
    callers = {caller.number: caller for caller in seen.callers}
    for number, calls in _by_number(seen.phones).items():
        caller = callers.get(number)
        for place, call in enumerate(calls):
            if call.seat in seen.dead or number in seen.cut:
                continue
            if caller is None:
                problems.append(f"{call.seat} rang for {number}, who never called")
                continue
            end = call.ended_at if call.ended_at is not None else float("inf")
            beside = conferred(seen.asked, call, calls)
            if call.began_at > caller.ended_at + CROSSING_S:
                late_s = call.began_at - caller.ended_at
                problems.append(f"{call.seat} began to ring for {number} {late_s:.1f} s after they hung up")
            elif end > caller.ended_at + CROSSING_S and not any(connected_at(o, end) for o in beside):
                did = "rang" if call.answered_at is None else "stayed connected"
                problems.append(f"{call.seat} {did} {end - caller.ended_at:.1f} s after {number} hung up")
            problems += [
                f"{call.seat} and {other.seat} rang for {number} at once"
                for other in calls[place + 1 :]
                if other.began_at < end - CROSSING_S and other not in beside
            ]
    return problems


def _by_number(phones: Iterable[PhoneCall]) -> dict[str, list[PhoneCall]]:
    """Calls that rang at phones, by whom they rang for."""
    found: dict[str, list[PhoneCall]] = {}
    for call in phones:
        if not call.outgoing:
            found.setdefault(call.number, []).append(call)
    return found
