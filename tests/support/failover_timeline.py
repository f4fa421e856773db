"""The steps from the death of a media node to the next frame, as the store and two tabs see them.

Times are Unix times in seconds.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from hubbub_contracts import subjects
from hubbub_contracts.bus.records import PeerRecord

from .browser import Tab

TIMELINE = Path(__file__).with_suffix(".js").read_text()
"""A script for the tabs."""


@dataclass(frozen=True)
class Steps:
    """Seconds that each step took."""

    interruption: float
    """The longest time between two frames."""
    detect: float
    """From the failure to the fence of the node's lease."""
    decide: float
    """From there to the record with the new placement."""
    tell: float
    """From there to `peerMoved` at the client that was on the node."""
    rebuild: float
    """From there to the last packet of the first frame at the receiver: all is made, and a key frame has arrived."""
    show: float
    """From there until the frame is decoded and shown."""
    activate: float
    """From `peerMoved` until the client sends video again; 0 if it was another client."""

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in fields(cls)]


@dataclass
class Decision:
    """When the registry decided."""

    fenced: float | None = None
    written: float | None = None


class StoreWatch:
    """Sees the writes of the registry. An asynchronous context manager."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Client | None = None
        self._node = ""
        self._decision = Decision()

    async def __aenter__(self) -> Self:
        self._client = await nats.connect(self._url)
        for bucket in (subjects.LEASES_BUCKET, subjects.ROOMS_BUCKET):
            await self._client.subscribe(f"$KV.{bucket}.>", cb=self._written)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()

    def begin(self, node_id: str) -> Decision:
        """Waits for the end of this node: what is returned is filled in."""
        self._node, self._decision = node_id, Decision()
        return self._decision

    async def _written(self, message: Msg) -> None:
        now = time.time()
        if message.subject.startswith(f"$KV.{subjects.LEASES_BUCKET}."):
            is_fence = message.subject.endswith(f".{self._node}") and json.loads(message.data or b"{}").get("fenced")
            if is_fence and self._decision.fenced is None:
                self._decision.fenced = now
            return
        if self._decision.fenced is None or self._decision.written is not None:
            return
        try:
            record = PeerRecord.model_validate_json(message.data)
        except ValidationError:
            return
        if record.placement is not None and record.placement.node_id != self._node:
            self._decision.written = now


def steps(failed: float, decision: Decision, moved: dict[str, Any], receiver: dict[str, Any]) -> Steps | None:
    """The steps to the next frame at the receiver. `moved`: what the client on the node saw. None: some are unknown."""
    told, gap = moved["told"], receiver["gap"]
    if decision.fenced is None or decision.written is None or told is None or gap is None:
        return None
    told, active = told / 1000, moved["active"]
    return Steps(
        interruption=(gap["to"] - gap["from"]) / 1000,
        detect=decision.fenced - failed,
        decide=decision.written - decision.fenced,
        tell=told - decision.written,
        rebuild=gap["received"] / 1000 - told,
        show=(gap["to"] - gap["received"]) / 1000,
        activate=0 if active is None or receiver is moved else active / 1000 - told,
    )


async def begin(tabs: list[Tab]) -> None:
    """Forgets what was seen before."""
    for tab in tabs:
        await tab.page.evaluate("failover.begin()")


async def end(tab: Tab) -> dict[str, Any]:
    """What a tab has seen since `begin`."""
    seen: dict[str, Any] = await tab.page.evaluate("failover.end()")
    return seen
