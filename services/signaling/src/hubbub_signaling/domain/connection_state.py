"""A peer's connection state, derived from the state of its transports on the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hubbub_contracts.bus.media import CloseReason
from hubbub_contracts.types import OpenDirection

FAILURES: Final = frozenset[CloseReason]({"ice_timeout", "handshake_timeout"})
"""The reasons for which a node closes a transport over which it receives nothing."""


def is_connection(transport_id: str, transports: Mapping[str, OpenDirection]) -> bool:
    """Whether the peer's connection is lost when this transport is.

    The send transport counts, or the last transport of a peer that sends nothing. `transports` are the directions of
    all transports of the peer, by id; the result is False for an unknown transport.
    """
    others = [direction for other, direction in transports.items() if other != transport_id]
    direction = transports.get(transport_id)
    return direction is not None and "send" not in others and (direction == "send" or not others)
