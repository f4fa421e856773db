"""Streams of a publication: key frames first, bounded queues, the end."""

from __future__ import annotations

import asyncio

import pytest

from hubbub_client import CallError, EncodedFrame, RemotePublication


def frame(number: int, *, key: bool = False, codec: str = "vp8") -> EncodedFrame:
    """A frame with this timestamp."""
    return EncodedFrame(codec, number, 90_000, key, False, b"", 0.0)


class Received:
    """A publication whose receiver counts requests for key frames."""

    def __init__(self, kind: str = "video") -> None:
        self.changes = 0
        self.requests = 0
        self.publication = RemotePublication("camera", "video" if kind == "video" else "audio", self._changed)
        self.publication.set_receiver(self._request)

    def _changed(self) -> None:
        self.changes += 1

    def _request(self) -> None:
        self.requests += 1


async def test_a_track_is_wanted_while_a_stream_is_open() -> None:
    received = Received()
    first, second = received.publication.frames(), received.publication.frames()
    wanted = []
    for stream in (first, second, second):
        wanted.append(received.publication.wanted)
        stream.close()
    assert [*wanted, received.publication.wanted] == [True, True, False, False]
    assert received.changes == 4


async def test_a_video_stream_starts_with_a_key_frame_and_requests_it() -> None:
    received = Received()
    async with received.publication.frames() as stream:
        received.publication.deliver(frame(1))
        assert received.requests == 1
        received.publication.deliver(frame(2, key=True))
        received.publication.deliver(frame(3))
        assert [(await anext(stream)).timestamp for _ in range(2)] == [2, 3]
        assert received.requests == 1


async def test_a_slow_reader_of_video_continues_with_a_key_frame() -> None:
    received = Received()
    async with received.publication.frames(max_frames=3) as stream:
        for number in range(5):
            received.publication.deliver(frame(number, key=number == 0))
        assert (stream.dropped, received.requests) == (3, 2)
        received.publication.deliver(frame(6, key=True))
        late = await anext(stream)
        assert (late.timestamp, late.discontinuous) == (6, True)


async def test_a_slow_reader_of_audio_loses_the_oldest() -> None:
    received = Received("audio")
    async with received.publication.frames(max_frames=3) as stream:
        for number in range(5):
            received.publication.deliver(frame(number, key=True, codec="opus"))
        assert stream.dropped == 2
        assert [(await anext(stream)).timestamp for _ in range(3)] == [2, 3, 4]


async def test_a_stream_ends_after_the_frames_that_are_queued() -> None:
    received = Received()
    stream = received.publication.frames()
    received.publication.deliver(frame(1, key=True))
    received.publication.end_streams()
    assert [one.timestamp async for one in stream] == [1]
    received.publication.deliver(frame(2, key=True))
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_closing_a_stream_ends_its_reader() -> None:
    received = Received()
    stream = received.publication.frames()
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one reader"):
        await anext(stream)
    stream.close()
    with pytest.raises(StopAsyncIteration):
        await reading


async def test_decoded_streams_are_of_the_tracks_kind() -> None:
    received = Received()
    with pytest.raises(CallError, match="invalid_state"):
        received.publication.audio_frames()
    assert not received.publication.wanted


async def test_a_codec_without_a_decoder_ends_the_decoded_stream() -> None:
    received = Received()
    async with received.publication.video_frames() as pictures:
        received.publication.deliver(frame(1, key=True, codec="h265"))
        assert [one async for one in pictures] == []
    assert not received.publication.wanted


async def test_an_invalid_frame_requests_a_key_frame() -> None:
    received = Received()
    async with received.publication.video_frames():
        received.publication.deliver(EncodedFrame("vp8", 1, 90_000, True, False, b"\xff" * 20, 0.0))
        async with asyncio.timeout(20):
            while not received.requests:
                await asyncio.sleep(0.01)
