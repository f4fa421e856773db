"""The ICE candidates of the node."""

from hubbub_media_node.domain.candidates import candidates, offered_addresses, priority


def test_a_udp_host_candidate_has_the_priority_of_rfc_8445() -> None:
    # RFC 8445 section 5.1.2.1: 2^24 x 126 + 2^8 x 65535 + 255
    assert priority("udp", 0) == 2_130_706_431
    assert priority("udp", 1) == priority("udp", 0) - 256


def test_every_tcp_candidate_has_a_lower_priority_than_any_udp_candidate() -> None:
    # RFC 6544 section 4.2: a local preference of 2^13 x 4 (passive) + 8191
    assert priority("tcp", 0) == (90 << 24) + ((4 << 13) + 8191 << 8) + 255
    assert priority("udp", 65_535) > priority("tcp", 0) > priority("tcp", 1) > 0


def test_a_candidate_has_equal_ip_and_address_fields() -> None:
    (candidate,) = candidates(["192.0.2.7"], 40001, tcp=False)
    wire = candidate.wire()
    assert wire["ip"] == wire["address"] == "192.0.2.7"
    assert (wire["port"], wire["protocol"], wire["type"]) == (40001, "udp", "host")
    assert "tcpType" not in wire


def test_a_tcp_candidate_is_passive_at_the_udp_port() -> None:
    udp, tcp = (candidate.wire() for candidate in candidates(["192.0.2.7"], 40001, tcp=True))
    assert (tcp["ip"], tcp["port"], tcp["protocol"]) == (udp["ip"], udp["port"], "tcp")
    assert tcp["tcpType"] == "passive"


def test_each_candidate_has_its_own_foundation_and_duplicates_are_omitted() -> None:
    offered = candidates(["192.0.2.7", "127.0.0.1", "192.0.2.7"], 1, tcp=True)
    assert [each.ip for each in offered] == ["192.0.2.7", "127.0.0.1"] * 2
    assert len({each.foundation for each in offered}) == 4
    assert sorted(offered, key=lambda each: -each.priority) == offered


def test_only_announced_addresses_are_offered() -> None:
    assert offered_addresses(["203.0.113.1", "2001:db8::1"], "::", ["192.0.2.7"]) == ["203.0.113.1", "2001:db8::1"]


def test_interfaces_and_loopback_are_offered_without_announced_addresses() -> None:
    interfaces = ["192.0.2.7", "2001:db8::7"]
    assert offered_addresses([], "::", interfaces) == [*interfaces, "127.0.0.1"]
    assert offered_addresses([], "0.0.0.0", interfaces) == ["192.0.2.7", "127.0.0.1"]
    assert offered_addresses([], "::", []) == ["127.0.0.1"]


def test_a_single_listening_address_is_offered() -> None:
    assert offered_addresses([], "192.0.2.9", ["192.0.2.7"]) == ["192.0.2.9"]
