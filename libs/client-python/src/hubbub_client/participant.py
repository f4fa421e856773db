"""Participants of a call. Each keeps its object for the whole call, also across reconnects of either side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

from .emitter import Emitter
from .publication import LocalPublication, Publication, RemotePublication, Source

ParticipantEvent = Literal["published", "unpublished", "changed"]
"""- `published(publication)`, `unpublished(publication)`: a track.
- `changed()`: a property of the participant or of one of its publications changed."""

Role = Literal["moderator", "speaker", "listener"]
"""What a participant may do: moderate and send, send, or neither."""
_ROLES: Mapping[str | None, Role] = {"moderator": "moderator", "speaker": "speaker", "listener": "listener"}
_SOURCES: Mapping[str, Source] = {
    "camera": "camera",
    "microphone": "microphone",
    "screen": "screen",
    "screen-audio": "screen-audio",
}

PublicationT = TypeVar("PublicationT", bound=Publication)


class Participant(Emitter[ParticipantEvent], Generic[PublicationT]):
    """What the local and remote participants have in common."""

    def __init__(self, participant_id: str, user_id: str, name: str, app_data: Mapping[str, Any]) -> None:
        super().__init__()
        self.id = participant_id
        """Does not change, also when the participant rejoins."""
        self.user_id = user_id
        """The application's id of the user."""
        self.name = name
        """Display name. May change when the participant rejoins."""
        self.app_data = app_data
        """Data that the participant's application passed to the call. May change when the participant rejoins."""
        self.peer_id = ""
        """The server's id of the participant. Changes when the participant rejoins."""
        self._connected = True
        self._level: float | None = None
        self._publications: dict[Source, PublicationT] = {}
        self.role: Role | None = None
        """None while it is not known."""
        self.muted_by_moderator: frozenset[Source] = frozenset()
        """The sources that a moderator muted."""
        self.hand_raised_at: int | None = None
        """When the participant raised its hand, in Unix milliseconds of the server's clock; None: it is not raised."""

    @property
    def publications(self) -> Mapping[Source, PublicationT]:
        """Publications by source."""
        return MappingProxyType(self._publications)

    @property
    def connected(self) -> bool:
        """Whether the server has a media connection with the participant; of the local one, whether this client has its
        connections with the server.
        """
        return self._connected

    @property
    def speaking(self) -> bool:
        """Whether the participant speaks."""
        return self._level is not None

    @property
    def level(self) -> float:
        """The loudness from 0, silence, to 1."""
        return self._level or 0.0

    def set_standing(self, *, role: str | None, muted: Iterable[str], hand_raised_at: int | None) -> None:
        """Internal. Ignores what this version does not know."""
        self.role = _ROLES.get(role)
        self.muted_by_moderator = frozenset(_SOURCES[each] for each in muted if each in _SOURCES)
        self.hand_raised_at = hand_raised_at
        self.emit("changed")

    def set_muted_by_moderator(self, source: Source, *, muted: bool) -> None:
        """Internal."""
        sources = {source}
        self.muted_by_moderator = self.muted_by_moderator | sources if muted else self.muted_by_moderator - sources
        self.emit("changed")

    def set_level(self, level: float | None) -> None:
        """Internal. None: the participant does not speak."""
        if self._level != level:
            self._level = level
            self.emit("changed")

    def set_connected(self, connected: bool) -> None:
        """Internal."""
        if self._connected != connected:
            self._connected = connected
            self.emit("changed")

    def set_profile(self, name: str, app_data: Mapping[str, Any]) -> None:
        """Internal."""
        self.name, self.app_data = name, app_data
        self.emit("changed")

    def add_publication(self, publication: PublicationT) -> None:
        """Internal."""
        self._publications[publication.source] = publication
        self.emit("published", publication)

    def remove_publication(self, publication: PublicationT) -> None:
        """Internal."""
        if self._publications.get(publication.source) is publication:
            del self._publications[publication.source]
            self.emit("unpublished", publication)


class RemoteParticipant(Participant[RemotePublication]):
    """A participant other than this client."""


class BaseLocalParticipant(Participant[LocalPublication]):
    """The state of the local participant, without its operations."""
