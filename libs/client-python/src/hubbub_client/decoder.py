"""Encoded frames to audio samples and pictures, by FFmpeg's decoders in PyAV."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from .encoded_frame import EncodedFrame
from .errors import CallError
from .frame_stream import FrameStream

_log = logging.getLogger(__name__)

MAX_PIXELS = 4096 * 4096
"""A larger picture is refused: its sender would make this process allocate gigabytes."""
_DECODERS = {"opus": "libopus", "vp8": "libvpx", "vp9": "libvpx-vp9", "h264": "h264", "av1": "libdav1d"}
_OPUS_RATE = 48_000


class Decoder:
    """The decoder of one stream. Not thread-safe: one call at a time."""

    def __init__(self, codec: str) -> None:
        """Raises CallError `unsupported_codec` when this installation of PyAV has no decoder for it."""
        try:
            context: Any = av.CodecContext.create(_DECODERS[codec], "r")
        except (KeyError, av.FFmpegError, ValueError) as error:
            raise CallError("unsupported_codec", f"PyAV has no decoder for {codec} here.") from error
        if codec == "opus":
            context.format, context.layout, context.sample_rate = "s16", "stereo", _OPUS_RATE
        else:
            context.options = {"max_pixels": str(MAX_PIXELS)}
            context.thread_count = 1  # more threads hold pictures back
        self._context = context

    def decode(self, frame: EncodedFrame) -> Sequence[AudioFrame | VideoFrame]:
        """The decoded frames, with the RTP timestamp as `pts`. Raises `av.FFmpegError` for an invalid frame."""
        packet = av.Packet(frame.data)
        packet.pts = frame.timestamp
        packet.time_base = Fraction(1, frame.clock_rate)
        decoded: Sequence[AudioFrame | VideoFrame] = self._context.decode(packet)
        return decoded


async def decode_stream(
    encoded: FrameStream[EncodedFrame], decoded: FrameStream[Any], request_key_frame: Callable[[], None]
) -> None:
    """Decodes from one stream to the other, video in worker threads, until the first ends.

    After an invalid video frame it asks for a key frame. A codec without a decoder ends the decoded stream.
    """
    decoder: Decoder | None = None
    codec = ""
    try:
        async for frame in encoded:
            if decoder is None or frame.codec != codec:
                decoder, codec = Decoder(frame.codec), frame.codec
            try:
                if codec == "opus":  # takes less time than a change of threads
                    pictures = decoder.decode(frame)
                else:
                    pictures = await asyncio.to_thread(decoder.decode, frame)
            except av.FFmpegError as error:
                _log.warning("a frame of %s cannot be decoded: %s", codec, error)
                request_key_frame()
                continue
            for picture in pictures:
                decoded.push(picture)
    except CallError as error:
        _log.error("the track cannot be decoded: %s", error)
    finally:
        encoded.close()
        decoded.end()
