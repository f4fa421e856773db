"""The decoded frames of one lane: those of its files, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from hubbub_contracts.recording import RecordedTrack

from .track_reader import Frame, TrackReader

OpenTrack = Callable[[RecordedTrack], TrackReader]


class LaneReader:
    """Files may be added while it is read."""

    def __init__(self, open_track: OpenTrack) -> None:
        self._open_track = open_track
        self._known: set[str] = set()
        self._waiting: deque[RecordedTrack] = deque()
        self._reader: TrackReader | None = None

    def add(self, tracks: Iterable[RecordedTrack]) -> None:
        """Appends the files that it does not have."""
        new = [track for track in tracks if track.file not in self._known]
        self._known.update(track.file for track in new)
        self._waiting.extend(new)

    def take(self) -> Frame | None:
        """The next frame; None when there is none now."""
        while True:
            if self._reader is None:
                if not self._waiting:
                    return None
                self._reader = self._open_track(self._waiting.popleft())
            frame = self._reader.take()
            if frame is not None or not self._reader.has_ended:
                return frame
            self._reader = None
