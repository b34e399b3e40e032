"""What must hold across a site, each rule broken once."""

from __future__ import annotations

import pytest

from config.load import load_site
from config.problems import Problem
from tests.unit.config.site_files import SiteFiles

# file, old text, new text with the place marked, key, what is wrong, what would be right
MISTAKES = [
    (
        "calls",
        "queue: general",
        "queue: ▸genral",
        "hotlines[0].queue",
        "queue 'genral' is unknown",
        "did you mean `general`?",
    ),
    (
        "calls",
        "queue: general",
        "queue: ▸x",
        "hotlines[0].queue",
        "queue 'x' is unknown",
        "known are `general` and `consumer`",
    ),
    (
        "calls",
        "      consumer: 2",
        "      ▸consumers: 2",
        "queues[1].required_skills.consumers",
        "is an unknown skill",
        "did you mean `consumer`?",
    ),
    (
        "people",
        "{consumer: 3}",
        "{consumer: 3, ▸driving: 1}",
        "agents[0].skills.driving",
        "is an unknown skill",
        "known are `consumer`",
    ),
    (
        "people",
        "{consumer: 3}",
        "{consumer: 1}",
        "queues[1].required_skills",
        "no agent can serve this queue",
        "give an agent `consumer: 2` or more, or require less",
    ),
    (
        "people",
        '  - id: s02\n    extension: "8002"',
        '  - id: s02\n    extension: ▸"12315"',
        "seats[1].extension",
        "'12315' is also hotlines[1].number (calls.yaml:5)",
        "give the seat another extension",
    ),
    (
        "people",
        "id: s02",
        "id: ▸trunk",
        "seats[1].id",
        "'trunk' is also the trunk's id",
        "give the seat another id",
    ),
    (
        "service",
        "rtp_end: 10999",
        "rtp_end: ▸9000",
        "asterisk.rtp_end",
        "the range 10000 to 9000 is upside down",
        "make rtp_end larger than rtp_start",
    ),
    (
        "service",
        "rtp_end: 10999",
        "rtp_end: ▸10006",
        "asterisk.rtp_end",
        "the range 10000 to 10006 has 7 ports",
        "expected at least 8, 4 for each seat",
    ),
    (
        "service",
        "  rtp_start: 10000\n  rtp_end: 10999",
        "  rtp_start: ▸12000",
        "asterisk.rtp_start",
        "the range 12000 to 11999 is upside down",
        "make rtp_end larger than rtp_start",
    ),
    (
        "service",
        "ami_port: 5038",
        "ami_port: ▸5060",
        "asterisk.ami_port",
        "collides with asterisk.sip_port 5060",
        "give each its own port",
    ),
    (
        "service",
        "  port: 8080",
        "  port: ▸5060",
        "api.port",
        "collides with asterisk.sip_port 5060",
        "give each its own port",
    ),
    (
        "service",
        "  port: 8080",
        "  port: ▸5038",
        "api.port",
        "collides with asterisk.ami_port 5038",
        "give each its own port",
    ),
    (
        "service",
        "rtp_start: 10000\n  rtp_end: 10999",
        "rtp_start: ▸5050\n  rtp_end: 5080",
        "asterisk.rtp_start",
        "collides with asterisk.sip_port 5060",
        "give each its own port",
    ),
    (
        "service",
        "  port: 8080",
        "  port: 10999",
        "asterisk.rtp_start",
        "collides with api.port 10999",
        "give each its own port",
    ),
    (
        "service",
        "host: 192.0.2.10",
        "host: ▸127.0.0.1",
        "trunk.host",
        "'127.0.0.1' with this port is where Asterisk itself takes SIP",
        "give the address of the carrier's SIP peer",
    ),
    (
        "service",
        "recordings: var/recordings",
        "recordings: ▸var/spool",
        "storage.recordings",
        "var/spool is in the spool, var/spool",
        "keep it outside of the spool",
    ),
    (
        "service",
        "journal: var/journal.sqlite",
        "journal: ▸var/spool/journal",
        "storage.journal",
        "var/spool/journal is in the spool, var/spool",
        "keep it outside of the spool",
    ),
    (
        "service",
        "journal: var/journal.sqlite",
        "journal: ▸var/recordings",
        "storage.journal",
        "is also storage.recordings",
        "give the journal a file of its own",
    ),
    (
        "service",
        "id: rona",
        "id: missed",
        "not_ready_reasons",
        "none of them has the id `rona`",
        "add one: an agent whose phone was not answered is set not ready with it",
    ),
    (
        "calls",
        "greeting: welcome",
        "greeting: ▸wellcome",
        "hotlines[1].greeting",
        "prompt 'wellcome' is not in prompts.yaml",
        "did you mean `welcome`?",
    ),
    (
        "service",
        "[咨询, 投诉]",
        "[咨询, 投诉, ▸咨询]",
        "work_orders.categories[2]",
        "'咨询' is given twice",
        "delete one of the two",
    ),
    (
        "service",
        "[咨询, 投诉]",
        "▸[]",
        "work_orders.categories",
        "is an empty list",
        "expected at least one",
    ),
    (
        "people",
        'seats:\n  - id: s01\n    extension: "8001"\n  - id: s02\n    extension: "8002"\n',
        "seats: ▸[]\n",
        "seats",
        "is an empty list",
        "expected at least one",
    ),
]
ELSEWHERE = {
    "queues[1].required_skills": ("calls", 15, 5),
    "not_ready_reasons": ("service", 19, 1),
    "asterisk.rtp_start": ("service", 8, 14),
}
"""Mistakes that an edit makes at another place than its own."""


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "what", "expected"), MISTAKES, ids=[f"{m[3]}: {m[4]}" for m in MISTAKES]
)
def test_a_broken_rule_is_the_only_problem_and_has_its_place(
    files: SiteFiles, file: str, old: str, new: str, key: str, what: str, expected: str
) -> None:
    line, column = files.edit(file, old, new)
    if not line:
        file, line, column = ELSEWHERE[key]
    what = what.replace("(calls.yaml", f"({files.file('calls')}")
    assert files.problems() == [Problem(files.file(file), line, column, key, what, expected)]


