"""The limits of what the clients behind one address may use."""

from __future__ import annotations

import pytest

from hubbub_signaling.domain.address_limits import BURST_TIME, REFILL_TIME, SITE_FACTOR, AddressLimits, site_of


def test_connections_of_an_address_are_limited() -> None:
    limits = AddressLimits(2, 10)
    limits.connected("a", 0)
    limits.connected("a", 0)
    assert not limits.may_connect("a")
    assert limits.may_connect("b")
    limits.disconnected("a")
    assert limits.may_connect("a")


def test_room_requests_of_an_address_are_limited_and_come_back() -> None:
    limits = AddressLimits(2, 10)
    assert [limits.take_room_request("a", 5) for _ in range(12)] == [True] * 10 + [False] * 2
    assert limits.take_room_request("b", 5)
    assert [limits.take_room_request("a", 5 + REFILL_TIME / 5) for _ in range(3)] == [True, True, False]


def test_a_new_connection_does_not_restart_the_room_requests() -> None:
    limits = AddressLimits(2, 1)
    limits.connected("a", 0)
    assert limits.take_room_request("a", 0)
    limits.disconnected("a")
    limits.connected("a", 1)
    assert not limits.take_room_request("a", 1)


def test_unused_addresses_are_forgotten() -> None:
    limits = AddressLimits(2, 10)
    limits.connected("stays", 0)
    for second in range(20_000):
        limits.take_room_request(str(second), second)
    assert len(limits) < 2_500
    limits.connected("stays", 20_000)
    assert not limits.may_connect("stays")


def test_messages_above_the_rate_of_an_address_wait_for_their_turn() -> None:
    limits = AddressLimits(2, 10, max_messages=100)
    burst = int(100 * BURST_TIME)
    delays = [limits.turn("a", 1_000.0) for _ in range(burst + 3)]
    assert delays == pytest.approx([0.0] * (burst + 1) + [0.01, 0.02])
    assert limits.turn("b", 1_000.0) == 0.0
    assert limits.turn("a", 1_001.0) == 0.0


def test_an_address_that_was_silent_may_send_one_burst_again() -> None:
    limits = AddressLimits(2, 10, max_messages=100)
    assert limits.turn("a", 1_000.0, messages=1_000) == 0.0
    assert limits.turn("a", 1_000.0) == pytest.approx(10.0 - BURST_TIME)
    assert limits.turn("a", 2_000.0, messages=50) == 0.0
    assert limits.turn("a", 2_000.0, messages=50) == 0.0
    assert [limits.turn("a", 2_000.0) for _ in range(2)] == pytest.approx([0.0, 0.01])


def test_site_of_an_address() -> None:
    assert site_of("2001:db8:1:2::/64") == "2001:db8:1::/48"
    assert site_of("192.0.2.1") is None
    assert site_of("unknown") is None


def networks(count: int) -> list[str]:
    """Addresses of one site."""
    return [f"2001:db8:1:{number:x}::/64" for number in range(count)]


def test_site_with_many_networks_is_limited_as_well() -> None:
    limits = AddressLimits(2, 10, max_messages=100)
    for network in networks(SITE_FACTOR):
        for _ in range(2):
            assert limits.may_connect(network)
            limits.connected(network, 0.0)
    another = networks(SITE_FACTOR + 1)[-1]
    assert not limits.may_connect(another)
    assert limits.may_connect("2001:db8:2::/64")
    limits.disconnected(networks(1)[0])
    assert limits.may_connect(another)


def test_rooms_and_messages_of_a_site_are_limited() -> None:
    limits = AddressLimits(2, 10, max_messages=100)
    allowed = [limits.take_room_request(network, 5.0) for network in networks(40) for _ in range(10)]
    assert sum(allowed) == 10 * SITE_FACTOR
    for network in networks(2 * SITE_FACTOR):
        limits.turn(network, 1_000.0, messages=100)
    assert limits.waiting("2001:db8:1:ffff::/64", 1_000.0) > 0
    assert limits.turn("2001:db8:2::/64", 1_000.0) == 0.0


def test_an_address_that_was_never_seen_waits_for_nothing() -> None:
    limits = AddressLimits(2, 10, max_messages=100)
    assert limits.waiting("192.0.2.7", 1_000.0) == 0.0
    assert limits.waiting("2001:db8:1:1::/64", 1_000.0) == 0.0
