"""Asterisk's statistics of a channel, as Asterisk 22.10 gave them."""

from __future__ import annotations

import pytest

from cti.ami.quality import leg_quality
from cti.calls.quality import LegQuality, Stream

BOTH = (
    "ssrc=1599523855;themssrc=2213906754;lp=4;rxjitter=0.002000;rxcount=316;txjitter=0.001250;txcount=320"
    ";rlp=8;rtt=0.030000;rxmes=88.087887;txmes=88.087887"
)


def test_both_directions_are_read_with_what_was_lost() -> None:
    assert leg_quality(BOTH) == LegQuality(Stream(316, 4, 0.002), Stream(312, 8, 0.00125), 0.03)


def test_a_phone_that_sent_no_report_leaves_what_it_heard_unknown() -> None:
    silent = BOTH.replace("txjitter=0.001250", "txjitter=0.000000").replace("rlp=8", "rlp=0")
    assert leg_quality(silent.replace("rtt=0.030000", "rtt=0.000000")) == LegQuality(
        Stream(316, 4, 0.002), None, None
    )


def test_a_leg_without_sound_has_no_quality() -> None:
    assert leg_quality("") is None
    assert leg_quality(BOTH.replace("rxcount=316", "rxcount=0").replace("txcount=320", "txcount=0")) is None


@pytest.mark.parametrize("text", ["nonsense", "rxcount=1;txcount=x;rlp=0", "rxcount=3;txcount=4"])
def test_what_is_no_statistics_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        leg_quality(text)
