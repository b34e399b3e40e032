"""The verbs of call control: one address each."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from api.commands import OnCall, command_route
from api.routing import Input, input_problem
from cti.verbs.answer import AnswerCall
from cti.verbs.conference import Confer, Drop
from cti.verbs.consult import Cancel, Complete, Consult, Swap
from cti.verbs.dial import DialOut
from cti.verbs.hang_up import HangUpCall
from cti.verbs.hold import Hold, Retrieve
from cti.verbs.park import Park, PickUp, SendToRating
from cti.verbs.parties import Party, To
from cti.verbs.sound import MuteCall, SendKeys
from cti.verbs.transfer import Transfer

_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class PartyIn(Input):
    """An agent, a seat, a queue, or a number beyond the trunk."""

    to: To
    name: str
    """The agent's number, the seat's or queue's id, or the digits to dial."""

    @property
    def party(self) -> Party:
        return Party(self.to, self.name)


def _sane(party: PartyIn) -> PartyIn:
    if not (_NUMBER if party.to is To.NUMBER else _NAME).fullmatch(party.name):
        raise ValueError("`name` should be 3 to 20 digits for a number, else an id")
    return party


AnyParty = Annotated[PartyIn, AfterValidator(_sane)]


class TransferIn(OnCall):
    """Where the citizen goes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"party": {"to": "agent", "name": "1012"}}]})

    party: AnyParty
    priority: int | None = Field(default=None, ge=0, le=100)
    """In the new queue; left out: as before, or the queue's `transfer_priority` if that is higher."""


class ConsultIn(OnCall):
    """Whom to ask."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"party": {"to": "seat", "name": "s12"}}]})

    party: AnyParty


class ConferIn(OnCall):
    """Who comes in beside those whom the agent talks with or holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"party": None}]})

    party: AnyParty | None = None


class DropIn(OnCall):
    """Who leaves the conference."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"leg": "hotline-1772414101.58"}]})

    leg: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,78}$")
    """One of the call's `legs`."""


class MuteIn(OnCall):
    """Whether the others are not to hear the agent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"muted": True}]})

    muted: bool


class KeysIn(OnCall):
    """Keys as if pressed at the agent's phone. They are written down nowhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": "1"}]})

    keys: str = Field(pattern=r"^[0-9*#]{1,20}$")