DUPLICATES = [
    (
        "calls",
        'number: "12315"',
        'number: ▸"12345"',
        "hotlines[1].number",
        "'12345' is also hotlines[0].number",
        2,
    ),
    (
        "calls",
        "name: 综合受理\n  - id: consumer",
        "name: 综合受理\n  - id: ▸general",
        "queues[1].id",
        "'general' is also queues[0].id",
        11,
    ),
    ("people", 'id: "1002"', 'id: ▸"1001"', "agents[1].id", "'1001' is also agents[0].id", 2),
    ("people", "id: s02", "id: ▸s01", "seats[1].id", "'s01' is also seats[0].id", 8),
    ("people", '"8002"', '▸"8001"', "seats[1].extension", "'8001' is also seats[0].extension", 9),
    (
        "service",
        "id: break",
        "id: rona",
        "not_ready_reasons[1].id",
        "'rona' is also not_ready_reasons[0].id",
        20,
    ),
    (
        "service",
        'digit: "9"',
        'digit: ▸"1"',
        "not_ready_reasons[1].digit",
        "'1' is also not_ready_reasons[0].digit",
        20,
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "what", "first_line"), DUPLICATES, ids=[d[3] for d in DUPLICATES]
)
def test_a_second_one_of_what_must_be_unique_names_the_first(
    files: SiteFiles, file: str, old: str, new: str, key: str, what: str, first_line: int
) -> None:
    line, column = files.edit(file, old, new)
    if not line:
        line, column = 21, 10
    field, _, last = key.partition("[")
    expected = f"give each of the {field} its own {last.partition('.')[2]}"
    what = f"{what} ({files.file(file)}:{first_line})"
    assert Problem(files.file(file), line, column, key, what, expected) in files.problems()


