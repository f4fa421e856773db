"""The decoded frames of a track's file, with their times. Nothing is read twice, or further ahead than a few frames.

Rules
- `take` returns the next frame, or None when there is none: at the end, or while the file is being written.
- A file that is written is read by a thread, which waits for more of it. It has been read as far as it is written when
  that thread waits and has no frame left.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import av
import structlog

from hubbub_contracts.recording import RecordedTrack

_log = structlog.get_logger(__name__)

Frame = tuple[float, Any]
"""A time in milliseconds since the start of the recording, and what is shown or heard then."""

POLL_INTERVAL = 0.05
"""Seconds between two looks at a file that is written."""
MAX_PIXELS = 4096 * 4096
"""Of a frame: what a sender claims to send takes memory."""
MAX_AHEAD = 8
"""Frames that a thread decodes in advance."""
_LIVE_OPTIONS: Final = {"analyzeduration": "100000", "probesize": "4096"}
"""How much is read before the first frame: microseconds and bytes."""


class TrackReader(Protocol):
    """One file."""

    @property
    def has_ended(self) -> bool:
        """Whether `take` will return no further frame."""

    def take(self) -> Frame | None:
        """The next frame; None when there is none now."""


class FileReader:
    """A complete file. It is opened by the first `take`."""

    def __init__(self, path: Path, track: RecordedTrack) -> None:
        self._frames = _decoded(path, str(path), track, {})
        self.has_ended = False

    def take(self) -> Frame | None:
        """See `TrackReader`."""
        frame = next(self._frames, None)
        self.has_ended = frame is None
        return frame


class GrowingFileReader:
    """A file that is being written, until `is_complete` says that it is not."""

    def __init__(self, path: Path, track: RecordedTrack, is_complete: Callable[[], bool]) -> None:
        self._file = _GrowingFile(path, is_complete)
        self._frames: queue.Queue[Frame | None] = queue.Queue(MAX_AHEAD)
        self.has_ended = False
        thread = threading.Thread(target=self._read, args=(path, track), name=f"read-{path.name}", daemon=True)
        thread.start()

    def take(self) -> Frame | None:
        """See `TrackReader`."""
        while not self.has_ended:
            # In this order: a thread that waits has put all its frames before.
            is_waiting = self._file.is_waiting
            try:
                frame = self._frames.get(timeout=0 if is_waiting else POLL_INTERVAL)
            except queue.Empty:
                if is_waiting:
                    return None
                continue
            self.has_ended = frame is None
            return frame
        return None

    def _read(self, path: Path, track: RecordedTrack) -> None:
        try:
            for frame in _decoded(path, self._file, track, _LIVE_OPTIONS):
                self._frames.put(frame)
        finally:
            self._file.close()
            self._frames.put(None)


class _GrowingFile:
    """A read waits for more of the file."""

    def __init__(self, path: Path, is_complete: Callable[[], bool]) -> None:
        self._path = path
        self._is_complete = is_complete
        self._file: Any = None
        self.is_waiting = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end. FFmpeg calls it."""
        while True:
            is_complete = self._is_complete()  # before the read, which then finds everything
            if self._file is None and self._path.exists():
                self._file = self._path.open("rb", buffering=0)
            found: bytes = b"" if self._file is None else self._file.read(size)
            if found or is_complete:
                self.is_waiting = False
                return found
            self.is_waiting = True
            time.sleep(POLL_INTERVAL)

    def close(self) -> None:
        """Closes it."""
        if self._file is not None:
            self._file.close()


def _decoded(path: Path, source: Any, track: RecordedTrack, options: dict[str, str]) -> Iterator[Frame]:
    """Yields frames. What cannot be decoded is left out: a damaged file does not take the others with it."""
    try:
        with av.open(source, "r", options=options) as file:
            stream: Any = file.streams[0]
            stream.codec_context.thread_count = 1  # a recording has many tracks, and each thread keeps a frame
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            for packet in file.demux(stream):
                try:
                    frames = packet.decode()
                except av.InvalidDataError:
                    continue  # what follows a loss, until the next key frame
                for frame in frames:
                    if frame.time is not None:
                        yield track.start + frame.time * 1000, frame
    except (OSError, av.FFmpegError) as error:
        _log.warning("a part of a track is left out", file=path.name, error=str(error))


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
