"""A recording goes on while a legitimate participant of its room floods the node with media. ASVS 17.2.7."""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

import aiohttp
import pytest

from hubbub_client import Call
from support.caller import Caller
from support.installation import Installation
from support.recordings import Recordings, decode
from support.tracks import PictureTrack

SIZE = 1_100
BURST = 50
log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a recorder."""
    with Installation(tmp_path_factory.mktemp("flooded"), recorders=1) as running:
        yield running


@pytest.mark.parametrize("seconds", [4.0, pytest.param(20.0, marks=pytest.mark.long)])
async def test_a_recording_goes_on_while_another_track_floods(
    recorded: Installation, call_id: str, seconds: float
) -> None:
    async with (
        aiohttp.ClientSession() as http,
        Call(recorded.url, call_id, "Ann", codec="vp8") as ann,
        Caller(recorded.url) as mallory,
    ):
        recordings = Recordings(recorded, http)
        await ann.local.publish(PictureTrack(160, 120), "camera")
        await mallory.join(call_id)
        await mallory.publish("audio")
        recording_id = await recordings.start(call_id)
        [path] = await recordings.written(recording_id, 2_000, "camera")
        ((producer_id, source),) = mallory.sources.items()
        await mallory.stop_sending(producer_id)
        transport = mallory._by_direction["send"]
        before, sent, end = path.stat().st_size, 0, time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(ConnectionError):
                for _ in range(BURST):
                    sent += 1
                    sequence = (source._sequence + sent) & 0xFFFF
                    head = struct.pack("!BBHII", 0x80, 111, sequence, sent * 960 & 0xFFFFFFFF, source.ssrc)
                    await transport.send_rtp(head + bytes(SIZE))
            await asyncio.sleep(0.002)
        assert path.stat().st_size > before, "nothing was written during the flood"
        await recordings.ask("POST", f"/{recording_id}/stop")
        manifest = await recordings.finished(recording_id)
    [camera] = [track for track in manifest.tracks if track.source == "camera"]
    frames = decode(recordings.path(recording_id, camera))
    log.info("%d packets a second; %d frames of the other track in %d ms", sent / seconds, len(frames), camera.duration)
    assert camera.complete
    assert (camera.duration or 0) > 1_000 * seconds
    assert len(frames) > 5 * seconds
