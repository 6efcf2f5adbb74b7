from __future__ import annotations

import random
import socket

import pytest

from sandbox.free_address import free_address


def port_of(address: str) -> int:
    host, _, port = address.partition(":")
    assert host == "127.0.0.1"
    return int(port)


def test_a_free_address_can_be_listened_on() -> None:
    port = port_of(free_address())
    with socket.create_server(("127.0.0.1", port)):
        assert port < 32768  # Linux gives those from here on to outgoing connections


def test_an_address_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    port = port_of(free_address())
    other = port_of(free_address())
    monkeypatch.setattr(random, "sample", lambda *_: [port, other])
    with socket.create_server(("127.0.0.1", port)):
        assert port_of(free_address()) == other


def test_without_a_free_port_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    port = port_of(free_address())
    monkeypatch.setattr(random, "sample", lambda *_: [port])
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="no local port"):
        free_address()
