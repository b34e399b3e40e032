"""The offer bench's own arithmetic: which offers count for what, and what is told when a floor is missed."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from bench.offer import (
    Measured,
    answer_to_audio_ms,
    arrival_to_invite_ms,
    free_to_invite_ms,
    missed,
    ratio,
)
from bench.plain_queue import NoWaitingLoop, with_plain_queue
from bench.seat_phone import Offer
from bench.sip import Message, credentials, sdp
from bench.stamps import receive_stamped, stamp_arrivals
from bench.voice import Speaking, Voice
from config.render import ASTERISK_CONF
from lab.network import LOOPBACK
from lab.report import Spread

MS = 1_000_000
GOOD = Spread(1000, 5.0, 20.0, 30.0)
OURS = Measured(GOOD, GOOD, GOOD, 1000, 1000)
QUEUE = replace(OURS, free_to_invite_ms=Spread(1000, 200.0, 900.0, 1000.0))


def offer(number: str, invited_ms: float, freed_ms: float | None) -> Offer:
    return Offer("seat-01", number, int(invited_ms * MS), None if freed_ms is None else int(freed_ms * MS))


def test_an_offer_after_a_call_counts_when_the_caller_waited_already() -> None:
    offers = [offer("waited", 1007, 1000), offer("came", 1009, 1000), offer("first", 1003, None)]
    queued_at = {"waited": 0.9, "came": 1.005, "first": 0.9}

    assert free_to_invite_ms(offers, queued_at) == [7.0]


def test_an_arrival_counts_when_the_phone_was_free_already() -> None:
    offers = [offer("waited", 1007, 1000), offer("came", 1009, 1000), offer("first", 1003, None)]
    queued_at = {"waited": 0.9, "came": 1.005, "first": 1.0}

    assert arrival_to_invite_ms(offers, queued_at) == pytest.approx([4.0, 3.0])


def test_a_callers_second_offer_counts_for_neither() -> None:
    offers = [offer("1", 1007, 1000), offer("1", 9000, 8000)]

    assert free_to_invite_ms(offers, {"1": 0.9}) == [7.0]
    assert arrival_to_invite_ms(offers, {"1": 0.9}) == []


def test_audio_counts_once_both_are_heard() -> None:
    answered = offer("1", 1000, None)
    answered.answered_ns, answered.agent_heard_ns = 2000 * MS, 2010 * MS
    assert answer_to_audio_ms([answered]) == []
    answered.caller_heard_ns = 2025 * MS
    assert answer_to_audio_ms([answered]) == [25.0]


def test_held_floors_miss_nothing() -> None:
    assert ratio(OURS, QUEUE) == 40.0
    assert missed(OURS, QUEUE, 1000) == []


@pytest.mark.parametrize(
    ("ours", "queue", "told"),
    [
        (replace(OURS, free_to_invite_ms=Spread(1000, 10.1, 20.0, 30.0)), QUEUE, "p50 10.1, over 10"),
        (replace(OURS, free_to_invite_ms=Spread(1000, 5.0, 50.1, 60.0)), QUEUE, "p99 50.1, over 50"),
        (replace(OURS, arrival_to_invite_ms=Spread(1000, 11.0, 20.0, 30.0)), QUEUE, "arrival_to_invite_ms"),
        (replace(OURS, answer_to_audio_ms=Spread(999, 5.0, 20.0, 30.0)), QUEUE, "999 offers, 1000 wanted"),
        (OURS, replace(QUEUE, free_to_invite_ms=Spread(1000, 99.0, 99.0, 99.0)), "19.8 times faster"),
        (replace(OURS, failures=["caller 7: 503"]), QUEUE, "ours: caller 7: 503"),
    ],
)
def test_a_missed_floor_is_told(ours: Measured, queue: Measured, told: str) -> None:
    assert any(told in line for line in missed(ours, queue, 1000))


def test_the_opponents_callers_go_straight_into_the_queue() -> None:
    template = (ASTERISK_CONF / "templates" / "extensions.conf.j2").read_text(encoding="utf-8")
    dialplan = with_plain_queue(template)

    waiting = dialplan.partition("[hl-waiting]")[2].partition("\n[")[0]
    assert "Queue(hotline-fallback,c,,,,,hl-fallback-seat)" in waiting
    assert "Wait(" not in waiting
    assert "[hl-fallback-seat]" in dialplan
    assert "Set(HL_QUEUED_AT=${GOSUB_RETVAL})" in waiting
    with pytest.raises(NoWaitingLoop):
        with_plain_queue(dialplan.replace("[hl-waiting]", "[elsewhere]"))


def test_a_message_is_read_as_it_came() -> None:
    invite = Message.parse(
        b"INVITE sip:seat-01@127.0.0.1:5 SIP/2.0\r\nFrom: <sip:13900000001@10.0.0.1>;tag=a\r\n"
        b"CSeq: 7 INVITE\r\nContact: <sip:asterisk@127.0.0.1:5060>\r\n\r\n" + sdp("127.0.0.1", 4000).encode()
    )
    assert (invite.method, invite.status, invite.caller) == ("INVITE", 0, "13900000001")
    assert invite.contact == "sip:asterisk@127.0.0.1:5060"
    assert invite.media == ("127.0.0.1", 4000)
    assert Message.parse(b"SIP/2.0 486 Busy Here\r\nCSeq: 1 INVITE\r\n\r\n").status == 486


def test_credentials_are_those_of_the_standards_example() -> None:
    """RFC 2069's example as corrected in RFC 2617, without qop."""
    told = credentials(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
        "Mufasa",
        "CircleOfLife",
        "GET",
        "/dir/index.html",
    )
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in told


def test_the_kernel_says_when_a_datagram_came() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        stamp_arrivals(sock)
        sock.sendto(b"1", sock.getsockname())
        sock.sendto(b"2", sock.getsockname())
        first, second = receive_stamped(sock), receive_stamped(sock)
    assert (first[0], second[0]) == (b"1", b"2")
    assert 0 <= second[1] - first[1] < 10_000 * MS


async def test_a_voice_hears_marked_packets_alone_and_whose_they_are() -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()
    listener, speaker = Voice(LOOPBACK, 7), Voice(LOOPBACK, 9)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as music, Speaking() as speaking:
        try:
            listener.listen(lambda mark, _: heard.put_nowait(mark))
            music.sendto(b"\x80\x08" + bytes(170), (LOOPBACK, listener.port))
            speaker.speak_to((LOOPBACK, listener.port))
            speaking.add(speaker)
            async with asyncio.timeout(10):
                assert await heard.get() == 9
        finally:
            speaking.remove(speaker)
            listener.close()
    speaker.close()
