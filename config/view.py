"""What of a document has the right form, for checks that span several keys.

Those checks look at the values as read, not at the models, so that they find their mistakes beside those of
form. A value of the wrong form is as if absent here: it has its problem already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.problems import Loc, dotted, quoted
from config.source import Document


class View:
    def __init__(self, document: Document) -> None:
        self.document = document
        self._reported = frozenset(document.reported)
        """A value of the wrong form needs no second problem, such as being unknown too."""

    def has(self, *fields: str) -> bool:
        """Whether each of these top-level lists was read."""
        return all(isinstance(self.document.root.get(field), list) for field in fields)

    def items(self, field: str) -> Iterator[tuple[Loc, Mapping[str, object]]]:
        """The groups in a top-level list."""
        found = self.document.root.get(field)
        for index, item in enumerate(found if isinstance(found, list) else ()):
            if isinstance(item, dict):
                yield (field, index), item

    def texts(self, field: str, key: str) -> Iterator[tuple[Loc, str]]:
        """One key's texts over a top-level list."""
        for loc, item in self.items(field):
            value = item.get(key)
            if isinstance(value, str):
                yield (*loc, key), value

    def known(self, field: str, key: str = "id") -> list[str]:
        return [text for _, text in self.texts(field, key)]

    def group(self, *loc: str) -> Mapping[str, object]:
        """The group of keys there; empty when there is none."""
        value: object = self.document.root
        for step in loc:
            value = value.get(step) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def where(self, loc: Loc) -> str:
        """A value's key and place, to name it in another value's problem."""
        return f"{dotted(loc)} ({self.document.value_spot(loc)})"

    def at_value(self, loc: Loc, what: str, expected: str) -> None:
        if loc not in self._reported:
            self.document.add(self.document.value_spot(loc), loc, what, expected)

    def at_key(self, loc: Loc, what: str, expected: str) -> None:
        if loc not in self._reported:
            self.document.add(self.document.key_spot(loc), loc, what, expected)

    def check_unique(self, field: str, key: str) -> None:
        """Adds a problem for each text of a key that an earlier item of the list has already."""
        first: dict[str, Loc] = {}
        for loc, text in self.texts(field, key):
            if text in first:
                what = f"{quoted(text)} is also {self.where(first[text])}"
                self.at_value(loc, what, f"give each of the {field} its own {key}")
            first.setdefault(text, loc)
