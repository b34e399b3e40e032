"""Reads YAML files into plain values and remembers the line and column of each.

The tree is built here from ruamel's nodes, because the place of every key, item and value must survive into
error messages, and because a text such as `012345` must not become a number on the way unnoticed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from config.problems import Loc, Problem, dotted, quoted

MAX_BYTES: Final = 2_000_000
MAX_DEPTH: Final = 20
MAX_VALUES: Final = 100_000
"""Aliases count each time they are used, so that a few lines cannot grow into gigabytes."""

_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file; line and column count from 1."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Document:
    """The values of one or more YAML files, and where each stands."""

    place: Path
    """The file or directory it was read from."""
    root: dict[str, object] = field(default_factory=dict)
    keys: dict[Loc, Spot] = field(default_factory=dict)
    """Where the key of each member of a mapping stands."""
    values: dict[Loc, Spot] = field(default_factory=dict)
    written: dict[Loc, str] = field(default_factory=dict)
    """Numbers, truth values and dates as they were written."""
    problems: list[Problem] = field(default_factory=list)
    reported: set[Loc] = field(default_factory=set)
    """What a problem was added for."""
    broken: set[Loc] = field(default_factory=set)
    """Scalars that could not be read; None stands for each."""
    unread: list[Path] = field(default_factory=list)
    """Files whose keys are unknown, because they could not be read as a whole."""

    def add(self, spot: Spot, loc: Loc, what: str, expected: str) -> None:
        self.reported.add(loc)
        self.problems.append(Problem(spot.file, spot.line, spot.column, dotted(loc), what, expected))

    def key_spot(self, loc: Loc) -> Spot:
        """Where the key stands, or the item when it is in a list; the nearest outer one when it is absent."""
        while loc:
            if (spot := self.keys.get(loc) or self.values.get(loc)) is not None:
                return spot
            loc = loc[:-1]
        return Spot(self.place, 0, 0)

    def value_spot(self, loc: Loc) -> Spot:
        """Where the value stands, or the nearest outer one when it is absent."""
        while loc:
            if (spot := self.values.get(loc)) is not None:
                return spot
            loc = loc[:-1]
        return Spot(self.place, 0, 0)


def read_directory(directory: Path) -> Document:
    """Merges all `*.yaml` of a directory; each top-level key may stand in one of them."""
    document = Document(directory)
    whole = Spot(directory, 0, 0)
    try:
        names = sorted(entry.name for entry in os.scandir(directory))
    except OSError as error:
        document.add(whole, (), f"cannot be read ({error.strerror})", "give a directory with YAML files")
        document.unread.append(directory)
        return document
    shown = [name for name in names if not name.startswith(".")]
    for name in shown:
        if name.endswith(".yml"):
            document.add(Spot(directory / name, 0, 0), (), "is not read", "name it *.yaml")
            document.unread.append(directory / name)
    files = [directory / name for name in shown if name.endswith(".yaml")]
    if not files:
        document.add(whole, (), "has no *.yaml file", "give a directory with YAML files")
        document.unread.append(directory)
    for file in files:
        read_file(document, file)
    return document


def read_file(document: Document, file: Path, *, secret: bool = False) -> None:
    """Adds one file's keys to the document. With `secret`, no message repeats what the file says."""
    node = _compose(document, file, secret)
    if node is None:
        document.unread.append(file)
        return
    builder = _Builder(document, file, secret)
    if not isinstance(node, MappingNode):
        document.add(
            builder.spot(node), (), f"holds {_kind(node)}", "write keys at the top level, as `key: value`"
        )
        document.unread.append(file)
        return
    try:
        builder.mapping(node, (), document.root)
    except _TooMuch as error:
        document.add(Spot(file, 0, 0), (), str(error), "use fewer aliases (`*x`)")
        document.unread.append(file)


class _TooMuch(Exception):
    """The file holds more values than any real configuration."""


