"""Records as rows of the archive's tables, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, RowMapping, Table


def row_of(table: Table, record: object, **given: object) -> dict[str, Any]:
    """The record's fields as the table's columns, instants as times."""
    row: dict[str, Any] = dict(given)
    for column in table.columns:
        if column.name in row or column.identity is not None:
            continue
        value = getattr(record, column.name)
        if isinstance(value, float) and isinstance(column.type, DateTime):
            value = time_of(value)
        elif isinstance(value, tuple):
            value = list(value)
        row[column.name] = value
    return row


def time_of(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def fields_of(row: RowMapping, *dropped: str) -> dict[str, Any]:
    """A row as a record's fields, times as instants."""
    return {
        name: value.timestamp() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in dropped
    }
