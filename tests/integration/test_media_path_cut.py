"""The media path fails and recovers. The call continues and no peer leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.installation import Installation
from support.pair import connected_pair
from support.udp_relay import ENVIRONMENT, UdpRelay


async def test_media_resumes_when_the_path_recovers(tmp_path: Path, call_id: str) -> None:
    with Installation(tmp_path, environment=ENVIRONMENT) as installation:
        async with (
            UdpRelay(installation.layout.rtc_min_port) as relay,
            connected_pair(installation.url, call_id) as pair,
        ):
            relay.is_cut = True
            for consumer in pair.consumers.values():
                await consumer.wait_silent()
            before = [
                pair.consumers[kind].transport.streams[pair.consumers[kind].ssrc].packets for kind in pair.consumers
            ]
            await asyncio.sleep(2)
            after = [
                pair.consumers[kind].transport.streams[pair.consumers[kind].ssrc].packets for kind in pair.consumers
            ]
            assert after == before
            relay.is_cut = False
            await pair.wait_media()
            assert pair.bob.events("peerLeft") == pair.bob.events("transportClosed") == []
