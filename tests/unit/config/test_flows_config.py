"""Flows in YAML: what is wrong in one is said at its place, with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import ConfigInvalid, load_site
from config.rejections import _SITE

RIGHT = """\
calendars: [{id: day, name: 日间, hours: [{weekdays: [mon], opens: "08:00"}]}]
flows:
  - id: citizen
    name: 市民
    hours: {calendar: day, closed: voicemail}
    menu:
      prompt: menu-language
      default: law
      choices:
        - {key: "1", id: law, queue: q, steps: [{requirement: {skill: law}, ttl_s: 10}]}
        - {key: "2", id: english, language: en}
    announcements: {texts: [wait-please], position: true}
    callback: {key: "1"}
    missed_calls: true
    rating: {}
queues: [{id: q, name: 综合, overflow: [{limit: size, threshold: 9, to: callback}]}]
"""


def problems(directory: Path, flows: str) -> list[str]:
    site = _SITE.replace("name: 热线, queue: q", "name: 热线, queue: q, flow: citizen")
    (directory / "site.yaml").write_text(site + flows, encoding="utf-8")
    try:
        load_site(directory)
    except ConfigInvalid as error:
        return [str(problem).partition(": ")[2] for problem in error.problems]
    return []


def test_a_right_flow_is_taken_whole(tmp_path: Path) -> None:
    assert problems(tmp_path, RIGHT) == []
    [flow] = load_site(tmp_path).flows
    assert flow.rating is not None
    assert [(level.key, level.score) for level in flow.rating.levels] == [
        ("1", 5), ("2", 4), ("3", 3), ("4", 2), ("5", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("calendar: day", "calendar: night", "flows[0].hours.calendar: calendar 'night' is unknown"),
        ("closed: voicemail", "closed: never", "flows[0].hours.closed: 'never'"),
        ("prompt: menu-language", "prompt: menu-lang", "flows[0].menu.prompt: prompt 'menu-lang' is not in"),
        ("queue: q, steps", "queue: r, steps", "flows[0].menu.choices[0].queue: queue 'r' is unknown"),
        ("{skill: law}", "{skill: lwa}", "skill: skill 'lwa' is unknown; did you mean `law`?"),
        ('key: "2", id', 'key: "1", id', "flows[0].menu: has two `choices` of one `key`; give each its own"),
        ("default: law", "default: lwa", "flows[0].menu: has a `default` that is no choice; write the `id`"),
        ("language: en", "language: fr", "in this language; add `closed-fr` and its like"),
        ("language: en", "language: English", "expected a language: its code of two or three lower case"),
        ("[wait-please]", "[wait-pleas]", "flows[0].announcements.texts[0]: prompt 'wait-pleas' is not in"),
        ('callback: {key: "1"}', 'callback: {key: "*"}', "flows[0].callback.key: "),
        ("rating: {}", "rating: {satisfied_from: 6}", "flows[0].rating.satisfied_from: 6 is too large"),
        (
            "rating: {}",
            'rating: {levels: [{key: "1", score: 5, name: 好}]}',
            "flows[0].rating: has not one level for each score; write 5, with the scores 1 to 5",
        ),
        ("id: citizen", "id: citizens", "hotlines[0].flow: flow 'citizen' is unknown; did you mean"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert RIGHT.count(old) == 1
    [problem] = problems(tmp_path, RIGHT.replace(old, new))
    assert said in problem


def test_two_flows_of_one_name_are_told(tmp_path: Path) -> None:
    twice = RIGHT.replace("queues:", "  - {id: citizen, name: 又一个}\nqueues:")
    [problem] = problems(tmp_path, twice)
    assert "flows[1].id: 'citizen' is also flows[0].id" in problem
