"""Why commands of call control are refused or fail: each reason is documented, with what would be right."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from cti.verbs import conference, consult, hold, park, parties, transfer

DOCUMENT = Path(__file__).parents[3] / "docs" / "call-control.md"
REASON = re.compile(r'(?:Refused|Failed)\(\s*"(\w+)"')


@pytest.mark.parametrize("module", [conference, consult, hold, parties, park, transfer])
def test_every_reason_is_in_the_table(module: ModuleType) -> None:
    rows = [
        line
        for line in DOCUMENT.read_text().splitlines()
        if re.match(r"\| `\w+`.* \| (refused|failed) \|", line)
    ]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    given = set(REASON.findall(inspect.getsource(module)))
    assert given
    assert given <= documented
