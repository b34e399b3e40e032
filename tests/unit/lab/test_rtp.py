"""What a citizen's line says and hears, over real UDP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from lab.g711 import PCMA, PCMU, decode, encode
from lab.network import LOOPBACK
from lab.rtp import SAMPLES, Media
from lab.tones import CALLER_TONES, SEAT_TONES, TONES, WINDOW, tone, tones_in

WITHIN_S = 20.0
SEAT, CALLER = SEAT_TONES[3], CALLER_TONES[5]


@pytest.fixture
def media() -> Iterator[Media]:
    served = Media()
    served.start()
    yield served
    served.close()


def test_a_citizen_hears_which_seat_speaks_and_for_how_long(media: Media) -> None:
    heard = threading.Event()
    citizen = media.add(CALLER, heard.set)
    seat = media.add(SEAT, lambda: None)
    seat.send_to((LOOPBACK, citizen.port))
    assert heard.wait(WITHIN_S)
    assert list(citizen.heard_s) == [SEAT]
    assert citizen.heard_s[SEAT] >= 0.3
    assert citizen.first_heard_at is not None
    assert citizen.last_heard_at is not None
    assert citizen.first_heard_at <= citizen.last_heard_at


def test_another_citizen_is_not_taken_for_an_agent(media: Media) -> None:
    heard_by_seat = threading.Event()
    one, other = media.add(CALLER, heard_by_seat.set), media.add(CALLER_TONES[6], lambda: None)
    seat_heard = threading.Event()
    witness = media.add(CALLER_TONES[7], seat_heard.set)
    seat = media.add(SEAT, lambda: None)
    other.send_to((LOOPBACK, one.port))
    seat.send_to((LOOPBACK, witness.port))
    assert seat_heard.wait(WITHIN_S)
    assert not heard_by_seat.is_set()
    assert one.heard_s == {}


@pytest.mark.parametrize("codec", [PCMA, PCMU])
def test_a_line_answers_to_where_audio_comes_from_in_its_codec_with_its_own_tone(
    media: Media, codec: int
) -> None:
    line = media.add(CALLER, lambda: None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far_end:
        far_end.bind((LOOPBACK, 0))
        far_end.settimeout(WITHIN_S)
        speech = encode(tone(SEAT, 0.02), codec).tobytes()
        far_end.sendto(bytes([0x80, codec]) + bytes(10) + speech, (LOOPBACK, line.port))
        packets = [far_end.recv(2048) for _ in range(WINDOW // SAMPLES)]
    assert {packet[1] for packet in packets} == {codec}
    sequence = [int.from_bytes(packet[2:4], "big") for packet in packets]
    assert sequence == list(range(sequence[0], sequence[0] + len(packets)))
    samples = decode(np.frombuffer(b"".join(packet[12:] for packet in packets), np.uint8), codec)
    assert TONES[tones_in(samples[None])[0]].tolist() == [CALLER]


def test_a_line_that_is_removed_says_no_more_and_its_port_is_free(media: Media) -> None:
    line = media.add(CALLER, lambda: None)
    media.remove(line)
    media.remove(line)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((LOOPBACK, line.port))
