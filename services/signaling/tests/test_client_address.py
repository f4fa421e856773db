"""The client's address behind proxies."""

from __future__ import annotations

import pytest

from hubbub_signaling.domain.client_address import UNKNOWN, TrustedProxies, parse_networks

PROXIES = TrustedProxies(parse_networks("10.0.0.0/8, fd00::/8"))


@pytest.mark.parametrize(
    ("socket_address", "forwarded_for", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9, 10.0.0.7"], "198.51.100.9"),
        ("10.0.0.1", ["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
        ("10.0.0.1", ["198.51.100.9:4711"], "198.51.100.9"),
        ("10.0.0.1", ["198.51.100.9, garbage"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.9"], "198.51.100.9"),
        ("fd00::1", ["[2001:db8:1:2:3::4]:4711"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:aaaa::1", [], "2001:db8:1:2::/64"),
        (None, ["198.51.100.9"], UNKNOWN),
    ],
)
def test_address_is_the_rightmost_untrusted_one(
    socket_address: str | None, forwarded_for: list[str], client: str
) -> None:
    assert PROXIES.client(socket_address, forwarded_for) == client


def test_without_trusted_proxies_no_header_is_believed() -> None:
    assert TrustedProxies([]).client("127.0.0.1", ["198.51.100.9"]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "socket_address", "forwarded_for", "loopback"),
    [
        ("", "127.0.0.1", [], True),
        ("", "::1", [], True),
        ("", "127.9.9.9", [], True),
        ("", "198.51.100.9", [], False),
        ("", None, [], False),
        ("", "127.0.0.1", ["198.51.100.9"], False),
        ("", "127.0.0.1", ["127.0.0.1"], False),
        ("127.0.0.1", "127.0.0.1", [], False),
        ("127.0.0.1", "127.0.0.1", ["198.51.100.9"], False),
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1, 198.51.100.9"], False),
        ("127.0.0.1", "127.0.0.1", ["garbage"], False),
        ("10.0.0.1", "10.0.0.1", ["127.0.0.1"], True),
    ],
)
def test_clients_of_a_proxy_on_this_machine_are_elsewhere(
    trusted: str, socket_address: str | None, forwarded_for: list[str], loopback: bool
) -> None:
    assert TrustedProxies(parse_networks(trusted)).is_loopback(socket_address, forwarded_for) == loopback


@pytest.mark.parametrize("text", ["10.0.0.5/8", "proxy", "10.0.0.0/33"])
def test_invalid_networks_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_networks(text)
