"""What callers left in flows, over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.models import Role
from cti.calls.records import RatingOutcome
from recording.ratings import ArchivedRating, RatingFigures, RatingGroup
from recording.voicemails import ArchivedVoicemail
from tests.support.api_world import ApiWorld
from tests.support.fake_archive import MASKED_NUMBER, NUMBER, work_order
from tests.support.small_site import AGENT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rating(call: str, score: int | None) -> ArchivedRating:
    outcome = RatingOutcome.RATED if score else RatingOutcome.SILENT
    return ArchivedRating(call, "12345", "general", AGENT, NOON, outcome, score, 1, NOON)


async def test_ratings_are_listed_by_page_with_the_work_order_that_they_are_about(world: ApiWorld) -> None:
    world.flows.kept_ratings = [rating("c-2", 5), rating("c-1", None)]
    first = await world.ask("GET", f"/v1/ratings?limit=1&agent={AGENT}&queue=general")
    rest = await world.ask("GET", f"/v1/ratings?limit=1&cursor={first.json['next_cursor']}")
    listed = [*first.json["ratings"], *rest.json["ratings"]]
    assert [(each["call"], each["work_order"], each["score"], each["outcome"]) for each in listed] == [
        ("c-2", "wo-c-2", 5, "rated"),
        ("c-1", "wo-c-1", None, "silent"),
    ]


async def test_figures_say_how_many_were_asked_answered_and_satisfied(world: ApiWorld) -> None:
    world.flows.kept_figures = [
        RatingFigures(AGENT, 10, {1: 1, 2: 0, 3: 1, 4: 2, 5: 4}),
        RatingFigures(None, 2, dict.fromkeys(range(1, 6), 0)),
    ]
    answer = await world.ask("GET", "/v1/ratings/figures?by=agent&since=2026-03-02T00:00:00Z")
    assert world.flows.asked["by"] is RatingGroup.AGENT
    one, nobody = answer.json["figures"]
    assert (one["asked"], one["rated"], one["scores"]["5"]) == (10, 8, 4)
    assert (one["mean_score"], one["satisfied_rate"], one["response_rate"]) == (4.0, 0.875, 0.8)
    assert (nobody["mean_score"], nobody["satisfied_rate"], nobody["response_rate"]) == (None, None, 0.0)


@pytest.mark.parametrize(("role", "number"), [(Role.SUPERVISOR, NUMBER), (Role.OPERATIONS, MASKED_NUMBER)])
async def test_messages_are_listed_with_the_work_order_that_handles_them(
    world: ApiWorld, role: Role, number: str
) -> None:
    ended = NOON + timedelta(seconds=30)
    world.flows.kept_voicemails = [
        ArchivedVoicemail("c-1", "12345", "general", NUMBER, NOON, ended, "c-1", 30.0),
        ArchivedVoicemail("c-2", "12345", "general", NUMBER, NOON, None, None, None),
    ]
    world.work_orders.orders["wo-c-1"] = work_order("c-1", None)
    one, two = (await world.ask("GET", "/v1/voicemails", role)).json["voicemails"]
    assert (one["number"], one["recording"], one["duration_s"]) == (number, "c-1", 30.0)
    assert (one["work_order"], one["work_order_state"]) == ("wo-c-1", "intake")
    assert (two["recording"], two["work_order"], two["work_order_state"]) == (None, None, None)


@pytest.mark.parametrize("path", ["/v1/ratings", "/v1/ratings/figures", "/v1/voicemails"])
async def test_an_archive_that_is_away_is_said_to_be(world: ApiWorld, path: str) -> None:
    world.flows.away = True
    answer = await world.ask("GET", path)
    assert (answer.status, answer.error) == (503, "archive_unreachable")
