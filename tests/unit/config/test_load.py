"""Each mistake in a value is reported once, at its exact place, with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load_site
from config.problems import ConfigInvalid, Problem
from tests.unit.config.site_files import SiteFiles

AN_ID = "expected an id: 1 to 40 lower case letters, digits, `_` and `-`, beginning with a letter or digit"
A_NAME = "expected a name: 1 to 80 characters on one line, no blanks around them"
A_PORT = "expected a whole number from 1 to 65535"
IN_QUOTES = "(without them leading zeros are lost)"

# file, old text, new text with the place marked, key, what is wrong, what would be right
MISTAKES = [
    # numbers and texts
    (
        "calls",
        "ring_timeout_s: 20",
        "ring_timeout_s: ▸2",
        "queues[1].ring_timeout_s",
        "2 is too small: it must be at least 3",
        "expected a number from 3 to 120",
    ),
    (
        "calls",
        "ring_timeout_s: 20",
        "ring_timeout_s: ▸121.5",
        "queues[1].ring_timeout_s",
        "121.5 is too large: it must be at most 120",
        "expected a number from 3 to 120",
    ),
    (
        "calls",
        "ring_timeout_s: 20",
        "ring_timeout_s: ▸.inf",
        "queues[1].ring_timeout_s",
        ".inf is not a finite number",
        "write a number",
    ),
    (
        "calls",
        "ring_timeout_s: 20",
        "ring_timeout_s: ▸soon",
        "queues[1].ring_timeout_s",
        "'soon' is not a number",
        "expected a number from 3 to 120",
    ),
    ("service", "  port: 8080", "  port: ▸abc", "api.port", "'abc' is not a whole number", A_PORT),
    ("service", "  port: 8080", "  port: ▸80.5", "api.port", "80.5 is not a whole number", A_PORT),
    ("service", "  port: 8080", "  port: ▸true", "api.port", "true is not a whole number", A_PORT),
    ("service", "  port: 8080", "  port: ▸[1]", "api.port", "a list is not a whole number", A_PORT),
    ("service", "  port: 8080", "  port: ▸0", "api.port", "0 is too small: it must be at least 1", A_PORT),
    (
        "service",
        "  port: 8080",
        '  port: ▸"8080"',
        "api.port",
        "'8080' is a text, not a number",
        "write it without quotes: 8080",
    ),
    ("service", "  port: 8080", "  ▸port:", "api.port", "has no value", A_PORT),
    (
        "calls",
        "consumer: 2",
        "consumer: ▸6",
        "queues[1].required_skills.consumer",
        "6 is too large: it must be at most 5",
        "expected a whole number from 1 to 5",
    ),
    # what is made of digits but is a text
    (
        "calls",
        'number: "12345"',
        "number: ▸12345",
        "hotlines[0].number",
        "12345 is read as a number, not as a text",
        f'write it in quotes: "12345" {IN_QUOTES}',
    ),
    (
        "calls",
        'number: "12345"',
        "number: ▸012345",
        "hotlines[0].number",
        "012345 is read as a number, not as a text",
        f'write it in quotes: "012345" {IN_QUOTES}',
    ),
    (
        "calls",
        'number: "12345"',
        'number: ▸"123 45"',
        "hotlines[0].number",
        "'123 45' does not fit",
        "expected a phone number in quotes: 2 to 20 digits, perhaps after a `+`",
    ),
    (
        "people",
        'id: "1001"',
        'id: ▸"12"',
        "agents[0].id",
        "'12' does not fit",
        "expected an agent's number in quotes: 3 to 8 digits",
    ),
    (
        "people",
        'extension: "8001"',
        'extension: ▸"8a"',
        "seats[0].extension",
        "'8a' does not fit",
        "expected an extension in quotes: 3 to 6 digits",
    ),
    (
        "service",
        'digit: "1"',
        'digit: ▸"10"',
        "not_ready_reasons[0].digit",
        "'10' does not fit",
        "expected one digit in quotes",
    ),
    # texts
    (
        "people",
        "name: 王芳",
        "name: ▸true",
        "agents[0].name",
        "true is read as a truth value, not as a text",
        'write it in quotes: "true"',
    ),
    ("people", "name: 王芳", 'name: ▸""', "agents[0].name", "is an empty text", A_NAME),
    ("people", "name: 王芳", 'name: ▸"王\\n芳"', "agents[0].name", "'王\\n芳' does not fit", A_NAME),
    ("people", "name: 王芳", 'name: ▸" 王芳"', "agents[0].name", "' 王芳' does not fit", A_NAME),
    ("people", "name: 王芳", "name: ▸{a: 1}", "agents[0].name", "a group of keys is not a text", A_NAME),
    ("people", "name: 王芳", "name: ▸~", "agents[0].name", "has no value", A_NAME),
    (
        "people",
        "name: 王芳",
        "name: ▸!person 王芳",
        "agents[0].name",
        "carries the type '!person'",
        "leave the type out",
    ),
    (
        "service",
        "host: 192.0.2.10",
        "host: ▸carrier/sip",
        "trunk.host",
        "'carrier/sip' does not fit",
        "expected a host name or an IP address",
    ),
    ("service", "spool: var/spool", "▸spool:", "asterisk.spool", "has no value", "expected a path"),
    ("service", "spool: var/spool", "spool: ▸''", "asterisk.spool", "'' is no path", "expected a path"),
    ("calls", "id: general", "id: ▸General", "queues[0].id", "'General' does not fit", AN_ID),
    # groups and lists
    (
        "service",
        "categories: [咨询, 投诉]",
        "categories: ▸咨询",
        "work_orders.categories",
        "'咨询' is not a list",
        f"expected a list, each item {A_NAME.removeprefix('expected ')}",
    ),
    (
        "service",
        "categories: [咨询, 投诉]",
        "categories: [咨询, ▸12]",
        "work_orders.categories[1]",
        "12 is read as a number, not as a text",
        f'write it in quotes: "12" {IN_QUOTES}',
    ),
    (
        "people",
        '  - id: s02\n    extension: "8002"',
        "  - ▸s02",
        "seats[1]",
        "'s02' is not a group of keys",
        "expected a group of keys: `id` and `extension`",
    ),
    (
        "people",
        "skills: {consumer: 3}",
        "skills: ▸[consumer]",
        "agents[0].skills",
        "a list is not a group of keys",
        "expected a group of `key: value` lines, each key an id, each value a whole number from 1 to 5",
    ),
    # keys
    (
        "calls",
        "    greeting: welcome",
        "    ▸greetings: welcome",
        "hotlines[1].greetings",
        "is not a key here",
        "did you mean `greeting`?",
    ),
    (
        "service",
        "  host: 127.0.0.1",
        "  ▸zzz: 1",
        "api.zzz",
        "is not a key here",
        "known are `host` and `port`",
    ),
    (
        "service",
        "api:",
        "▸workorders: 1\napi:",
        "workorders",
        "is not a key here",
        "did you mean `work_orders`?",
    ),
    (
        "calls",
        '- number: "12345"\n    name: 市民热线',
        '- ▸number: "12345"',
        "hotlines[0].name",
        "is missing",
        A_NAME,
    ),
    (
        "service",
        "trunk:\n  host: 192.0.2.10",
        "▸trunk:",
        "trunk.host",
        "is missing",
        "expected a host name or an IP address",
    ),
    (
        "people",
        "{consumer: 3}",
        "{consumer: 3, ▸Big Skill: 1}",
        "agents[0].skills.'Big Skill'",
        "does not fit as a key",
        AN_ID,
    ),
    (
        "people",
        "name: 王芳",
        "name: 王芳\n    ▸12: 1",
        "agents[0]",
        "the key 12 is not a text",
        'write it in quotes: "12"',
    ),
    (
        "people",
        "name: 王芳",
        "name: 王芳\n    ▸[a]: 1",
        "agents[0]",
        "a list stands where a key belongs",
        "write a text as the key",
    ),
    (
        "people",
        "name: 王芳",
        "name: 王芳\n    ▸<<: {}",
        "agents[0]",
        "the merge key `<<` is not supported",
        "write the keys out, or use an alias for the whole value",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "what", "expected"), MISTAKES, ids=[f"{m[3]}: {m[4]}" for m in MISTAKES]
)
def test_a_mistake_is_reported_once_at_its_place(
    files: SiteFiles, file: str, old: str, new: str, key: str, what: str, expected: str
) -> None:
    line, column = files.edit(file, old, new)
    mine = [problem for problem in files.problems() if problem.key == key]
    assert mine == [Problem(files.file(file), line, column, key, what, expected)]


def test_the_small_site_is_right(files: SiteFiles) -> None:
    site = load_site(files.directory, prompts=files.prompts)
    assert [hotline.number for hotline in site.hotlines] == ["12345", "12315"]
    assert site.queues[1].required_skills == {"consumer": 2}
    assert site.queues[1].ring_timeout_s == 20.0
    assert site.queues[0].ring_timeout_s == 15.0
    assert site.work_orders.categories == ("咨询", "投诉")


def test_how_keys_are_spread_over_files_does_not_matter(files: SiteFiles, tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    merged.mkdir()
    text = "".join(files.file(name).read_text(encoding="utf-8") for name in ("service", "people", "calls"))
    (merged / "all.yaml").write_text(text, encoding="utf-8")
    assert load_site(merged, prompts=files.prompts) == load_site(files.directory, prompts=files.prompts)


def test_all_mistakes_are_told_at_once_in_the_order_of_files_and_lines(files: SiteFiles) -> None:
    files.edit("calls", 'number: "12345"', "number: 12345")
    files.edit("calls", "queue: general", "queue: genral")
    files.edit("calls", "greeting: welcome", "greetin: welcome")
    files.edit("people", "{consumer: 3}", "{consumer: 9, english: 3}")
    files.edit("service", "  port: 8080", "  port: 5038")
    files.edit("service", "spool: var/spool", "spool: var")
    (files.directory / "broken.yaml").write_text("a: [1\n", encoding="utf-8")
    assert [line.partition(";")[0] for line in files.shown()] == [
        "broken.yaml:2:1: the `[` list of line 1 goes wrong here",
        "calls.yaml:2:13: hotlines[0].number: 12345 is read as a number, not as a text",
        "calls.yaml:4:12: hotlines[0].queue: queue 'genral' is unknown",
        "calls.yaml:9:5: hotlines[1].greetin: is not a key here",
        "people.yaml:4:24: agents[0].skills.consumer: 9 is too large: it must be at most 5",
        "people.yaml:4:27: agents[0].skills.english: is an unknown skill",
        "service.yaml:12:15: storage.recordings: var/recordings is in the spool, var",
        "service.yaml:13:12: storage.journal: var/journal.sqlite is in the spool, var",
        "service.yaml:16:9: api.port: collides with asterisk.ami_port 5038",
    ]


def test_the_exception_says_every_problem_on_a_line_of_its_own(files: SiteFiles) -> None:
    files.edit("calls", "queue: general", "queue: genral")
    files.edit("people", "name: 王芳", "name: ''")
    with pytest.raises(ConfigInvalid) as caught:
        load_site(files.directory, prompts=files.prompts)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert str(caught.value).splitlines()[0] == (
        f"{files.file('calls')}:4:12: hotlines[0].queue: queue 'genral' is unknown; did you mean `general`?"
    )


def test_a_key_in_two_files_is_refused_with_both_places(files: SiteFiles) -> None:
    files.file("more").write_text("\nqueues: []\n", encoding="utf-8")
    first = f"{files.file('calls')}:10"
    expected = Problem(
        files.file("more"), 2, 1, "queues", f"is given twice, first at {first}", "keep one of the two"
    )
    assert files.problems() == [expected]


def test_a_key_twice_in_a_group_is_refused_with_both_places(files: SiteFiles) -> None:
    line, column = files.edit("people", "name: 王芳", "name: 王芳\n    ▸name: 李强")
    what = f"is given twice, first at {files.file('people')}:3"
    expected = Problem(files.file("people"), line, column, "agents[0].name", what, "keep one of the two")
    assert files.problems() == [expected]


def test_a_missing_top_level_key_is_looked_for_in_the_file_of_its_name(files: SiteFiles) -> None:
    text = files.file("people").read_text(encoding="utf-8")
    files.file("seats").write_text(text[: text.index("seats:")], encoding="utf-8")
    files.file("people").unlink()
    expected = "expected a list, each item a group of keys: `id` and `extension`"
    assert files.problems() == [Problem(files.file("seats"), 1, 1, "seats", "is missing", expected)]


def test_a_missing_top_level_key_without_such_a_file_is_the_directorys(files: SiteFiles) -> None:
    text = files.file("people").read_text(encoding="utf-8")
    files.file("people").write_text(text[: text.index("seats:")], encoding="utf-8")
    expected = "expected a list, each item a group of keys: `id` and `extension`"
    assert files.problems() == [Problem(files.directory, 0, 0, "seats", "is missing", expected)]


def test_keys_of_a_file_that_cannot_be_read_are_not_called_missing(files: SiteFiles) -> None:
    files.file("people").write_text("agents: [\n", encoding="utf-8")
    assert [problem.file for problem in files.problems()] == [files.file("people")]


def test_an_aliased_value_is_reported_where_it_is_written(files: SiteFiles) -> None:
    files.edit("people", "{consumer: 3}", "&s {consumer: 9}")
    files.edit("people", "name: 李强", "name: 李强\n    skills: *s")
    assert [(p.line, p.column, p.key) for p in files.problems()] == [
        (4, 27, "agents[0].skills.consumer"),
        (4, 27, "agents[1].skills.consumer"),
    ]


@pytest.mark.parametrize("zone", ["Asia/Shangai", "Asia", "../etc", "''", "z300" * 100])
def test_a_time_zone_that_is_none_is_refused(files: SiteFiles, zone: str) -> None:
    line, column = files.edit("service", "api:\n", f"timezone: ▸{zone}\napi:\n")
    expected = "give its IANA name, such as `Asia/Shanghai`"
    assert files.problems() == [
        Problem(files.file("service"), line, column, "timezone", "is not a time zone", expected)
    ]


def test_a_long_wrong_value_is_cut(files: SiteFiles) -> None:
    files.edit("calls", "queue: general", "queue: " + "z" * 70)
    assert files.problems()[0].what == "'" + "z" * 57 + "...' does not fit"


def test_relative_paths_are_resolved_against_the_base(files: SiteFiles, tmp_path: Path) -> None:
    files.edit("service", "recordings: var/recordings", "recordings: /srv/recordings")
    site = load_site(files.directory, base=tmp_path / "base", prompts=files.prompts)
    assert site.asterisk.spool == tmp_path / "base/var/spool"
    assert site.storage.journal == tmp_path / "base/var/journal.sqlite"
    assert site.storage.recordings == Path("/srv/recordings")


def test_relative_paths_are_resolved_against_the_current_directory(
    files: SiteFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_site(files.directory, prompts=files.prompts).asterisk.spool == tmp_path / "var/spool"


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "Y", "012abc", "2026-01-01", "a: b"])
def test_a_text_that_other_yaml_versions_take_for_something_else_stays_a_text(
    files: SiteFiles, word: str
) -> None:
    files.edit("people", "name: 王芳", f"name: {word}" if ": " not in word else f"name: '{word}'")
    assert load_site(files.directory, prompts=files.prompts).agents[0].name == word


@pytest.mark.parametrize(
    ("written", "value"), [("0x1F90", 8080), ("8_080", 8080), ("+8080", 8080), ("0o17620", 8080)]
)
def test_a_whole_number_may_be_written_in_yamls_ways(files: SiteFiles, written: str, value: int) -> None:
    files.edit("service", "  port: 8080", f"  port: {written}")
    assert load_site(files.directory, prompts=files.prompts).api.port == value
