"""How the client of a session takes part in a room."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub_access import Grants
from hubbub_contracts.types import PeerRole


@dataclass(frozen=True, slots=True)
class ClientKind:
    """What the record of the session's peer says of its client."""

    role: PeerRole = "participant"
    whip: bool = False
    """See `JoinRoom`."""


SOCKET = ClientKind()
"""A client over Socket.IO."""
PUBLISHER = ClientKind(whip=True)
"""A client over WHIP."""
VIEWER = ClientKind(role="viewer")
"""A client over WHEP."""


def joining_role(kind: ClientKind, grants: Grants, *, audience: bool) -> PeerRole:
    """The role in which a client joins. `audience`: it asks to watch only. A hidden one is not even counted."""
    if grants.hidden:
        return "viewer"
    return "audience" if audience else kind.role
