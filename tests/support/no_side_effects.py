"""Whether something that must have no effect had none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from .caller import Caller
from .client_socket import Received
from .eventually import COUNTS, wait_for_stats
from .installation import Installation


@asynccontextmanager
async def no_side_effects(installation: Installation, callers: Iterable[Caller], **counts: int) -> AsyncIterator[None]:
    """Inside, no caller is told anything, and the cluster's counts, which are `counts` before, stay.

    Nodes tell their counts now and then. So that what was left behind has been told too, a transport is made at
    the end, waited for, and closed.
    """
    expected = {name: counts.get(name, 0) for name in COUNTS}
    await wait_for_stats(installation, expected)
    witnesses = list(callers)
    before = [events_of(caller) for caller in witnesses]
    yield
    fence = await witnesses[0].call("createTransport", direction="recv")
    await wait_for_stats(installation, {**expected, "transports": expected["transports"] + 1})
    await witnesses[0].call("closeTransport", transportId=fence["id"])
    await wait_for_stats(installation, expected)
    assert [events_of(caller) for caller in witnesses] == before


def events_of(caller: Caller) -> list[Received]:
    """What a caller was told without having asked."""
    return [one for one in caller.log if not one.name.startswith("ack ")]
