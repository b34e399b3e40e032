"""Campaigns: lists of citizens to be called."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, ValidationInfo, field_validator

from acd.model import CallbackEnd, CallbackMode, CallbackState
from api.callbacks import SUPERVISORS, Name, Number, instant
from api.commands import OnCall, command_route
from api.errors import ApiError
from api.ports import from_archive
from api.routing import Asked, Input, Nothing, Output, Reply, route
from config.base import AgentNumber, Id, Priority
from cti.verbs.campaigns import ROWS_AT_ONCE, AddToCampaign, ListedCitizen
from cti.views import Holds


class CitizenIn(Input):
    """One row of the list."""

    number: Number
    """As it is dialled."""
    priority: Priority = 0
    owner: AgentNumber | None = None
    """The agent who is asked first."""
    work_order: Name | None = None
    earliest_at: AwareDatetime | None = None
    latest_at: AwareDatetime | None = None
    """No attempt begins from then on."""

    @field_validator("latest_at")
    @classmethod
    def _after_the_earliest(cls, latest_at: datetime | None, row: ValidationInfo) -> datetime | None:
        earliest_at: datetime | None = row.data.get("earliest_at")
        if latest_at is not None and earliest_at is not None and latest_at <= earliest_at:
            raise ValueError("is not after earliest_at; nobody could be called between them")
        return latest_at


class AddToCampaignIn(OnCall):
    """A part of a list. All of it is taken, or nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"queue": "general", "citizens": [{"number": "13812341234"}]}]}
    )

    queue: Id
    """Whose agents call, in whose hours."""
    citizens: Annotated[list[CitizenIn], Field(min_length=1, max_length=ROWS_AT_ONCE)]
    mode: CallbackMode | None = None
    """Whose phone rings first; without it, as the queue's `callbacks.mode` says."""


class MistakeOut(Output):
    """What is wrong with a part of a list."""

    row: int | None
    """The citizen's place in `citizens`, from 1; null: it is about the whole part."""
    field: str
    """What of it is wrong."""
    error: str
    """An id that never changes its meaning."""
    sentence: str
    """The same for people: what was given, and what would be right."""


class CheckedOut(Output):
    """All that keeps a part of a list from being taken."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mistakes": [
                        {
                            "row": 3,
                            "field": "work_order",
                            "error": "unknown_work_order",
                            "sentence": "There is no work order wo-1; name one that there is, or none.",
                        }
                    ]
                }
            ]
        }
    )

    mistakes: list[MistakeOut]


class DialledOut(Output):
    """What the dialler did today for a list whose citizens are dialled before an agent is."""

    dialled: int
    answered: int
    """Citizens who answered and talked with an agent, and the abandoned."""
    abandoned: int
    """Citizens who answered, and left or were sent away before an agent was there."""
    abandoned_rate: float
    """Their share of those who answered."""
    holds: Holds | None
    """Why nobody else is dialled at this moment; null: nobody of the list is left."""


class CampaignOut(Output):
    """How far a list has come."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "campaign": "flu-2026",
                    "citizens": 500,
                    "open": {"scheduled": 20, "waiting": 180, "dialling": 4},
                    "over": {"reached": 270, "unreached": 21, "invalid_number": 5},
                    "dialled_today": {
                        "dialled": 412,
                        "answered": 171,
                        "abandoned": 2,
                        "abandoned_rate": 0.0117,
                        "holds": "no_agent_free",
                    },
                }
            ]
        }
    )

    campaign: str
    citizens: int
    open: dict[CallbackState, int]
    over: dict[CallbackEnd, int]
    dialled_today: DialledOut | None
    """Null for a list of which nobody is dialled before an agent is."""


async def get_campaign(ask: Asked[Nothing, Nothing]) -> Reply:
    name = ask.named("campaign")
    counts = await from_archive(ask.context.callbacks.campaign(name), ask.context.limits.archive_s)
    if not counts:
        raise ApiError("unknown_campaign", f"There is no campaign {name}.", "campaign")
    today = ask.context.service.dialled_today(name)
    return Reply(
        CampaignOut(
            campaign=name,
            citizens=sum(counts.values()),
            open={state: counts[state] for state in CallbackState if state in counts},
            over={end: counts[end] for end in CallbackEnd if end in counts},
            dialled_today=None if today is None else DialledOut(**asdict(today)),
        )
    )


def _add(ask: Asked[Nothing, AddToCampaignIn]) -> AddToCampaign:
    return AddToCampaign(
        ask.named("campaign"),
        ask.body.queue,
        tuple(
            ListedCitizen(
                citizen.number,
                citizen.priority,
                citizen.owner,
                citizen.work_order,
                instant(citizen.earliest_at),
                instant(citizen.latest_at),
            )
            for citizen in ask.body.citizens
        ),
        ask.body.mode,
    )


async def check_part(ask: Asked[Nothing, AddToCampaignIn]) -> Reply:
    found = [
        MistakeOut(
            row=wrong.row,
            field=wrong.refused.field or "",
            error=wrong.refused.error,
            sentence=wrong.refused.sentence,
        )
        for wrong in await ask.context.service.mistakes(_add(ask))
    ]
    return Reply(CheckedOut(mistakes=found))


ROUTES = (
    route(
        "GET",
        "/v1/campaigns/{campaign}",
        get_campaign,
        summary="How far a list of citizens to be called has come",
        tag="callbacks",
        roles=SUPERVISORS,
        answers={200: CampaignOut},
        errors=("unknown_campaign", "archive_unreachable"),
    ),
    route(
        "POST",
        "/v1/campaigns/{campaign}/check",
        check_part,
        summary="What is wrong with a part of a list, before any of it is sent",
        description="Nothing is taken. `hotline campaign import` checks every part before it sends the first."
        " While the archive is away nobody can say whether there is a work order, and none is wrong.",
        tag="callbacks",
        roles=SUPERVISORS,
        body=AddToCampaignIn,
        answers={200: CheckedOut},
    ),
    command_route(
        "/v1/campaigns/{campaign}/citizens",
        "add_to_campaign",
        AddToCampaignIn,
        _add,
        summary="Have the citizens of a list called",
        description="`hotline campaign import` sends a CSV file in parts. Each citizen is a callback: an"
        " agent is found before they are dialled, so that nobody who answers is left without one; or,"
        " customer first, no more are dialled than agents are free while the share of the abandoned is above"
        " `callbacks.max_abandoned_rate`.",
        roles=SUPERVISORS,
        tag="callbacks",
        errors=("unknown_work_order",),
    ),
)
