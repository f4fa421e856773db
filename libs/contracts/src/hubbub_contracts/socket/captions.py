"""Client requests and events about captions."""

from __future__ import annotations

from typing import ClassVar

from ..base import Done, Model
from ..types import Id
from .base import ClientRequest, Push


class StartCaptions(ClientRequest[Done]):
    """Starts captions in the client's room. Everybody in it gets `captionsState` and then `captions`.

    Succeeds when they are on. Errors: `not_allowed` when the operator has switched them off, `unavailable` and
    `unsupported` when the installation has none.
    """

    event: ClassVar[str] = "startCaptions"


class StopCaptions(ClientRequest[Done]):
    """Stops captions in the client's room, for everybody. Succeeds when they are off."""

    event: ClassVar[str] = "stopCaptions"


class CaptionsStatus(Model):
    """The captions of a room that has them."""

    limited: bool
    """As in `captionsState`."""


class CaptionsState(Push):
    """Captions were started or stopped in the room, or became limited."""

    event: ClassVar[str] = "captionsState"
    on: bool
    """Whether what is said becomes text."""
    limited: bool = False
    """Too many people speak at once: some of it has no captions."""


class Captions(Push):
    """A segment of what somebody says: a sentence, or less. It is repeated with another text until it is final.

    Segments of one peer or of several may overlap; order them by `start`.
    """

    event: ClassVar[str] = "captions"
    peer_id: Id
    """Who speaks. The last segments may come after the peer has left."""
    segment_id: str
    """The segment, unique in the room."""
    text: str
    """All of it. Empty, and final: nothing was said after all."""
    final: bool
    """It does not change any more."""
    start: int
    """When it begins, in Unix milliseconds by the server's clock."""
    end: int
    """When it ends."""
