"""The interfaces between sessions and the outside: the bus, the client's socket and the metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from hubbub_contracts import Model, Request
from hubbub_contracts.base import CaptionsRequest, RecorderRequest, WebhooksRequest
from hubbub_contracts.bus.captions import CaptionEvent
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import RoomAnnounced
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.socket.base import Push
from hubbub_room import FeedChange, Subscription

ReplyT = TypeVar("ReplyT", bound=Model)


class Backend(Protocol):
    """The services on the bus. Every method raises HubbubError."""

    async def registry(self, message: Request[ReplyT]) -> ReplyT:
        """Sends a request to any replica of the room registry."""

    async def recorder(self, message: RecorderRequest[ReplyT]) -> ReplyT:
        """Sends a request to any instance of the recorder."""

    async def webhooks(self, message: WebhooksRequest[ReplyT]) -> ReplyT:
        """Sends a request to any instance of the webhooks service."""

    async def node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """Sends a request to a media node. A node of another epoch does not get it."""

    async def captions(self, message: CaptionsRequest[ReplyT], server_id: str | None = None) -> ReplyT:
        """Sends a request to this instance of the captions service, or to any."""

    async def watch_room(
        self, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """Subscribes to the room's stored changes, in order. `on_gap`: changes may have been missed."""

    async def watch_media(
        self, room_id: str, peer_id: str, on_event: Callable[[MediaEvent], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """Subscribes to the closures that media nodes report for this peer. `on_gap`: some may have been missed."""

    async def watch_speakers(self, room_id: str, on_event: Callable[[SpeakerEvent], None]) -> Subscription:
        """Subscribes to the events about who speaks in the room. Lost events are not reported."""

    async def watch_announcements(self, room_id: str, on_event: Callable[[RoomAnnounced], None]) -> Subscription:
        """Subscribes to what the application tells everybody in the room. Lost events are not reported."""

    async def announce(self, room_id: str, event: RoomAnnounced) -> None:
        """Tells everybody in the room."""

    async def watch_captions(self, room_id: str, on_event: Callable[[CaptionEvent], None]) -> Subscription:
        """Subscribes to what is said in the room. Lost events are not reported."""


class ClientSocket(Protocol):
    """A client's socket. Methods return at once; packets are sent in the order of the calls."""

    def push(self, push: Push) -> None:
        """Sends an event."""

    def close(self) -> None:
        """Closes the connection after what is queued has been sent."""


class SessionTelemetry(Protocol):
    """Counts what happens to sessions."""

    def request_answered(self, event: str, outcome: str, seconds: float) -> None:
        """A request was acknowledged with `ok` or an error code, `seconds` after it came. `unknown`: no such event."""

    def peer_departed(self, reason: LeaveReason) -> None:
        """A peer's departure was handed to the outbox."""

    def peer_taken_over(self) -> None:
        """The standby of a peer hosts it, since its node has ended."""
