"""Asterisk's own event log (CEL) into facts, for a stretch that the service missed.

The log is written by `cel_custom`, one line an event, quoted as CSV, times in seconds and microseconds
since the epoch. It has no ringing and no device states; everything else live events tell is in it with its
original time.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from os.path import sameopenfile
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

import structlog

from acd.model import Instant
from cti.ami.channels import dialled, endpoint_of, hangup_cause, number
from cti.ami.user_events import USER_EVENTS, On
from cti.calls.facts import Fact, LegAnswered, LegEnded, LegJoined, LegParted, LegStarted

log: structlog.stdlib.BoundLogger = structlog.get_logger()

CEL_CONF = """\
[general]
enable = yes
apps =
events = CHAN_START,CHAN_END,ANSWER,HANGUP,BRIDGE_ENTER,BRIDGE_EXIT,USER_DEFINED
"""
"""cel.conf. Without `dateformat` the time is `<seconds>.<microseconds>` since the epoch."""

CEL_COLUMNS = (
    "eventenum",
    "eventtime",
    "CHANNEL(uniqueid)",
    "CHANNEL(linkedid)",
    "CHANNEL(accountcode)",
    "CHANNEL(channame)",
    "CALLERID(num)",
    "CHANNEL(exten)",
    "CHANNEL(context)",
    "userdeftype",
    "eventextra",
)
"""The log's columns, as Asterisk names them, in the order in which `CelRow` reads them."""


def cel_custom_conf(log_file: Path) -> str:
    """cel_custom.conf that writes `log_file`, an absolute path whose directory exists before Asterisk starts.

    A mapping, and not a section for the file, because Asterisk cuts the names of sections off at 79
    characters.
    """
    columns = ",".join(f"${{CSV_QUOTE(${{{column}}})}}" for column in CEL_COLUMNS)
    return f"[mappings]\n{log_file} => {columns}\n"


class CelRow(NamedTuple):
    """One line of the log."""

    event: str
    time: str
    leg: str
    linked: str
    account: str
    channel: str
    number: str
    exten: str
    context: str
    user_event: str
    extra: str


IGNORED = MappingProxyType(
    {
        "CHAN_END": "comes with HANGUP, which has the cause",
        "LINKEDID_END": "not asked for; the last leg's end tells it",
    }
)
ROTATED = ".1"
"""What logrotate appends to the name of the file before. Asterisk opens its log anew for each line."""
_BLOCK_BYTES = 1 << 16
_DISORDER_S = 5.0
"""Asterisk writes lines in nearly the order of their times; how far a line may be out of order."""


def parse_cel_line(line: str) -> CelRow:
    """Raises ValueError when the line is not one of the log, or only half of one."""
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ValueError("not a line of Asterisk's event log") from error
    if len(rows) != 1 or len(rows[0]) != len(CelRow._fields):
        raise ValueError("not a line of Asterisk's event log")
    return CelRow(*rows[0])


def decode_cel(row: CelRow) -> Fact | None:
    """The fact that a line states; None for one that states none. Raises ValueError or LookupError if
    malformed.
    """
    endpoint = endpoint_of(row.channel)
    decode = _DECODERS.get(row.event)
    if endpoint is None or decode is None:
        return None
    return decode(On(float(row.time), f"cel-{row.time}", row.leg, row.channel), row)


def _started(on: On, row: CelRow) -> Fact:
    return LegStarted(
        on.at,
        on.cause,
        on.leg,
        channel=on.channel,
        endpoint=endpoint_of(on.channel) or "",
        call=row.account or None,
        linked=row.linked,
        number=number(row.number),
        dialled=dialled(row.exten),
    )


def _answered(on: On, _: CelRow) -> Fact:
    return LegAnswered(on.at, on.cause, on.leg)


