"""A service that starts again knows which configuration it ran on, and what of it is different now."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.load import load_site
from config.models import Site
from cti.configuration import ChangeView, ConfigurationRejected
from cti.journal import Journal, JournalError
from cti.last_applied import STATE, LastApplied, StateKeeper
from cti.records_json import JSON, Draft
from cti.reload import Reloader

EXAMPLE = Path(__file__).parents[3] / "config" / "hotline"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        yield journal


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    copy = tmp_path / "hotline"
    shutil.copytree(EXAMPLE, copy)
    return copy


def edit(directory: Path, file: str, old: str, new: str) -> None:
    path = directory / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old} stands in {file} once"
    path.write_text(text.replace(old, new), encoding="utf-8")


def keep_places_shorter(directory: Path) -> ChangeView:
    edit(directory, "queues.yaml", "  keep_place_s: 120 ", "  keep_place_s: 60 ")
    return ChangeView("routing: keep_place_s 120.0 -> 60.0", "at once")


async def nothing(_site: Site, _cause: str) -> None:
    pass


def started(directory: Path, journal: StateKeeper) -> Reloader:
    return Reloader(directory, load_site(directory), nothing, LastApplied(journal))


async def test_what_was_applied_last_is_known_after_a_restart_with_when_by_whom_and_why(
    directory: Path, journal: Journal
) -> None:
    change = keep_places_shorter(directory)
    before = Reloader(directory, load_site(EXAMPLE), nothing, LastApplied(journal))
    applied = await before.apply("operations", "cause-1")
    assert applied.changes == (change,)

    again = started(directory, journal)
    assert again.applied == applied
    assert again.at_start.changes == ()
    assert again.at_start.at > applied.at


def test_what_differs_at_the_start_from_what_was_applied_before_is_told_and_counts_as_applied(
    directory: Path, journal: Journal
) -> None:
    first = started(directory, journal)
    assert (first.applied.by, first.applied.changes) == ("start", ())
    change = keep_places_shorter(directory)

    second = started(directory, journal)
    assert second.at_start.changes == (change,)
    assert (second.applied.by, second.applied.changes) == ("start", (change,))
    assert second.applied.at == second.at_start.at

    third = started(directory, journal)
    assert third.applied == second.applied, "nothing is different any more"
    assert third.at_start.changes == ()


def test_what_takes_a_restart_holds_after_it(directory: Path, journal: Journal) -> None:
    started(directory, journal)
    edit(directory, "service.yaml", "timezone: Asia/Shanghai", "timezone: Asia/Urumqi")
    [change] = started(directory, journal).at_start.changes
    assert change == ChangeView("timezone Asia/Shanghai -> Asia/Urumqi", "at once")


async def test_a_rejected_configuration_is_not_what_the_next_start_compares_with(
    directory: Path, journal: Journal
) -> None:
    before = started(directory, journal)
    edit(directory, "queues.yaml", "  keep_place_s: 120 ", "  keep_place_s: -1 ")
    with pytest.raises(ConfigurationRejected):
        await before.apply("operations", "cause-1")
    shutil.copy(EXAMPLE / "queues.yaml", directory / "queues.yaml")
    assert started(directory, journal).applied == before.applied


def test_what_another_version_wrote_is_told_as_not_comparable(directory: Path, journal: Journal) -> None:
    started(directory, journal)
    kept = journal.state(STATE)[STATE]
    assert isinstance(kept, dict)
    journal.append([], {STATE: kept | {"site": {"queues": "of another age"}}})
    [change] = started(directory, journal).at_start.changes
    assert "cannot be compared" in change.what
    assert started(directory, journal).at_start.changes == ()


def test_what_cannot_be_read_at_all_counts_as_a_first_start(directory: Path, journal: Journal) -> None:
    journal.append([], {STATE: {"at": "yesterday"}})
    assert started(directory, journal).applied.changes == ()


class Full:
    """A journal whose disk refuses."""

    def state(self, prefix: str = "") -> dict[str, JSON]:
        return {}

    def append(self, drafts: Sequence[Draft], state: Mapping[str, JSON] | None = None) -> int:
        raise JournalError("no room")


async def test_a_journal_that_refuses_keeps_no_configuration_from_being_applied(directory: Path) -> None:
    with capture_logs() as logs:
        reloader = started(directory, Full())
        change = keep_places_shorter(directory)
        assert (await reloader.apply("operations", "cause-1")).changes == (change,)
    refused = [entry["reason"] for entry in logs if entry["event"] == "configuration_not_kept"]
    assert refused == ["no room", "no room"]
