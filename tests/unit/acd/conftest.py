"""What `make mutation-acd` needs of these tests: the same examples in every run, and a quick start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
WANTED = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    """mutmut names each test that it wants, and to look hundreds of names up one by one takes pytest seconds.

    So the whole directory is collected, and those that were named are picked, in the order of their naming.
    """
    named = {name: place for place, name in enumerate(config.args) if "::" in name}
    if os.environ.get("MUTANT_UNDER_TEST") and named:
        config.stash[WANTED] = named
        config.args[:] = [str(Path(__file__).parent)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.stash.get(WANTED, None)
    if wanted is not None:
        items[:] = sorted(
            (item for item in items if item.nodeid in wanted), key=lambda item: wanted[item.nodeid]
        )
