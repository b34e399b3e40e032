from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ranges import NotSatisfiable, Span, wanted

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-999", Span(0, 1000)),
        ("bytes=0-", Span(0, 1000)),
        ("bytes=999-", Span(999, 1)),
        ("bytes=10-19", Span(10, 10)),
        ("bytes=990-5000", Span(990, 10)),
        ("bytes=-1", Span(999, 1)),
        ("bytes=-5000", Span(0, 1000)),
        ("Bytes = 1 - 2", Span(1, 2)),
    ],
)
def test_one_range_is_served(header: str, span: Span) -> None:
    assert wanted(header, SIZE) == span


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0", "bytes=999999999999999999-"]
)
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(NotSatisfiable):
        wanted(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0-1,5-6",
        "bytes=--5",
        "bytes=0x1-2",
        "bytes=１-２",
        "items=0-5",
        "bytes=" + "9" * 400 + "-",
    ],
)
def test_what_is_no_single_range_of_bytes_is_ignored(header: str | None) -> None:
    assert wanted(header, SIZE) is None


@given(st.text(max_size=40) | st.from_regex(r"\Abytes=[0-9]*-[0-9]*\Z"), st.integers(0, 10**7))
def test_whatever_is_served_lies_within_the_file(header: str, size: int) -> None:
    try:
        span = wanted(header, size)
    except NotSatisfiable:
        return
    if span is not None:
        assert span.first >= 0
        assert span.length > 0
        assert span.first + span.length <= size
