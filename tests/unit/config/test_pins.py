"""PINs are kept as salted hashes."""

from __future__ import annotations

import base64

import pytest

from config.pins import PinBook, hash_pin, is_pin, random_pin

CHEAP = 10


def test_a_hash_knows_its_pin_and_no_other_and_does_not_show_it() -> None:
    kept = hash_pin("482913", cost=CHEAP)
    assert is_pin("482913", kept)
    assert not any(is_pin(other, kept) for other in ("482914", "48291", "", "0482913"))
    assert "482913" not in kept


def test_the_same_pin_is_kept_differently_each_time() -> None:
    first, second = hash_pin("0000", cost=CHEAP), hash_pin("0000", cost=CHEAP)
    assert first != second
    assert is_pin("0000", second)


def test_the_hash_is_the_one_of_rfc_7914() -> None:
    # Section 12: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1), of 64 bytes the first 32.
    digest = bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    salt, kept = (base64.b64encode(each).decode() for each in (b"SodiumChloride", digest))
    assert is_pin("pleaseletmein", f"scrypt$14${salt}${kept}")
    assert not is_pin("pleaseletmeout", f"scrypt$14${salt}${kept}")


@pytest.mark.parametrize("digits", [4, 6, 8])
def test_a_made_pin_has_its_digits(digits: int) -> None:
    pins = {random_pin(digits) for _ in range(200)}
    assert all(len(pin) == digits and pin.isdigit() for pin in pins)
    assert len(pins) > 150


def test_an_agent_without_a_pin_is_never_right_and_a_new_book_holds_at_once() -> None:
    book = PinBook({"1001": hash_pin("482913", cost=CHEAP)})
    assert book.is_right("1001", "482913")
    assert not book.is_right("1002", "482913")
    book.replace({"1002": hash_pin("1234", cost=CHEAP)})
    assert not book.is_right("1001", "482913")
    assert book.is_right("1002", "1234")
