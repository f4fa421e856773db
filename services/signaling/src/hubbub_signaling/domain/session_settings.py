"""The operator's settings for sessions, and the identity of this instance."""

from __future__ import annotations

from dataclasses import dataclass

from .ice_servers import IceServers


@dataclass(frozen=True)
class SessionSettings:
    """The settings that sessions and their handlers need."""

    signaling_id: str
    signaling_epoch: int
    """The epoch of this instance's lease: it differs after a restart under the same name."""
    reconnect_grace: float
    """Seconds that a resumable session outlives its socket."""
    ice_servers: IceServers
    captions: bool
    """Whether people in a room may switch on captions."""
    participants_record: bool
    """Whether people in a room may start and stop its recording."""
    lobby_timeout: float = 60.0
    """Seconds for which the join of a client that knows no lobby waits in one."""
    region: str | None = None
    """The region of clients that name none."""
