"""What SIPp says of a call is read from its block of headers, and nothing slips into a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.network import LOOPBACK
from lab.sipp import Sipp, Told

ANSWERED = Told(
    "Call-ID: 1@a\r\nFrom: sipp\r\nWhat: answered\r\nMessage: SIP/2.0 200 OK\r\nCall-ID: 2@b\r\n\r\n"
    "v=0\r\nc=IN IP4 127.0.0.9\r\nm=audio 26012 RTP/AVP 8\r\n"
)


def test_a_block_names_its_call_its_turn_and_where_audio_goes() -> None:
    assert (ANSWERED.call_id, ANSWERED.what) == ("1@a", "answered")
    assert ANSWERED.header("message") == "SIP/2.0 200 OK"
    assert ANSWERED.media == ("127.0.0.9", 26012)


def test_a_block_without_audio_or_a_header_says_so() -> None:
    told = Told("Call-ID: 1@a\r\nWhat: ended\r\n\r\n")
    assert told.media is None
    assert told.header("Message") == ""


async def test_a_value_of_two_lines_is_refused(tmp_path: Path) -> None:
    sipp = Sipp(
        "citizen.xml",
        tmp_path,
        address=(LOOPBACK, 0),
        remote=(LOOPBACK, 5060),
        role="slave",
        on_told=lambda told: None,
        on_end=lambda error: None,
    )
    with pytest.raises(ValueError, match="Number"):
        sipp.command("1@a", Number="139\r\nHotline: 110")
