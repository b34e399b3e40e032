"""The codec tables, against values of ITU-T G.711 and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.g711 import PCMA, PCMU, decode, encode

CODES = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("payload_type", "code", "sample"),
    [
        (PCMA, 0xD5, 8),
        (PCMA, 0x55, -8),
        (PCMA, 0xAA, 32256),
        (PCMA, 0x2A, -32256),
        (PCMU, 0xFF, 0),
        (PCMU, 0x80, 32124),
        (PCMU, 0x00, -32124),
        (PCMU, 0xFE, 8),
    ],
)
def test_known_codes_mean_the_samples_of_the_standard(payload_type: int, code: int, sample: int) -> None:
    assert decode(np.array([code], np.uint8), payload_type)[0] == sample


@pytest.mark.parametrize("payload_type", [PCMA, PCMU])
def test_every_code_is_its_own_best_encoding(payload_type: int) -> None:
    samples = decode(CODES, payload_type)
    assert np.array_equal(decode(encode(samples, payload_type), payload_type), samples)


@given(st.integers(-32768, 32767), st.sampled_from([PCMA, PCMU]))
def test_a_sample_comes_back_within_half_a_step_of_its_size(sample: int, payload_type: int) -> None:
    back = decode(encode(np.array([sample], np.int16), payload_type), payload_type)[0]
    assert abs(int(back) - sample) <= max(8, abs(sample) / 32 + 4)
