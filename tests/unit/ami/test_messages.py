"""Headers of any kind, which arrive as they were meant or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami.errors import AmiInputError
from cti.ami.messages import MAX_HEADERS, MAX_LINE_BYTES, check_headers, lines_of
from cti.ami.wire import GuardedAction

ANY_TEXT = st.text(max_size=40)
HEADER_VALUES = st.one_of(
    ANY_TEXT, st.sampled_from(["a\r\nAction: Logoff", "\r\n\r\n", "\0", "x" * 1100, "é" * 600])
)


@given(
    st.dictionaries(
        st.one_of(ANY_TEXT, st.just("Variable")), st.one_of(HEADER_VALUES, st.lists(HEADER_VALUES))
    )
)
async def test_any_header_arrives_as_it_was_meant_or_is_refused(
    headers: dict[str, str | list[str]],
) -> None:
    try:
        check_headers(headers)
    except AmiInputError:
        return
    action = GuardedAction({**headers, "ActionID": "1"})
    sent = str(action)
    assert sent.endswith("\r\n\r\n")
    assert sent.count("\r\n\r\n") == 1
    received = [line.partition(": ") for line in sent.removesuffix("\r\n\r\n").split("\r\n")]
    meant = [(name, value) for name, value in lines_of(headers) if name.lower() != "actionid"]
    arrived = [(name, value) for name, _, value in received if name != "ActionID"]
    assert sorted(arrived) == sorted(meant)


@pytest.mark.parametrize(
    ("headers", "header"),
    [
        ({"Bad Name": "x"}, "Bad Name"),
        ({"": "x"}, ""),
        ({"Name\r\nAction": "x"}, "Name\r\nAction"),
        ({"Name": "a\rb"}, "Name"),
        ({"Name": "a\nb"}, "Name"),
        ({"Name": "a\0b"}, "Name"),
        ({"Name": "\ud800"}, "Name"),
        ({"Variable": ("A=1", "B=2\n")}, "Variable"),
        ({"Name": "1", "name": "2"}, "name"),
    ],
)
def test_a_refusal_names_the_header(headers: dict[str, str | tuple[str, ...]], header: str) -> None:
    with pytest.raises(AmiInputError) as refusal:
        check_headers(headers)
    assert refusal.value.header == header


def test_the_longest_line_passes_and_a_byte_more_does_not() -> None:
    room = MAX_LINE_BYTES - len("Value: \r\n")
    check_headers({"Value": "x" * room})
    with pytest.raises(AmiInputError, match="1025 bytes"):
        check_headers({"Value": "x" * (room + 1)})
    with pytest.raises(AmiInputError, match="bytes"):
        check_headers({"Value": "热" * (room // 2)})


def test_the_most_headers_pass_and_one_more_does_not() -> None:
    check_headers({"Variable": ["A=1"] * MAX_HEADERS})
    with pytest.raises(AmiInputError, match="129 headers"):
        check_headers({"Variable": ["A=1"] * (MAX_HEADERS + 1)})
