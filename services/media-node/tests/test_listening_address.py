"""Which address media is received on."""

import socket

import pytest

from hubbub_media_node.adapters.sockets import NoPort, free_ports, interface_addresses, listening_address

ELSEWHERE = "198.51.100.1"
"""TEST-NET-2 (RFC 5737): no address of this machine."""

EVERY = "every address"


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
        (None, ["127.0.0.1", "127.0.0.2"], EVERY),
        (None, [ELSEWHERE], EVERY),
        (None, ["localhost"], EVERY),
        (None, [], EVERY),
    ],
    ids=["set", "one of this machine", "several", "behind address translation", "a host name", "none announced"],
)
def test_media_is_received_where_clients_send_it(configured: str | None, announced: list[str], expected: str) -> None:
    if expected == EVERY:
        expected = "::" if _has_ipv6() else "0.0.0.0"
    assert listening_address(configured, announced) == expected


def test_interfaces_are_none_of_loopback() -> None:
    assert not {"127.0.0.1", "::1"} & set(interface_addresses())


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_a_port_that_another_program_has_for_tcp_is_passed_over(host: str, udp_port: int) -> None:
    with socket.create_server(("127.0.0.1", udp_port)):
        assert free_ports("127.0.0.1", udp_port, udp_port, 1, tcp=False) == [udp_port]
        [free] = free_ports(host, udp_port, udp_port + 9, 1, tcp=True)
        assert free > udp_port
        with pytest.raises(NoPort, match=f"for UDP and TCP on {host}, but of RTC_MIN_PORT={udp_port}"):
            free_ports(host, udp_port, udp_port, 1, tcp=True)
