"""The payload formats: what a packet contributes to a frame."""

from __future__ import annotations

from collections.abc import Callable

from . import av1, h264, opus, vp8, vp9
from .depacketizer import Depacketizer, Fragment

__all__ = ["Depacketizer", "Fragment", "depacketizer"]

_BY_CODEC: dict[str, Callable[[], Depacketizer]] = {
    "opus": opus.OpusDepacketizer,
    "vp8": vp8.Vp8Depacketizer,
    "vp9": vp9.Vp9Depacketizer,
    "h264": h264.H264Depacketizer,
    "av1": av1.Av1Depacketizer,
}

CODECS = frozenset(_BY_CODEC)
"""The codecs whose frames can be assembled, in lower case."""


def depacketizer(codec: str) -> Depacketizer:
    """The depacketizer of a codec, named as in `CODECS`. Raises KeyError for any other."""
    return _BY_CODEC[codec]()