class _Builder:
    def __init__(self, document: Document, file: Path, secret: bool) -> None:
        self._document = document
        self._file = file
        self._secret = secret
        self._count = 0

    def spot(self, node: Node) -> Spot:
        return Spot(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def mapping(self, node: MappingNode, loc: Loc, into: dict[str, object]) -> dict[str, object]:
        document = self._document
        for key_node, value_node in node.value:
            spot = self.spot(key_node)
            if not _is_text_key(key_node):
                document.add(spot, loc, *self._shown(_bad_key(key_node)))
                continue
            at = (*loc, key_node.value)
            if at in document.keys:
                what = f"is given twice, first at {document.keys[at]}"
                document.add(spot, at, what, "keep one of the two")
                continue
            document.keys[at] = spot
            self._put(value_node, at, into)
        return into

    def _put(self, node: Node, loc: Loc, into: dict[str, object] | list[object]) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooMuch(f"holds more than {MAX_VALUES} values")
        if len(loc) > MAX_DEPTH:
            raise _TooMuch("has an alias inside the value it stands for")
        # ruamel puts the value of `key:` where the next token begins, often a line later.
        absent = isinstance(node, ScalarNode) and not node.value and not node.style
        key = self._document.keys.get(loc) if absent else None
        self._document.values[loc] = key or self.spot(node)
        value: object
        if isinstance(node, MappingNode) and str(node.tag) == _TAG + "map":
            value = self.mapping(node, loc, {})
        elif isinstance(node, SequenceNode) and str(node.tag) == _TAG + "seq":
            items: list[object] = []
            for index, item in enumerate(node.value):
                self._put(item, (*loc, index), items)
            value = items
        else:
            try:
                value = _scalar(node)
            except ValueError as error:
                self._document.add(self.spot(node), loc, *self._shown(error.args))
                self._document.broken.add(loc)
                value = None
            if not isinstance(value, str) or str(node.tag) != _TAG + "str":
                self._document.written[loc] = str(node.value)
        if isinstance(into, list):
            into.append(value)
        else:
            into[str(loc[-1])] = value

    def _shown(self, message: tuple[str, ...]) -> tuple[str, str]:
        what, expected = message
        return ("cannot be read as a text", "write it in quotes") if self._secret else (what, expected)


def _scalar(node: Node) -> object:
    """The value of a scalar, by YAML 1.2; raises ValueError(what, expected)."""
    tag = str(node.tag).removeprefix(_TAG)
    text = node.value
    if not isinstance(node, ScalarNode) or tag not in {"str", "null", "bool", "int", "float", "timestamp"}:
        shown = str(node.tag).replace(_TAG, "!!")
        raise ValueError(f"carries the type {quoted(shown)}", "leave the type out")
    if tag in {"str", "timestamp"}:
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise ValueError("holds half of a character (`\\ud...`)", "write the character itself")
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in {"true", "yes", "on"}
    bare = text.replace("_", "")
    if bare.lstrip("+-").lower() in {".inf", ".nan"}:
        raise ValueError(f"{text} is not a finite number", "write a number")
    try:
        if tag == "int":
            return int(bare, 0 if bare.lstrip("+-")[:2].lower() in {"0x", "0o", "0b"} else 10)
        return float(bare)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a number", "write it in quotes if it is a text") from None


def _is_text_key(node: Node) -> bool:
    return (
        isinstance(node, ScalarNode)
        and str(node.tag) == _TAG + "str"
        and not any("\ud800" <= char <= "\udfff" for char in node.value)
    )


def _bad_key(node: Node) -> tuple[str, str]:
    if not isinstance(node, ScalarNode):
        return f"{_kind(node)} stands where a key belongs", "write a text as the key"
    if str(node.tag) == _TAG + "merge":
        return (
            "the merge key `<<` is not supported",
            "write the keys out, or use an alias for the whole value",
        )
    if not node.value:
        return "a key is missing before the colon", "write a text as the key"
    if str(node.tag) == _TAG + "str":
        return f"the key {quoted(node.value)} holds half of a character", "write the character itself"
    return f"the key {node.value} is not a text", f'write it in quotes: "{node.value}"'


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a group of keys"
    return "a list" if isinstance(node, SequenceNode) else "a single value"


def _compose(document: Document, file: Path, secret: bool) -> Node | None:
    whole = Spot(file, 0, 0)
    try:
        data = file.read_bytes()
    except OSError as error:
        document.add(whole, (), f"cannot be read ({error.strerror})", "give a file the service may read")
        return None
    if len(data) > MAX_BYTES:
        document.add(whole, (), f"is {len(data)} bytes long", f"keep it under {MAX_BYTES} bytes")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        lines = data[: error.start].decode("utf-8-sig", "replace").split("\n")
        spot = Spot(file, len(lines), len(lines[-1]) + 1)
        document.add(spot, (), f"the byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return None
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(text)
    except ReaderError as error:
        before = text[: error.position].split("\n")
        spot = Spot(file, len(before), len(before[-1]) + 1)
        document.add(spot, (), f"the character U+{error.character:04X} is not allowed", "delete it")
        return None
    except MarkedYAMLError as error:
        document.add(*_syntax(file, error, secret))
        return None
    except (YAMLError, ValueError) as error:
        what = "is not valid YAML" if secret else f"is not valid YAML ({quoted(str(error))})"
        document.add(whole, (), what, "correct the file's syntax")
        return None
    if node is None:
        document.add(Spot(file, 1, 1), (), "is empty", "write keys as `key: value`, or delete the file")
    return node


_SYNTAX: Final = (
    ("found character '\\t'", "the line is indented with a tab", "indent with blanks"),
    ("cannot start any token", "a text begins with {detail}", "put the text in quotes"),
    (
        "mapping values are not allowed",
        "a colon stands where no key can be",
        "correct the indentation, or put a text with a colon in it in quotes",
    ),
    ("could not find expected ':'", "a key has no colon after it", "write `key: value`"),
    (
        "expected <block end>",
        "the indentation does not fit the lines above",
        "indent keys of one group alike, and write nothing after a closing quote",
    ),
    ("sequence entries are not allowed", "a `-` stands where no list can be", "put it on a line of its own"),
    (
        "expected ',' or ']'",
        "the `[` list of line {line} goes wrong here",
        "separate its items with commas, end it with `]`",
    ),
    (
        "expected ',' or '}'",
        "the `{{` group of line {line} goes wrong here",
        "separate its keys with commas, end it with `}`",
    ),
    ("found undefined alias", "the alias {detail} is not defined above", "define it with `&`, or use quotes"),
    ("alphabetic or numeric", "a text begins with `&`, `*` or `%`", "put the text in quotes"),
    ("chomping or indentation", "a text begins with `|` or `>`", "put the text in quotes"),
    ("found '<stream end>'", "a `[` or `{{` is not closed", "end the list with `]`, the group with `}`"),
    ("expected the node content", "{detail} stands where a value belongs", "put a text in quotes"),
    ("expected '<document start>'", "more follows after the end of the value", "write `key: value` lines"),
    ("found unknown escape", "a backslash escape is unknown", "use single quotes, or double the backslash"),
    (
        "maximum depth",
        f"values are nested deeper than {MAX_DEPTH} levels",
        "write it flatter: no key stands so deep",
    ),
    ("but found another document", "a second document begins with `---`", "keep one document in a file"),
    ("unexpected end of stream", "a quoted text is not closed", "close it with the same quote"),
    ("unexpected document separator", "a quoted text is not closed", "close it with the same quote"),
)


def _syntax(file: Path, error: MarkedYAMLError, secret: bool) -> tuple[Spot, Loc, str, str]:
    """A syntax error in words that do not need YAML's grammar."""
    mark, context = error.problem_mark, error.context_mark
    problem = str(error.problem or error.context or error)
    if context and ("end of stream" in problem or "could not find expected ':'" in problem):
        mark = context
    spot = Spot(file, mark.line + 1, mark.column + 1) if mark else Spot(file, 0, 0)
    for words, what, expected in _SYNTAX:
        if words in problem:
            detail = "(hidden)" if secret else "`" + problem.rpartition("'")[0].partition("'")[2] + "`"
            return spot, (), what.format(detail=detail, line=context.line + 1 if context else 0), expected
    return spot, (), "is not valid YAML" if secret else f"is not valid YAML ({problem})", "correct the syntax"
