"""A client's membership in a room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_room import Subscription

from ..domain.claim import Claim
from .room_hub import RoomHub


@dataclass(eq=False)
class RoomMembership:
    """The peer that a client is in a room."""

    hub: RoomHub
    peer_id: str
    claim: Claim
    rtp_capabilities: dict[str, Any] | None
    """Of the join; None when they are unknown after a resume."""
    resume_secret: str | None
    """None: the session cannot be resumed."""
    media_events: Subscription

    @property
    def room_id(self) -> str:
        """The room's id on the bus."""
        return self.hub.room_id

    @property
    def resumable(self) -> bool:
        """Whether the session outlives its socket."""
        return self.resume_secret is not None

    @property
    def record(self) -> PeerRecord:
        """The peer's record. Raises `not_found` when the peer has left the room."""
        record = self.hub.view.peers.get(self.peer_id)
        if record is None:
            raise HubbubError(ErrorCode.NOT_FOUND, "this peer is not in the room any more")
        return record

    @property
    def placement(self) -> Placement:
        """The node that hosts the peer's media. Raises `unavailable` when there is none."""
        placement = self.record.placement
        if placement is None:
            raise HubbubError(ErrorCode.UNAVAILABLE, "no media node can host this peer now", retryable=True)
        return placement
