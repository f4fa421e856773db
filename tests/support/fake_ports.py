"""Fakes of what a session is connected to, but the services: subscriptions, the client's socket, telemetry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hubbub_contracts.bus.captions import CaptionEvent
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.bus.peer import LeaveReason
from hubbub_contracts.bus.room import RoomAnnounced
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.socket.base import Push
from hubbub_room import FeedChange


class FakeSubscription:
    """A subscription that records its end. Unsubscribing takes `stop_delay` seconds, as on a busy connection."""

    def __init__(self) -> None:
        self.stopped = False
        self.stop_delay = 0.0

    async def stop(self) -> None:
        """See `Subscription`."""
        await asyncio.sleep(self.stop_delay)
        self.stopped = True


class Feed(FakeSubscription):
    """A room's change feed."""

    def __init__(self, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]) -> None:
        super().__init__()
        self.on_change = on_change
        self.on_gap = on_gap


class MediaFeed(FakeSubscription):
    """A peer's media events."""

    def __init__(self, on_event: Callable[[MediaEvent], None], on_gap: Callable[[], None]) -> None:
        super().__init__()
        self.on_event = on_event
        self.on_gap = on_gap


class SpeakerFeed(FakeSubscription):
    """The events about who speaks in a room."""

    def __init__(self, on_event: Callable[[SpeakerEvent], None]) -> None:
        super().__init__()
        self.on_event = on_event


class CaptionFeed(FakeSubscription):
    """What is said in a room."""

    def __init__(self, on_event: Callable[[CaptionEvent], None]) -> None:
        super().__init__()
        self.on_event = on_event


class AnnouncementFeed(FakeSubscription):
    """What the application tells a room."""

    def __init__(self, on_event: Callable[[RoomAnnounced], None]) -> None:
        super().__init__()
        self.on_event = on_event


class FakeSocket:
    """Implements `ClientSocket`, and records acknowledgements and pushes in their order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.closed = False

    def push(self, push: Push) -> None:
        """See `ClientSocket`."""
        self.sent.append((push.event, push.wire()))

    def close(self) -> None:
        """See `ClientSocket`."""
        self.closed = True

    def pushes(self) -> list[str]:
        """The names of the events that were pushed."""
        return [event for event, _ in self.sent if event != "ack"]


class FakeTelemetry:
    """Implements `SessionTelemetry`."""

    def __init__(self) -> None:
        self.answered: list[tuple[str, str]] = []
        self.departed: list[LeaveReason] = []
        self.taken_over = 0

    def request_answered(self, event: str, outcome: str, seconds: float) -> None:
        """See `SessionTelemetry`."""
        assert seconds >= 0
        self.answered.append((event, outcome))

    def peer_departed(self, reason: LeaveReason) -> None:
        """See `SessionTelemetry`."""
        self.departed.append(reason)

    def peer_taken_over(self) -> None:
        """See `SessionTelemetry`."""
        self.taken_over += 1
