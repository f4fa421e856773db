"""What the operator sets for sessions."""

from __future__ import annotations

from dataclasses import dataclass

from .ice_servers import IceServers


@dataclass(frozen=True)
class SessionSettings:
    """The settings that sessions and their handlers need."""

    signaling_id: str
    reconnect_grace: float
    """Seconds that a resumable session outlives its socket."""
    ice_servers: IceServers
