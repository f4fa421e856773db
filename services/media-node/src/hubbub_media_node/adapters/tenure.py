"""The lives of this node: a lease, its epoch, and the subjects on which this life is commanded.

| what happens      | then                                                                                        |
|-------------------|---------------------------------------------------------------------------------------------|
| lease acquired    | the verbs are served on the epoch's subjects                                                |
| lapsed            | nothing new is made (`held` is false); what there is goes on, and is commanded as before    |
| regained          | as before it lapsed                                                                         |
| fenced            | everything is closed; a new life begins with a new lease                                    |
"""

from __future__ import annotations

import asyncio
import logging

from hubbub_bus import Bus, Lease, LeaseLoss
from hubbub_contracts import subjects
from hubbub_contracts.bus.records import Placement
from hubbub_contracts.errors import HubbubError

from ..handlers import unconfirmed
from ..handlers.node import Node
from .beats import NodeState
from .room_feeds import BusRoomFeeds
from .verbs import Verbs

log = logging.getLogger(__name__)

_PAUSE = 0.5


class Tenure:
    """Runs from the first life to the stop."""

    def __init__(self, bus: Bus, node_id: str) -> None:
        self._bus = bus
        self._node_id = node_id
        self._fenced = asyncio.Event()
        self._lease = Lease(bus, subjects.node_lease(node_id), node_id, on_lost=self._lost)
        self._verbs: Verbs | None = None
        self._stopped = False

    def takes_work(self) -> bool:
        """The lease is held, and not given back. Asked from any thread."""
        return not self._stopped and self._lease.held

    async def run(self, node: Node, feeds: BusRoomFeeds, state: NodeState) -> None:
        """One life after the other, until cancelled."""
        while True:
            self._fenced.clear()
            epoch = await self._lease.acquire()
            feeds.here = Placement(node_id=self._node_id, epoch=epoch)
            self._verbs = await self._serve(node, epoch)
            state.epoch = epoch
            log.info("this node takes work: %s, epoch %d", self._node_id, epoch)
            await self._fenced.wait()
            state.epoch = None
            await self._verbs.stop()
            await self._close_everything(node)

    async def stop(self, state: NodeState) -> None:
        """Gives the lease back, so that the registry places the peers elsewhere at once, and takes no request more."""
        self._stopped = True
        state.draining = True
        state.epoch = None
        await self._lease.release()
        if self._verbs is not None:
            await self._verbs.stop()

    async def _serve(self, node: Node, epoch: int) -> Verbs:
        while True:
            try:
                return await Verbs.serve(self._bus, node, self._node_id, epoch)
            except Exception as error:  # noqa: BLE001  the bus is away; it tells in several ways
                log.warning("the verbs are not served yet: %s", error)
            await asyncio.sleep(_PAUSE)

    async def _close_everything(self, node: Node) -> None:
        """Until nothing is left: a core that is busy is asked again."""
        while node.tables.rooms:
            try:
                await unconfirmed.close_everything(node)
            except HubbubError as error:
                log.warning("not everything is closed yet: %s", error)
                await asyncio.sleep(_PAUSE)

    def _lost(self, how: LeaseLoss) -> None:
        if how == "fenced":
            self._fenced.set()
