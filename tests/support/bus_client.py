"""A bus client for tests, which sends requests to registry and nodes without signaling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from hubbub_bus import Bucket, Bus, KeyValue, View
from hubbub_contracts import ErrorCode, HubbubError, Model, Request, ids, subjects
from hubbub_contracts.bus.node import DescribePeer, PeerDescription
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.bus.room import GetRoom, RoomSnapshot

from .installation import Installation

ReplyT = TypeVar("ReplyT", bound=Model)
ANSWER_TIMEOUT = 10.0
"""Seconds, of which a busy machine may take some."""
RETRIED_FOR = 10.0
"""Seconds. A replica loads its view again after a restart of the bus."""


class BusClient:
    """A connected bus client."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def room(self, call_id: str) -> RoomSnapshot:
        """The registry's snapshot of the room, as soon as the replica that is asked has one. Raises HubbubError."""
        message = GetRoom(room_id=ids.room_id(call_id))
        deadline = time.monotonic() + RETRIED_FOR
        while True:
            try:
                return await self.bus.request(subjects.registry(message.verb), message, timeout=ANSWER_TIMEOUT)
            except HubbubError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def has_room(self, call_id: str) -> bool:
        """Whether the registry has the room."""
        try:
            await self.room(call_id)
        except HubbubError as error:
            if error.code is not ErrorCode.ROOM_NOT_FOUND:
                raise
            return False
        return True

    async def placement(self, call_id: str, peer_id: str) -> Placement:
        """The node and epoch that host the peer."""
        snapshot = await self.room(call_id)
        placement = next(peer.placement for peer in snapshot.peers if peer.peer_id == peer_id)
        assert placement is not None
        return placement

    async def wait_until_no_records(self, within: float) -> None:
        """Waits until the rooms bucket has no records. Raises AssertionError."""
        view = View(self.bus, KeyValue(self.bus, Bucket(subjects.ROOMS_BUCKET)))
        view.start()
        try:
            await view.wait_healthy(5)
            deadline = time.monotonic() + within
            while records := {key: entry.value for key, entry in view.entries.items()}:
                assert time.monotonic() < deadline, f"still there after {within:g} s: {records}"
                await asyncio.sleep(0.1)
        finally:
            await view.stop()

    async def ask_node(self, placement: Placement, message: Request[ReplyT]) -> ReplyT:
        """Sends a request to this node and epoch."""
        subject = subjects.node(placement.node_id, placement.epoch, message.verb)
        return await self.bus.request(subject, message, timeout=ANSWER_TIMEOUT)

    async def describe(self, placement: Placement, call_id: str, peer_id: str) -> PeerDescription:
        """The node's description of the peer."""
        return await self.ask_node(placement, DescribePeer(room_id=ids.room_id(call_id), peer_id=peer_id))


@asynccontextmanager
async def bus_client(
    installation: Installation, url: str | None = None, name: str = "test"
) -> AsyncIterator[BusClient]:
    """A client that is connected inside the block, to the installation's server or to `url`."""
    bus = await Bus.connect(url or installation.nats.url, name=name, timeout=20)
    try:
        yield BusClient(bus)
    finally:
        await bus.close()
