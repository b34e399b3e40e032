"""What every `ConfigurationPort` does: the fake that the API is tested with and the one that reads files."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from config.load import load_site
from config.models import Site
from cti.configuration import ChangeView, ConfigurationPort, ConfigurationRejected
from cti.journal import Journal
from cti.last_applied import LastApplied
from cti.reload import Reloader
from tests.support.fake_configuration import FakeConfiguration

EXAMPLE = Path(__file__).parents[2] / "config" / "hotline"
CHANGE = ChangeView("routing: keep_place_s 60.0 -> 61.0", "at once")


@dataclass
class Case:
    port: ConfigurationPort
    change: Callable[[], None]
    """Makes the files say `CHANGE`."""
    spoil: Callable[[], None]


class ConfigurationPortContract(ABC):
    @pytest.fixture
    @abstractmethod
    def case(self, tmp_path: Path) -> Case: ...

    async def test_at_the_start_nothing_was_changed(self, case: Case) -> None:
        applied = case.port.applied
        assert (applied.by, list(applied.changes), case.port.rejected) == ("start", [], None)
        assert applied.at.tzinfo is not None
        assert (case.port.at_start.at, list(case.port.at_start.changes)) == (applied.at, [])
        assert list(await case.port.proposed()) == []

    async def test_a_dry_run_tells_the_difference_and_applies_nothing(self, case: Case) -> None:
        before = case.port.applied
        case.change()
        assert list(await case.port.proposed()) == [CHANGE]
        assert list(await case.port.proposed()) == [CHANGE]
        assert case.port.applied == before

    async def test_what_is_applied_is_told_with_its_difference(self, case: Case) -> None:
        case.change()
        applied = await case.port.apply("ops", "cause-1")
        assert case.port.applied == applied
        assert (applied.by, applied.cause, list(applied.changes)) == ("ops", "cause-1", [CHANGE])
        assert list(case.port.at_start.changes) == []

    async def test_a_wrong_configuration_is_told_with_its_problems_and_changes_nothing(
        self, case: Case
    ) -> None:
        before = case.port.applied
        case.spoil()
        with pytest.raises(ConfigurationRejected) as dry:
            await case.port.proposed()
        assert dry.value.rejected.problems
        assert not case.port.rejected
        with pytest.raises(ConfigurationRejected) as refused:
            await case.port.apply("ops", "cause-1")
        assert case.port.rejected == refused.value.rejected
        assert (refused.value.rejected.by, refused.value.rejected.cause) == ("ops", "cause-1")
        assert refused.value.rejected.problems == dry.value.rejected.problems
        assert case.port.applied == before


class TestFakeConfiguration(ConfigurationPortContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> Case:
        port = FakeConfiguration()

        def change() -> None:
            port.changes = (CHANGE,)

        def spoil() -> None:
            port.problems = ("queues.yaml:1: no",)

        return Case(port, change, spoil)


class TestReloader(ConfigurationPortContract):
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Iterator[Journal]:
        with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
            yield journal

    @pytest.fixture
    def case(self, tmp_path: Path, journal: Journal) -> Case:
        directory = tmp_path / "hotline"
        shutil.copytree(EXAMPLE, directory)

        def edit(change: Callable[[dict[str, Any]], None]) -> None:
            yaml = YAML()
            for path in directory.glob("*.yaml"):
                document = yaml.load(path)
                if "routing" in document:
                    change(document)
                    yaml.dump(document, path)

        def change() -> None:
            edit(lambda document: document["routing"].update(keep_place_s=61))

        def spoil() -> None:
            edit(lambda document: document["routing"].update(keep_place_s=-1))

        edit(lambda document: document["routing"].update(keep_place_s=60))
        held: list[Site] = []

        async def put_in_force(site: Site, _cause: str) -> None:
            held.append(site)

        reloader = Reloader(directory, load_site(directory), put_in_force, LastApplied(journal))
        return Case(reloader, change, spoil)
