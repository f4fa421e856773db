"""Requests to the captions service, and its events to all signaling instances with sessions in a room.

Events are not repeated when they are lost: the next one of a segment replaces it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from ..base import CaptionsRequest, Done, Event
from ..types import Count, Id, RoomId

SegmentId = Annotated[str, Field(min_length=1, max_length=80)]
CaptionText = Annotated[str, Field(max_length=4_000)]


class StartCaptions(CaptionsRequest[Done]):
    """Starts captions in a room, on the instance that answers. Succeeds when the room has captions.

    Errors: `room_not_found`, `unsupported` when no engine can be loaded, `unavailable`.
    """

    verb: ClassVar[str] = "captions.start"
    room_id: RoomId


class StopCaptions(CaptionsRequest[Done]):
    """Stops captions in a room. Sent to the instance that its hidden peer names. Succeeds when there are none."""

    verb: ClassVar[str] = "captions.stop"
    room_id: RoomId


class CaptionChanged(Event):
    """A segment of what a peer says has another text, or is final."""

    verb: ClassVar[str] = "captions.caption-changed"
    type: Literal["hubbub.v1.captions.caption-changed"] = "hubbub.v1.captions.caption-changed"
    peer_id: Id
    segment_id: SegmentId
    """Unique in the room."""
    text: CaptionText
    """All of the segment. Empty, and final: nothing was said after all."""
    final: bool
    """It does not change any more."""
    start: Count
    """When it begins, in Unix milliseconds of the captions service."""
    end: Count
    """When it ends."""


class CaptionsLimited(Event):
    """Some of what is said has no captions, because too many people speak at once; or all of it has again."""

    verb: ClassVar[str] = "captions.limited"
    type: Literal["hubbub.v1.captions.limited"] = "hubbub.v1.captions.limited"
    limited: bool


CaptionEvent = CaptionChanged | CaptionsLimited
CAPTION_EVENT: TypeAdapter[CaptionEvent] = TypeAdapter(Annotated[CaptionEvent, Field(discriminator="type")])
"""Validates any of these events, by its `type`."""
