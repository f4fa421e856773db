"""The decoded frames of the files of one lane, one after another, with their times. Nothing is read twice or ahead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import structlog

from hubbub_contracts.recording import RecordedTrack

from ...domain.composition_timeline import Lane

_log = structlog.get_logger(__name__)


def decoded(directory: Path, lane: Lane) -> Iterator[tuple[float, Any]]:
    """Yields frames with their times in milliseconds since the start of the recording.

    What cannot be decoded is left out: a file that was damaged does not take the others with it.
    """
    for part in lane.parts:
        try:
            yield from _decoded_file(directory / part.file, part)
        except (OSError, av.FFmpegError) as error:
            _log.warning("a part of a track is left out", file=part.file, error=str(error))


def _decoded_file(path: Path, part: RecordedTrack) -> Iterator[tuple[float, Any]]:
    with av.open(path) as file:
        stream: Any = file.streams[0]
        stream.codec_context.thread_count = 1  # a recording has many tracks, and each thread keeps a frame
        for packet in file.demux(stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue  # what follows a loss, until the next key frame
            for frame in frames:
                if frame.time is not None:
                    yield part.start + frame.time * 1000, frame


def duration_of(path: Path) -> int | None:
    """The duration of a file that says none, in milliseconds: all its packets are read, and none decoded."""
    last = 0.0
    try:
        with av.open(path) as file:
            for packet in file.demux(file.streams[0]):
                if packet.pts is not None and packet.time_base is not None:
                    last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    except (OSError, av.FFmpegError) as error:
        _log.warning("a track is left out", file=path.name, error=str(error))
        return None
    return round(last * 1000)
