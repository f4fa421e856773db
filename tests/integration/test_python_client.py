"""The Python SDK in real calls: media, tracks that come and go, lost sockets, moved rooms."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hubbub_client import Call
from support.installation import Installation
from support.python_sdk import WITHIN, publication_of
from support.tracks import PictureTrack, ToneTrack


@contextlib.asynccontextmanager
async def two_calls(installation: Installation, call_id: str, **options: Any) -> AsyncIterator[tuple[Call, Call]]:
    """Ann and Bob in one room."""
    async with Call(installation.url, call_id, "Ann", **options) as ann, Call(installation.url, call_id, "Bob") as bob:
        yield ann, bob


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_encoded_and_decoded_frames_arrive(installation: Installation, call_id: str, codec: Any) -> None:
    async with two_calls(installation, call_id, codec=codec) as (ann, bob):
        await ann.local.publish(ToneTrack(), "microphone")
        await ann.local.publish(PictureTrack(160, 120), "camera")
        microphone = await publication_of(bob, "Ann", "microphone")
        camera = await publication_of(bob, "Ann", "camera")
        async with asyncio.timeout(WITHIN), microphone.frames() as sound, camera.frames() as pictures:
            encoded = [await anext(pictures) for _ in range(10)]
            assert encoded[0].key_frame
            assert {one.codec for one in encoded} == {codec}
            assert [one.timestamp for one in encoded] == sorted({one.timestamp for one in encoded})
            packets = [await anext(sound) for _ in range(10)]
            assert {one.codec for one in packets} == {"opus"}
            assert packets[0].audio_level is not None
        async with asyncio.timeout(WITHIN), microphone.audio_frames() as samples, camera.video_frames() as decoded:
            picture = await anext(decoded)
            assert (picture.width, picture.height) == (160, 120)
            heard = [await anext(samples) for _ in range(5)]
            assert {(one.sample_rate, one.layout.name) for one in heard} == {(48_000, "stereo")}
