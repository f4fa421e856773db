"""The registry, the media nodes and the room feeds over the bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hubbub_bus import Bus
from hubbub_contracts import Model, Request, subjects
from hubbub_contracts.base import CaptionsRequest, RecorderRequest, WebhooksRequest
from hubbub_contracts.bus.captions import CAPTION_EVENT, CaptionEvent
from hubbub_contracts.bus.media import MEDIA_EVENT, MediaEvent
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import RoomAnnounced
from hubbub_contracts.bus.speaker import SPEAKER_EVENT, SpeakerEvent
from hubbub_room import FeedChange, Subscription, open_feed

ReplyT = TypeVar("ReplyT", bound=Model)

REGISTRY_TIMEOUT = 5.0
"""Seconds. A registry that is moving peers, or whose JetStream leader is being elected, may need some."""
NODE_TIMEOUT = 3.0
"""Seconds."""
CAPTIONS_TIMEOUT = 10.0
"""Seconds. The service joins the room; when it stops, it waits for the last segments."""
WEBHOOKS_TIMEOUT = 20.0
"""Seconds. A test posts an event, and waits for the answer."""
RECORDER_TIMEOUT = 10.0
"""Seconds. A start joins the room and creates the transport."""


class BusBackend:
    """Implements `Backend`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def registry(self, message: Request[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._bus.request(subjects.registry(message.verb), message, timeout=REGISTRY_TIMEOUT)

    async def recorder(self, message: RecorderRequest[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._bus.request(subjects.recorder(message.verb), message, timeout=RECORDER_TIMEOUT)

    async def webhooks(self, message: WebhooksRequest[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._bus.request(subjects.webhooks(message.verb), message, timeout=WEBHOOKS_TIMEOUT)

    async def node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """See `Backend`."""
        subject = subjects.node(placement.node_id, placement.epoch, message.verb)
        return await self._bus.request(subject, message, timeout=NODE_TIMEOUT)

    async def captions(self, message: CaptionsRequest[ReplyT], server_id: str | None = None) -> ReplyT:
        """See `Backend`."""
        verb = message.verb
        subject = subjects.captions(verb) if server_id is None else subjects.captions_of(server_id, verb)
        return await self._bus.request(subject, message, timeout=CAPTIONS_TIMEOUT)

    async def watch_room(
        self, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """See `Backend`."""
        return await open_feed(self._bus, room_id, on_change, on_gap)

    async def watch_media(
        self, room_id: str, peer_id: str, on_event: Callable[[MediaEvent], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """See `Backend`."""
        return await self._bus.subscribe(subjects.media(room_id, peer_id), MEDIA_EVENT, on_event, on_gap=on_gap)

    async def watch_speakers(self, room_id: str, on_event: Callable[[SpeakerEvent], None]) -> Subscription:
        """See `Backend`."""
        return await self._bus.subscribe(subjects.speakers(room_id), SPEAKER_EVENT, on_event)

    async def watch_announcements(self, room_id: str, on_event: Callable[[RoomAnnounced], None]) -> Subscription:
        """See `Backend`."""
        return await self._bus.subscribe(subjects.announcements(room_id), RoomAnnounced, on_event)

    async def announce(self, room_id: str, event: RoomAnnounced) -> None:
        """See `Backend`."""
        await self._bus.publish(subjects.announcements(room_id), event)

    async def watch_captions(self, room_id: str, on_event: Callable[[CaptionEvent], None]) -> Subscription:
        """See `Backend`."""
        return await self._bus.subscribe(subjects.room_captions(room_id), CAPTION_EVENT, on_event)