class DialIn(OnCall):
    """Whom to call, and for which work order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"number": "13812341234", "work_order": "wo-hotline-1772414096.55"}]}
    )

    number: str = Field(pattern=r"^\+?[0-9]{3,20}$")
    work_order: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,78}$")
    """The work order that the call is about (回访)."""


def _without_queue(party: PartyIn) -> Party:
    if party.to is To.QUEUE:
        raise input_problem("party.to", "A queue cannot be asked: name an agent, a seat or a number.")
    return party.party


ROUTES = (
    command_route(
        "/v1/calls/{call}/answer",
        "answer",
        OnCall,
        lambda ask: AnswerCall(ask.named("call")),
        summary="Have the phone answer that rings for the call",
        description="The phone is sent the event `talk` (NOTIFY) if it is one of `phones.take_talk`, else the"
        " command is refused (`phone_cannot_answer`). One that does not answer within 5 s rings on"
        " (`phone_did_not_answer`). For a callback whose agent's phone rings first `call` is the callback's.",
    ),
    command_route(
        "/v1/calls/{call}/hang-up",
        "hang_up",
        OnCall,
        lambda ask: HangUpCall(ask.named("call")),
        summary="Leave the call, or end it",
        description="An agent's own leg ends; the citizen goes on to what follows the call. A supervisor who"
        " names no agent ends the whole call.",
    ),
    command_route(
        "/v1/calls/{call}/hold",
        "hold",
        OnCall,
        lambda ask: Hold(ask.named("call")),
        summary="Put the other party on hold",
        description="They hear music. If the agent hangs up meanwhile, a citizen who called waits in the"
        " queue again, in the old place.",
    ),
    command_route(
        "/v1/calls/{call}/retrieve",
        "retrieve",
        OnCall,
        lambda ask: Retrieve(ask.named("call")),
        summary="Take up who is on hold",
    ),
    command_route(
        "/v1/calls/{call}/transfer",
        "transfer",
        TransferIn,
        lambda ask: Transfer(ask.named("call"), ask.body.party.party, ask.body.priority),
        summary="Hand the citizen on, without asking first",
        description="To a queue, where the citizen keeps work order and call id; to an agent, a seat or a"
        " number, who is rung while the citizen hears music. Nobody takes the call: the citizen waits in the"
        " queue again. The agent is done with the call at once.",
    ),
    command_route(
        "/v1/calls/{call}/consult",
        "consult",
        ConsultIn,
        lambda ask: Consult(ask.named("call"), _without_queue(ask.body.party)),
        summary="Ask an agent, a seat or a number while the other party is on hold",
        description="Then `complete`, `cancel`, `swap` or `confer`. Nobody answers: the command has failed,"
        " and the citizen is still on hold. The consulted agent may read the call and its work order.",
    ),
    command_route(
        "/v1/calls/{call}/complete",
        "complete",
        OnCall,
        lambda ask: Complete(ask.named("call")),
        summary="Connect the held party with the consulted one, and leave",
    ),
    command_route(
        "/v1/calls/{call}/cancel",
        "cancel",
        OnCall,
        lambda ask: Cancel(ask.named("call")),
        summary="Let the consulted party go, who may still ring, and take up the held one",
    ),
    command_route(
        "/v1/calls/{call}/swap",
        "swap",
        OnCall,
        lambda ask: Swap(ask.named("call")),
        summary="Hold whom the agent talks with, and take up the held one",
    ),
    command_route(
        "/v1/calls/{call}/confer",
        "confer",
        ConferIn,
        lambda ask: Confer(
            ask.named("call"), _without_queue(ask.body.party) if ask.body.party is not None else None
        ),
        summary="All in one conference",
        description="Those whom the agent talks with or holds, and one more if `party` is given.",
    ),
    command_route(
        "/v1/calls/{call}/drop",
        "drop",
        DropIn,
        lambda ask: Drop(ask.named("call"), ask.body.leg),
        summary="Let one go from the conference",
    ),
    command_route(
        "/v1/calls/{call}/park",
        "park",
        OnCall,
        lambda ask: Park(ask.named("call")),
        summary="Leave the citizen, with music, for anybody to pick up",
        description="After three minutes they wait in the queue again.",
    ),
    command_route(
        "/v1/calls/{call}/pick-up",
        "pick_up",
        OnCall,
        lambda ask: PickUp(ask.named("call")),
        summary="Take a particular citizen who waits in a queue or is parked",
        description="The agent's phone rings for them, whatever the agent's skills.",
    ),
    command_route(
        "/v1/calls/{call}/rating",
        "send_to_rating",
        OnCall,
        lambda ask: SendToRating(ask.named("call")),
        summary="Send the citizen to the rating, and leave",
        description="To what follows a call of their line: the rating, if it has one, and the farewell.",
    ),
    command_route(
        "/v1/calls/{call}/mute",
        "mute",
        MuteIn,
        lambda ask: MuteCall(ask.named("call"), ask.body.muted),
        summary="The others hear the agent no more, or again",
    ),
    command_route(
        "/v1/calls/{call}/keys",
        "send_keys",
        KeysIn,
        lambda ask: SendKeys(ask.named("call"), ask.body.keys),
        summary="Send keys (DTMF) to the other party",
    ),
    command_route(
        "/v1/calls",
        "dial_out",
        DialIn,
        lambda ask: DialOut(ask.body.number, ask.body.work_order),
        summary="Call a citizen, with the hotline's number shown",
        description="The agent's phone rings first. The new call's id is in `result`.",
        errors=("unknown_work_order",),
    ),
)
