"""Every routing that cannot work is refused, with a message that the documentation shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.rejections import REJECTIONS, Rejection, messages, renewed

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"


@pytest.mark.parametrize("rejection", REJECTIONS, ids=lambda rejection: rejection.name)
def test_it_is_refused_once_with_its_place_and_what_would_be_right(rejection: Rejection) -> None:
    said = messages(rejection)
    # A circle is told at each queue of it.
    assert len(said) == (2 if rejection.name == "cyclic overflow" else 1), said
    key, what, expected = said[0].partition(": ")[0], *said[0].partition(": ")[2].split("; ", 1)
    assert key.strip("`").startswith(("queues", "calendars", "routing", "timezone"))
    assert what
    assert expected


def test_without_a_mistake_nothing_is_refused() -> None:
    assert messages(Rejection("nothing wrong")) == []


def test_the_document_shows_every_message() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == renewed(text), "run `python -m config.rejections docs/configuration.md`"
