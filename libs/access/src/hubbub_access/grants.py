"""What a client may do. Everything that no grant names is denied."""

from __future__ import annotations

import unicodedata
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from hubbub_contracts import Model, ids
from hubbub_contracts.types import MediaKind, TrackSource

Source: TypeAlias = TrackSource
"""What a track shows: the `source` of its producer."""

ANY_ROOM = "*"
SEPARATORS = "/:."
"""The characters after which a pattern may end with `*`. Without one, `team*` would also allow `teamster`."""


def _check_pattern(pattern: str) -> str:
    prefix, star, rest = pattern.partition("*")
    if rest or (star and prefix and prefix[-1] not in SEPARATORS):
        raise ValueError("must be a call id, or a prefix that ends in one of / : . and then *, or * for every room")
    return normalized(pattern)


def normalized(call_id: str) -> str:
    """The form in which call ids are compared (Unicode NFC): two ids that look the same are the same."""
    return unicodedata.normalize("NFC", call_id)


RoomPattern = Annotated[str, StringConstraints(min_length=1, max_length=65), AfterValidator(_check_pattern)]
"""A call id, or a prefix of call ids and `*`, as `team/*`."""


class PublishLimits(Model):
    """Which tracks a client may send."""

    kinds: tuple[MediaKind, ...] = Field(("audio", "video"), strict=False)
    """Of these kinds."""
    sources: tuple[Source, ...] | None = Field(None, strict=False)
    """From these sources; absent: from any."""


class Grants(Model):
    """The claim `hubbub` of a token."""

    rooms: tuple[RoomPattern, ...] = Field((), max_length=64, strict=False)
    """The rooms in which the other grants hold."""
    join: bool = False
    """May create and join these rooms."""
    publish: bool | PublishLimits = False
    """May send tracks: true for any, or which."""
    subscribe: bool = False
    """May receive the tracks of others, and captions."""
    moderate: bool = False
    """May act on the other participants of these rooms."""
    calls: bool = False
    """May start calls, be rung, and enter the rooms of calls, whose ids only those who are in a call know."""
    record: bool = False
    """May record these rooms."""
    hidden: bool = False
    """The others neither see the client nor hear of it."""
    admin: bool = False
    """May do everything in every room, and read statistics and metrics."""

    def allows_room(self, call_id: str) -> bool:
        """Whether the grants hold in this room."""
        in_call = self.calls and ids.call_key(call_id) is not None
        return self.admin or in_call or any(_matches(pattern, normalized(call_id)) for pattern in self.rooms)

    @property
    def may_call(self) -> bool:
        """Whether the client may ring others and be rung."""
        return self.admin or self.calls

    @property
    def may_record(self) -> bool:
        """Whether the client may record the rooms of the token."""
        return self.admin or self.record

    @property
    def may_moderate(self) -> bool:
        """Whether the client may act on the other participants."""
        return self.admin or self.moderate

    @property
    def may_join(self) -> bool:
        """Whether the client may join the rooms of the token."""
        return self.admin or self.join

    @property
    def may_subscribe(self) -> bool:
        """Whether the client may receive tracks."""
        return self.admin or self.subscribe

    @property
    def may_publish_something(self) -> bool:
        """Whether there is any track that the client may send."""
        limits = self.publish
        return self.admin or (bool(limits.kinds) if isinstance(limits, PublishLimits) else limits)

    def may_publish(self, kind: str, source: str | None) -> bool:
        """Whether the client may send a track. `source` is None when the client names none."""
        limits = self.publish
        if self.admin or not isinstance(limits, PublishLimits):
            return self.admin or limits is True
        return kind in limits.kinds and (limits.sources is None or source in limits.sources)


def _matches(pattern: str, call_id: str) -> bool:
    prefix = pattern.removesuffix("*")
    return call_id.startswith(prefix) if prefix != pattern else call_id == pattern


ALL_GRANTS = Grants(admin=True)
NO_GRANTS = Grants()
