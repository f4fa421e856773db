"""Recovery from a gap between a session and its peer's media node: asks the node for the peer's resources.

While the peer moves, it has two nodes, and both are asked. So is its standby.

A gap is a time in which events or answers of the node may have been lost.

Rules
- What the client owns and the node does not have was closed. What the node created for a request that was not answered
  is closed: the client does not know it, and it counts against the peer's limits.
- The answer is compared with the resources that the client owned before the request. It does not cover later ones.
- The request is repeated until the node answers, the peer is placed elsewhere, or the session ends.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import structlog

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.media import MediaEvent, ProducerClosed, TransportClosed
from hubbub_contracts.bus.node import DescribePeer, PeerDescription
from hubbub_contracts.bus.producer import RemoveProducers
from hubbub_contracts.bus.records import PeerRecord, Placement
from hubbub_service import Tasks

from ..domain.missed_changes import missed_changes
from ..domain.missed_closures import missed_closures
from ..domain.owned_resources import OwnedResources
from ..domain.peer_nodes import confirmed, nodes_of, producers_at, standby_of
from ..domain.ports import Backend
from ..domain.unanswered_objects import unanswered_objects
from .membership import RoomMembership
from .registry_outbox import RegistryOutbox

_log = structlog.get_logger(__name__)
PAUSE = (0.2, 1.2)
"""Seconds before each request, at random: after a reconnect, all sessions of an instance send one."""


class MediaGapRecovery:
    """Finds the closures that one session missed."""

    def __init__(
        self,
        backend: Backend,
        outbox: RegistryOutbox,
        resources: OwnedResources,
        on_event: Callable[[MediaEvent], None],
    ) -> None:
        """`on_event` gets the missed closures, and what may have changed."""
        self._backend = backend
        self._outbox = outbox
        self._resources = resources
        self._on_event = on_event
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._gaps = 0

    def start(self, membership: RoomMembership) -> None:
        """Events or answers may have been lost. Several gaps at the same time lead to one request."""
        self._gaps += 1
        if self._task is None or self._task.done():
            self._task = self._tasks.spawn(self._run(membership), "media-gap")

    def stop(self) -> None:
        """Ends the recovery, because the membership ends."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _run(self, membership: RoomMembership) -> None:
        recovered_gaps = 0
        while recovered_gaps < self._gaps:
            gaps = self._gaps
            await asyncio.sleep(random.uniform(*PAUSE))  # noqa: S311
            if await self._compare(membership):
                recovered_gaps = gaps

    async def _compare(self, membership: RoomMembership) -> bool:
        """Returns False when the nodes have to be asked again."""
        record = membership.hub.view.peers.get(membership.peer_id)
        if record is None or not nodes_of(record):
            return True  # removed, or on no node: the session learns it from the room's changes
        unanswered = set(self._resources.unanswered)
        nodes = [*nodes_of(record), *self._own_standby(record)]
        compared = [await self._compare_node(membership, record, placement) for placement in nodes]
        if not all(compared):
            return False
        self._resources.unanswered -= unanswered
        return True

    async def _compare_node(self, membership: RoomMembership, record: PeerRecord, placement: Placement) -> bool:
        """Returns False when the node has to be asked again."""
        owned = self._resources.on(placement)
        try:
            answer = await self._backend.node(
                placement, DescribePeer(room_id=membership.room_id, peer_id=membership.peer_id)
            )
        except HubbubError as error:
            _log.debug("peer not described after a gap", peer_id=membership.peer_id, error=error.message)
            return False
        now = membership.hub.view.peers.get(membership.peer_id)
        if now is None or placement not in (*nodes_of(now), *self._own_standby(now)):
            return True  # as above: everything on the described node is gone
        for event in missed_changes(confirmed(answer, placement, now)):
            self._on_event(event)
        for event in missed_closures(owned, answer):
            # One that was replaced meanwhile is not closed: it is on another node.
            if not self._is_elsewhere(event, placement, membership):
                self._on_event(event)
        described = {each.producer_id for each in answer.producers} | set(answer.plain_producers)
        for copy, transport_id in owned.standby_producers.items():
            if copy not in described:  # which ends the standby
                self._on_event(TransportClosed(transport_id=transport_id, reason="other"))
        # The answer is newer than the one record, and older than the other.
        recorded = producers_at(placement, record) & producers_at(placement, now)
        if ghosts := recorded - described - owned.producers.keys():
            # One that the client owns was to change its node, and got lost on the way.
            for producer_id in ghosts & self._resources.producers.keys():
                self._on_event(ProducerClosed(producer_id=producer_id, reason="other"))
            self._outbox.enqueue(
                RemoveProducers(room_id=membership.room_id, peer_id=membership.peer_id, producer_ids=sorted(ghosts))
            )
        return await self._close_unanswered(membership, placement, answer, owned.unanswered)

    def _own_standby(self, record: PeerRecord) -> list[Placement]:
        """The peer's standby, unless the session has nothing there, and has asked for nothing."""
        standby = standby_of(record)
        concerns = standby == self._resources.standby or self._resources.unanswered
        return [standby] if standby is not None and concerns else []

    async def _close_unanswered(
        self, membership: RoomMembership, placement: Placement, description: PeerDescription, unanswered: set[str]
    ) -> bool:
        """Returns False when the node has to be asked again. `unanswered` is older than the description."""
        room_id, peer_id = membership.room_id, membership.peer_id
        resources = self._resources.on(placement)
        for close, closed in unanswered_objects(unanswered, resources, description, room_id, peer_id):
            try:
                await self._backend.node(placement, close)
            except HubbubError as error:
                if error.code is not ErrorCode.NOT_FOUND:
                    _log.debug("object without an owner not closed", peer_id=peer_id, error=error.message)
                    return False
            # The client may have repeated its request meanwhile, and own the object now. One that was to replace a
            # producer ends alone.
            if not self._is_elsewhere(closed, placement, membership):
                self._on_event(closed)
        return True

    def _is_elsewhere(self, closed: MediaEvent, placement: Placement, membership: RoomMembership) -> bool:
        """Whether the client and the room have the closed producer on another node."""
        record = membership.hub.view.peers.get(membership.peer_id)
        if not isinstance(closed, ProducerClosed) or closed.producer_id not in self._resources.producers or not record:
            return False
        return any(
            each.producer_id == closed.producer_id and record.placement_of(each) != placement
            for each in record.producers
        )
