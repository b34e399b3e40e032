"""The Range header (RFC 9110 section 14), for one range of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(
    r"bytes\s*=\s*(?:([0-9]{1,18})\s*-\s*([0-9]{0,18})|-\s*([0-9]{1,18}))\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `first`, counted from 0."""

    first: int
    length: int


class NotSatisfiable(Exception):
    """The range begins after the end, or asks for nothing."""


def wanted(header: str | None, size: int) -> Span | None:
    """The part of a file of `size` bytes that a Range header asks for; None: the whole file.

    A unit other than bytes, several ranges, and what is no range at all are ignored, as the RFC lets a server
    do; the whole file is then sent. Raises NotSatisfiable.
    """
    if header is None or (found := _ONE_RANGE.fullmatch(header.strip())) is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        if length == 0:
            raise NotSatisfiable
        return Span(size - length, length)
    begin = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < begin:
        return None
    if begin >= size:
        raise NotSatisfiable
    return Span(begin, end - begin + 1)
