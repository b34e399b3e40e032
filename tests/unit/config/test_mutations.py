"""Whatever single thing is wrong with the example, it is said with its place, or it was not wrong."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from config.load import load_site
from config.models import Site
from config.problems import ConfigInvalid, Loc, Problem, dotted
from config.schema import Shape

EXAMPLE = Path(__file__).parents[3] / "config" / "hotline"
NO_PROMPTS = Path("nowhere")
SHAPE = Shape(Site)

Tree: TypeAlias = dict[str, object]


def _load_example() -> dict[str, Tree]:
    """The example with one shift of agents and a few seats, which load four times as fast."""
    yaml = YAML(typ="safe", pure=True)
    trees: dict[str, Tree] = {file.name: yaml.load(file) for file in EXAMPLE.glob("*.yaml")}
    trees["agents.yaml"] = {"agents": _list(trees["agents.yaml"]["agents"])[:13]}
    trees["seats.yaml"] = {"seats": _list(trees["seats.yaml"]["seats"])[:4]}
    return trees


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _dumped(tree: Tree) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


TREES = _load_example()
TEXTS = {name: _dumped(tree) for name, tree in TREES.items()}


def _locs(value: object, loc: Loc = ()) -> list[Loc]:
    """Every place in a tree but its root; of a list, the first items and the last."""
    if isinstance(value, dict):
        steps: list[tuple[str | int, object]] = list(value.items())
    elif isinstance(value, list):
        steps = [(i, item) for i, item in enumerate(value) if i < 3 or i == len(value) - 1]
    else:
        steps = []
    return [place for step, item in steps for place in [(*loc, step), *_locs(item, (*loc, step))]]


PLACES = [(name, loc) for name, tree in sorted(TREES.items()) for loc in _locs(tree)]
KEYED = [(name, loc) for name, loc in PLACES if isinstance(loc[-1], str)]
GROUPS = [
    (name, loc)
    for name, loc in [*((name, ()) for name in sorted(TREES)), *PLACES]
    if (SHAPE.at(loc) or {}).get("properties")
]


def _at(tree: Tree, loc: Loc) -> object:
    value: object = tree
    for step in loc:
        value = value[step]  # type: ignore[index]
    return value


def _problems(tmp_path: Path, name: str, tree: Tree) -> list[Problem]:
    """The problems of the example with one file replaced; each is checked to have a true place."""
    directory = tmp_path / "site"
    directory.mkdir(exist_ok=True)
    for other, text in {**TEXTS, name: _dumped(tree)}.items():
        (directory / other).write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    try:
        load_site(directory, prompts=NO_PROMPTS)
    except ConfigInvalid as error:
        problems += error.problems or pytest.fail("refused without a problem")
    for problem in problems:
        _check_place(directory, problem)
    return problems


def _check_place(directory: Path, problem: Problem) -> None:
    assert problem.what
    assert problem.expected
    if problem.line == 0:
        assert problem.file == directory
        assert problem.key in Site.model_fields
        return
    lines = problem.file.read_text(encoding="utf-8").split("\n")
    assert problem.line <= len(lines)
    assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


fast = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@fast
@given(place=st.sampled_from(KEYED))
def test_a_dropped_key_is_missing_or_was_optional(tmp_path: Path, place: tuple[str, Loc]) -> None:
    name, loc = place
    tree = copy.deepcopy(TREES[name])
    parent = _at(tree, loc[:-1])
    assert isinstance(parent, dict)
    del parent[loc[-1]]
    problems = _problems(tmp_path, name, tree)
    required = loc[-1] in (SHAPE.at(loc[:-1]) or {}).get("required", ())
    if required:
        if tree:
            assert [(p.key, p.what) for p in problems if p.key == dotted(loc)] == [
                (dotted(loc), "is missing")
            ]
        else:
            assert problems


@fast
@given(
    place=st.sampled_from(PLACES),
    wrong=st.sampled_from([None, True, -1, 1.5, "", "?", [], [1], {}, {"x": 1}]),
)
def test_a_value_of_another_type_is_reported_at_its_key(
    tmp_path: Path, place: tuple[str, Loc], wrong: object
) -> None:
    name, loc = place
    tree = copy.deepcopy(TREES[name])
    parent = _at(tree, loc[:-1])
    parent[loc[-1]] = wrong  # type: ignore[index]
    problems = _problems(tmp_path, name, tree)
    if wrong is None and (SHAPE.at(loc) or {}).get("default", "required") is None:
        return  # as if it were left out
    if type(wrong) is not type(_at(TREES[name], loc)) and not isinstance(wrong, float):
        assert any(p.key.startswith(dotted(loc)) for p in problems), problems


@fast
@given(place=st.sampled_from(GROUPS), key=st.sampled_from(["colour", "nmae", "ID", "x.y", "键", "on"]))
def test_an_unknown_key_is_reported_at_the_key(tmp_path: Path, place: tuple[str, Loc], key: str) -> None:
    name, loc = place
    tree = copy.deepcopy(TREES[name])
    group = _at(tree, loc)
    assert isinstance(group, dict)
    group[key] = 1
    (problem,) = _problems(tmp_path, name, tree)
    assert (problem.key, problem.what) == (dotted((*loc, key)), "is not a key here")
    line = problem.file.read_text(encoding="utf-8").split("\n")[problem.line - 1]
    assert line[problem.column - 1 :].strip("'\"").startswith(key)
