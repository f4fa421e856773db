"""Checks that rejected requests have no effect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from .caller import Caller
from .client_socket import Received
from .eventually import COUNTS, wait_for_stats
from .installation import Installation


@asynccontextmanager
async def no_side_effects(installation: Installation, callers: Iterable[Caller], **counts: int) -> AsyncIterator[None]:
    """Asserts that the block changes no counts and sends the callers no events. `counts` are the counts before it.

    Nodes report counts periodically. Before the final comparison, a transport is created and closed: its appearance
    in the counts proves that they are newer than the block.
    """
    expected = {name: counts.get(name, 0) for name in COUNTS}
    await wait_for_stats(installation, expected)
    observers = list(callers)
    before = [events_of(caller) for caller in observers]
    yield
    fence = await observers[0].call("createTransport", direction="recv")
    await wait_for_stats(installation, {**expected, "transports": expected["transports"] + 1})
    await observers[0].call("closeTransport", transportId=fence["id"])
    await wait_for_stats(installation, expected)
    assert [events_of(caller) for caller in observers] == before


def events_of(caller: Caller) -> list[Received]:
    """The events that a caller received, without acknowledgements."""
    return [one for one in caller.log if not one.name.startswith("ack ")]
