"""What is wrong with a configuration: one `Problem` for each mistake, with the place it stands at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Step: TypeAlias = str | int
Loc: TypeAlias = tuple[Step, ...]
"""Where a value stands: `("queues", 2, "required_skills", "english")`."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake."""

    file: Path
    """The file, or the directory when no file holds the mistake."""
    line: int
    """From 1; 0 when the mistake is the file's or directory's as a whole."""
    column: int
    key: str
    """Dotted path such as `queues[2].required_skills.english`; empty when the mistake has none."""
    what: str
    """What is wrong."""
    expected: str
    """What would be right."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        key = f"{self.key}: " if self.key else ""
        return f"{place}: {key}{self.what}; {self.expected}"


class ConfigInvalid(Exception):
    """A configuration cannot be used. `problems` are all its mistakes, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(loc: Loc) -> str:
    """The loc as staff read it. A key that is no plain word stands in quotes."""
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _plain(step) else quoted(step))
    return text


def quoted(value: object) -> str:
    """A value for a message: a text on one line, of bounded length; of lists and groups the kind alone."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a group of keys"
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def listed(words: Sequence[str], limit: int = 12) -> str:
    """`a, b and c`; a long list is cut."""
    if len(words) > limit:
        return ", ".join(words[:limit]) + f" and {len(words) - limit} more"
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + f" and {words[-1]}"


def _plain(step: str) -> bool:
    return 0 < len(step) <= 60 and step.replace("_", "").replace("-", "").isalnum()
