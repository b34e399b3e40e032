"""What crosses the AMI link: messages from Asterisk, read-only, and the check of headers that leave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from cti.ami.errors import AmiInputError, MissingHeader

Headers: TypeAlias = Mapping[str, str | Sequence[str]]
"""An action's headers. A sequence repeats its header, e.g. `Variable`."""

MAX_LINE_BYTES = 1024
"""Asterisk discards a longer line, its CR LF included (measured on 22.10)."""
MAX_HEADERS = 128
"""Asterisk reads no more of one action (`AST_MAX_MANHEADERS`)."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_()-]*")
_FORBIDDEN = {"\r": "CR", "\n": "LF", "\0": "NUL"}


class AmiMessage:
    """One event or response. Header names are matched without case; a header that is missing is an error
    to ask for, unlike in panoramisk where it reads as ''.
    """

    __slots__ = ("_values",)

    def __init__(self, headers: Headers) -> None:
        self._values: dict[str, tuple[str, ...]] = {
            name.lower(): (value,) if isinstance(value, str) else tuple(value)
            for name, value in headers.items()
        }

    @property
    def event(self) -> str:
        """The event's name; '' for a response."""
        return self.get("Event", "")

    def __getitem__(self, header: str) -> str:
        """The header's value; the last one when it is repeated. Raises MissingHeader."""
        values = self._values.get(header.lower())
        if not values:
            raise MissingHeader(self.event or "response", header)
        return values[-1]

    def get(self, header: str, default: str) -> str:
        values = self._values.get(header.lower())
        return values[-1] if values else default

    def all(self, header: str) -> tuple[str, ...]:
        """Every value of a repeated header, in order."""
        return self._values.get(header.lower(), ())

    def __contains__(self, header: str) -> bool:
        return header.lower() in self._values

    def __repr__(self) -> str:
        return f"<AmiMessage {self.event or 'response'} with {', '.join(self._values)}>"


def lines_of(headers: Headers) -> Iterator[tuple[str, str]]:
    """The headers as they leave, repeated ones one by one."""
    for name, value in headers.items():
        if isinstance(value, str):
            yield name, value
        else:
            for item in value:
                yield name, item


def check_headers(headers: Headers) -> None:
    """Refuse what would not arrive as it is meant. Raises AmiInputError, naming the header.

    A value with CR, LF or NUL would end the line and add headers or a second action; a line that is too
    long is discarded by Asterisk, which would carry the action out without it.
    """
    seen: set[str] = set()
    for name in headers:
        if not _NAME.fullmatch(name):
            raise AmiInputError(name, "is not a header's name: letters, digits, '_', '-', '(' and ')'")
        if name.lower() in seen:
            raise AmiInputError(name, "stands twice, in different case")
        seen.add(name.lower())
    count = 0
    for name, value in lines_of(headers):
        count += 1
        for character, spoken in _FORBIDDEN.items():
            if character in value:
                raise AmiInputError(name, f"has a {spoken} in its value")
        try:
            size = len(f"{name}: {value}\r\n".encode())
        except UnicodeEncodeError as error:
            raise AmiInputError(name, "has a character that UTF-8 cannot carry") from error
        if size > MAX_LINE_BYTES:
            raise AmiInputError(name, f"makes a line of {size} bytes, over {MAX_LINE_BYTES}")
    if count > MAX_HEADERS:
        raise AmiInputError(name, f"is one of {count} headers, over {MAX_HEADERS}")
