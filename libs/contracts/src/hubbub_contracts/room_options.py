"""What an application decides about a room when it creates the room, or later."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Model
from .open_enum import OpenEnum
from .types import AppData

CodecName = Literal["opus", "vp8", "vp9", "h264", "av1"]
Publishers = Literal["everybody", "moderators"]
MaxPeers = Annotated[int, Field(ge=1, le=10_000)]
EmptyTtl = Annotated[float, Field(ge=1, le=86_400)]


class RoomOptions(Model):
    """The options of a room. Absent ones are those of the installation."""

    max_peers: MaxPeers | None = None
    """How many participants it may have. The limit of the installation holds as well."""
    codecs: Annotated[list[CodecName], Field(min_length=1, max_length=5)] | None = None
    """The codecs in which tracks may be sent; absent: all of the router."""
    publishers: Annotated[Literal["everybody", "moderators", "other"], OpenEnum()] = "everybody"
    """Who may send tracks. `moderators`: these, and to whom a moderator has given the role `speaker`; the others are
    listeners. `everybody`: whose access token grants it."""
    empty_ttl: EmptyTtl | None = None
    """Seconds for which the room stays open while nobody is in it."""
    metadata: AppData = Field(default_factory=dict)
    """The application's own data, at most 8 KiB of JSON. Clients do not get it."""


class RoomChanges(Model):
    """New options of a room. Absent ones stay as they are."""

    max_peers: MaxPeers | None = None
    """As in the options. Nobody is removed when more are in the room."""
    codecs: Annotated[list[CodecName], Field(min_length=1, max_length=5)] | None = None
    """As in the options. Tracks that are being sent go on."""
    publishers: Publishers | None = None
    """As in the options. The tracks of those who become listeners are closed."""
    empty_ttl: EmptyTtl | None = None
    """As in the options."""
    metadata: AppData | None = None
    """As in the options: replaces the former data."""


DEFAULT_OPTIONS = RoomOptions()
