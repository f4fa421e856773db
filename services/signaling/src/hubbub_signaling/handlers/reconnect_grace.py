"""The grace period between the loss of a client's socket and the departure of its peer.

The period ends early when the client closed its socket and its media stopped as well: see `domain.media_silence`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from hubbub_contracts import ErrorCode, HubbubError
from hubbub_contracts.bus.node import DescribePeer, PeerDescription
from hubbub_service import Tasks, report_failure

from ..domain.media_silence import SETTLE_DELAY, conclusive_silence
from ..domain.peer_nodes import joined, nodes_of
from ..domain.ports import Backend
from .membership import RoomMembership


class ReconnectGrace:
    """The running grace periods of one instance."""

    def __init__(self, backend: Backend, period: float) -> None:
        """`period` is in seconds."""
        self.period = period
        self._backend = backend
        self._running: dict[RoomMembership, asyncio.Task[None]] = {}
        self._tasks = Tasks()

    def start(
        self, membership: RoomMembership, on_expired: Callable[[], Awaitable[None]], *, check_media: bool
    ) -> None:
        """Calls `on_expired` after the period; with `check_media`, as soon as silent media proves the client gone."""
        self._running[membership] = self._tasks.spawn(
            self._expire(membership, on_expired, check_media=check_media), "reconnect-grace"
        )

    def cancel(self, membership: RoomMembership) -> None:
        """Ends the peer's period without `on_expired`. Does nothing when none is running."""
        if task := self._running.pop(membership, None):
            task.cancel()

    async def drain(self) -> None:
        """Waits until the `on_expired` calls that have begun are done."""
        await self._tasks.drain()

    async def _expire(
        self, membership: RoomMembership, on_expired: Callable[[], Awaitable[None]], *, check_media: bool
    ) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.period):
                if not (check_media and await self._media_stopped(membership)):
                    await asyncio.get_running_loop().create_future()
        # From here on the period is over: `cancel` must not interrupt `on_expired`. It has removed the entry when it
        # came before, and Python 3.11 has lost the cancellation.
        if self._running.pop(membership, None) is not None:
            await on_expired()

    async def _media_stopped(self, membership: RoomMembership) -> bool:
        """Whether the peer's media ended with its socket. False when its node cannot tell."""
        try:
            await asyncio.sleep(SETTLE_DELAY)
            before = await self._describe(membership)
            silence = conclusive_silence(before)
            if silence is None:
                return False
            await asyncio.sleep(silence)
            after = await self._describe(membership)
        except HubbubError:
            return False
        except Exception as error:  # noqa: BLE001  the period must end in any case, or the peer would stay for ever
            report_failure("the media of a lost client was not checked", error, peer_id=membership.peer_id)
            return False
        return after.packets_received == before.packets_received

    async def _describe(self, membership: RoomMembership) -> PeerDescription:
        """What the peer has on its nodes. Raises HubbubError."""
        describe = DescribePeer(room_id=membership.room_id, peer_id=membership.peer_id)
        nodes = nodes_of(membership.record)
        if not nodes:
            raise HubbubError(ErrorCode.UNAVAILABLE, "the peer is on no media node", retryable=True)
        return joined([await self._backend.node(placement, describe) for placement in nodes])
