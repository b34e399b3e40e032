"""What is known of the seats' phones."""

from __future__ import annotations

from dataclasses import replace

from cti.calls.facts import PhonesSeen
from cti.seats import SeatBook, Turn
from tests.support.conversation import phone, phone_changed, snapshot

SEAT = "seat-01"


def book(*, seen: bool = True, reachable: bool = True) -> SeatBook:
    seats = SeatBook([SEAT])
    if seen:
        seats.snapshot(snapshot(at=0.0, reachable=frozenset({SEAT} if reachable else ())))
    return seats


def test_nothing_is_known_before_asterisk_was_looked_at() -> None:
    seats = book(seen=False)
    assert seats.reachable(SEAT) is None
    assert seats.reachable("no-seat") is None


def test_the_first_look_tells_of_every_seat_without_a_time() -> None:
    seats = SeatBook([SEAT, "seat-02"])
    turns = seats.snapshot(snapshot(at=5.0, reachable=frozenset({SEAT})))
    assert turns == [Turn(SEAT, True, None), Turn("seat-02", False, None)]
    assert seats.seats[SEAT].since is None


def test_a_phone_that_stops_answering_and_answers_again_was_away_so_long() -> None:
    seats = book()
    assert seats.changed(phone_changed(SEAT, False, 10.0)) == [Turn(SEAT, False, None)]
    assert seats.changed(phone_changed(SEAT, False, 11.0)) == [], "told again"
    assert seats.changed(phone_changed(SEAT, True, 25.0)) == [Turn(SEAT, True, 15.0)]
    assert seats.seats[SEAT].since == 25.0


def test_a_phone_that_registers_anew_from_elsewhere_is_never_away() -> None:
    seats = book()
    assert seats.changed(phone_changed(SEAT, None, 10.0, port=6060)) == []
    assert seats.changed(phone_changed(SEAT, None, 10.0, gone=True)) == []
    assert seats.reachable(SEAT)


def test_a_refreshed_registration_does_not_hide_that_the_phone_does_not_answer() -> None:
    seats = book()
    seats.changed(phone_changed(SEAT, False, 10.0))
    assert seats.changed(phone_changed(SEAT, None, 12.0)) == []
    assert seats.reachable(SEAT) is False


def test_a_phone_is_known_by_what_answers() -> None:
    seats = book()
    seats.changed(phone_changed(SEAT, False, 10.0, port=6060))
    used = seats.seats[SEAT].phone
    assert used is not None
    assert used.contact == phone(SEAT).contact


def test_what_was_asked_for_changes_details_and_never_reachability() -> None:
    seats = book()
    seats.changed(phone_changed(SEAT, False, 10.0))
    seen = replace(phone(SEAT, True), rtt_s=0.012, user_agent="Phone 1.0")
    stranger = replace(phone(SEAT, True, port=7070), rtt_s=0.5)
    seats.seen(PhonesSeen(11.0, "t", (seen, stranger)))
    used = seats.seats[SEAT].phone
    assert used is not None
    assert (used.user_agent, used.rtt_s, seats.reachable(SEAT)) == ("Phone 1.0", 0.012, False)
