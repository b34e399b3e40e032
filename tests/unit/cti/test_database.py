"""The database's URL as people write it, and cursors as lists give them out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, OperationalError

from cti.database import (
    BadCursor,
    BadDatabaseUrl,
    cursor_after,
    cursor_place,
    database_url,
    never_accepted,
)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_url_gets_the_driver_that_we_use(scheme: str) -> None:
    url = database_url(f"{scheme}://user:p%40ss@db.example:5433/hotline")

    assert url.drivername == "postgresql+asyncpg"
    assert (url.host, url.port, url.database, url.password) == ("db.example", 5433, "hotline", "p@ss")


def test_what_libpq_calls_sslmode_is_understood() -> None:
    assert database_url("postgresql://db/hotline?sslmode=require").query == {"ssl": "require"}


@pytest.mark.parametrize(
    "text", ["", "hotline", "mysql://db/hotline", "postgresql+psycopg://db/x", "//db:x/y"]
)
def test_any_other_url_is_refused_with_what_it_should_be(text: str) -> None:
    with pytest.raises(BadDatabaseUrl, match="postgresql://"):
        database_url(text)


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - zone is given
    st.text(st.characters(exclude_characters="\0"), min_size=1),
)
def test_a_cursor_leads_back_to_its_place(time: datetime, identifier: str) -> None:
    assert cursor_place(cursor_after(time, identifier)) == (time, identifier)


@given(st.text())
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        time, _ = cursor_place(text)
    except BadCursor:
        return
    assert time.tzinfo is not None


class Sent(Exception):
    """As the driver raises it when the server answered."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "entrys_fault"),
    [
        ("22003", True),
        ("23503", True),
        ("54000", True),
        ("08006", False),
        ("25006", False),
        ("40001", False),
        ("42P01", False),
        ("53100", False),
        ("57P01", False),
        ("58030", False),
    ],
)
def test_only_data_and_constraints_are_an_entrys_own_fault(sqlstate: str, entrys_fault: bool) -> None:
    assert never_accepted(DBAPIError("", {}, Sent(sqlstate))) is entrys_fault
    assert never_accepted(Sent(sqlstate)) is entrys_fault


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(), TimeoutError(), OperationalError("", {}, OSError()), OSError(28, "full")],
)
def test_a_lost_connection_never_is(error: Exception) -> None:
    assert not never_accepted(error)
