"""The real service, over a real journal, with Asterisk played by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.ports import LiveService
from tests.contract.test_service_port import ServicePortContract
from tests.support.running_hotline import running_hotline


class TestHotline(ServicePortContract):
    @pytest.fixture
    async def service(self, tmp_path: Path) -> AsyncIterator[LiveService]:
        async with running_hotline(tmp_path) as (hotline, _):
            yield hotline