def test_a_long_list_of_known_names_is_cut(files: SiteFiles) -> None:
    more = "".join(f"  - {{id: q{n}, name: 队列{n}}}\n" for n in range(20))
    files.edit("calls", "\nskills:\n", f"\n{more}skills:\n")
    files.edit("calls", "queue: general", "queue: zzz")
    known = "`general`, `consumer`, " + ", ".join(f"`q{n}`" for n in range(10)) + " and 10 more"
    (problem,) = files.problems()
    assert problem.expected == f"known are {known}"


def test_two_skills_with_one_id_are_refused(files: SiteFiles) -> None:
    files.edit("calls", "\nskills:\n", "\nskills:\n  - {id: consumer, name: 又一个}\n")
    assert [(p.key, p.line) for p in files.problems()] == [("skills[1].id", 20)]


def test_the_api_s_default_port_is_checked_for_collisions_too(files: SiteFiles) -> None:
    files.edit("service", "api:\n  host: 127.0.0.1\n  port: 8080\n", "")
    line, column = files.edit("service", "ami_port: 5038", "ami_port: ▸8080")
    expected = "give each its own port"
    assert files.problems() == [
        Problem(
            files.file("service"), line, column, "asterisk.ami_port", "collides with api.port 8080", expected
        )
    ]


def test_without_a_prompts_list_greetings_are_not_held_against_it(files: SiteFiles) -> None:
    files.edit("calls", "greeting: welcome", "greeting: unheard-of")
    files.prompts.unlink()
    assert load_site(files.directory, prompts=files.prompts).hotlines[1].greeting == "unheard-of"


def test_the_default_greeting_must_be_in_the_prompts_list_too(files: SiteFiles) -> None:
    files.prompts.write_text("welcome: 欢迎\n", encoding="utf-8")
    what = "prompt 'greeting' is not in prompts.yaml"
    assert files.problems() == [
        Problem(files.file("calls"), 2, 5, "hotlines[0].greeting", what, "known are `welcome`")
    ]


def test_a_broken_prompts_list_is_a_problem_of_its_own(files: SiteFiles) -> None:
    files.prompts.write_text("greeting: [\n", encoding="utf-8")
    assert [(p.file, p.line) for p in files.problems()] == [(files.prompts, 2)]


def test_whether_a_queue_can_be_served_is_not_judged_while_skills_are_in_doubt(files: SiteFiles) -> None:
    files.edit("people", "{consumer: 3}", "{consumer: three}")
    assert [p.key for p in files.problems()] == ["agents[0].skills.consumer"]


def test_names_are_not_called_unknown_while_their_list_cannot_be_read(files: SiteFiles) -> None:
    files.edit("calls", "\nskills:\n", "\nskills: {}\nold_skills:\n")
    assert [p.key for p in files.problems()] == ["skills", "old_skills"]


def test_a_queue_needs_one_agent_with_all_its_skills_not_several_with_one_each(files: SiteFiles) -> None:
    files.edit("calls", "\nskills:\n", "\nskills:\n  - {id: english, name: 英语}\n")
    files.edit("calls", "      consumer: 2\n", "      consumer: 2\n      english: 1\n")
    files.edit("people", "name: 李强", "name: 李强\n    skills: {english: 5}")
    (problem,) = files.problems()
    assert problem.what == "no agent can serve this queue"
    assert problem.expected == "give an agent `consumer: 2` and `english: 1` or more, or require less"
    files.edit("people", "{english: 5}", "{english: 5, consumer: 2}")
    assert len(load_site(files.directory, prompts=files.prompts).agents) == 2


def test_a_carrier_on_this_machine_may_use_another_port(files: SiteFiles) -> None:
    files.edit("service", "  host: 192.0.2.10\n  port: 5060", "  host: 127.0.0.1\n  port: 5061")
    assert load_site(files.directory, prompts=files.prompts).trunk.port == 5061