def _ended(on: On, row: CelRow) -> Fact:
    extra = json.loads(row.extra)
    # `hangupsource` is the channel whose far end asked for the end, and Asterisk never replaces the first
    # one it notes: a caller who leaves after the agent ended the conversation has the agent's, as who ended
    # it.
    by_peer = extra["hangupsource"] == on.channel
    return LegEnded(on.at, on.cause, on.leg, hangup_cause(int(extra["hangupcause"]), by_peer), by_peer)


def _joined(on: On, row: CelRow) -> Fact:
    return LegJoined(on.at, on.cause, on.leg, json.loads(row.extra)["bridge_id"])


def _parted(on: On, row: CelRow) -> Fact:
    return LegParted(on.at, on.cause, on.leg, json.loads(row.extra)["bridge_id"])


def _user_defined(on: On, row: CelRow) -> Fact | None:
    build = USER_EVENTS.get(row.user_event)
    if build is None:
        return None
    pairs = (pair.partition("=") for pair in json.loads(row.extra)["extra"].split("&"))
    return build(on, {name: value for name, _, value in pairs})


_DECODERS: dict[str, Callable[[On, CelRow], Fact | None]] = {
    "CHAN_START": _started,
    "ANSWER": _answered,
    "HANGUP": _ended,
    "BRIDGE_ENTER": _joined,
    "BRIDGE_EXIT": _parted,
    "USER_DEFINED": _user_defined,
}


def read_cel(path: Path, since: Instant) -> Iterator[Fact]:
    """The log's facts from `since` on, in the order they were written.

    The file that was rotated last, `<path>.1`, comes before it, if there is one. Each is read from its end
    backwards to where `since` is, so a log of months costs no more than the stretch asked for. A last line
    that is only half written is left for the next reading; any other unreadable line is logged and skipped.
    Without either file there is a warning: Asterisk makes the log with its first call. A file that cannot be
    read is logged as an error and yields nothing, or nothing more: the calls of now are routed all the same.
    """
    rotated = path.with_name(path.name + ROTATED)
    files: dict[Path, BinaryIO] = {}
    missing = 0
    with ExitStack() as stack:
        # The newest first: if it is rotated in between, it is open already.
        for each in (path, rotated):
            try:
                files[each] = stack.enter_context(each.open("rb"))
            except FileNotFoundError:
                missing += 1
            except OSError as error:
                _unreadable(each, error)
        if missing == 2:
            log.warning("cel_file_missing", path=str(path))
        if len(files) == 2 and sameopenfile(files[path].fileno(), files[rotated].fileno()):
            del files[rotated]
        for each in reversed(files):
            yield from _read(each, files[each], since)


def _read(path: Path, file: BinaryIO, since: Instant) -> Iterator[Fact]:
    try:
        file.seek(_offset_before(file, since))
        for line in file:
            if line.endswith(b"\n"):
                fact = _fact_of(line)
                if fact is not None and fact.at >= since:
                    yield fact
    except OSError as error:
        _unreadable(path, error)


def _unreadable(path: Path, error: OSError) -> None:
    log.error("cel_file_unreadable", path=str(path), reason=error.strerror or type(error).__name__)


def _fact_of(line: bytes) -> Fact | None:
    try:
        row = parse_cel_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        if row.event not in _DECODERS and row.event not in IGNORED:
            raise ValueError(f"unknown event {row.event}")
        return decode_cel(row)
    except (ValueError, LookupError, TypeError) as error:
        log.warning("cel_line_unreadable", error=type(error).__name__, size=len(line))
        return None


def _offset_before(file: BinaryIO, since: Instant) -> int:
    """Where a line starts before which nothing is as late as `since`."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        file.seek(start)
        first, *lines = file.read(end - start).split(b"\n")
        if start == 0:
            return 0
        offset = start + len(first) + 1
        if _times_before(lines, since - _DISORDER_S):
            return offset
        end = start
    return 0


def _times_before(lines: Sequence[bytes], instant: Instant) -> bool:
    """Whether the first of the lines that can be read is earlier than `instant`."""
    for line in lines:
        try:
            return float(parse_cel_line(line.decode("utf-8", "replace")).time) < instant
        except ValueError:
            continue
    return False
