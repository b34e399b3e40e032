"""`hotline config check`: says everything that is wrong with a configuration, or what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from config.load import PROMPTS, load_secrets, load_site
from config.models import Site
from config.problems import ConfigInvalid, Problem


def run_check(directory: Path, secrets: Path | None, out: TextIO, *, prompts: Path = PROMPTS) -> int:
    """Prints one line for each problem, `file:line:column: key: what is wrong; what would be right`.

    A summary is the last line. With `secrets`, that file is checked too, against the site if the site is
    right. Returns the exit status: 0 if there is no problem, else 1.
    """
    problems: list[Problem] = []
    site: Site | None = None
    try:
        site = load_site(directory, prompts=prompts)
    except ConfigInvalid as error:
        problems += error.problems
    if secrets is not None:
        try:
            load_secrets(secrets, site=site)
        except ConfigInvalid as error:
            problems += error.problems
    for problem in problems:
        print(problem, file=out)
    if problems or site is None:
        files = len({problem.file for problem in problems})
        print(f"{_count(len(problems), 'problem')} in {_count(files, 'file')}", file=out)
        return 1
    counts = [
        _count(len(site.hotlines), "hotline"),
        _count(len(site.queues), "queue"),
        _count(len(site.agents), "agent"),
        _count(len(site.seats), "seat"),
    ]
    print(f"{directory}: right; {', '.join(counts)}", file=out)
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
