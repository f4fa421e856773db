"""FFmpeg publishes by WHIP: participants of the Python SDK see and hear it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from hubbub_client import Call
from support import whip_ffmpeg
from support.installation import Installation
from support.python_sdk import WITHIN, participant_of, publication_of, until

pytestmark = pytest.mark.timeout(150)

TOKEN = "token-of-the-tests-0123456789"


@pytest.fixture(scope="module")
def whip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with two signaling instances and a token."""
    environment = {"WHIP_TOKEN": TOKEN, "ICE_SERVERS": '[{"urls": ["stun:stun.example.org"]}]'}
    with Installation(tmp_path_factory.mktemp("whip"), signalings=2, environment=environment) as running:
        yield running


async def test_a_participant_decodes_what_ffmpeg_publishes(whip: Installation, call_id: str) -> None:
    async with Call(whip.url, call_id, "Bob") as bob:
        url = f"{whip.url}/whip/{quote(call_id)}?name=Camera"
        async with whip_ffmpeg.publishing(url, TOKEN):
            camera = await publication_of(bob, "Camera", "camera")
            microphone = await publication_of(bob, "Camera", "microphone")
            async with asyncio.timeout(WITHIN), camera.video_frames() as pictures:
                shown = [await anext(pictures) for _ in range(30)]
            assert {(one.width, one.height) for one in shown} == {whip_ffmpeg.SIZE}
            assert len({bytes(one.planes[0])[0] // 8 for one in shown}) > 10, "the picture moves"
            async with asyncio.timeout(WITHIN), microphone.audio_frames() as sound:
                await until_loud(sound)
        await until(lambda: participant_of(bob, "Camera") is None)


async def until_loud(sound: AsyncIterator[Any]) -> None:
    """Waits for a frame that is not silence."""
    async for frame in sound:
        if any(bytes(frame.planes[0])):
            return
