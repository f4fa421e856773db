"""Requests to the registry that are sent only while it has the store that this instance knows.

NATS can restart without its store, or with an older one, and the registry with it. The rooms would then seem to be
gone. So before the first request after each loss of the connection, the registry is told what this instance has seen
of the store. It answers `unavailable` when the store lacks that, until the peers are restored (`peer_restorer.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub_bus import NoResponders
from hubbub_contracts import HubbubError, Request
from hubbub_contracts.base import CaptionsRequest, RecorderRequest, WebhooksRequest
from hubbub_contracts.bus.captions import CaptionEvent
from hubbub_contracts.bus.media import MediaEvent
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import RoomAnnounced
from hubbub_contracts.bus.speaker import SpeakerEvent
from hubbub_contracts.bus.store import ConfirmStore
from hubbub_room import FeedChange, Subscription
from hubbub_service import Tasks

from ..domain.known_store import KnownStore
from ..domain.ports import Backend, ReplyT


class ConfirmedBackend:
    """Implements `Backend` on top of another one."""

    def __init__(self, backend: Backend, known: KnownStore) -> None:
        self._backend = backend
        self._known = known
        self._tasks = Tasks()
        self._confirming: asyncio.Task[HubbubError | None] | None = None
        self._confirmed = False

    def connection_lost(self) -> None:
        """Has the next request confirm the store again. A confirmation that is under way does not count."""
        self._confirmed = False
        self._confirming = None

    async def stop(self) -> None:
        """Cancels a pending confirmation."""
        await self._tasks.close()

    async def registry(self, message: Request[ReplyT]) -> ReplyT:
        """See `Backend`."""
        while not self._confirmed:
            error = await self._confirm_once()
            if isinstance(error, NoResponders) and self._known.identity is None:
                # Nothing to compare yet: the request itself finds out whether a registry, or an older one, answers.
                break
            if error is not None:
                raise error
        return await self._backend.registry(message)

    async def recorder(self, message: RecorderRequest[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._backend.recorder(message)

    async def webhooks(self, message: WebhooksRequest[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._backend.webhooks(message)

    async def node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """See `Backend`."""
        return await self._backend.node(placement, message)

    async def captions(self, message: CaptionsRequest[ReplyT], server_id: str | None = None) -> ReplyT:
        """See `Backend`."""
        return await self._backend.captions(message, server_id)

    async def watch_room(
        self, room_id: str, on_change: Callable[[FeedChange], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """See `Backend`."""

        def receive(change: FeedChange) -> None:
            self._known.advance(change.sequence)
            on_change(change)

        return await self._backend.watch_room(room_id, receive, on_gap)

    async def watch_media(
        self, room_id: str, peer_id: str, on_event: Callable[[MediaEvent], None], on_gap: Callable[[], None]
    ) -> Subscription:
        """See `Backend`."""
        return await self._backend.watch_media(room_id, peer_id, on_event, on_gap)

    async def watch_speakers(self, room_id: str, on_event: Callable[[SpeakerEvent], None]) -> Subscription:
        """See `Backend`."""
        return await self._backend.watch_speakers(room_id, on_event)

    async def watch_announcements(self, room_id: str, on_event: Callable[[RoomAnnounced], None]) -> Subscription:
        """See `Backend`."""
        return await self._backend.watch_announcements(room_id, on_event)

    async def announce(self, room_id: str, event: RoomAnnounced) -> None:
        """See `Backend`."""
        await self._backend.announce(room_id, event)

    async def watch_captions(self, room_id: str, on_event: Callable[[CaptionEvent], None]) -> Subscription:
        """See `Backend`."""
        return await self._backend.watch_captions(room_id, on_event)

    async def _confirm_once(self) -> HubbubError | None:
        """Returns why an attempt, which concurrent requests share, has failed."""
        if self._confirming is None:
            self._confirming = self._tasks.spawn(self._confirm(), "confirm-store")
        confirming = self._confirming
        try:
            error = await asyncio.shield(confirming)
            if self._confirming is confirming:
                self._confirmed = error is None
        finally:
            # Also after a failure or a cancellation, which every later request would share otherwise.
            if self._confirming is confirming and confirming.done():
                self._confirming = None
        return error

    async def _confirm(self) -> HubbubError | None:
        known = self._known
        try:
            reply = await self._backend.registry(ConfirmStore(store=known.identity, sequence=known.sequence))
        except HubbubError as error:
            return error
        if known.identity is None:
            known.adopt(reply.store)
        return None
