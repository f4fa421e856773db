"""The values of the bucket `webhooks`, and the messages that wait for their delivery.

Keys: `endpoint.<webhookId>`, `position.<webhookId>`, `told.<webhookId>.<roomId>` and `owner`.
"""

from __future__ import annotations

from pydantic import Field

from ..base import Model
from ..call import CallInfo
from ..types import CallId, Count, Id, RoomId, TenantId
from ..webhook import WebhookEvent, WebhookId, WebhookOptions, WebhookPeer, WebhookTrack


class WebhookRecord(WebhookOptions):
    """An endpoint."""

    webhook_id: WebhookId
    created_at: int
    """Unix milliseconds."""
    tenant: TenantId | None = None
    """Whose rooms it is told of."""
    all_tenants: bool = False
    """It is told of the rooms of all tenants."""


class WaitingEvent(Model):
    """An event on its way to an endpoint."""

    event_id: Id
    """The `webhook-id` of its delivery."""
    event: WebhookEvent


class DeadEvent(WaitingEvent):
    """An event that could not be delivered."""

    attempts: Count
    error: str
    died_at: int
    """Unix milliseconds."""


class ToldPeer(WebhookPeer):
    """A participant of whom the endpoint knows, or will."""

    tracks: dict[str, WebhookTrack] = Field(default_factory=dict)
    """By producer id."""


class ToldCall(Model):
    """A call of which the endpoint knows, or will."""

    key: str
    """Its key in the bucket `calls`."""
    info: CallInfo
    """The call as it was told."""


class ToldRecording(Model):
    """A recording of which the endpoint knows, or will."""

    state: str
    finished_compositions: list[Id] = Field(default_factory=list)


class ToldRoom(Model):
    """What an endpoint has been told of one room. The next changes are compared with it."""

    room_id: RoomId
    call_id: CallId
    seq: Count = 0
    """Of the last event."""
    open: bool = False
    """`room.started` was told, and no `room.ended` since."""
    peers: dict[str, ToldPeer] = Field(default_factory=dict)
    """By peer id."""
    call: ToldCall | None = None
    recordings: dict[str, ToldRecording] = Field(default_factory=dict)
    """By recording id."""
    idle_since: int | None = None
    """When the last of it ended, in Unix milliseconds; absent while something goes on. It is forgotten after a day."""
    revisions: dict[str, Count] = Field(default_factory=dict)
    """The last change of each bucket that is in this."""
    batch: Count = 0
    """The batch of changes that wrote this."""
    events: list[WaitingEvent] = Field(default_factory=list)
    """The events of that batch. They are queued after this is stored, and again if that was interrupted."""

    @property
    def idle(self) -> bool:
        """Whether nothing is going on in the room."""
        return not (
            self.open or self.peers or self.call or any(r.state != "finished" for r in self.recordings.values())
        )


class Position(Model):
    """How far the changes are worked off for an endpoint."""

    log: Count = 0
    """The position in the change log."""
    batch: Count = 0
    """The last batch whose events are all in the endpoint's queue."""
    revisions: dict[str, Count] = Field(default_factory=dict)
    """The last change of each bucket; absent: its state was not told yet."""


class Owner(Model):
    """The instance that delivers."""

    instance: Id
