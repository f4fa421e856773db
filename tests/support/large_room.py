"""Fills a room with producers whose appData is large."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from .caller import Caller, rtp_parameters
from .client_socket import Refused

LARGE = {"text": "x" * 8_100}
"""Nearly the largest appData."""
MAX_PRODUCERS = 32


@dataclass(frozen=True)
class Filling:
    """The producers of one caller."""

    producers: list[str]
    refusal: str | None
    """The code of the error that ended it; None when it has produced all."""


async def fill_room(callers: Sequence[Caller]) -> list[Filling]:
    """Has each caller produce until the server refuses, `MAX_PRODUCERS` times at most."""
    return await asyncio.gather(*(_produce_until_refused(caller) for caller in callers))


async def _produce_until_refused(caller: Caller) -> Filling:
    transport = await caller.ask("createTransport", direction="send")
    produce = {"transportId": transport["id"], "kind": "audio", "appData": LARGE}
    producers: list[str] = []
    for number in range(MAX_PRODUCERS):
        parameters = rtp_parameters("audio", 1_000 + number, mid=str(number))
        try:
            producers.append((await caller.ask("produce", **produce, rtpParameters=parameters))["id"])
        except Refused as refused:
            return Filling(producers, refused.code)
    return Filling(producers, None)
