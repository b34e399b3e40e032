"""The configuration's shape, read from the models: what a key may hold, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from config.base import PATTERN_WORDS, Model
from config.problems import Loc, listed

Schema: TypeAlias = Mapping[str, Any]
"""A JSON schema, as pydantic makes it."""


class Shape:
    """One model's schema with its references resolved."""

    def __init__(self, model: type[Model]) -> None:
        self.root: Schema = model.model_json_schema()

    def at(self, loc: Loc) -> Schema | None:
        """The schema of what stands there; None for a place that no key leads to."""
        schema: Schema | None = self.root
        for step in loc:
            if schema is None:
                return None
            schema = self.resolved(schema)
            if isinstance(step, int):
                schema = schema.get("items")
            elif step in schema.get("properties", {}):
                schema = schema["properties"][step]
            else:
                schema = next(iter(schema.get("patternProperties", {}).values()), None)
        return None if schema is None else self.resolved(schema)

    def resolved(self, schema: Schema) -> Schema:
        """Follows a reference; of a value that may be absent, the value. Keeps description and default."""
        own = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
        if "$ref" in schema:
            return {**self.root["$defs"][schema["$ref"].rpartition("/")[2]], **own}
        if "anyOf" in schema:
            chosen = next(option for option in schema["anyOf"] if option.get("type") != "null")
            return {**self.resolved(chosen), **own}
        return schema

    def keys(self, loc: Loc) -> Sequence[str]:
        """The keys that a group may have; empty when any fitting key will do."""
        return tuple((self.at(loc) or {}).get("properties", {}))

    def words(self, schema: Schema) -> str:
        """What a value must be, as in `a whole number from 1 to 5`."""
        schema = self.resolved(schema)
        if "enum" in schema:
            return "one of " + listed([f"`{value}`" for value in schema["enum"]])
        kind = schema.get("type")
        if kind in {"integer", "number"}:
            return _number_words(schema)
        if kind == "boolean":
            return "`true` or `false`"
        if kind == "array":
            return f"a list, each item {self.words(schema['items'])}"
        if kind == "object":
            return self._group_words(schema)
        if "pattern" in schema:
            return PATTERN_WORDS[schema["pattern"]]
        return {"path": "a path", "password": "a secret text"}.get(schema.get("format", ""), "a text")

    def _group_words(self, schema: Schema) -> str:
        if "patternProperties" in schema:
            ((pattern, member),) = schema["patternProperties"].items()
            kind = PATTERN_WORDS[pattern].partition(":")[0]
            return f"a group of `key: value` lines, each key {kind}, each value {self.words(member)}"
        return "a group of keys: " + listed([f"`{key}`" for key in schema["properties"]])


def _number_words(schema: Schema) -> str:
    noun = "a whole number" if schema["type"] == "integer" else "a number"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None or high is None:
        return noun
    return f"{noun} from {low:g} to {high:g}"
