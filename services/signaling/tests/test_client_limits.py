"""The limits of what the clients behind one address, and those of one user, may use."""

from __future__ import annotations

import pytest

from hubbub_access import ALL_GRANTS
from hubbub_signaling.domain.client_limits import (
    BURST_TIME,
    REFILL_TIME,
    SITE_FACTOR,
    VERIFIED_FACTOR,
    ClientLimits,
    Counted,
    Limits,
    site_of,
)
from hubbub_signaling.domain.identity import ANYBODY, Identity


def limits_of(connections: int, room_requests: int, messages: int = 1_000) -> ClientLimits:
    """Limits of an address. A user has half of them."""
    user = Limits(connections // 2, room_requests // 2, messages // 2)
    return ClientLimits(Limits(connections, room_requests, messages), user)


def person(name: str, address: str = "office", tenant: str | None = None) -> Counted:
    """Somebody with a token."""
    return Counted.of(address, Identity(name, expires_at=1e10, tenant=tenant))


def test_connections_of_an_address_are_limited() -> None:
    limits = limits_of(2, 10)
    limits.connected(Counted("a"), 0)
    limits.connected(Counted("a"), 0)
    assert not limits.may_connect(Counted("a"))
    assert limits.may_connect(Counted("b"))
    limits.disconnected(Counted("a"))
    assert limits.may_connect(Counted("a"))


def test_room_requests_of_an_address_are_limited_and_come_back() -> None:
    limits = limits_of(2, 10)
    assert [limits.take_room_request(Counted("a"), 5) for _ in range(12)] == [True] * 10 + [False] * 2
    assert limits.take_room_request(Counted("b"), 5)
    assert [limits.take_room_request(Counted("a"), 5 + REFILL_TIME / 5) for _ in range(3)] == [True, True, False]


def test_a_new_connection_does_not_restart_the_room_requests() -> None:
    limits = limits_of(2, 1)
    limits.connected(Counted("a"), 0)
    assert limits.take_room_request(Counted("a"), 0)
    limits.disconnected(Counted("a"))
    limits.connected(Counted("a"), 1)
    assert not limits.take_room_request(Counted("a"), 1)


def test_unused_addresses_are_forgotten() -> None:
    limits = limits_of(2, 10)
    limits.connected(Counted("stays"), 0)
    for second in range(20_000):
        limits.take_room_request(Counted(str(second)), second)
    assert len(limits) < 2_500
    limits.connected(Counted("stays"), 20_000)
    assert not limits.may_connect(Counted("stays"))


def test_messages_above_the_rate_of_an_address_wait_for_their_turn() -> None:
    limits = limits_of(2, 10, 100)
    burst = int(100 * BURST_TIME)
    delays = [limits.turn(Counted("a"), 1_000.0) for _ in range(burst + 3)]
    assert delays == pytest.approx([0.0] * (burst + 1) + [0.01, 0.02])
    assert limits.turn(Counted("b"), 1_000.0) == 0.0
    assert limits.turn(Counted("a"), 1_001.0) == 0.0


def test_an_address_that_was_silent_may_send_one_burst_again() -> None:
    limits = limits_of(2, 10, 100)
    assert limits.turn(Counted("a"), 1_000.0, messages=1_000) == 0.0
    assert limits.turn(Counted("a"), 1_000.0) == pytest.approx(10.0 - BURST_TIME)
    assert limits.turn(Counted("a"), 2_000.0, messages=50) == 0.0
    assert limits.turn(Counted("a"), 2_000.0, messages=50) == 0.0
    assert [limits.turn(Counted("a"), 2_000.0) for _ in range(2)] == pytest.approx([0.0, 0.01])


def test_site_of_an_address() -> None:
    assert site_of("2001:db8:1:2::/64") == "2001:db8:1::/48"
    assert site_of("192.0.2.1") is None
    assert site_of("unknown") is None


def networks(count: int) -> list[str]:
    """Addresses of one site."""
    return [f"2001:db8:1:{number:x}::/64" for number in range(count)]


def test_site_with_many_networks_is_limited_as_well() -> None:
    limits = limits_of(2, 10, 100)
    for network in networks(SITE_FACTOR):
        for _ in range(2):
            assert limits.may_connect(Counted(network))
            limits.connected(Counted(network), 0.0)
    another = networks(SITE_FACTOR + 1)[-1]
    assert not limits.may_connect(Counted(another))
    assert limits.may_connect(Counted("2001:db8:2::/64"))
    limits.disconnected(Counted(networks(1)[0]))
    assert limits.may_connect(Counted(another))


def test_rooms_and_messages_of_a_site_are_limited() -> None:
    limits = limits_of(2, 10, 100)
    allowed = [limits.take_room_request(Counted(network), 5.0) for network in networks(40) for _ in range(10)]
    assert sum(allowed) == 10 * SITE_FACTOR
    for network in networks(2 * SITE_FACTOR):
        limits.turn(Counted(network), 1_000.0, messages=100)
    assert limits.waiting(Counted("2001:db8:1:ffff::/64"), 1_000.0) > 0
    assert limits.turn(Counted("2001:db8:2::/64"), 1_000.0) == 0.0


def test_an_address_that_was_never_seen_waits_for_nothing() -> None:
    limits = limits_of(2, 10, 100)
    assert limits.waiting(Counted("192.0.2.7"), 1_000.0) == 0.0
    assert limits.waiting(Counted("2001:db8:1:1::/64"), 1_000.0) == 0.0


def test_who_has_no_valid_token_counts_by_address() -> None:
    assert Counted.of("a", ANYBODY) == Counted.of("a", Identity("named by itself")) == Counted("a")
    assert Counted.of("a", Identity(None, operator=True)) == Counted("a", verified=True)
    assert Counted.of("a", Identity("ann", grants=ALL_GRANTS, expires_at=1.0, tenant="t")).user == ("t", "ann")


def test_users_behind_one_address_do_not_share_their_limits() -> None:
    limits = limits_of(2, 10, 100)
    limits.connected(person("ann"), 0.0)
    assert not limits.may_connect(person("ann"))
    assert not limits.may_connect(person("ann", "elsewhere"))
    assert limits.may_connect(person("bob"))
    assert limits.may_connect(person("ann", tenant="other"))
    assert [limits.take_room_request(person("ann"), 5.0) for _ in range(6)] == [True] * 5 + [False]
    assert limits.take_room_request(person("bob"), 5.0)
    assert limits.turn(person("ann"), 1_000.0, messages=100) == 0.0
    assert limits.turn(person("ann"), 1_000.0) == pytest.approx(2.0 - BURST_TIME)
    assert limits.turn(person("bob"), 1_000.0) == 0.0


def test_an_address_has_higher_limits_for_those_with_tokens_and_they_take_nothing_from_the_others() -> None:
    limits = limits_of(2, 10, 100)
    for number in range(2 * VERIFIED_FACTOR):
        assert limits.may_connect(person(str(number)))
        limits.connected(person(str(number)), 0.0)
    assert not limits.may_connect(person("late"))
    assert limits.may_connect(person("late", "home"))
    for _ in range(2):
        assert limits.may_connect(Counted("office"))
        limits.connected(Counted("office"), 0.0)
    assert not limits.may_connect(Counted("office"))
    limits.disconnected(person("0"))
    assert limits.may_connect(person("late"))


def test_a_site_with_tokens_is_limited_as_well() -> None:
    limits = limits_of(2, 10, 100)
    for network in networks(2 * SITE_FACTOR * VERIFIED_FACTOR):
        limits.turn(person(network, network), 1_000.0, messages=100)
    assert limits.waiting(person("late", "2001:db8:1:ffff::/64"), 1_000.0) > 0
    assert limits.waiting(person("late", "2001:db8:2::/64"), 1_000.0) == 0.0
    assert limits.waiting(Counted("2001:db8:1:ffff::/64"), 1_000.0) == 0.0
