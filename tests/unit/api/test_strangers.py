"""Requests without a good token are in the audit, and cannot fill it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from api.context import Limits
from api.strangers import ELSEWHERE, MOST, Stranger, Strangers, network_of
from tests.support.api_world import ApiWorld, api_world
from tests.support.until import until

GUESS = "a-token-that-nobody-has"
LONG_S = 3600.0
SHORT_S = 0.2


class Kept:
    """An audit that keeps who came and how often."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, int]] = []

    async def write(self, who: str, action: str, cause: str, *, outcome: str, detail: dict[str, str]) -> None:
        self.entries.append((who, int(detail["requests"])))

    async def hold(self, count: int) -> None:
        await until(lambda: len(self.entries) >= count)


async def test_the_first_request_without_a_token_is_in_the_audit_at_once(world: ApiWorld) -> None:
    await world.ask("GET", "/v1/calls/call-9", None, headers={"X-Request-Id": "stranger-1"})
    await until(lambda: len(world.service.audited) > 0)
    [tried] = world.service.audited
    assert (tried.who, tried.action, tried.outcome) == ("127.0.0.1", "unauthenticated", "unauthenticated")
    assert tried.cause == "stranger-1"
    assert tried.detail["route"] == "/v1/calls/{call}"
    assert (tried.detail["requests"], tried.detail["without_token"]) == ("1", "1")


async def test_what_follows_from_the_same_address_is_counted_in_one_entry_and_no_token_is_kept(
    tmp_path: Path,
) -> None:
    async with api_world(tmp_path, Limits(strangers_s=SHORT_S)) as world:
        asked, began = 20, time.monotonic()
        for _ in range(asked):
            answer = await world.ask("GET", "/v1/queues", None, headers={"Authorization": f"Bearer {GUESS}"})
            assert answer.error == "unauthenticated"

        await until(lambda: sum(int(what.detail["requests"]) for what in world.service.audited) == asked)
        entries = world.service.audited
        assert entries[0].detail["requests"] == "1"
        assert len(entries) <= 1 + (time.monotonic() - began) / SHORT_S
        assert {what.detail["without_token"] for what in entries} == {"0"}
        assert GUESS not in str(entries)


async def test_an_address_that_keeps_quiet_for_a_while_is_told_of_at_once_again() -> None:
    kept = Kept()
    strangers = Strangers(kept.write, SHORT_S)
    for _ in range(3):
        strangers.came(Stranger("192.0.2.1", "/v1/queues", True, "t"))
    await kept.hold(2)
    assert kept.entries == [("192.0.2.1", 1), ("192.0.2.1", 2)]

    await until(lambda: strangers.addresses == 0)
    strangers.came(Stranger("192.0.2.1", "/v1/queues", True, "t"))
    await kept.hold(3)
    assert kept.entries[2] == ("192.0.2.1", 1)
    strangers.close()


async def test_many_addresses_at_once_share_one_entry_beyond_the_most() -> None:
    kept = Kept()
    strangers = Strangers(kept.write, LONG_S)
    for number in range(3 * MOST):
        strangers.came(Stranger(f"10.0.{number // 250}.{number % 250}", "/v1/queues", True, "t"))
    await kept.hold(MOST + 1)
    assert len(kept.entries) == MOST + 1
    assert kept.entries[-1] == (ELSEWHERE, 1)
    strangers.close()


async def test_an_audit_that_cannot_be_written_does_not_let_anybody_in(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(world.service.trail, "add", fails)
    answer = await world.ask("GET", "/v1/queues", None)
    assert answer.error == "unauthenticated"


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
    ],
)
def test_of_an_address_in_ipv6_the_network_counts(address: str | None, who: str) -> None:
    assert network_of(address) == who
