"""pydantic's findings as problems: its words turned into the product's, at the place they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.base import PATTERN_WORDS, Model
from config.problems import Loc, listed, quoted
from config.schema import Shape
from config.source import Document, Spot

ModelT = TypeVar("ModelT", bound=Model)

_UNFIT: Final = {
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_parsing": "is not a whole number",
    "float_type": "is not a number",
    "string_type": "is not a text",
    "path_type": "is not a path",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "dict_type": "is not a group of keys",
    "model_type": "is not a group of keys",
}
_KEY: Final = "[key]"
"""pydantic's last step when a mapping's key is at fault."""


def validated(model: type[ModelT], document: Document, *, secret: bool = False) -> ModelT | None:
    """The document as a model, or None with the reasons added to `document.problems`.

    Checked strictly: a text is never taken for a number nor a number for a text. With `secret`, no problem
    repeats a value. Problems that were known before leave the model as it is.
    """
    try:
        return model.model_validate_json(json.dumps(document.root), strict=True)
    except ValidationError as error:
        shape = Shape(model)
        for detail in error.errors(include_url=False):
            _report(detail, shape, document, secret)
        return None


def suggestion(word: str, known: Iterable[str]) -> str:
    """What may have been meant by an unknown word, or else the known ones."""
    words = list(known)
    close = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known are " + listed([f"`{item}`" for item in words]) if words else "there is none yet: add it"


def _report(detail: ErrorDetails, shape: Shape, document: Document, secret: bool) -> None:
    loc: Loc = detail["loc"]
    if loc in document.broken:
        return
    kind = detail["type"]
    if kind == "missing":
        _missing(loc, shape, document)
    elif kind == "extra_forbidden":
        keys = shape.keys(loc[:-1])
        what = "is not a key here"
        document.add(document.key_spot(loc), loc, what, suggestion(str(loc[-1]), keys))
    elif loc and loc[-1] == _KEY:
        at = loc[:-1]
        words = PATTERN_WORDS[detail["ctx"]["pattern"]]
        document.add(document.key_spot(at), at, "does not fit as a key", f"expected {words}")
    elif kind == "value_error":
        what, _, expected = str(detail["ctx"]["error"]).partition("; ")
        document.add(document.value_spot(loc), loc, what, expected)
    else:
        what, expected = _wrong_value(detail, shape, document, secret)
        document.add(document.value_spot(loc), loc, what, expected)


def _missing(loc: Loc, shape: Shape, document: Document) -> None:
    """A key that must be there. At the top level it may stand in a file that could not be read."""
    expected = f"expected {shape.words(shape.at(loc) or {})}"
    if len(loc) > 1:
        document.add(document.key_spot(loc[:-1]), loc, "is missing", expected)
    elif not document.unread:
        document.add(_home(loc, document), loc, "is missing", expected)


def _home(loc: Loc, document: Document) -> Spot:
    """Where a top-level key would be looked for: the file of its name, or else the directory."""
    if not document.place.is_dir():
        return Spot(document.place, 1, 1)
    named = document.place / f"{loc[0]}.yaml"
    return Spot(named, 1, 1) if named.is_file() else Spot(document.place, 0, 0)


def _wrong_value(detail: ErrorDetails, shape: Shape, document: Document, secret: bool) -> tuple[str, str]:
    loc, value = detail["loc"], detail["input"]
    schema = shape.at(loc) or {}
    expected = f"expected {shape.words(schema)}"
    written = document.written.get(loc)
    if value is None:
        return "has no value", expected
    if detail["type"] == "string_type" and written is not None:
        if secret:
            return "is not a text", "write it in quotes"
        kind = "truth value" if isinstance(value, bool) else "number"
        why = " (without them leading zeros are lost)" if kind == "number" else ""
        return f"{written} is read as a {kind}, not as a text", f'write it in quotes: "{written}"{why}'
    shown = "the value" if secret else (written or quoted(value))
    if detail["type"] == "greater_than_equal":
        return f"{shown} is too small: it must be at least {detail['ctx']['ge']:g}", expected
    if detail["type"] == "less_than_equal":
        return f"{shown} is too large: it must be at most {detail['ctx']['le']:g}", expected
    if isinstance(value, str) and not value:
        return "is an empty text", expected
    if schema.get("type") in {"integer", "number"} and isinstance(value, str) and not secret:
        with suppress(ValueError):
            return f"{shown} is a text, not a number", f"write it without quotes: {float(value):g}"
    return f"{shown} {_UNFIT.get(detail['type'], 'does not fit')}", expected
