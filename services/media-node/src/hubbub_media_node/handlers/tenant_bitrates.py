"""Measures what each tenant sends, where that is limited."""

from __future__ import annotations

import asyncio
import time

from hubbub_service import report_failure

from ..domain.bitrate_meter import BitrateMeter
from ..domain.entities import PlainTransport, Transport, WebRtcTransport
from .context import NodeContext
from .transport_counters import read_counters

INTERVAL = 1.0
"""Seconds between two measurements."""
_AT_ONCE = 64
"""Transports that are asked concurrently."""


async def measure_periodically(context: NodeContext) -> None:
    """Measures while bitrates are limited, until cancelled."""
    meter = BitrateMeter()
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            if context.quotas.measures_bitrates:
                sample = await _sample(context)
                context.quotas.measured(meter.rates(time.monotonic(), sample))
            else:
                # The first sample after a pause has no predecessor: what it counts was not sent just now.
                meter = BitrateMeter()
                context.quotas.measured({})
        except Exception as error:  # noqa: BLE001  the next measurement follows soon
            report_failure("could not measure the bitrates of tenants", error)


async def _sample(context: NodeContext) -> dict[int, tuple[str | None, int]]:
    """The tenant and the received bytes of each transport that receives media and is counted here."""
    receiving = [
        each
        for room in context.entities.rooms.values()
        for elsewhere in (room.view.counted_elsewhere,)
        for each in room.transports()
        if _receives(each) and each.peer_id not in elsewhere
    ]
    sample: dict[int, tuple[str | None, int]] = {}
    for start in range(0, len(receiving), _AT_ONCE):
        part = receiving[start : start + _AT_ONCE]
        for transport, received in zip(
            part, await asyncio.gather(*(_received(context, each) for each in part)), strict=True
        ):
            if received is not None:
                sample[transport.core_id] = (transport.room.tenant, received)
    return sample


def _receives(transport: Transport) -> bool:
    if isinstance(transport, WebRtcTransport):
        return transport.direction == "send"
    return isinstance(transport, PlainTransport) and bool(transport.producers)


async def _received(context: NodeContext, transport: Transport) -> int | None:
    """None when it was closed meanwhile."""
    counters = await read_counters(context, transport)
    return None if counters is None else int(counters["bytes_received"])
