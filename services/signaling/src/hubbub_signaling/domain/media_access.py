"""Decides who may publish (WHIP) and watch (WHEP) over HTTP.

Rules
- Whoever shows the operator's token may do so in any room, wherever it is.
- With access tokens, so may the user of one, where it grants that.
- Without access tokens and without the operator's token, clients on this machine may, and no others.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from hubbub_access import Grants
from hubbub_contracts import ErrorCode, HubbubError

from .authorization import Grant, require, require_room
from .identity import Identity

ENCODER = Identity(None, grants=Grants(rooms=("*",), join=True, publish=True))
"""A client that names itself and may only publish."""
PLAYER = Identity(None, grants=Grants(rooms=("*",), join=True, subscribe=True, hidden=True))
"""A client that may only receive, unseen."""


@dataclass(frozen=True, slots=True)
class MediaAccess:
    """The operator's setting for one protocol."""

    token: str | None = field(repr=False)
    """WHIP_TOKEN or WHEP_TOKEN; None when it is not set."""
    bearer: Identity
    """As whom a client with that token acts."""

    def identify(self, shown: str | None, *, loopback: bool, by_token: Callable[[], Identity] | None) -> Identity:
        """As whom a client acts. Raises `unauthenticated`, and what `by_token` raises.

        Arguments:
            shown: its bearer token; None without one.
            loopback: it is on this machine.
            by_token: returns the identity in its access token; None when none are used.
        """
        if shown is not None and self._is_token(shown):
            return self.bearer
        if by_token is not None:
            return by_token()
        if self.token is None and loopback:
            return self.bearer
        message = "a bearer token is required" if shown is None else "the bearer token is wrong"
        raise HubbubError(ErrorCode.UNAUTHENTICATED, message)

    def _is_token(self, shown: str) -> bool:
        return self.token is not None and hmac.compare_digest(shown.encode("utf-8", "replace"), self.token.encode())


def require_publisher(identity: Identity, call_id: str) -> None:
    """Raises `not_allowed` when the client may not publish in this room. `produce` checks the single tracks."""
    require(identity, Grant.JOIN)
    require(identity, Grant.PUBLISH)
    require_room(identity, call_id)


def require_viewer(identity: Identity, call_id: str) -> None:
    """Raises `not_allowed` when the client may not watch this room: as nobody sees a viewer, `hidden` is needed too."""
    require(identity, Grant.JOIN)
    require(identity, Grant.SUBSCRIBE)
    require(identity, Grant.HIDDEN)
    require_room(identity, call_id)
