"""Answer: the phone that rings at an agent's seat is told to answer, as if its key was pressed."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Instant, SeatId
from cti.calls.actions import AnswerPhone
from cti.calls.facts import LegId
from cti.verbs.model import DONE, Command, Failed, Progress, Situation, Verb
from cti.views import Refused

RANG_NO_MORE = Failed("rang_no_more", "The phone had stopped ringing.")
NO_ANSWER = Failed("phone_did_not_answer", "The phone did not answer; it may not support the talk event.")


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """The phone that rings for the call answers."""

    call: str
    """The call's id. Where the agent's phone rings before anybody is dialled: the callback's, or that of the
    call to be.
    """


def begin(situation: Situation, command: Command[AnswerCall], _at: Instant) -> Progress:
    found = _ringing(situation, command)
    if found is None:
        whom = f"agent {command.agent}" if command.agent is not None else "anybody"
        raise Refused("not_ringing", f"No phone rings at {whom}'s seat for {command.asked.call}.", "call")
    leg, seat = found
    name = situation.phone_name(seat)
    # PJSIP gives a call up whose phone answers 481 to an event that it does not know.
    if not name.lower().startswith(tuple(each.lower() for each in situation.switchboard.take_talk)):
        raise Refused(
            "phone_cannot_answer",
            f"The phone of seat {seat} ({name or 'name unknown'}) is none that takes the talk event"
            " (`phones.take_talk`).",
            "call",
        )
    return Progress(result={"leg": leg})


def follow(situation: Situation, command: Command[AnswerCall], _at: Instant) -> Progress | None:
    leg_id = command.result["leg"]
    if situation.calls.is_over(leg_id):
        return Progress(outcome=RANG_NO_MORE)
    leg = situation.calls.leg(leg_id)
    if leg is not None and leg.record.answered_at is not None:
        return DONE
    # Before it rings the phone has no dialog in which it could be told.
    if leg is not None and leg.record.ringing_at is not None and command.stage == "":
        return Progress((AnswerPhone(command.command, leg.record.channel),), stage="told")
    return None


def _ringing(situation: Situation, command: Command[AnswerCall]) -> tuple[LegId, SeatId] | None:
    """The leg that rings, or that an offer is about to ring, and its seat."""
    state, asked = situation.calls.state, command.asked.call
    for leg_id, offer in state.offers.items():
        if offer.made.contact == asked and not offer.answered and command.agent in (None, offer.made.agent):
            return leg_id, offer.made.seat
    call = situation.calls.calls.get(asked)
    for leg_id in call.live if call is not None else (asked,):
        leg = state.legs.get(leg_id)
        if leg is None or leg.record.seat is None or leg.record.answered_at is not None:
            continue
        if command.agent in (None, leg.record.agent):
            return leg_id, leg.record.seat
    return None


ANSWER = Verb("answer", AnswerCall, begin, follow, within_s=5.0, too_late=NO_ANSWER)
