"""Asterisk's event log into facts. The lines are those that Asterisk 22.10 wrote of real calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cti.ami.cel import CEL_COLUMNS, CelRow, cel_custom_conf, decode_cel, parse_cel_line, read_cel
from cti.ami.user_events import USER_EVENTS, On
from cti.calls.facts import (
    CallArrived,
    CallerQueued,
    Fact,
    LegAnswered,
    LegEnded,
    LegJoined,
    LegParted,
    LegStarted,
    RecordingStarted,
)

CALL = "hl-1795478755.0"
CHANNEL = "PJSIP/trunk-00000000"


def line(
    event: str,
    extra: str = "",
    *,
    time: str = "1795478755.555828",
    leg: str = CALL,
    account: str = CALL,
    channel: str = CHANNEL,
    number: str = "13800001111",
    exten: str = "12345",
    user_event: str = "",
) -> str:
    columns = (event, time, leg, CALL, account, channel, number, exten, "from-trunk", user_event, extra)
    return ",".join('"' + column.replace('"', '""') + '"' for column in columns)


def decoded(text: str) -> Fact | None:
    return decode_cel(parse_cel_line(text))


def test_a_line_as_asterisk_wrote_it_is_read() -> None:
    written = (
        '"USER_DEFINED","1795478756.059250","hl-1795478755.0","hl-1795478755.0","hl-1795478755.0",'
        '"PJSIP/trunk-00000000","13800001111","s","hl-waiting","HotlineQueued",'
        '"{""extra"":""Call=hl-1795478755.0&Queue=consumer&Priority=0&QueuedAt=1795478756.058""}"'
    )
    assert decoded(written) == CallerQueued(
        1795478756.05925, "cel-1795478756.059250", CALL, CALL, "consumer", 0, 1795478756.058
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (line("CHAN_START", account=""), LegStarted),
        (line("ANSWER"), LegAnswered),
        (line("BRIDGE_ENTER", '{"bridge_id":"b-1","bridge_technology":"simple_bridge"}'), LegJoined),
        (line("BRIDGE_EXIT", '{"bridge_id":"b-1","bridge_technology":"simple_bridge"}'), LegParted),
        (
            line(
                "USER_DEFINED",
                '{"extra":"Call=c&Hotline=12345&Number=138&Dialled=12345"}',
                user_event="HotlineArrived",
            ),
            CallArrived,
        ),
        (
            line("USER_DEFINED", '{"extra":"Call=c&Recording=l"}', user_event="HotlineRecordingStarted"),
            RecordingStarted,
        ),
    ],
)
def test_each_kind_of_line_is_its_fact(text: str, kind: type[Fact]) -> None:
    assert isinstance(decoded(text), kind)


FLOW_EVENTS = {
    "HotlineChosen": {"Call": CALL, "Choice": "bilingual.english"},
    "HotlineClosed": {"Call": CALL, "Queue": "law"},
    "HotlineVoicemail": {"Call": CALL},
    "HotlineVoicemailEnded": {"Call": CALL},
    "HotlineCallback": {
        "Call": CALL, "Queue": "law", "Priority": "-2", "QueuedAt": "1795478700.125", "Number": "+8620",
    },
    "HotlineRating": {"Call": CALL},
    "HotlineRated": {"Call": CALL, "Outcome": "rated", "Score": "4", "Tries": "2"},
}  # fmt: skip


@pytest.mark.parametrize("name", FLOW_EVENTS)
def test_what_a_caller_did_in_a_flow_is_read_from_the_log_as_it_is_told_live(name: str) -> None:
    fields = FLOW_EVENTS[name]
    extra = json.dumps({"extra": "&".join(f"{key}={value}" for key, value in fields.items())})
    fact = decoded(line("USER_DEFINED", extra, user_event=name))
    assert fact is not None
    assert fact == USER_EVENTS[name](On(fact.at, fact.cause, CALL, CHANNEL), fields)


def test_a_channels_start_tells_what_the_live_event_tells() -> None:
    assert decoded(line("CHAN_START", account="")) == LegStarted(
        1795478755.555828,
        "cel-1795478755.555828",
        CALL,
        CHANNEL,
        "trunk",
        None,
        CALL,
        "13800001111",
        "12345",
    )


@pytest.mark.parametrize(
    ("cause", "source", "ended"),
    [
        (16, CHANNEL, (16, True)),
        (0, CHANNEL, (16, True)),
        (16, "", (16, False)),
        (16, "PJSIP/seat-01-00000005", (16, False)),
        (19, "", (19, False)),
    ],
)
def test_a_legs_end_says_whether_its_own_far_end_asked_for_it(
    cause: int, source: str, ended: tuple[int, bool]
) -> None:
    fact = decoded(line("HANGUP", f'{{"hangupcause":{cause},"hangupsource":"{source}","dialstatus":""}}'))
    assert isinstance(fact, LegEnded)
    assert (fact.hangup_cause, fact.hung_up_by_peer) == ended


@pytest.mark.parametrize(
    "text",
    [
        line("CHAN_END"),
        line("CHAN_START", channel="Local/s@hl-agent-00000001;1"),
        line("USER_DEFINED", '{"extra":"x"}', user_event="SomethingElse"),
    ],
)
def test_a_line_without_a_meaning_for_calls_is_no_fact(text: str) -> None:
    assert decoded(text) is None


@pytest.mark.parametrize("text", ["", "CHAN_START", '"a","b"', line("ANSWER")[:-9], line("ANSWER") + ',"x"'])
def test_half_a_line_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match="not a line"):
        parse_cel_line(text)


def test_the_columns_asked_of_asterisk_are_those_that_are_read() -> None:
    assert len(CEL_COLUMNS) == len(CelRow._fields)
    mapping = cel_custom_conf(Path("/spool/cel/hotline.csv")).splitlines()[1]
    assert mapping.startswith(
        "/spool/cel/hotline.csv => ${CSV_QUOTE(${eventenum})},${CSV_QUOTE(${eventtime})},"
    )
    assert mapping.count("CSV_QUOTE") == len(CelRow._fields)


def test_reading_starts_at_the_instant_asked_for(tmp_path: Path) -> None:
    log = log_of(tmp_path, [1000.0 + n for n in range(10)])
    assert [fact.at for fact in read_cel(log, 1006.0)] == [1006.0, 1007.0, 1008.0, 1009.0]


def test_a_long_log_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(tmp_path, [1000.0 + n for n in range(40_000)])
    looked_at: list[str] = []

    def watched_parse(text: str) -> CelRow:
        looked_at.append(text)
        return parse_cel_line(text)

    monkeypatch.setattr("cti.ami.cel.parse_cel_line", watched_parse)
    assert len(list(read_cel(log, 1000.0 + 39_990))) == 10
    assert len(looked_at) < 1500


def test_lines_a_little_out_of_order_are_not_missed(tmp_path: Path) -> None:
    times = [1000.0 + n / 100 for n in range(2000)]
    times[700], times[1200] = times[1200], times[700]
    log = log_of(tmp_path, times)
    assert sorted(fact.at for fact in read_cel(log, 1010.0)) == sorted(t for t in times if t >= 1010.0)


def test_a_half_written_last_line_is_left_for_the_next_reading(tmp_path: Path) -> None:
    log = log_of(tmp_path, [1000.0])
    whole = line("ANSWER", time="1001.000000") + "\n"
    with log.open("a") as file:
        file.write(whole[:40])
    assert [fact.at for fact in read_cel(log, 0)] == [1000.0]
    with log.open("a") as file:
        file.write(whole[40:])
    assert [fact.at for fact in read_cel(log, 0)] == [1000.0, 1001.0]


@pytest.mark.parametrize(
    "junk",
    [
        b"junk\n",
        b"\n",
        b"\xff\xfe\n",
        b'"a","b"\n',
        (line("HANGUP", "[]") + "\n").encode(),
        b'"' * 31 + b"\n",
    ],
)
def test_an_unreadable_line_is_passed_over(tmp_path: Path, junk: bytes) -> None:
    log = log_of(tmp_path, [1000.0])
    log.write_bytes(log.read_bytes() + junk + (line("ANSWER", time="1001.000000") + "\n").encode())
    assert [fact.at for fact in read_cel(log, 0)] == [1000.0, 1001.0]


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert list(read_cel(tmp_path / "hotline.csv", 0)) == []
    assert [(each["event"], each["log_level"]) for each in logs] == [("cel_file_missing", "warning")]


def test_the_file_that_was_rotated_last_is_read_before_the_newest(tmp_path: Path) -> None:
    log_of(tmp_path, [1000.0 + n for n in range(10)]).rename(tmp_path / "hotline.csv.1")
    with capture_logs() as logs:
        log = tmp_path / "hotline.csv"
        assert [fact.at for fact in read_cel(log, 1008.0)] == [1008.0, 1009.0], "no call since"
        log_of(tmp_path, [1010.0, 1011.0])
        assert [fact.at for fact in read_cel(log, 1008.0)] == [1008.0, 1009.0, 1010.0, 1011.0]
        assert [fact.at for fact in read_cel(log, 1011.0)] == [1011.0]
    assert logs == []


def test_of_a_rotated_file_no_more_is_looked_at_than_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_of(tmp_path, [1000.0 + n for n in range(40_000)]).rename(tmp_path / "hotline.csv.1")
    log = log_of(tmp_path, [50_000.0])
    looked_at: list[str] = []

    def watched_parse(text: str) -> CelRow:
        looked_at.append(text)
        return parse_cel_line(text)

    monkeypatch.setattr("cti.ami.cel.parse_cel_line", watched_parse)
    assert [fact.at for fact in read_cel(log, 49_000.0)] == [50_000.0]
    assert len(looked_at) < 1000


def test_a_file_that_is_rotated_while_it_is_opened_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_of(tmp_path, [1000.0]).rename(tmp_path / "hotline.csv.1")
    log = log_of(tmp_path, [1001.0])
    opened = Path.open

    def open_as_it_is_rotated(path: Path, mode: str) -> IO[Any]:
        file = opened(path, mode)
        if path == log:
            log.rename(tmp_path / "hotline.csv.1")
        return file

    monkeypatch.setattr(Path, "open", open_as_it_is_rotated)
    assert [fact.at for fact in read_cel(log, 0)] == [1001.0]


@pytest.mark.parametrize("leads_to", ["/", "/proc/self/mem"], ids=["not opened", "not read"])
@pytest.mark.parametrize("broken", ["hotline.csv", "hotline.csv.1"])
def test_a_file_that_cannot_be_read_is_told_of_and_the_other_one_is_read(
    tmp_path: Path, broken: str, leads_to: str
) -> None:
    log = log_of(tmp_path, [1000.0])
    if broken == log.name:
        log.rename(tmp_path / "hotline.csv.1")
    (tmp_path / broken).symlink_to(leads_to)
    with capture_logs() as logs:
        assert [fact.at for fact in read_cel(log, 0)] == [1000.0]
    assert [(each["event"], each["log_level"], each["path"]) for each in logs] == [
        ("cel_file_unreadable", "error", str(tmp_path / broken))
    ]
    assert logs[0]["reason"]


@given(st.lists(st.floats(0, 2e9), max_size=300).map(sorted), st.floats(0, 2e9))
def test_reading_from_any_instant_yields_exactly_what_is_later(
    tmp_path_factory: pytest.TempPathFactory, times: list[float], since: float
) -> None:
    log = log_of(tmp_path_factory.mktemp("cel"), times)
    written = [float(f"{time:.6f}") for time in times]
    assert [fact.at for fact in read_cel(log, since)] == [time for time in written if time >= since]


def log_of(directory: Path, times: list[float]) -> Path:
    log = directory / "hotline.csv"
    log.write_text("".join(line("ANSWER", time=f"{time:.6f}") + "\n" for time in times))
    return log
