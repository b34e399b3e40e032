"""The forms that the configuration's values take, and the words for them in an error message."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"
NUMBER_PATTERN = r"^\+?[0-9]{2,20}$"
NAME_PATTERN = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,78}[^\s\x00-\x1f\x7f])?$"
HOST_PATTERN = r"^[0-9A-Za-z:]([0-9A-Za-z.:-]{0,252}[0-9A-Za-z:])?$"
AGENT_PATTERN = r"^[0-9]{3,8}$"
EXTENSION_PATTERN = r"^[0-9]{3,6}$"
DIGIT_PATTERN = r"^[0-9]$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
PIN_HASH_PATTERN = r"^scrypt\$(1[0-9]|20)\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$"
CLOCK_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
LANGUAGE_PATTERN = r"^[a-z]{2,3}$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

PATTERN_WORDS = {
    ID_PATTERN: "an id: 1 to 40 lower case letters, digits, `_` and `-`, beginning with a letter or digit",
    NUMBER_PATTERN: "a phone number in quotes: 2 to 20 digits, perhaps after a `+`",
    NAME_PATTERN: "a name: 1 to 80 characters on one line, no blanks around them",
    HOST_PATTERN: "a host name or an IP address",
    AGENT_PATTERN: "an agent's number in quotes: 3 to 8 digits",
    EXTENSION_PATTERN: "an extension in quotes: 3 to 6 digits",
    DIGIT_PATTERN: "one digit in quotes",
    SHA256_PATTERN: "a SHA-256 as 64 lower case hexadecimal digits",
    PIN_HASH_PATTERN: "a PIN's hash as `hotline secrets pin` makes it",
    CLOCK_PATTERN: 'a time of the day in quotes: hours and minutes from "00:00" to "24:00"',
    LANGUAGE_PATTERN: "a language: its code of two or three lower case letters, such as `en`",
    DATE_PATTERN: 'a date in quotes: year, month and day, as "2026-10-01"',
}
"""What each pattern asks for, in the words of an error message."""

Id = Annotated[str, Field(pattern=ID_PATTERN)]
"""Lower case letters, digits, `_` and `-`."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a time zone; give its IANA name, such as `Asia/Shanghai`") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
DialledNumber = Annotated[str, Field(pattern=NUMBER_PATTERN)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Host = Annotated[str, Field(pattern=HOST_PATTERN)]
AgentNumber = Annotated[str, Field(pattern=AGENT_PATTERN)]
Proficiency = Annotated[int, Field(ge=1, le=5)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
PinHash = Annotated[str, Field(pattern=PIN_HASH_PATTERN)]
Clock = Annotated[str, Field(pattern=CLOCK_PATTERN)]
Date = Annotated[str, Field(pattern=DATE_PATTERN)]
Priority = Annotated[int, Field(ge=-100, le=100)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
