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

SHOWN_WITHIN = 500
"""Milliseconds."""
TIMELINE = Path(__file__).with_suffix(".js").read_text()
"""A script for the tabs."""


@dataclass(frozen=True)
class Steps:
    """Seconds that each step took."""

    interruption: float
    """The time between the last frame before `peerMoved` and the first one after it."""
    detect: float
    """From the failure to the fence of the node's lease."""
    decide: float
    """From there to the record with the new placement."""
    tell: float
    """From there to `peerMoved` at the client that was on the node."""
    rebuild: float
    """From there until what sends and what receives is ready: connected, not paused, and with active encodings."""
    key_frame: float
    """From there to the last packet of the first frame at the receiver: it was asked for, encoded and carried."""
    show: float
    """From there until the frame is decoded and shown."""

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


def steps(
    failed: float, decision: Decision, told: float | None, sender: dict[str, Any], receiver: dict[str, Any]
) -> Steps | None:
    """The steps to the next frame at the receiver. `told`: when the client on the node was told, in milliseconds.

    None: some are unknown.
    """
    if decision.fenced is None or decision.written is None or told is None:
        return None
    # Nothing is shown again before the client is told. Others are of a machine that stood still.
    gap = next((each for each in receiver["gaps"] if each["from"] < told < each["to"]), None)
    if gap is None:
        return None
    # A node sends to a client that it takes over before the client is told, and shows it.
    received = max(gap["received"], told)
    ready = max([told, *(each for each in (*sender["sends"], *receiver["receives"]) if each <= received)])
    return Steps(
        interruption=(gap["to"] - gap["from"]) / 1000,
        detect=decision.fenced - failed,
        decide=decision.written - decision.fenced,
        tell=told / 1000 - decision.written,
        rebuild=(ready - told) / 1000,
        key_frame=(received - ready) / 1000,
        show=(gap["to"] - received) / 1000,
    )


async def begin(tab: Tab) -> None:
    """Forgets what a tab has seen before."""
    await tab.page.evaluate("failover.begin()")


async def look(tab: Tab) -> dict[str, Any]:
    """What a tab has seen since `begin`."""
    seen: dict[str, Any] = await tab.page.evaluate("failover.look()")
    return seen


def is_shown(seen: dict[str, Any]) -> bool:
    """Whether frames are being shown."""
    return seen["waited"] is not None and bool(seen["waited"] < SHOWN_WITHIN)
