"""Each tone is told from every other one after a telephone's codec, and nothing else is taken for one."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab import prompts
from lab.g711 import PCMA, PCMU, decode, encode
from lab.tones import (
    CALLER_TONES,
    RATE_HZ,
    SEAT_TONES,
    TONES,
    WINDOW,
    ToneSpan,
    caller_tone_hz,
    dominant_tones,
    seat_tone_hz,
    tone,
    tones_in,
    write_wav,
)

CODECS = pytest.mark.parametrize("payload_type", [PCMA, PCMU])


def through(payload_type: int, samples: NDArray[np.int16]) -> NDArray[np.int16]:
    return decode(encode(samples, payload_type), payload_type)


def found(windows: NDArray[np.int16]) -> list[set[int]]:
    return [set(TONES[row].tolist()) for row in tones_in(windows)]


@CODECS
def test_each_tone_is_heard_as_itself_alone(payload_type: int) -> None:
    windows = np.array([tone(hz, 0.1) for hz in TONES.tolist()])
    assert found(through(payload_type, windows)) == [{hz} for hz in TONES.tolist()]


@CODECS
def test_any_two_tones_at_once_are_both_heard_and_no_third(payload_type: int) -> None:
    pairs = list(combinations(TONES.tolist(), 2))
    said = {hz: tone(hz, 0.1) for hz in TONES.tolist()}
    windows = np.array([said[one] + said[other] for one, other in pairs])
    assert found(through(payload_type, windows)) == [set(pair) for pair in pairs]


@given(
    hz=st.sampled_from(TONES.tolist()),
    amplitude=st.integers(300, 20_000),
    start=st.integers(0, WINDOW - 1),
    payload_type=st.sampled_from([PCMA, PCMU]),
    seed=st.integers(0, 2**32 - 1),
)
def test_loudness_phase_and_a_tenth_of_noise_do_not_matter(
    hz: int, amplitude: int, start: int, payload_type: int, seed: int
) -> None:
    clean = tone(hz, 0.3, amplitude=amplitude)[start : start + WINDOW]
    noise = np.random.default_rng(seed).normal(0, amplitude / 10, WINDOW)
    noisy = (clean + noise).astype(np.int16)
    assert found(through(payload_type, noisy)[None]) == [{hz}]


def test_seats_and_callers_have_tones_of_their_own() -> None:
    assert len(set(SEAT_TONES) | set(CALLER_TONES)) == len(SEAT_TONES) + len(CALLER_TONES)
    assert len(SEAT_TONES) >= 40
    assert [seat_tone_hz(0), caller_tone_hz(0)] == [510, 1740]
    assert caller_tone_hz(len(CALLER_TONES)) == caller_tone_hz(0)
    with pytest.raises(ValueError, match="counted from 0"):
        seat_tone_hz(len(SEAT_TONES))


def test_hold_music_is_no_tone(tmp_path: Path) -> None:
    write_wav(tmp_path / "music.wav", (prompts.music() * 32767).astype(np.int16))
    assert dominant_tones(tmp_path / "music.wav") == []


def test_silence_noise_and_a_sweep_are_no_tones(tmp_path: Path) -> None:
    seconds = np.arange(10 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 3000, seconds.size)
    sweep = 8000 * np.sin(2 * np.pi * (300 + 150 * seconds) * seconds)
    for sound in (np.zeros(seconds.size), noise, sweep):
        write_wav(tmp_path / "sound.wav", sound.astype(np.int16))
        assert dominant_tones(tmp_path / "sound.wav") == []


@pytest.mark.parametrize("off_hz", [3, -3, 5])
def test_a_pitch_beside_a_tone_is_not_that_tone(off_hz: int) -> None:
    windows = np.array([tone(hz + off_hz, 0.1) for hz in TONES.tolist()])
    assert not tones_in(windows).any()


def test_a_stereo_recording_tells_who_spoke_on_which_side_and_when(tmp_path: Path) -> None:
    silence = np.zeros(RATE_HZ, np.int16)
    music = (prompts.music()[: 2 * RATE_HZ] * 32767).astype(np.int16)
    left = np.concatenate([silence, tone(510, 3), silence, tone(510, 1)])
    right = np.concatenate([tone(1740, 2), music, tone(1740, 2)])
    path = tmp_path / "call.wav"
    write_wav(path, left, right)
    assert dominant_tones(path, 0) == [ToneSpan(510, 1.0, 4.0), ToneSpan(510, 5.0, 6.0)]
    assert dominant_tones(path, 1) == [ToneSpan(1740, 0.0, 2.0), ToneSpan(1740, 4.0, 6.0)]


def test_a_lost_packet_does_not_cut_a_span_and_a_blip_is_none(tmp_path: Path) -> None:
    said = np.concatenate([tone(540, 2), np.zeros(WINDOW, np.int16), tone(570, 0.1)])
    said[8000:8160] = 0
    write_wav(tmp_path / "call.wav", said)
    assert dominant_tones(tmp_path / "call.wav") == [ToneSpan(540, 0.0, 2.0)]


def test_a_file_that_is_no_telephone_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_wav(path, tone(510, 1))
    with pytest.raises(ValueError, match="no channel 1"):
        dominant_tones(path, 1)
    content = bytearray(path.read_bytes())
    content[24:28] = (16000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="16000 Hz"):
        dominant_tones(path)
