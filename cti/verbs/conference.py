"""Conference: three or more hear one another; each may be dropped."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant
from cti.calls.actions import Action, HangUp, Place, SendLeg
from cti.calls.facts import CallId, LegId
from cti.calls.state import Leg
from cti.verbs.hold import call_off
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.verbs.parties import Party, acting_leg, at_rest, beside, new_leg, open_call, ring
from cti.views import Refused


@dataclass(frozen=True, slots=True)
class Confer:
    """Everybody whom the agent talks with or holds, and `party` if one is given, in one conference.

    Whoever else is rung to be asked is called off, but not who is rung into a conference that goes on.
    """

    call: CallId
    party: Party | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """One of those whom the agent confers with is hung up."""

    call: CallId
    leg: LegId


def begin_confer(situation: Situation, command: Command[Confer], _at: Instant) -> Progress:
    call, cause = open_call(situation, command.asked.call), command.command
    leg = acting_leg(situation, call, command)
    talking = beside(situation, leg)
    others = [*talking, *(held for held in situation.calls.state.held_by(call, leg) if held not in talking)]
    at_rest(situation, command, leg, *others)
    party = command.asked.party
    if not others or (len(others) < 2 and party is None):
        raise Refused("too_few", "A conference needs two others: consult somebody first, or give `party`.")
    actions: list[Action] = []
    if len(talking) < 2:
        actions.append(
            SendLeg(cause, leg.record.channel, Place.CONFERENCE, others[0].record.channel, Place.CONFERENCE)
        )
        actions += [SendLeg(cause, other.record.channel, Place.CONFERENCE) for other in others[1:]]
        actions += call_off(cause, situation, call)
    members = [leg.record.leg, *(other.record.leg for other in others)]
    if party is not None:
        actions.append(ring(situation, command, call, party, Place.CONFERENCE, ""))
        members.append(new_leg(command))
    return Progress(tuple(actions), result={"members": ",".join(members)})


def follow_confer(situation: Situation, command: Command[Confer], _at: Instant) -> Progress | None:
    calls = situation.calls
    wanted, rung = command.result["members"].split(","), new_leg(command)
    members = [member for member in wanted if not calls.is_over(member)]
    # Those who confer already may become fewer while somebody is rung, who makes at least a third.
    whole = len(members) >= 3 if rung in members else members == wanted
    if not whole:
        stop = (HangUp(command.command, rung),) if rung in members else ()
        return Progress(stop, outcome=Failed("party_gone", "One of them hung up, or was not reached."))
    found: list[Leg] = [calls.state.legs[member] for member in members if member in calls.state.legs]
    bridges = {leg.bridge for leg in found}
    return DONE if len(found) == len(members) and len(bridges) == 1 and None not in bridges else None


def begin_drop(situation: Situation, command: Command[Drop], _at: Instant) -> Progress:
    call = open_call(situation, command.asked.call)
    leg = acting_leg(situation, call, command)
    others = beside(situation, leg)
    if len(others) < 2:
        raise Refused("not_in_conference", "The agent is in no conference.")
    if command.asked.leg not in (each.record.leg for each in others):
        raise Refused("unknown_leg", "That leg is not in the conference.", "leg")
    return Progress((HangUp(command.command, command.asked.leg),))


def follow_drop(situation: Situation, command: Command[Drop], _at: Instant) -> Progress | None:
    return DONE if situation.calls.is_over(command.asked.leg) else None


CONFER = Verb("confer", Confer, begin_confer, follow_confer, within_s=60.0)
DROP = Verb("drop", Drop, begin_drop, follow_drop)
