"""Who speaks in the room."""

from __future__ import annotations

from typing import ClassVar

from ..types import Id
from ..volume import PeerVolume, Volume
from .base import Push


class ActiveSpeaker(Push):
    """Another peer, perhaps the client itself, is the dominant speaker of the room. It stays so in silence, until
    somebody else speaks. Sent after `joinRoom` and `resume`, too, if there is one. Only microphones that send audio
    levels (RFC 6464) are considered; browsers send them."""

    event: ClassVar[str] = "activeSpeaker"
    peer_id: Id
    """The peer."""
    volume: Volume
    """The loudest of the last 800 ms, in dBov: from -127, silence, to 0, the loudest."""


class AudioLevels(Push):
    """The peers who speak, the client itself among them. Sent at most every 300 ms when they change, else every 1.2 s
    while anybody speaks."""

    event: ClassVar[str] = "audioLevels"
    levels: list[PeerVolume]
    """Loudest first, at most 10. Empty: nobody speaks, until the next event."""
