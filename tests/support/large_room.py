"""Fills a room with producers whose appData is large."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .caller import Caller, rtp_parameters
from .client_socket import Refused

LARGE = {"text": "x" * 8_100}
"""Nearly the largest appData."""
MAX_PRODUCERS = 32


async def fill_room(callers: Sequence[Caller]) -> list[str]:
    """Has each caller produce until the server refuses, 32 times at most. Returns the codes of the refusals."""
    refusals = await asyncio.gather(*(_produce_until_refused(caller) for caller in callers))
    return [code for code in refusals if code is not None]


async def _produce_until_refused(caller: Caller) -> str | None:
    transport = await caller.call("createTransport", direction="send")
    produce = {"transportId": transport["id"], "kind": "audio", "appData": LARGE}
    for number in range(MAX_PRODUCERS):
        parameters = rtp_parameters("audio", 1_000 + number, mid=str(number))
        try:
            await caller.call("produce", **produce, rtpParameters=parameters)
        except Refused as refused:
            return refused.code
    return None
