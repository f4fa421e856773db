"""A frame as the sender's encoder made it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One packet of audio, or one picture of video."""

    codec: str
    """`opus`, `vp8`, `vp9`, `h264` or `av1`."""
    timestamp: int
    """RTP timestamp, which does not wrap, in units of `clock_rate`."""
    clock_rate: int
    """Ticks per second: 48,000 for audio, 90,000 for video."""
    key_frame: bool
    """Whether a decoder can start here; true for all audio."""
    discontinuous: bool
    """Whether frames before this one were lost. Video continues with a key frame."""
    data: bytes
    """H264 as an Annex B byte stream, AV1 as a temporal unit in low-overhead format."""
    received_at: float
    """When the packet that completed the frame arrived, on `time.monotonic`'s clock."""
    audio_level: int | None = None
    """Of audio, where the sender reports it: the loudness from 0, the loudest, to 127, silence, in -dBov (RFC 6464)."""
