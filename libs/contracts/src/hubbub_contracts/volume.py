"""How loud a peer is, in socket and bus messages alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Model
from .types import Id

Volume = Annotated[int, Field(ge=-127, le=0)]
"""Loudness in dBov (RFC 6464): from -127, silence, to 0, the loudest."""


class PeerVolume(Model):
    """The loudness of a peer's microphone."""

    peer_id: Id
    """The peer, which may be the client itself."""
    volume: Volume
    """The loudest of the last 800 ms, in dBov: from -127, silence, to 0, the loudest."""
