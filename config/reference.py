"""Renews the tables of `docs/configuration.md` from the models and the example.

Run it as `python -m config.reference docs/configuration.md`; a test holds the document to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from config.base import PATTERN_WORDS
from config.models import Secrets, Site
from config.schema import Schema, Shape
from config.source import Document, read_directory

EXAMPLE: Final = Path(__file__).resolve().parent / "hotline"

_SECRET_EXAMPLES: Final = {
    "ami": '`"t0p-5ecret-of-24-letters"`',
    "seats": '`seat-01: "a-random-password"`',
    "pins": '`"1001": "scrypt$15$..."`',
    "name": "`agent-1001`",
    "role": "`agent`",
    "agent": '`"1001"`',
    "sha256": '`"9f86d081..."`',
}


def renewed(text: str) -> str:
    """The document with each block between `<!-- name: begin -->` and `<!-- name: end -->` written anew."""
    for name, lines in (("site", _site()), ("secrets", _secrets()), ("forms", _forms())):
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + "\n" + "\n".join(lines).rstrip("\n") + "\n\n" + end + after
    return text


def _site() -> Iterator[str]:
    site = Shape(Site)
    example = read_directory(EXAMPLE)
    yield "## Top level"
    yield ""
    told: set[str] = set()
    groups = {key: site.resolved(schema) for key, schema in site.root["properties"].items()}
    groups = {key: group for key, group in groups.items() if group["type"] in ("array", "object")}
    links = {key: f"see [{key}](#{key})" for key in groups}
    yield from _table(site, site.root, {**_yaml_values(example.root), **links})
    for key, group in groups.items():
        yield f"## {key}"
        yield ""
        is_list = group["type"] == "array"
        yield _one_line(group["description"]) + (" A list; each item has these keys:" if is_list else "")
        group = site.resolved(group["items"]) if is_list else group
        yield ""
        examples = _examples(example, key)
        yield from _table(site, group, examples)
        yield from _below(site, key, group, _raw_examples(example.root.get(key)), told)


def _below(
    shape: Shape, path: str, group: Schema, examples: Mapping[str, object], told: set[str]
) -> Iterator[str]:
    """The tables of the groups within a group, each kind of group once."""
    for key, schema in group["properties"].items():
        inner = shape.resolved(schema)
        is_list = inner.get("type") == "array"
        inner = shape.resolved(inner["items"]) if is_list else inner
        if "properties" not in inner:
            continue
        name = str(inner["title"])
        if name in told:
            continue
        told.add(name)
        here = f"{path}.{key}"
        found = _raw_examples(examples.get(key))
        yield f"### {here}"
        yield ""
        yield _one_line(shape.root["$defs"][name]["description"]) + (" A list of these:" if is_list else "")
        yield ""
        yield from _table(shape, inner, _yaml_values(found))
        yield from _below(shape, here, inner, found, told)


def _secrets() -> Iterator[str]:
    secrets = Shape(Secrets)
    yield from _table(secrets, secrets.root, {**_SECRET_EXAMPLES, "tokens": "see below"})
    yield "Each of the `tokens`:"
    yield ""
    token = secrets.resolved(secrets.root["properties"]["tokens"]["items"])
    yield from _table(secrets, token, _SECRET_EXAMPLES)


def _forms() -> Iterator[str]:
    for words in PATTERN_WORDS.values():
        name, _, form = words.partition(": ")
        if form:
            yield f"- {name}: {form}"


def _table(shape: Shape, schema: Schema, examples: Mapping[str, str]) -> Iterator[str]:
    yield "| key | what it holds | default | unit | example | meaning |"
    yield "| --- | --- | --- | --- | --- | --- |"
    required = schema.get("required", ())
    for key, value in schema["properties"].items():
        default = "required" if key in required else _default(shape.resolved(value))
        unit = "s" if key.endswith("_s") else ""
        words = _short(shape, value)
        meaning = _one_line(shape.resolved(value)["description"])
        yield f"| `{key}` | {words} | {default} | {unit} | {examples.get(key, '')} | {meaning} |"
    yield ""


def _short(shape: Shape, schema: Schema) -> str:
    """What a key holds; the exact form of names and numbers is told once, under Forms."""
    resolved = shape.resolved(schema)
    if resolved.get("type") == "array":
        item = shape.resolved(resolved["items"])
        return "a list" if item.get("type") == "object" else f"a list, each {_short(shape, item)}"
    if "patternProperties" in resolved:
        ((pattern, member),) = resolved["patternProperties"].items()
        return f"for each {_short(shape, {'pattern': pattern}).partition(' ')[2]} {_short(shape, member)}"
    if resolved.get("type") == "object":
        return "a group of keys"
    return shape.words(resolved).partition(":")[0]


def _default(schema: Schema) -> str:
    if schema.get("type") == "object":
        whole = "patternProperties" not in schema and schema.get("default") is not None
        return "its keys' defaults" if whole else "none"
    return "none" if schema.get("default") is None else f"`{_yaml(schema['default'])}`"


def _examples(example: Document, key: str) -> Mapping[str, str]:
    return _yaml_values(_raw_examples(example.root.get(key)))


def _raw_examples(value: object) -> Mapping[str, object]:
    """The first value that the example has for each key of a group, or of a list of groups."""
    found: dict[str, object] = {}
    for group in value if isinstance(value, list) else [value]:
        if isinstance(group, dict):
            found = {**group, **found}
    return found


def _yaml_values(group: Mapping[str, object]) -> dict[str, str]:
    return {key: f"`{_yaml(value)}`" for key, value in group.items()}


def _yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if value.lstrip("+").isdigit() else value
    return f"{value:g}" if isinstance(value, float) else str(value)


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(renewed(document.read_text(encoding="utf-8")), encoding="utf-8")
