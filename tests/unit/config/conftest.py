from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.site_files import SiteFiles


@pytest.fixture
def files(tmp_path: Path) -> SiteFiles:
    return SiteFiles(tmp_path)
