"""One received track, and the files that it is written to. Implements `hubbub_receiver.TrackSink`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import structlog

from hubbub_contracts.recording import RecordedTrack
from hubbub_receiver import ReceivedTrack
from hubbub_rtp import EncodedFrame

from ..domain.sps import sequence_parameter_set
from ..domain.track_clock import PeerClock, TrackClock
from ..domain.track_timeline import TrackTimeline
from .track_file import TimedPacket, suffix_of
from .writer_pool import Answer, Closed, OpenFile, WriterPool

_log = structlog.get_logger(__name__)

_UNSAFE = re.compile(r"[^A-Za-z0-9-]")

OnFile = Callable[[RecordedTrack, "Answer | None"], None]
"""A file was created, or with an answer: it ended."""


class TrackRecording:
    """A track has one file, and further ones after a new H264 parameter set or a failure."""

    def __init__(
        self,
        track: ReceivedTrack,
        pool: WriterPool,
        peer: PeerClock,
        started_at: float,
        *,
        new_path: Callable[[str], Path],
        segment: int,
        on_file: OnFile,
    ) -> None:
        """`started_at` is the recording's start on the monotonic clock. `new_path` takes the end of a file's name."""
        self._track = track
        self._pool = pool
        self._clock = TrackClock(track.clock_rate, peer)
        self._timeline = TrackTimeline(self._clock, started_at, paused=track.paused)
        self._new_path = new_path
        self._segment = segment
        self._on_file = on_file
        self._file: OpenFile | None = None
        self._described: RecordedTrack | None = None
        self._gaps_before = 0
        self._sps: bytes | None = None
        self._needs_key_frame = True

    def on_frame(self, frame: EncodedFrame) -> None:
        """See `TrackSink`."""
        at = self._timeline.place(frame)
        if self._needs_key_frame and not frame.key_frame:
            return
        if frame.codec == "h264" and frame.key_frame:
            sps = sequence_parameter_set(frame.data)
            if self._file is not None and sps is not None and sps != self._sps:
                self._close()
            self._sps = sps or self._sps
        if self._file is None or self._described is None:
            self._open(frame, at)
        assert self._file is not None
        assert self._described is not None
        packet = TimedPacket(at - self._described.start, frame.key_frame, frame.data)
        self._needs_key_frame = not self._file.write(packet) and self._track.kind == "video"

    def on_sender_report(self, timestamp: int, sent_at: float, arrived_at: float) -> None:
        """See `TrackSink`."""
        self._clock.report(timestamp, sent_at, arrived_at)

    def on_paused(self, paused: bool) -> None:
        """See `TrackSink`."""
        self._timeline.pause(paused=paused)

    def on_closed(self) -> None:
        """See `TrackSink`."""
        self._close()

    def _open(self, frame: EncodedFrame, at: int) -> None:
        track = self._track
        source = _UNSAFE.sub("-", str(track.app_data.get("source", track.kind)))[:32] or track.kind
        path = self._new_path(f"{source}{suffix_of(frame.codec)}")
        self._gaps_before = len(self._timeline.gaps)
        self._described = described = RecordedTrack(
            file=path.name,
            peer_id=track.peer_id,
            user_id=track.user_id,
            display_name=track.display_name,
            producer_id=track.producer_id,
            source=source,
            kind=track.kind,
            codec=frame.codec,
            segment=self._segment,
            start=at,
        )
        self._file = file = self._pool.open(
            path, frame.codec, frame.data, lambda answer: self._ended(file, described, answer)
        )
        self._on_file(described, None)

    def _close(self) -> None:
        if self._file is not None and self._described is not None:
            gaps = self._timeline.gaps[self._gaps_before :]
            self._on_file(self._described.model_copy(update={"gaps": gaps}), None)
            self._file.close()
        self._file = None
        self._needs_key_frame = True

    def _ended(self, file: OpenFile, described: RecordedTrack, answer: Answer) -> None:
        if self._file is file:  # it failed: the next key frame begins another one
            self._file = None
            self._needs_key_frame = True
        if not isinstance(answer, Closed):
            _log.error("a file of a recording failed", file=described.file, cause=answer.cause, error=answer.message)
        self._on_file(described, answer)
