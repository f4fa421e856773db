"""Encoded frames to audio samples and pictures, by FFmpeg's decoders in PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from .encoded_frame import EncodedFrame
from .errors import UnsupportedCodec

MAX_PIXELS = 4096 * 4096
"""A larger picture is refused: its sender would make this process allocate gigabytes."""
_DECODERS = {"opus": "libopus", "vp8": "libvpx", "vp9": "libvpx-vp9", "h264": "h264", "av1": "libdav1d"}
_OPUS_RATE = 48_000


class Decoder:
    """The decoder of one stream. Not thread-safe: one call at a time."""

    def __init__(self, codec: str) -> None:
        """Raises UnsupportedCodec when this installation of PyAV has no decoder for it."""
        try:
            context: Any = av.CodecContext.create(_DECODERS[codec], "r")
        except (KeyError, av.FFmpegError, ValueError) as error:
            raise UnsupportedCodec(f"PyAV has no decoder for {codec} here.") from error
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
