"""What most tests of verbs begin with."""

from __future__ import annotations

import pytest

from tests.support.telling import Telling


@pytest.fixture
def talking() -> Telling:
    """A citizen talks with 1001; 1002 is there to be asked."""
    telling = Telling()
    telling.ready()
    telling.talk()
    telling.ready("1002", "seat-02", 8.0)
    return telling
