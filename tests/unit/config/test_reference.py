from __future__ import annotations

from pathlib import Path

from config.base import PATTERN_WORDS
from config.models import Secrets, Site
from config.reference import renewed
from config.schema import Schema, Shape

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_document_is_as_the_models_and_the_example_say() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == renewed(text), "run `python -m config.reference docs/configuration.md`"


def test_the_document_has_every_key() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for shape in (Shape(Site), Shape(Secrets)):
        for group in [shape.root, *shape.root["$defs"].values()]:
            for key in group.get("properties", {}):
                assert f"| `{key}` |" in text


def test_every_key_is_described_and_every_pattern_has_words() -> None:
    for shape in (Shape(Site), Shape(Secrets)):
        for group in [shape.root, *shape.root["$defs"].values()]:
            for key, schema in group.get("properties", {}).items():
                resolved = shape.resolved(schema)
                assert resolved.get("description"), key
                assert patterns(resolved) <= PATTERN_WORDS.keys()


def patterns(schema: Schema) -> set[str]:
    found = {schema["pattern"]} if "pattern" in schema else set()
    found |= set(schema.get("patternProperties", ()))
    return found | (patterns(schema["items"]) if "items" in schema else set())
