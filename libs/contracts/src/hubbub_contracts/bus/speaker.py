"""Events from the media node of a room to all signaling instances with sessions in it: who speaks.

They are not repeated when they are lost: the next one replaces them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from ..base import Event
from ..volume import PeerVolume


class ActiveSpeakerChanged(Event):
    """Another peer is the active speaker. It stays so until the next event, or until it leaves."""

    verb: ClassVar[str] = "speakers.active-speaker-changed"
    type: Literal["hubbub.v1.speakers.active-speaker-changed"] = "hubbub.v1.speakers.active-speaker-changed"
    speaker: PeerVolume


class AudioLevelsChanged(Event):
    """The peers who speak. Every 1.2 s, and at most every 300 ms when they change."""

    verb: ClassVar[str] = "speakers.audio-levels-changed"
    type: Literal["hubbub.v1.speakers.audio-levels-changed"] = "hubbub.v1.speakers.audio-levels-changed"
    levels: list[PeerVolume]
    """Loudest first, at most 10. Empty: nobody speaks, until the next event."""


SpeakerEvent = ActiveSpeakerChanged | AudioLevelsChanged
SPEAKER_EVENT: TypeAdapter[SpeakerEvent] = TypeAdapter(Annotated[SpeakerEvent, Field(discriminator="type")])
"""Validates any of these events, by its `type`."""
