"""The form in which records are kept in the journal: JSON, with instants as ISO 8601 in UTC.

`encode` and `decode` work on any dataclass whose fields are built from text, numbers, truth values, enums,
datetimes, `Instant`s, other such dataclasses, tuples, lists and string-keyed dicts of these, and `None`.
The types in the record's own definition are what the JSON is checked against, so there is no second list of
fields to keep in step.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from acd.model import Instant
from cti.calls.records import CallRecord

JSON: TypeAlias = bool | int | float | str | list["JSON"] | dict[str, "JSON"] | None

T = TypeVar("T")
_Step: TypeAlias = Callable[[Any], Any]

_INSTANT = "instant"
_codecs: dict[type[Any], tuple[_Step, _Step]] = {}


class BadRecord(ValueError):
    """The JSON is not the record it should be. The message names the field, never its value."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be journaled; the journal gives it its number."""

    at: Instant
    kind: str
    """`call`, `decision`, `agent_state`, `recording`, `work_order`, `command`, `audit` or `supervision`."""
    key: str
    """Which one of its kind. A later entry of the same kind and key replaces the earlier one."""
    body: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal holds."""

    seq: int
    """Grows by at least one from entry to entry; never used twice, not even after `Journal.trim`."""
    at: Instant
    kind: str
    key: str
    body: dict[str, JSON]


def encode(record: object) -> dict[str, JSON]:
    """The record as JSON. Instants are rounded to microseconds.

    Raises `TypeError` for a record, or a field's type, that this form does not know.
    """
    encoded: dict[str, JSON] = _codec(type(record))[0](record)
    return encoded


def decode(record_type: type[T], body: Mapping[str, JSON]) -> T:
    """The record of `record_type` that `encode` turned into `body`.

    A field that is absent takes its default, so that a journal written before the field existed can be read;
    a key that is no field is passed over, for the same reason the other way round. Raises `BadRecord`.
    """
    decoded: T = _codec(record_type)[1](body)
    return decoded


def decode_call(body: Mapping[str, JSON]) -> CallRecord:
    """A `call` entry's record. Raises `BadRecord`."""
    return decode(CallRecord, body)


@lru_cache(maxsize=10_000)  # the instants of a call are written with each of its versions
def instant_text(at: Instant) -> str:
    """An instant in ISO 8601 with microseconds, in UTC: such texts sort as the times do."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def instant_of(text: str) -> Instant:
    """The instant that `instant_text` wrote. Raises `ValueError` for a time without a zone."""
    return _time_of(text).timestamp()


def _time_text(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("a time without a zone cannot be kept")
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _time_of(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC)


def _codec(record_type: type[Any]) -> tuple[_Step, _Step]:
    """How to encode and decode a dataclass; worked out once for each."""
    if record_type not in _codecs:
        _codecs[record_type] = _make_codec(record_type)
    return _codecs[record_type]


def _make_codec(record_type: type[Any]) -> tuple[_Step, _Step]:
    if not dataclasses.is_dataclass(record_type):
        raise TypeError(f"{record_type.__name__} is not a dataclass")
    # `Instant` is an alias of float: resolved under this name, a point in time can be told from a duration.
    hints = get_type_hints(record_type, localns={"Instant": Annotated[float, _INSTANT]}, include_extras=True)
    fields = [(field.name, *_steps(hints[field.name])) for field in dataclasses.fields(record_type)]
    required = {
        field.name
        for field in dataclasses.fields(record_type)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    # Calls are encoded at every change. A field that is JSON as it stands costs no call of a function.
    names = [name for name, _, _ in fields]
    to_convert = [(name, to_json) for name, to_json, _ in fields if to_json is not _same]
    values_of = attrgetter(*names, "__class__")  # never one name alone: it gives a tuple then

    def encode_record(record: Any) -> dict[str, JSON]:
        body = dict(zip(names, values_of(record), strict=False))
        for name, to_json in to_convert:
            body[name] = to_json(body[name])
        return body

    def decode_record(body: Any) -> Any:
        if not isinstance(body, Mapping):
            raise BadRecord(f"{record_type.__name__}: not an object")
        values = {}
        for name, _, from_json in fields:
            if name in body:
                try:
                    values[name] = from_json(body[name])
                except BadRecord as error:
                    raise BadRecord(f"{name}: {error}") from None
            elif name in required:
                raise BadRecord(f"{name}: missing in {record_type.__name__}")
        return record_type(**values)

    return encode_record, decode_record


def _steps(hint: Any) -> tuple[_Step, _Step]:
    """How to encode and decode a value of the annotated type."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated and args[1:] == (_INSTANT,):
        return instant_text, _checked(str, instant_of, "a time with zone in ISO 8601")
    if origin in (Union, types.UnionType):
        return _optional_steps(args)
    if origin in (tuple, list):
        item_to_json, item_from_json = _steps(args[0])
        if origin is tuple and args[1:] != (...,):
            raise TypeError("a tuple of fixed length has no form in JSON here")
        return (
            list if item_to_json is _same else lambda items: [item_to_json(item) for item in items],
            _checked(list, lambda items: origin(item_from_json(item) for item in items), "a list"),
        )
    if origin in (dict, Mapping) and args[0] is str:
        value_to_json, value_from_json = _steps(args[1])
        return (
            lambda values: {key: value_to_json(value) for key, value in values.items()},
            _checked(dict, lambda values: {k: value_from_json(v) for k, v in values.items()}, "an object"),
        )
    if not isinstance(hint, type):
        raise TypeError(f"{hint} has no form in JSON here")
    if dataclasses.is_dataclass(hint):
        return _codec(hint)
    if issubclass(hint, Enum):
        names = ", ".join(str(member.value) for member in hint)
        return lambda member: member.value, _checked(object, hint, f"one of {names}")
    if issubclass(hint, datetime):
        return _time_text, _checked(str, _time_of, "a time with zone in ISO 8601")
    if hint in _PLAIN:
        return _same, _PLAIN[hint]
    raise TypeError(f"{hint.__name__} has no form in JSON here")


def _optional_steps(args: tuple[Any, ...]) -> tuple[_Step, _Step]:
    kinds = [arg for arg in args if arg is not type(None)]
    if len(kinds) != 1 or len(args) != 2:
        raise TypeError("of several types only `X | None` has a form in JSON here")
    to_json, from_json = _steps(kinds[0])
    return (
        _same if to_json is _same else lambda value: None if value is None else to_json(value),
        lambda value: None if value is None else from_json(value),
    )


def _checked(json_type: type, convert: _Step, wanted: str) -> _Step:
    def from_json(value: Any) -> Any:
        if not isinstance(value, json_type):
            raise BadRecord(f"not {wanted}")
        try:
            return convert(value)
        except BadRecord:
            raise
        except ValueError:
            raise BadRecord(f"not {wanted}") from None

    return from_json


def _same(value: Any) -> Any:
    return value


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRecord("not a whole number")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRecord("not a number")
    return float(value)


_PLAIN: dict[type, _Step] = {
    str: _checked(str, _same, "text"),
    bool: _checked(bool, _same, "true or false"),
    int: _whole_number,
    float: _number,
}
