from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.masking import shown_number
from config.models import Role
from cti.masking import mask


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+8613812341234", "+86138****1234"),
        ("02388881234", "023****1234"),
        ("88881234", "88****34"),
        ("8881234", "8****34"),
        ("12345", "****"),
        ("alice", "****"),
        ("", ""),
    ],
)
def test_the_middle_of_a_number_is_hidden(number: str, masked: str) -> None:
    assert mask(number) == masked


@given(st.text(alphabet="0123456789+", min_size=1, max_size=25))
def test_at_least_four_signs_are_hidden_or_all_of_them(number: str) -> None:
    shown = mask(number).replace("*", "")
    assert len(number) - len(shown) >= min(4, len(number))


def test_only_a_supervisor_sees_numbers_whole() -> None:
    whole = {role for role in Role if shown_number("13812341234", role) == "13812341234"}
    assert whole == {Role.SUPERVISOR}
