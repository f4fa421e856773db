"""Webhooks: what Hubbub posts to an application's servers, and how the endpoints are described.

Headers and signatures are those of Standard Webhooks (https://www.standardwebhooks.com).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model
from .call import CallInfo
from .recording import RecordingInfo
from .types import CallId, Count, DisplayName, Id, OpenMediaKind, TenantId, UserId

EventType = Literal[
    "room.started",
    "room.ended",
    "peer.joined",
    "peer.left",
    "track.published",
    "track.unpublished",
    "call.started",
    "call.answered",
    "call.ended",
    "recording.started",
    "recording.stopped",
    "recording.finished",
    "composition.finished",
    "webhook.test",
]
MAX_WEBHOOKS = 16
"""Endpoints of an installation."""
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://[^\s#]+$")]
Secret = Annotated[str, StringConstraints(max_length=128, pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$")]
"""`whsec_` and the base64 of 24 to 64 random bytes."""
WebhookId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class WebhookPeer(Model):
    """A participant of a room."""

    peer_id: Id
    """The peer's id: new for each join."""
    user_id: UserId
    """The `userId` of its `joinRoom`, or of its access token."""
    display_name: DisplayName
    """The name to show."""
    joined_at: int
    """Unix milliseconds."""


class WebhookTrack(Model):
    """A track that a participant sends."""

    producer_id: Id
    """The producer's id."""
    kind: OpenMediaKind
    """`audio` or `video`."""
    source: str
    """`microphone`, `camera`, `screen`, `screen-audio`, or what the application calls it."""


class WebhookData(Model):
    """What happened."""

    call_id: CallId
    """The room."""
    tenant: TenantId | None = None
    """Whose room it is; absent without named tenants."""
    seq: Count
    """Grows by 1 with each event of the room that this endpoint gets. It begins at 1, again when the room has been gone
    for a day. A gap is an event that could not be delivered for a day: it is among the dead letters."""
    peer: WebhookPeer | None = None
    """Of `peer.*` and `track.*`."""
    track: WebhookTrack | None = None
    """Of `track.*`."""
    reason: str | None = None
    """Of `peer.left`: why, as `peerLeft` says it."""
    call: CallInfo | None = None
    """Of `call.*`."""
    recording: RecordingInfo | None = None
    """Of `recording.*` and `composition.*`."""
    composition_id: Id | None = None
    """Of `composition.finished`: which of the recording's compositions. It may have failed."""


class WebhookEvent(Model):
    """The body of a delivery. The header `webhook-id` is the same for each attempt to deliver it."""

    type: EventType
    """What happened."""
    timestamp: str
    """When, in RFC 3339."""
    data: WebhookData
    """To whom and where."""


class WebhookOptions(Model):
    """An endpoint to which events are posted."""

    url: Url
    """Where to. Addresses of private networks are refused unless `WEBHOOK_PRIVATE_NETWORKS` allows them."""
    events: Annotated[list[EventType], Field(default_factory=list, max_length=32)]
    """Which events; empty: all."""
    secrets: Annotated[list[Secret], Field(default_factory=list, max_length=2)]
    """The keys that sign; two while a key is replaced. Empty: a new one is made."""


class Webhook(Model):
    """An endpoint."""

    webhook_id: WebhookId
    """The endpoint's id."""
    url: str
    """Where events are posted to."""
    events: list[str]
    """Which events; empty: all."""
    secrets: list[str] | None = None
    """The keys that sign. Only the answer that creates or changes the endpoint has them."""
    configured: bool = False
    """It is in the configuration of the service, and is changed there."""
    waiting: Count = 0
    """Events that are not delivered yet."""
    dead_letters: Count = 0
    """Events that could not be delivered."""


class DeadLetter(Model):
    """An event that could not be delivered."""

    letter_id: Count
    """Its place in the order of the dead letters."""
    webhook_id: WebhookId
    """The endpoint."""
    event_id: str
    """The `webhook-id` of its delivery."""
    event: WebhookEvent
    """The event."""
    attempts: Count
    """How often it was posted."""
    error: str
    """Why the last attempt failed."""
    died_at: int
    """Unix milliseconds."""
