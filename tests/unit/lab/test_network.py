"""Ports that a lab asks for are free, all of them."""

from __future__ import annotations

import socket

import pytest

from lab import network


def test_a_block_passes_over_a_port_that_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    first = network.free_block(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((network.LOOPBACK, first + 2))
        monkeypatch.setattr(network, "_servers", iter([first, first + 1, first + 2, first + 3]))
        assert network.free_block(4) == first + 3


def test_ports_given_at_once_differ() -> None:
    assert len(set(network.free_ports(20))) == 20
