"""Signaling is killed: media continues, resumable sessions resume on another instance, other peers are removed."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from support.caller import Caller
from support.eventually import wait_for_counts
from support.installation import Installation
from support.pair import MAX_MEDIA_GAP, Pair, connected_pair

CALLS = 3
GRACE = 1.5
RECOVERY = 40.0
"""Seconds. The lease of a dead instance expires after 10."""
BACK_WITHIN = 30.0
"""Seconds until all have resumed, of which a busy machine may take most. The goal is 5."""
pytestmark = pytest.mark.chaos
log = logging.getLogger(__name__)


@pytest.mark.parametrize("fresh_installation", [{"signalings": 2, "reconnect_grace": GRACE}], indirect=True)
async def test_sessions_resume_on_another_instance(fresh_installation: Installation, call_id: str) -> None:
    installation = fresh_installation
    first, second = installation.urls
    calls = [connected_pair(first, f"{call_id[:50]} {number}", resumable=True) for number in range(CALLS)]
    async with calls[0] as one, calls[1] as two, calls[2] as three, Caller(first) as carol, Caller(second) as dave:
        await dave.join(one.call_id)
        await carol.join(one.call_id)
        pairs = [one, two, three]
        installation.signaling[0].kill()
        killed = time.monotonic()

        async def resume(pair: Pair, old: Caller) -> Caller:
            again = Caller(second)
            await again.open()
            await again.call("resume", resumeToken=old.resume_token, lastRevision=0)
            again.take_over_media(old)
            return again

        resumed = await asyncio.gather(*(resume(pair, old) for pair in pairs for old in (pair.alice, pair.bob)))
        back = time.monotonic() - killed
        try:
            for pair in pairs:
                await pair.wait_media()
                assert pair.longest_gap < MAX_MEDIA_GAP
            log.info(
                "%d sessions resumed after %.2f s, longest gap in media %.2f s",
                len(resumed),
                back,
                max(pair.longest_gap for pair in pairs),
            )
            assert back < BACK_WITHIN
            await dave.event("peerLeft", within=RECOVERY, peerId=carol.peer_id, reason="signaling_lost")
            assert len(dave.events("peerLeft")) == 1
            await wait_for_counts(
                installation, within=RECOVERY, signaling=1, rooms=CALLS, peers=2 * CALLS + 1, producers=2 * CALLS,
                transports=2 * CALLS, consumers=2 * CALLS,
            )  # fmt: skip
        finally:
            for caller in resumed:
                await caller.end_media()
                await caller.close()
    await wait_for_counts(installation, within=RECOVERY, signaling=1)
