from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from acd.diagrams import grid, main, mermaid, refreshed
from acd.states import AGENT

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "routing.md"


def test_the_documents_diagrams_are_those_of_the_tables() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert refreshed(text) == text, "run python -m acd.diagrams docs/routing.md"


def test_a_diagram_shows_each_transition_once() -> None:
    drawn = mermaid(AGENT)
    assert "[*] --> logged_out" in drawn
    assert drawn.count("ready --> reserved: offered") == 1


def test_the_grid_numbers_the_reasons_for_ignoring() -> None:
    shown = grid(AGENT)
    assert "| log_in | not_ready | x | x | x | x | x |" in shown
    assert "1. already logged out" in shown


def test_a_document_without_a_place_for_a_table_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "empty.md"
    document.write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the agent table"):
        main([str(document)])


def test_a_stale_part_is_replaced_and_the_rest_kept(tmp_path: Path) -> None:
    document = tmp_path / "routing.md"
    current = DOCUMENT.read_text(encoding="utf-8")
    document.write_text(current.replace("stateDiagram-v2", "stale"), encoding="utf-8")
    main([str(document)])
    assert document.read_text(encoding="utf-8") == current


def test_the_command_rewrites_the_documents_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "routing.md"
    current = DOCUMENT.read_text(encoding="utf-8")
    document.write_text(current.replace("| trigger |", "| stale |"), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["acd.diagrams", str(document)])
    runpy.run_path(str(ROOT / "acd" / "diagrams.py"), run_name="__main__")
    assert document.read_text(encoding="utf-8") == current


def test_a_generated_part_without_an_end_is_refused() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the offer table"):
        refreshed(text[: text.rindex("<!-- end of generated part -->")])
