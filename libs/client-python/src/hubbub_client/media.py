"""Transports, senders and receivers. Reconciles them with the tracks that the application wants to send and receive.

- The desired state is elsewhere: in the local publications and in the roster. `sync` compares it with the actual state
  and makes the difference.
- Sending and receiving are reconciled side by side, so that neither waits for the other's round trips. Of each, one
  reconciliation runs at a time; a change during it is handled by the next one.
- A lost transport is dropped with its senders and receivers. The next `sync` creates them again; publications stay.
- No request is sent while `active` is false.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Protocol

from hubbub_contracts.socket.base import ClientRequest
from hubbub_contracts.socket.consumer import ConsumerLayersChanged, ConsumerPaused, ConsumerResumed
from hubbub_contracts.socket.room import SessionResumed
from hubbub_contracts.socket.stats import GetStats
from hubbub_contracts.socket.transport import CloseTransport
from hubbub_contracts.types import Direction
from hubbub_rtp.receiver import Receiver

from .background import BackgroundTasks
from .capabilities import VideoCodec
from .errors import CallError
from .media_context import MediaContext
from .publication import LocalPublication, RemotePublication, Source
from .receiving import Receiving
from .roster import Roster
from .sending import Sending
from .signaling import Signaling
from .transports import Transports

_CLOSE_TIMEOUT = 15.0


class MediaListener(Protocol):
    """What the media report to."""

    def media_disrupted(self) -> None:
        """A transport lost its network path."""
        ...

    def media_stable(self) -> None:
        """A transport connected, or a reconciliation finished."""
        ...

    def consume_failed(self, error: CallError) -> None:
        """A remote track cannot be received."""
        ...

    def sync_needed(self) -> None:
        """A wanted transport was dropped: `sync` has to run again."""
        ...

    def track_ended(self, publication: LocalPublication) -> None:
        """A local track has ended by itself."""
        ...


class Media:
    """The media of one call."""

    def __init__(
        self,
        signaling: Signaling,
        local: Mapping[Source, LocalPublication],
        roster: Roster,
        listener: MediaListener,
        codec: VideoCodec,
    ) -> None:
        self._signaling = signaling
        self._listener = listener
        self._background = BackgroundTasks()
        self.context = MediaContext(signaling, self._background.spawn)
        """Of the session with the server."""
        self._transports = Transports(
            signaling, self, self._background.spawn, self._close_on_server, is_active=lambda: self.context.active
        )
        self._sending = Sending(self.context, self._transports, local, listener, codec)
        self._receiving = Receiving(self.context, self._transports, roster, listener)

    def listen_to(self, signaling: Signaling) -> None:
        """Follows the events that change no more than what this client shows of a track."""
        receiving = self._receiving
        signaling.on(ConsumerLayersChanged, lambda one: receiving.layers_changed(one.consumer_id, one.layers))
        signaling.on(ConsumerPaused, lambda one: receiving.paused_by_server(one.consumer_id, one.reason, paused=True))
        signaling.on(ConsumerResumed, lambda one: receiving.paused_by_server(one.consumer_id, one.reason, paused=False))

    @property
    def is_stable(self) -> bool:
        """Whether the session exists, nothing is being reconciled or retried, and no transport in use is disrupted."""
        settled = self._sending.task.is_settled and self._receiving.task.is_settled
        return self.context.active and settled and self._transports.are_connected

    @property
    def received(self) -> Mapping[str, Receiver]:
        """The receivers by producer id, for diagnosis."""
        return self._receiving.receivers

    async def sync(self) -> None:
        """Returns when the state that was desired at the time of the call is reached.

        Raises CallError; if it is `retryable`, call `sync` again later.
        """
        results = await asyncio.gather(self._sending.task.run(), self._receiving.task.run(), return_exceptions=True)
        for result in results:
            # Errors of a lost session do not count: the next session reconciles again.
            if isinstance(result, BaseException) and self.context.active:
                raise CallError.of(result) from result

    def apply_snapshot(self, session: SessionResumed) -> None:
        """After `resume`: drops what the server no longer has. `sync` closes there what this client does not have."""
        transports = {one.transport_id for one in session.transports}
        for direction, transport_id in self._transports.ids.items():
            if transport_id in transports:
                transports.discard(transport_id)
            else:
                self._drop_transport(direction)
        for unknown in transports:
            self._close_on_server(CloseTransport(transport_id=unknown))
        self._sending.apply_snapshot(session.producers)
        self._receiving.apply_snapshot(session.consumers)

    def moved(self) -> None:
        """The room has moved to another media node: drops all transports and closes them on the previous node."""
        for direction, transport_id in self._transports.ids.items():
            self._close_on_server(CloseTransport(transport_id=transport_id))
            self._drop_transport(direction)

    def transport_closed(self, transport_id: str) -> bool:
        """The server has closed a transport. Returns whether it was one of this client's."""
        found = next((direction for direction, one in self._transports.ids.items() if one == transport_id), None)
        if found is not None:
            self._drop_transport(found)
        return found is not None

    def producer_closed(self, producer_id: str) -> Source | None:
        """The server has closed a producer. Returns its source if it was one of this client's."""
        return self._sending.closed(producer_id)

    def consumer_closed(self, consumer_id: str) -> None:
        """The server has closed a consumer."""
        self._receiving.closed(consumer_id)

    def stats_request(self, of: Direction | LocalPublication | RemotePublication) -> GetStats | None:
        """The request for the server's statistics of a transport or a track; None while the server has none."""
        if isinstance(of, LocalPublication):
            producer_id = self._sending.producer_id(of)
            return GetStats(producer_id=producer_id) if producer_id else None
        if isinstance(of, RemotePublication):
            consumer_id = self._receiving.consumer_id(of)
            return GetStats(consumer_id=consumer_id) if consumer_id else None
        transport_id = self._transports.ids.get(of)
        return GetStats(transport_id=transport_id) if transport_id else None

    def drop(self) -> None:
        """Drops everything. `close` afterwards waits for it."""
        self.context.active = False
        self._drop_transport("send")
        self._drop_transport("recv")

    async def close(self) -> None:
        """Drops everything, and waits until it is closed."""
        self.drop()
        await asyncio.gather(self._sending.task.cancel(), self._receiving.task.cancel())
        await self._background.wait(_CLOSE_TIMEOUT)

    def transport_disrupted(self) -> None:
        """Internal."""
        self._listener.media_disrupted()

    def transport_recovered(self) -> None:
        """Internal."""
        self._listener.media_stable()

    def transport_lost(self, transport_id: str) -> None:
        """Internal."""
        if self.transport_closed(transport_id):
            self._listener.sync_needed()

    def _drop_transport(self, direction: Direction) -> None:
        """Closes a transport locally, with its senders or receivers."""
        if direction == "send":
            self._sending.drop_all()
        else:
            self._receiving.drop_all()
        self._transports.drop(direction)

    def _close_on_server(self, request: ClientRequest[Any]) -> None:
        """Closes an unused object on the server. Ignores errors: the next resume closes what remains."""

        async def close() -> None:
            with contextlib.suppress(CallError):
                await self._signaling.request(request)

        self._background.spawn(close())
