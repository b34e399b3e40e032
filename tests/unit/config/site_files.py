"""A small right configuration on disk, to be edited into a wrong one.

In an edit, `▸` marks where the mistake is expected to be reported; it is not written to the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load_site
from config.problems import ConfigInvalid, Problem

MARK = "▸"

CALLS = """\
hotlines:
  - number: "12345"
    name: 市民热线
    queue: general
  - number: "12315"
    name: 消费维权
    queue: consumer
    priority: 5
    greeting: welcome
queues:
  - id: general
    name: 综合受理
  - id: consumer
    name: 消费维权
    required_skills:
      consumer: 2
    ring_timeout_s: 20
skills:
  - id: consumer
    name: 消费维权
"""
PEOPLE = """\
agents:
  - id: "1001"
    name: 王芳
    skills: {consumer: 3}
  - id: "1002"
    name: 李强
seats:
  - id: s01
    extension: "8001"
  - id: s02
    extension: "8002"
"""
SERVICE = """\
trunk:
  host: 192.0.2.10
  port: 5060
  caller_number: "12345"
asterisk:
  sip_port: 5060
  ami_port: 5038
  rtp_start: 10000
  rtp_end: 10999
  spool: var/spool
storage:
  recordings: var/recordings
  journal: var/journal.sqlite
api:
  host: 127.0.0.1
  port: 8080
work_orders:
  categories: [咨询, 投诉]
not_ready_reasons:
  - {id: break, name: 小休, digit: "1"}
  - {id: rona, name: 振铃未接, digit: "9"}
"""
PROMPTS = """\
greeting: 您好
welcome: 欢迎
"""


class SiteFiles:
    """The files of one test."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "site"
        self.prompts = root / "prompts.yaml"
        self.prompts.write_text(PROMPTS, encoding="utf-8")
        self.directory.mkdir()
        for name, text in (("calls", CALLS), ("people", PEOPLE), ("service", SERVICE)):
            self.file(name).write_text(text, encoding="utf-8")

    def file(self, name: str) -> Path:
        return self.directory / f"{name}.yaml"

    def edit(self, name: str, old: str, new: str) -> tuple[int, int]:
        """Replaces the only occurrence of a text; returns the line and column of the mark."""
        text = self.file(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}.yaml"
        text = text.replace(old, new)
        place = self.place(text)
        self.file(name).write_text(text.replace(MARK, ""), encoding="utf-8")
        return place

    @staticmethod
    def place(text: str) -> tuple[int, int]:
        """Line and column of the mark, from 1; (0, 0) without one."""
        before, mark, _ = text.partition(MARK)
        if not mark:
            return 0, 0
        lines = before.split("\n")
        return len(lines), len(lines[-1]) + 1

    def problems(self) -> list[Problem]:
        """What is wrong with the site as it stands on disk."""
        with pytest.raises(ConfigInvalid) as caught:
            load_site(self.directory, prompts=self.prompts)
        return list(caught.value.problems)

    def shown(self) -> list[str]:
        """The problems as they are printed, with file names alone."""
        return [str(problem).replace(f"{self.directory}/", "") for problem in self.problems()]
