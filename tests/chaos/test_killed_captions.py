"""A captions instance is killed while a room has captions."""

from __future__ import annotations

import asyncio

import pytest

from support.caller import Caller
from support.client_socket import Refused
from support.installation import Installation


@pytest.mark.long
@pytest.mark.parametrize("fresh_installation", [{"captions": 1, "reconnect_grace": 2.0}], indirect=True)
async def test_the_room_is_told_and_the_next_request_finds_another_instance(
    fresh_installation: Installation, call_id: str
) -> None:
    async with Caller(fresh_installation.url) as ann:
        await ann.join(call_id)
        await ann.call("startCaptions")
        await ann.event("captionsState", on=True)
        [first] = fresh_installation.captions
        first.kill()
        # The lease of the instance ends, and then the grace period.
        await ann.event("captionsState", on=False, within=60)
        with pytest.raises(Refused, match="unavailable"):
            await ann.call("startCaptions")
        first.start()
        fresh_installation.wait_ready()
        ann.log.clear()
        await _start(ann)
        await ann.event("captionsState", on=True)


async def _start(caller: Caller) -> None:
    """Starts captions, once an instance is ready."""
    for _ in range(300):
        try:
            await caller.call("startCaptions")
            return
        except Refused as error:
            if error.code != "unavailable":
                raise
            await asyncio.sleep(0.1)
    raise AssertionError("no instance answers")
