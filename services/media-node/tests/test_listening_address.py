"""Which address media is received on."""

import pytest

from hubbub_media_node.adapters.sockets import listening_address

ELSEWHERE = "198.51.100.1"
"""TEST-NET-2 (RFC 5737): no address of this machine."""


@pytest.mark.parametrize(
    ("configured", "announced", "expected"),
    [
        ("127.0.0.2", ["127.0.0.1"], "127.0.0.2"),
        (None, ["127.0.0.1"], "127.0.0.1"),
        (None, ["127.0.0.1", "127.0.0.2"], "0.0.0.0"),
        (None, [ELSEWHERE], "0.0.0.0"),
        (None, [], "0.0.0.0"),
    ],
    ids=["set", "one of this machine", "several", "behind address translation", "none announced"],
)
def test_media_is_received_where_clients_send_it(configured: str | None, announced: list[str], expected: str) -> None:
    assert listening_address(configured, announced) == expected
