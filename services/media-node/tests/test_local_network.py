"""Choosing the listening address and the ports."""

import socket

import pytest

from hubbub_media_node.adapters.local_network import NoFreePort, free_ports, interface_addresses, listening_address

FOREIGN = "198.51.100.1"
"""TEST-NET-2 (RFC 5737): not an address of this machine."""

ALL = "all addresses"


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("configured", "announced", "expected"),
    [
        ("127.0.0.2", ["127.0.0.1"], "127.0.0.2"),
        (None, ["127.0.0.1"], "127.0.0.1"),
        (None, ["127.0.0.1", "127.0.0.2"], ALL),
        (None, [FOREIGN], ALL),
        (None, ["localhost"], ALL),
        (None, [], ALL),
    ],
    ids=["configured", "local address", "several addresses", "behind NAT", "host name", "none announced"],
)
def test_the_listening_address_follows_the_configuration(
    configured: str | None, announced: list[str], expected: str
) -> None:
    if expected == ALL:
        expected = "::" if _has_ipv6() else "0.0.0.0"
    assert listening_address(configured, announced) == expected


def test_loopback_is_not_an_interface_address() -> None:
    assert not {"127.0.0.1", "::1"} & set(interface_addresses())


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_a_port_that_is_in_use_for_tcp_is_skipped(host: str, udp_port: int) -> None:
    with socket.create_server(("127.0.0.1", udp_port)):
        assert free_ports("127.0.0.1", udp_port, udp_port, 1, tcp=False) == [udp_port]
        [free] = free_ports(host, udp_port, udp_port + 9, 1, tcp=True)
        assert free > udp_port
        with pytest.raises(NoFreePort, match=f"for UDP and TCP on {host}, but of RTC_MIN_PORT={udp_port}"):
            free_ports(host, udp_port, udp_port, 1, tcp=True)
