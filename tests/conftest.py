"""A real Asterisk for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lab import prompts, roots
from lab.asterisk import AsteriskProcess
from tests.support.asterisk_site import asterisk_site, secrets_for

pytest_plugins = ["tests.support.postgres_fixtures", "tests.support.short_sounds"]

# How long an example takes says more about the machine than about the rule.
settings.register_profile("noisy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy machine")


@pytest.fixture(scope="session")
def asterisk_root() -> Path:
    """Where Asterisk's packages are unpacked (`/`: it is this machine's own). Fetched on first use, with the
    sounds it plays.
    """
    root = roots.asterisk_program().root
    prompts.sounds()
    return root


@pytest.fixture
def asterisk(asterisk_root: Path, tmp_path: Path) -> Iterator[AsteriskProcess]:
    """A running Asterisk with the small site on free ports: `.site` and `.secrets` say how to reach it."""
    site = asterisk_site(tmp_path)
    process = AsteriskProcess(site, secrets_for(site), tmp_path / "asterisk")
    process.start()
    try:
        yield process
    finally:
        process.stop()
