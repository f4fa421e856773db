"""The STUN and TURN servers of a client, with TURN credentials that expire.

The username holds the expiry and the password is a MAC over the username. The TURN server checks both with the shared
secret; nothing is stored. (draft-uberti-behave-turn-rest-00, section 2.2; coturn: `use-auth-secret`.)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Literal

from hubbub_contracts.socket.base import IceServer

IceTransportPolicy = Literal["all", "relay"]

_TURN_URI = re.compile(
    r"turns?:(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?(\?transport=(udp|tcp))?", re.ASCII
)
"""RFC 7065, section 3.1, without percent-encoding."""


def is_turn_uri(text: str) -> bool:
    """Whether this is a TURN URI, like `turn:host`, `turns:host:5349` or `turn:[2001:db8::1]:3478?transport=tcp`."""
    match = _TURN_URI.fullmatch(text)
    return match is not None and (match["port"] is None or 0 < int(match["port"]) <= 65535)


@dataclass(frozen=True, slots=True)
class TurnServers:
    """TURN servers that share one secret with this service."""

    urls: list[str]
    secret: str = field(repr=False)
    ttl: int
    """Seconds that a credential is valid for new allocations."""

    def credentials(self, user: str, now: float) -> IceServer:
        """New credentials for `user`, valid from `now` (Unix seconds)."""
        username = f"{int(now) + self.ttl}:{user}"
        # The draft prescribes SHA-1 and servers implement only that; HMAC-SHA-1 is not broken.
        mac = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceServer(urls=self.urls, username=username, credential=base64.b64encode(mac).decode())


@dataclass(frozen=True, slots=True)
class IceServers:
    """The ICE configuration that the operator set."""

    fixed: list[IceServer] = field(default_factory=list)
    """Servers that every client gets unchanged."""
    turn: TurnServers | None = None
    policy: IceTransportPolicy | None = None
    """None: not sent to clients; browsers default to `all`."""

    def for_peer(self, peer_id: str, now: float) -> list[IceServer]:
        """The servers of one client at `now` (Unix seconds)."""
        return [*self.fixed, *([self.turn.credentials(peer_id, now)] if self.turn else [])]
