"""A peer's connection state, derived from the transports that its node closes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hubbub_contracts.bus.media import CloseReason
from hubbub_contracts.types import OpenDirection

_FAILURES: Final = frozenset[CloseReason]({"ice_timeout", "handshake_timeout"})
"""The reasons for which a node closes a transport over which it receives nothing."""


def is_connection_lost(direction: OpenDirection, reason: CloseReason, remaining: Mapping[str, OpenDirection]) -> bool:
    """Whether a peer whose transport was closed has lost its connection.

    The send transport counts, or the last transport of a peer that sends nothing. `remaining` are the directions of the
    peer's other transports, by id.
    """
    if reason not in _FAILURES or "send" in remaining.values():
        return False
    return direction == "send" or not remaining
