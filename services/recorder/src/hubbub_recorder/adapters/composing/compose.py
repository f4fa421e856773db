"""Composes a file, from its first picture to its index."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ...domain.active_speaker import ActiveSpeaker
from ...domain.composition_timeline import SCREEN_AUDIO
from .audio_source import RATE, AudioSource, Samples, level_of, mixed
from .job import Composed, Job
from .labels import Labels
from .output import FRAME_RATE, Output
from .sources import Sources
from .stage import Stage

SAMPLES_PER_TICK = RATE // FRAME_RATE
MILLISECONDS = 1000 / FRAME_RATE
"""Between two pictures."""
REPORT_INTERVAL = 0.5
"""Seconds."""
POSTER_DELAY = FRAME_RATE
"""Pictures with video before the poster: the first ones of a camera are dark or coarse."""


class NothingToCompose(Exception):
    """The recording has no media."""


def compose(job: Job, report: Callable[[float], None], finished: threading.Event | None = None) -> Composed:
    """Makes the file of a job. `report` gets the progress from 0 to 1, repeatedly.

    `finished` is set when a recording that is followed has finished. Raises NothingToCompose, OSError and av's errors;
    what was written then is of no use.
    """
    if finished is None:
        finished = threading.Event()
    if job.is_finished:
        finished.set()
    sources = Sources(job, finished)
    output = Output(job.directory / job.output, job.options)
    try:
        picture = None if job.options.audio_only else _Picture(job, sources)
        sound = _Sound(sources)
        ticks, reported_at = 0, time.monotonic()
        for tick in itertools.count():
            if sources.wait_for(tick * MILLISECONDS) and picture is not None:
                picture.timeline_changed()
            ticks = round(sources.timeline.duration / MILLISECONDS)
            if tick >= ticks and not sources.is_live:
                break
            block = sound.read(tick)
            is_last = tick == ticks - 1
            output.add(block, None if picture is None else picture.paint(tick, sound.speaker, is_last=is_last))
            if time.monotonic() - reported_at >= REPORT_INTERVAL:
                reported_at = time.monotonic()
                report(sources.progress(tick * MILLISECONDS))
        if not ticks:
            raise NothingToCompose("the recording has no media that can be read")
        output.finish()
    except BaseException:
        output.abandon()
        raise
    has_poster = picture is not None and picture.has_poster
    for name in (job.output, *([job.poster] if has_poster else [])):
        _sync(job.directory / name)
    return Composed(duration=round(ticks * MILLISECONDS), has_poster=has_poster)


class _Sound:
    """The mixed sound, and who speaks."""

    def __init__(self, sources: Sources) -> None:
        self._lanes = sources
        self._sources: dict[str, AudioSource] = {}
        """By lane."""
        self._active = ActiveSpeaker()
        self.speaker: str | None = None

    def read(self, tick: int) -> Samples:
        """The samples of one picture."""
        at = round(tick * MILLISECONDS)
        blocks, levels = [], dict[str, float]()
        for lane in self._lanes.timeline.of_kind("audio"):
            if not lane.start <= at + MILLISECONDS <= lane.end + 1_000:
                continue
            if lane.key not in self._sources:
                self._sources[lane.key] = AudioSource(self._lanes.reader(lane))
            block = self._sources[lane.key].read(tick * SAMPLES_PER_TICK, SAMPLES_PER_TICK)
            if block is None:
                continue
            blocks.append(block)
            if lane.source != SCREEN_AUDIO:
                levels[lane.peer_id] = max(level_of(block), levels.get(lane.peer_id, -120.0))
        self.speaker = self._active.update(at, levels)
        return mixed(blocks, SAMPLES_PER_TICK)


class _Picture:
    """The painted pictures, one of which becomes the poster."""

    def __init__(self, job: Job, sources: Sources) -> None:
        self._stage = Stage(sources, job.options, Labels(job.font))
        self.timeline_changed = self._stage.timeline_changed
        self._poster = job.directory / job.poster
        self._with_video = 0
        self.has_poster = False

    def paint(self, tick: int, speaker: str | None, *, is_last: bool) -> object:
        """The picture of a tick."""
        frame = self._stage.paint(round(tick * MILLISECONDS), MILLISECONDS / 2, speaker)
        self._with_video += self._stage.shows_video
        if not self.has_poster and (self._with_video >= POSTER_DELAY or (is_last and self._with_video)):
            self.has_poster = True
            frame.to_image().save(self._poster, "JPEG", quality=80)
        return frame


def _sync(path: Path) -> None:
    """Waits until the file is on the disk: its name will say that it is complete."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
