"""The verbs of call control: one address each."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from api.commands import OnCall, command_route
from api.routing import Input
from cti.verbs.hang_up import HangUpCall
from cti.verbs.hold import Hold, Retrieve
from cti.verbs.parties import Party, To
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
    """In the new queue; left out: as before."""


ROUTES = (
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
)
