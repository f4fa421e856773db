"""One file of one track: WebM, for H264 Matroska. Runs in a writer process.

Rules
- Clusters are short and flushed, so that a killed process loses less than a second. Such a file has no index and no
  duration: `complete` copies the packets into one that has.
- A stream gets the codec's parameters from its first frame, by FFmpeg's demuxer of a container in memory.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import av

_FOURCC: Final = {"vp8": b"VP80", "vp9": b"VP90", "av1": b"AV01"}
_MILLISECONDS = Fraction(1, 1000)
_OPTIONS: Final = {"flush_packets": "1", "cluster_time_limit": "500"}
"""Milliseconds in a cluster."""
OPUS_RATE = 48_000


class TimedPacket(NamedTuple):
    """A frame with its time in the file, in milliseconds."""

    at: int
    key_frame: bool
    data: bytes


def suffix_of(codec: str) -> str:
    """The suffix of the files of a codec."""
    return ".mkv" if codec == "h264" else ".webm"


class TrackFile:
    """An open file."""

    def __init__(self, path: Path, codec: str, first: bytes) -> None:
        """Creates the file. `first` is the track's first frame, a key frame. Raises OSError, and av's errors."""
        self._output: Any = av.open(path, "w", format=_format(path), options=_OPTIONS)
        self._stream: Any
        if codec == "opus":
            self._stream = self._output.add_stream("libopus", rate=OPUS_RATE, layout="stereo")
            self._output.start_encoding()
        else:
            with av.open(_container(codec, first), format="h264" if codec == "h264" else "ivf") as template:
                self._stream = self._output.add_stream_from_template(template.streams[0], opaque=True)

    def write(self, packets: Sequence[TimedPacket]) -> None:
        """Appends frames. Their times do not decrease. Raises OSError."""
        for packet in packets:
            muxed = av.Packet(packet.data)
            muxed.stream = self._stream
            muxed.time_base = _MILLISECONDS
            muxed.pts = muxed.dts = packet.at
            muxed.is_keyframe = packet.key_frame
            self._output.mux_one(muxed)

    def close(self) -> None:
        """Writes the last cluster. Raises OSError."""
        self._output.close()


def complete(path: Path) -> int:
    """Gives a file an index and a duration, which it returns in milliseconds. The packets are copied.

    Raises OSError. The file then is as it was.
    """
    copy = path.with_name(f".{path.name}")
    duration = 0
    try:
        with av.open(path) as source, av.open(copy, "w", format=_format(path)) as target:
            stream: Any = source.streams[0]
            copied: Any = target.add_stream_from_template(stream, opaque=True)
            for packet in source.demux(stream):
                if packet.dts is None or packet.time_base is None:
                    continue  # the flush at the end
                duration = max(duration, round((packet.dts + (packet.duration or 0)) * packet.time_base * 1000))
                packet.stream = copied
                target.mux(packet)
        copy.replace(path)
    finally:
        copy.unlink(missing_ok=True)
    return duration


def _format(path: Path) -> str:
    return "matroska" if path.suffix == ".mkv" else "webm"


def _container(codec: str, frame: bytes) -> io.BytesIO:
    """The frame as FFmpeg reads it: an Annex B byte stream, or an IVF file."""
    if codec == "h264":
        return io.BytesIO(frame)
    header = struct.pack("<4sHH4sHHIII4x", b"DKIF", 0, 32, _FOURCC[codec], 0, 0, 1000, 1, 1)
    return io.BytesIO(header + struct.pack("<IQ", len(frame), 0) + frame)
