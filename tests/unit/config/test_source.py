"""What a file may be before any key is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.problems import Problem
from config.source import MAX_BYTES, MAX_VALUES, Document, read_directory, read_file
from tests.unit.config.site_files import MARK, SiteFiles

IN_QUOTES = "put the text in quotes"

# the file's text with the place marked, what is wrong, what would be right
BAD_FILES = [
    ("a: b\n▸\tc: d\n", "the line is indented with a tab", "indent with blanks"),
    ("a: ▸@b\n", "a text begins with `@`", IN_QUOTES),
    ("a: ▸`b\n", "a text begins with ```", IN_QUOTES),
    ("a: ▸%b\n", "a text begins with `%`", IN_QUOTES),
    ("a: &▸\n", "a text begins with `&`, `*` or `%`", IN_QUOTES),
    (
        "a: b▸: c\n",
        "a colon stands where no key can be",
        "correct the indentation, or put a text with a colon in it in quotes",
    ),
    ("a: 1\n▸b\nc: 1\n", "a key has no colon after it", "write `key: value`"),
    (
        "a:\n  - 1\n ▸b: 1\n",
        "the indentation does not fit the lines above",
        "indent keys of one group alike, and write nothing after a closing quote",
    ),
    ("a: ▸- b\n", "a `-` stands where no list can be", "put it on a line of its own"),
    (
        "a: [1,\n  2\nb▸: 1\n",
        "the `[` list of line 1 goes wrong here",
        "separate its items with commas, end it with `]`",
    ),
    (
        "a: {b: 1 c▸: 2}\n",
        "the `{` group of line 1 goes wrong here",
        "separate its keys with commas, end it with `}`",
    ),
    ("a: {\n▸", "a `[` or `{` is not closed", "end the list with `]`, the group with `}`"),
    ('a: ▸"b\nc: d\n', "a quoted text is not closed", "close it with the same quote"),
    ("a: ▸*b\n", "the alias `b` is not defined above", "define it with `&`, or use quotes"),
    ('a: "\\▸q"\n', "a backslash escape is unknown", "use single quotes, or double the backslash"),
    ("a: 1\n▸---\nb: 1\n", "a second document begins with `---`", "keep one document in a file"),
    ("a: ▸\x01\n", "the character U+0001 is not allowed", "delete it"),
    ("▸", "is empty", "write keys as `key: value`, or delete the file"),
    ("▸# nothing\n", "is empty", "write keys as `key: value`, or delete the file"),
    ("▸- a\n", "holds a list", "write keys at the top level, as `key: value`"),
    ("▸a\n", "holds a single value", "write keys at the top level, as `key: value`"),
    (
        "a: " + "[" * 19 + "▸[",
        "values are nested deeper than 20 levels",
        "write it flatter: no key stands so deep",
    ),
    ("▸: b\n", "a key is missing before the colon", "write a text as the key"),
]


def read(file: Path, data: str | bytes, *, secret: bool = False) -> Document:
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    document = Document(file)
    read_file(document, file, secret=secret)
    return document


@pytest.mark.parametrize(("text", "what", "expected"), BAD_FILES, ids=[repr(f[0])[:30] for f in BAD_FILES])
def test_a_file_that_is_no_yaml_is_reported_where_it_goes_wrong(
    tmp_path: Path, text: str, what: str, expected: str
) -> None:
    file = tmp_path / "x.yaml"
    line, column = SiteFiles.place(text)
    found = read(file, text.replace(MARK, "")).problems
    assert found == [Problem(file, line, column, "", what, expected)]


def test_a_file_that_is_not_utf_8_is_reported_at_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    found = read(file, "a: 1\nname: 王".encode() + "芳".encode("gb18030")).problems
    assert found == [Problem(file, 2, 8, "", "the byte 0xb7 is not UTF-8", "save the file as UTF-8")]


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    document = read(tmp_path / "x.yaml", b"\xef\xbb\xbfa: 1\n")
    assert (document.root, document.problems) == ({"a": 1}, [])


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    document = read(tmp_path / "x.yaml", 'a: "\\ud800"\n"\\udfff": 1\n')
    assert [(p.line, p.what) for p in document.problems] == [
        (1, "holds half of a character (`\\ud...`)"),
        (2, "the key '\\udfff' holds half of a character"),
    ]


def test_an_escape_beyond_unicode_is_refused(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "x.yaml", 'a: "\\U00110000"\n').problems
    assert found.what.startswith("is not valid YAML (")
    assert found.expected == "correct the file's syntax"


def test_aliases_cannot_grow_a_few_lines_into_gigabytes(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 12)]
    file = tmp_path / "x.yaml"
    found = read(file, "\n".join(lines)).problems
    assert found == [
        Problem(file, 0, 0, "", f"holds more than {MAX_VALUES} values", "use fewer aliases (`*x`)")
    ]


def test_an_alias_inside_its_own_value_is_refused(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "x.yaml", "a: &a [*a]\n").problems
    assert found.what == "has an alias inside the value it stands for"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "x.yaml", b"#" * (MAX_BYTES + 1)).problems
    assert found.what == f"is {MAX_BYTES + 1} bytes long"


def test_the_place_of_keys_items_and_values_is_kept(tmp_path: Path) -> None:
    document = read(tmp_path / "x.yaml", "a:\n  - {名: 王, c: 2}\nd: x\n")
    spots = {loc: (spot.line, spot.column) for loc, spot in document.values.items()}
    keys = {loc: (spot.line, spot.column) for loc, spot in document.keys.items()}
    assert document.root == {"a": [{"名": "王", "c": 2}], "d": "x"}
    assert keys == {("a",): (1, 1), ("a", 0, "名"): (2, 6), ("a", 0, "c"): (2, 12), ("d",): (3, 1)}
    assert spots == {
        ("a",): (2, 3),
        ("a", 0): (2, 5),
        ("a", 0, "名"): (2, 9),
        ("a", 0, "c"): (2, 15),
        ("d",): (3, 4),
    }


def test_a_missing_directory_is_a_problem(tmp_path: Path) -> None:
    document = read_directory(tmp_path / "nowhere")
    what = "cannot be read (No such file or directory)"
    expected = "give a directory with YAML files"
    assert document.problems == [Problem(tmp_path / "nowhere", 0, 0, "", what, expected)]


def test_a_file_in_place_of_a_directory_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    (found,) = read_directory(tmp_path / "x").problems
    assert found.what == "cannot be read (Not a directory)"


def test_a_directory_without_yaml_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "README").touch()
    (found,) = read_directory(tmp_path).problems
    assert found == Problem(tmp_path, 0, 0, "", "has no *.yaml file", "give a directory with YAML files")


def test_a_yml_file_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    (tmp_path / "b.yml").write_text("b: 1\n")
    document = read_directory(tmp_path)
    assert document.problems == [Problem(tmp_path / "b.yml", 0, 0, "", "is not read", "name it *.yaml")]


def test_hidden_files_and_editors_backups_are_passed_over(tmp_path: Path) -> None:
    for name in (".#a.yaml", ".a.yaml.swp", "a.yaml~", "a.yaml.bak"):
        (tmp_path / name).write_text("b: 1\n")
    (tmp_path / "a.yaml").write_text("a: 1\n")
    document = read_directory(tmp_path)
    assert (document.root, document.problems) == ({"a": 1}, [])


def test_a_directory_named_like_a_yaml_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (found,) = read_directory(tmp_path).problems
    assert (found.file, found.what) == (tmp_path / "a.yaml", "cannot be read (Is a directory)")


def test_a_link_to_nowhere_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    (found,) = read_directory(tmp_path).problems
    assert (found.file, found.what) == (tmp_path / "a.yaml", "cannot be read (No such file or directory)")


PIECES = [
    *"ab01:- \n\t#&*!|>%@`'\"{}[],?<.~=\\é政",
    *("---\n", "...\n", "\n  ", "- ", "? ", "!!int ", "!<x>", "&a ", "*a", "<<: ", "a: ", "a:\n  - "),
    *("%YAML 1.1\n", "%TAG ! tag:x\n", '"\\ud800"', ".inf", "true", "null", "2020-01-01", "0x", "|+2\n"),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=25))
def test_any_text_gives_values_or_problems_with_a_place(tmp_path: Path, pieces: list[str]) -> None:
    file = tmp_path / "x.yaml"
    text = "".join(pieces)
    document = read(file, text)
    lines = text.count("\n") + 1
    assert all(problem.file == file and 0 <= problem.line <= lines for problem in document.problems)
    assert document.problems or document.root


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=40))
def test_any_bytes_give_values_or_problems(tmp_path: Path, data: bytes) -> None:
    document = read(tmp_path / "x.yaml", data)
    assert document.problems or document.root


SECRET_TEXTS = [
    "@hunter2",
    "*hunter2",
    "!hunter2 x",
    '"hunter2',
    "hunter2: x: y",
    "%hunter2",
    "{hunter2",
    '"\\hunter2"',
]


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_no_problem_of_a_secret_file_repeats_what_it_says(tmp_path: Path, text: str) -> None:
    document = read(tmp_path / "x.yaml", f"ami: {text}\n", secret=True)
    assert document.problems
    assert not any("hunter" in str(problem) for problem in document.problems)
