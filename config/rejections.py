"""Every kind of routing that is refused, with the message that operations staff see.

`python -m config.rejections docs/configuration.md` writes the table; a test holds the document to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from config.load import ConfigInvalid, load_site

BEGIN: Final = "<!-- rejections: begin -->\n"
END: Final = "<!-- rejections: end -->"

_SITE: Final = """\
hotlines: [{number: "12345", name: 热线, queue: q}]
skills: [{id: law, name: 法律}]
agents: [{id: "1001", name: 王芳, skills: {law: 3}}]
seats: [{id: s01, extension: "8001"}]
trunk: {host: 192.0.2.10, caller_number: "12345"}
asterisk: {spool: var/spool}
storage: {recordings: var/recordings, journal: var/journal.sqlite}
work_orders: {categories: [咨询]}
not_ready_reasons: [{id: rona, name: 振铃未接, digit: "9"}]
"""
_OFFICE: Final = 'hours: [{weekdays: [mon], opens: "08:00", closes: "12:00"}]'


@dataclass(frozen=True, slots=True)
class Rejection:
    """A mistake: what is added to a right site, as its queue's keys or as other keys of the site."""

    name: str
    queue: str = ""
    site: str = ""

    def files(self) -> str:
        keys = ", ".join(["id: q", "name: 综合", *filter(None, [self.queue])])
        return _SITE + ("" if "queues:" in self.site else f"queues: [{{{keys}}}]\n") + self.site


REJECTIONS: Final = (
    Rejection("unknown skill", "required_skills: {law: 1, lwa: 1}"),
    Rejection("unknown skill in a requirement", "requirement: {skill: lwa}"),
    Rejection("unknown agent in a requirement", 'requirement: {agents: ["1009"]}'),
    Rejection("empty requirement", "requirement: {all_of: []}"),
    Rejection("two requirements in one", 'requirement: {skill: law, agents: ["1001"]}'),
    Rejection("bounds upside down", "requirement: {skill: law, at_least: 4, at_most: 2}"),
    Rejection("proficiency out of range", "requirement: {skill: law, at_least: 6}"),
    Rejection("empty step", "steps: [{requirement: {}, ttl_s: 10}]"),
    Rejection("step of no duration", "steps: [{requirement: {skill: law}, ttl_s: 0}]"),
    Rejection("negative time", "wrap_up_s: -1"),
    Rejection("weight of nothing", "weight: 0"),
    Rejection("unknown criterion", "criteria: [tallest]"),
    Rejection("criterion twice", "criteria: [proficiency, proficiency]"),
    Rejection("priority of transfers out of range", "transfer_priority: 101"),
    Rejection("no offer at all", "max_offers_per_agent: 0"),
    Rejection("limit without a threshold", "overflow: [{limit: size, to: busy}]"),
    Rejection("threshold without a use", "overflow: [{limit: nobody_logged_in, to: busy, threshold: 3}]"),
    Rejection("overflow to nowhere", "overflow: [{limit: size, threshold: 3, to: queue}]"),
    Rejection(
        "overflow to an unknown queue", "overflow: [{limit: size, threshold: 3, to: queue, target: x}]"
    ),
    Rejection(
        "overflow to an unknown message", "overflow: [{limit: size, threshold: 3, to: message, target: x}]"
    ),
    Rejection("overflow to itself", "overflow: [{limit: size, threshold: 3, to: queue, target: q}]"),
    Rejection(
        "cyclic overflow",
        site=(
            "queues:\n"
            "- {id: q, name: 一, overflow: [{limit: waited, threshold: 9, to: queue, target: r}]}\n"
            "- {id: r, name: 二, overflow: [{limit: waited, threshold: 9, to: queue, target: q}]}\n"
        ),
    ),
    Rejection(
        "two queues of one digit",
        site='queues: [{id: q, name: 一, digit: "1"}, {id: r, name: 二, digit: "1"}]\n',
    ),
    Rejection("two queues of one name", site="queues: [{id: q, name: 一}, {id: q, name: 二}]\n"),
    Rejection("closed, but no calendar", "overflow: [{limit: closed, to: busy}]"),
    Rejection("night mode, but no calendar", "night_skills: {law: 1}"),
    Rejection("unknown calendar", "calendar: office"),
    Rejection("unknown hours for dialling", "callbacks: {calendar: office}"),
    Rejection("callback without an attempt", "callbacks: {max_attempts: 0}"),
    Rejection("callback delayed by less than nothing", "callbacks: {busy_delay_s: -1}"),
    Rejection("nobody's phone first", "callbacks: {mode: citizen_first}"),
    Rejection("a rate of the abandoned without a use", "callbacks: {max_abandoned_rate: 0.03}"),
    Rejection(
        "a rate of the abandoned in percent", "callbacks: {mode: customer_first, max_abandoned_rate: 3}"
    ),
    Rejection("a citizen's phone that hardly rings", "callbacks: {mode: customer_first, ring_timeout_s: 5}"),
    Rejection(
        "unknown prompt for the abandoned", "callbacks: {mode: customer_first, abandoned_prompt: sorry}"
    ),
    Rejection(
        "overlapping calendar",
        "calendar: office",
        "calendars:\n"
        "- id: office\n"
        "  name: 工作时间\n"
        "  hours:\n"
        '  - {weekdays: [mon, tue], opens: "08:00", closes: "12:00"}\n'
        '  - {weekdays: [tue], opens: "11:00", closes: "17:00"}\n',
    ),
    Rejection(
        "two calendars of one name",
        site=f"calendars: [{{id: o, name: 一, {_OFFICE}}}, {{id: o, name: 二, {_OFFICE}}}]\n",
    ),
    Rejection(
        "hours upside down",
        "calendar: o",
        'calendars: [{id: o, name: 一, hours: [{weekdays: [mon], opens: "18:00", closes: "08:00"}]}]\n',
    ),
    Rejection(
        "no such date",
        "calendar: o",
        f'calendars: [{{id: o, name: 一, {_OFFICE}, holidays: ["2026-02-30"]}}]\n',
    ),
    Rejection(
        "clocks that change",
        "calendar: o",
        f"timezone: Europe/Berlin\ncalendars: [{{id: o, name: 一, {_OFFICE}}}]\n",
    ),
    Rejection(
        "reserve of an unknown skill", site="routing: {reserves: [{skill: lwa, keep: 1, urgent_from: 1}]}\n"
    ),
    Rejection("reserve of nobody", site="routing: {reserves: [{skill: law, keep: 0, urgent_from: 1}]}\n"),
    Rejection("occupancy over the whole", site="routing: {max_occupancy: 1.5}\n"),
)


def messages(rejection: Rejection) -> list[str]:
    """What `hotline config check` says, without the file's name and place."""
    with TemporaryDirectory() as directory:
        (Path(directory) / "site.yaml").write_text(rejection.files(), encoding="utf-8")
        try:
            load_site(Path(directory))
        except ConfigInvalid as error:
            said = [f"`{problem.key}`: {problem.what}; {problem.expected}" for problem in error.problems]
            return [each.replace(f"{directory}/", "") for each in said]
    return []


def renewed(text: str) -> str:
    """The document with the table written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(_table()) + "\n\n" + END + after


def _table() -> Iterator[str]:
    yield "| mistake | message |"
    yield "| --- | --- |"
    for rejection in REJECTIONS:
        yield f"| {rejection.name} | {'<br>'.join(messages(rejection))} |"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(renewed(document.read_text(encoding="utf-8")), encoding="utf-8")
