"""What a composition is made of: the timeline, and the readers of its lanes. A recording that runs is followed.

Rules
- What is composed is DELAY behind what is recorded: then it is in the files.
- While the recording runs, its manifest says which files there are. Those without a duration are being written.
- After the end of the recording everything is in the files, and the rest is composed as fast as it can be.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import structlog
from pydantic import ValidationError

from hubbub_contracts.recording import Manifest, RecordedTrack

from ...domain.composition_timeline import Lane, Timeline, without_abandoned
from .job import Job
from .lane_reader import LaneReader
from .track_reader import POLL_INTERVAL, FileReader, GrowingFileReader, TrackReader, duration_of

_log = structlog.get_logger(__name__)

DELAY = 3_000
"""Milliseconds. A writer has a frame on the disk after 0.7 s, and its file in the manifest after 0.3 s."""
REFRESH_INTERVAL = 0.2
"""Seconds between two looks at the manifest."""


class Sources:
    """The tracks of a recording as they are known now."""

    def __init__(self, job: Job, finished: threading.Event) -> None:
        """`finished` is set when the recording has finished, which it may be from the start."""
        self._job = job
        self._finished = finished
        self._open: frozenset[str] = frozenset()
        """The files that are being written."""
        self._readers: dict[str, LaneReader] = {}
        """By lane."""
        self._refreshed_at = 0.0
        self.is_live = not finished.is_set()
        """Whether more may be recorded."""
        self._tracks: list[RecordedTrack] = []
        self.timeline = Timeline([], is_live=self.is_live)
        self._update(job.tracks)

    def reader(self, lane: Lane) -> LaneReader:
        """The reader of a lane; always the same one."""
        if lane.key not in self._readers:
            self._readers[lane.key] = reader = LaneReader(self._open_track)
            reader.add(lane.parts)
        return self._readers[lane.key]

    def wait_for(self, at: float) -> bool:
        """Waits until the recording is known up to `at`, in milliseconds. Returns whether the timeline has changed."""
        has_changed = False
        while self.is_live:
            if self._finished.is_set():
                self.is_live = False
                self._update(self._manifest_tracks())
                return True
            if time.monotonic() - self._refreshed_at >= REFRESH_INTERVAL:
                has_changed |= self._update(self._manifest_tracks())
            missing = at + DELAY - self._recorded_until()
            if missing <= 0 and at < self.timeline.duration:
                break
            # While nobody sends, the recording may be at its end, and the file then is, too.
            self._finished.wait(min(max(missing / 1000, POLL_INTERVAL), REFRESH_INTERVAL))
        return has_changed

    def progress(self, at: float) -> float:
        """How much is composed up to `at`, in milliseconds: from 0 to 1 of what is recorded."""
        whole = self._recorded_until() if self.is_live else self.timeline.duration
        return min(at / whole, 1.0) if whole > 0 else 0.0

    def _recorded_until(self) -> int:
        return round(time.time() * 1000) - self._job.started_at

    def _update(self, tracks: list[RecordedTrack]) -> bool:
        self._refreshed_at = time.monotonic()
        if self.is_live:
            tracks = without_abandoned(tracks, self._recorded_until() - DELAY)
        else:
            tracks = [self._measured(track) for track in tracks]
        if tracks == self._tracks and self.timeline.is_live == self.is_live:
            return False
        self._tracks = tracks
        self._open = frozenset(track.file for track in tracks if track.duration is None and self.is_live)
        self.timeline = Timeline(tracks, is_live=self.is_live)
        for lane in self.timeline.lanes:
            if lane.key in self._readers:
                self._readers[lane.key].add(lane.parts)
        return True

    def _measured(self, track: RecordedTrack) -> RecordedTrack:
        """The track with the duration of a file that no recorder could complete."""
        if track.duration is not None:
            return track
        return track.model_copy(update={"duration": duration_of(self._job.directory / track.file)})

    def _manifest_tracks(self) -> list[RecordedTrack]:
        path = self._job.directory / "manifest.json"
        try:
            return Manifest.model_validate_json(path.read_bytes()).tracks
        except FileNotFoundError:
            return self._tracks
        except (OSError, ValidationError) as error:
            _log.warning("the manifest cannot be read", error=str(error))
            return self._tracks

    def _open_track(self, track: RecordedTrack) -> TrackReader:
        path: Path = self._job.directory / track.file
        if track.file in self._open:
            return GrowingFileReader(path, track, lambda: track.file not in self._open)
        return FileReader(path, track)
