"""Listens to the nodes' beats, probes those that fall silent, fences those that are dead."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from hubbub_bus import Bus, NoResponders, Subscription, unix_ms
from hubbub_contracts import HubbubError, subjects
from hubbub_contracts.bus.node import NodeHeartbeat, ProbeNode
from hubbub_registry.adapters.lease_board import LeaseBoard
from hubbub_registry.domain.liveness import Evidence, Life, State
from hubbub_registry.domain.nodes import Nodes
from hubbub_service import Tasks

log = logging.getLogger(__name__)

TICK = 0.05
PROBE_TIMEOUT = 0.2
LINK_HEALTHY_FOR = 3.0
"""A replica judges nobody unless its own link was good for so long."""
AMNESTY = 5.0
"""After the bus was away, nodes have so long to be heard again."""


class Watchdog:
    """Tells `nodes` what is heard of them, and acts on what follows. `on_change` when a room may have to move."""

    def __init__(self, bus: Bus, nodes: Nodes, board: LeaseBoard, tasks: Tasks, on_change: Callable[[], None]) -> None:
        self._bus = bus
        self._nodes = nodes
        self._board = board
        self._tasks = tasks
        self._on_change = on_change
        self._busy: set[tuple[str, int]] = set()
        self._beats: Subscription | None = None

    @property
    def may_judge(self) -> bool:
        """This replica hears well enough to call somebody dead."""
        return self._board.healthy and self._bus.healthy_for(LINK_HEALTHY_FOR) and self._bus.connected_for(AMNESTY)

    async def start(self) -> None:
        """Begins to listen and to judge."""
        self._beats = await self._bus.subscribe(subjects.ALL_HEARTBEATS, NodeHeartbeat, self._heard)
        self._tasks.spawn(self._watch(), "watchdog", vital=True)

    async def stop(self) -> None:
        """Listens no more; the judging ends with the tasks."""
        if self._beats is not None:
            await self._beats.stop()

    def _heard(self, beat: NodeHeartbeat) -> None:
        if self._nodes.beat(beat, time.monotonic(), unix_ms()):
            self._on_change()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            if not self.may_judge:
                continue
            for life in self._nodes.judge(time.monotonic()):
                key = (life.node_id, life.epoch)
                if key not in self._busy:
                    self._busy.add(key)
                    work = self._probe(life) if life.state is State.SUSPECT else self._fence(life)
                    self._tasks.spawn(self._busy_with(key, work), f"judge-{life.node_id}")

    async def _busy_with(self, key: tuple[str, int], work: Coroutine[Any, Any, None]) -> None:
        """One thing at a time for each life."""
        try:
            await work
        finally:
            self._busy.discard(key)

    async def _probe(self, life: Life) -> None:
        """Nobody there is an answer too; none in time is not."""
        subject = subjects.node(life.node_id, life.epoch, ProbeNode.verb)
        try:
            await self._bus.request(subject, ProbeNode(), timeout=PROBE_TIMEOUT)
        except NoResponders:
            if life.take(Evidence.NOBODY_THERE):
                log.warning("media node %s is gone: nobody answers", life.node_id)
                await self._fence(life)
        except HubbubError as error:
            log.debug("probing %s: %s", life.node_id, error)
        else:
            life.heard(time.monotonic())

    async def _fence(self, life: Life) -> None:
        try:
            if await self._board.fence(life.node_id, life.epoch):
                log.warning("media node %s is dead: its epoch %d is fenced", life.node_id, life.epoch)
        except HubbubError as error:
            log.warning("media node %s is dead, but cannot be fenced: %s", life.node_id, error.message)
