"""A viewer: what each media section of its offer receives, as the room changes.

Rules
- A media section receives one consumer at a time. Another producer is another consumer: the section's MID tells the
  client where its packets belong.
- One pass over the sections runs at a time. Changes of the room meanwhile lead to another pass.
- A producer that the client cannot decode is left out from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.socket import consumer
from hubbub_contracts.socket.base import Push
from hubbub_contracts.socket.speaker import ActiveSpeaker, AudioLevels
from hubbub_contracts.types import MediaKind
from hubbub_sdp import Slot
from hubbub_service import Tasks

from ...domain.whep_slots import Subject, on_active_speaker, on_levels, wanted
from ..peer_client import PeerClient

START_TIMEOUT = 2.0
"""Seconds that `start` waits for the first pass."""
RETRY_DELAY = 0.5
"""Seconds between two attempts to consume a producer that the node does not have yet."""
_log = structlog.get_logger(__name__)


class Viewer:
    """The consumers of one WHEP session."""

    def __init__(self, client: PeerClient, transport_id: str, slots: Sequence[Slot], subject: Subject) -> None:
        self._client = client
        self._transport_id = transport_id
        self._slots = slots
        self._subject = subject
        self._consumers: list[tuple[str, str] | None] = [None] * len(slots)
        """The producer and the consumer of each slot."""
        self._undecodable: set[str] = set()
        self._order: dict[MediaKind, list[str]] = {"audio": [], "video": []}
        """As in `wanted`."""
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._is_stale = False
        client.on_push = self._on_push

    async def start(self) -> None:
        """Receives what the room has now, as far as that is ready soon, and follows it from then on."""
        self._update()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=START_TIMEOUT)

    async def stop(self) -> None:
        """Stops following. The consumers end with the transport."""
        self._client.on_push = lambda _push: None
        await self._tasks.close()

    def _on_push(self, push: Push) -> None:
        match push:
            case ActiveSpeaker(peer_id=peer_id):
                self._order = {kind: on_active_speaker(order, peer_id) for kind, order in self._order.items()}
            case AudioLevels(levels=levels) if levels:
                self._order["audio"] = on_levels(self._order["audio"], [each.peer_id for each in levels])
            case consumer.ConsumerClosed(consumer_id=consumer_id):
                self._consumers = [None if each and each[1] == consumer_id else each for each in self._consumers]
        self._update()

    def _update(self) -> None:
        self._is_stale = True
        if self._task is None or self._task.done():
            self._task = self._tasks.spawn(self._run(), "follow-room")

    async def _run(self) -> None:
        while self._is_stale and not self._client.ended:
            self._is_stale = False
            peers = {
                peer_id: peer.model_copy(
                    update={"producers": [one for one in peer.producers if one.producer_id not in self._undecodable]}
                )
                for peer_id, peer in self._client.membership.hub.view.peers.items()
            }
            current = [each[0] if each else None for each in self._consumers]
            chosen = wanted([slot.kind for slot in self._slots], current, peers, self._order, self._subject)
            for index, producer_id in enumerate(chosen):
                if producer_id != current[index]:
                    await self._switch(index, producer_id)

    async def _switch(self, index: int, producer_id: str | None) -> None:
        former, self._consumers[index] = self._consumers[index], None
        if former is not None:
            with contextlib.suppress(HubbubError):
                await self._client.request(consumer.CloseConsumer(consumer_id=former[1]))
        if producer_id is None:
            return
        slot = self._slots[index]
        try:
            consumed = await self._client.request(
                consumer.Consume(
                    transport_id=self._transport_id,
                    producer_id=producer_id,
                    rtp_capabilities=slot.rtp_capabilities,
                    paused=False,
                    answer_mid=slot.section.mid,
                )
            )
        except HubbubError as error:
            self._is_stale = True
            if error.code is ErrorCode.UNSUPPORTED:
                self._undecodable.add(producer_id)
            elif error.retryable:
                await asyncio.sleep(RETRY_DELAY)
            else:
                self._is_stale = False
                _log.info("a viewer does not receive a track", producer_id=producer_id, error=error.message)
        else:
            self._consumers[index] = (producer_id, consumed.id)
