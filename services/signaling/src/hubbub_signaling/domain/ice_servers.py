"""Which STUN and TURN servers a client is told of, with TURN credentials that lapse by themselves.

A credential is a name that holds its own expiry, and a MAC over it: the TURN server checks both with the secret that it
shares with us, and nothing is stored anywhere. (draft-uberti-behave-turn-rest-00, section 2.2; coturn calls it
`use-auth-secret`.)
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
    """`turn:host`, `turns:host:5349`, `turn:[2001:db8::1]:3478?transport=tcp`."""
    match = _TURN_URI.fullmatch(text)
    return match is not None and (match["port"] is None or 0 < int(match["port"]) <= 65535)


@dataclass(frozen=True, slots=True)
class TurnServers:
    """TURN servers that share one secret with us."""

    urls: list[str]
    secret: str = field(repr=False)
    ttl: int
    """Seconds that a credential is taken for a new allocation."""

    def credentials(self, user: str, now: float) -> IceServer:
        """Fresh ones for `user`, valid from `now` (Unix seconds)."""
        username = f"{int(now) + self.ttl}:{user}"
        # SHA-1 is what the draft and every server have; as a MAC it is not broken.
        mac = hmac.new(self.secret.encode(), username.encode(), hashlib.sha1).digest()
        return IceServer(urls=self.urls, username=username, credential=base64.b64encode(mac).decode())


@dataclass(frozen=True, slots=True)
class IceServers:
    """All that the operator set."""

    fixed: list[IceServer] = field(default_factory=list)
    """Handed out as they are."""
    turn: TurnServers | None = None
    policy: IceTransportPolicy | None = None
    """What clients are told to use; None: nothing, which browsers take for `all`."""

    def for_peer(self, peer_id: str, now: float) -> list[IceServer]:
        """Those of one client, at this moment (Unix seconds)."""
        return [*self.fixed, *([self.turn.credentials(peer_id, now)] if self.turn else [])]
