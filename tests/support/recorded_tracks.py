"""Files of recorded tracks, written as the recorder writes them: pictures of plain colours, and tones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from hubbub_contracts.recording import Gap, RecordedTrack
from hubbub_recorder.adapters.track_file import OPUS_RATE, TimedPacket, TrackFile, complete, suffix_of

Colour = tuple[int, int, int]
"""Luma and chroma."""
BLACK: Colour = (16, 128, 128)
WHITE: Colour = (235, 128, 128)
RED: Colour = (81, 90, 240)
GREEN: Colour = (145, 54, 34)
BLUE: Colour = (41, 240, 110)

FRAME_RATE = 30
OPUS_FRAME = 960
WRITE_INTERVAL = 0.1
"""Seconds."""
ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9", "h264": "libx264"}
_QUICK = {
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"},
}


class Tracks:
    """The files of one recording."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tracks: list[RecordedTrack] = []

    def picture(
        self,
        peer: str,
        start: int,
        end: int,
        colour: Callable[[float], Colour] | Colour,
        *,
        size: tuple[int, int] = (320, 180),
        source: str = "camera",
        codec: str = "vp8",
        pauses: Sequence[tuple[int, int]] = (),
        segment: int = 0,
    ) -> RecordedTrack:
        """A video from `start` to `end`. `colour` may depend on the time; all times are those of the recording."""
        at = colour if callable(colour) else lambda _at: colour
        return self.frames(
            peer,
            start,
            end,
            lambda time: _plain(size, at(time)),
            size=size,
            source=source,
            codec=codec,
            pauses=pauses,
            segment=segment,
        )

    def frames(
        self,
        peer: str,
        start: int,
        end: int,
        paint: Callable[[float], av.VideoFrame],
        *,
        size: tuple[int, int],
        source: str = "camera",
        codec: str = "vp8",
        pauses: Sequence[tuple[int, int]] = (),
        segment: int = 0,
    ) -> RecordedTrack:
        """A video of the frames that `paint` returns for a time in seconds."""
        times = [time for time in _times(start, end, 1000 / FRAME_RATE) if not _is_in(time, pauses)]
        return self._write(peer, source, "video", codec, start, _encoded(codec, size, times, paint), pauses, segment)

    def sound(
        self,
        peer: str,
        start: int,
        end: int,
        tone: Callable[[NDArray[np.float64]], NDArray[np.float64]] | float,
        *,
        source: str = "microphone",
        pauses: Sequence[tuple[int, int]] = (),
        segment: int = 0,
    ) -> RecordedTrack:
        """A sound. `tone` is a frequency, or gives the samples at times in seconds."""
        wave = tone if callable(tone) else lambda at: 0.3 * np.sin(2 * np.pi * tone * at)
        packets = [one for one in _opus(start, end, wave) if not _is_in(start + one.at, pauses)]
        return self._write(peer, source, "audio", "opus", start, packets, pauses, segment)

    def _write(
        self,
        peer: str,
        source: str,
        kind: str,
        codec: str,
        start: int,
        packets: list[TimedPacket],
        pauses: Sequence[tuple[int, int]],
        segment: int,
    ) -> RecordedTrack:
        track = RecordedTrack(
            file=f"{segment:02}-{len(self.tracks):03}-{source}{suffix_of(codec)}",
            peer_id=peer,
            user_id=peer,
            display_name=peer.title(),
            producer_id=f"{peer}-{source}",
            source=source,
            kind=kind,
            codec=codec,
            segment=segment,
            start=start,
            gaps=[Gap(start=first, end=last, cause="paused") for first, last in pauses],
        )
        track = self.store(track, packets)
        self.tracks.append(track)
        return track

    def store(self, track: RecordedTrack, packets: list[TimedPacket]) -> RecordedTrack:
        """Writes the file; returns the track as the manifest describes it."""
        path = self.directory / track.file
        file = TrackFile(path, track.codec, packets[0].data)
        file.write(packets)
        file.close()
        return _completed(path, track)


class LiveTracks(Tracks):
    """Writes its files in real time, as a recorder does while the recording runs."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._packets: dict[str, list[TimedPacket]] = {}

    def store(self, track: RecordedTrack, packets: list[TimedPacket]) -> RecordedTrack:
        """Keeps the packets for `run`."""
        self._packets[track.file] = packets
        return track

    def run(self, started_at: float, on_change: Callable[[list[RecordedTrack]], None]) -> None:
        """Writes until all tracks have ended. `on_change` gets what the manifest says, `started_at` is Unix seconds."""
        known: dict[str, RecordedTrack] = {}
        files: dict[str, TrackFile] = {}
        while any(self._packets.values()):
            time.sleep(WRITE_INTERVAL)
            now = (time.time() - started_at) * 1000
            for track in self.tracks:
                packets = self._packets[track.file]
                due = [one for one in packets if track.start + one.at <= now]
                if not due:
                    continue
                if track.file not in files:
                    files[track.file] = TrackFile(self.directory / track.file, track.codec, due[0].data)
                    known[track.file] = track.model_copy(update={"gaps": []})
                    on_change(list(known.values()))
                files[track.file].write(due)
                self._packets[track.file] = packets[len(due) :]
                if len(due) == len(packets):
                    files[track.file].close()
                    known[track.file] = _completed(self.directory / track.file, track)
                    on_change(list(known.values()))


def _completed(path: Path, track: RecordedTrack) -> RecordedTrack:
    duration = complete(path)
    return track.model_copy(update={"duration": duration, "bytes": path.stat().st_size, "complete": True})


def _times(start: int, end: int, step: float) -> Iterator[int]:
    number = 0
    while (at := start + number * step) < end:
        yield round(at)
        number += 1


def _is_in(at: float, pauses: Sequence[tuple[int, int]]) -> bool:
    return any(first < at < last for first, last in pauses)


def _plain(size: tuple[int, int], colour: Colour) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, colour, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def _encoded(
    codec: str, size: tuple[int, int], times: Sequence[int], paint: Callable[[float], av.VideoFrame]
) -> list[TimedPacket]:
    name = ENCODERS[codec]
    encoder: Any = av.CodecContext.create(name, "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 1000)
    encoder.framerate, encoder.gop_size = Fraction(FRAME_RATE), 2 * FRAME_RATE
    encoder.bit_rate, encoder.options = 500_000, _QUICK[name]
    encoder.thread_count = 1
    packets: list[TimedPacket] = []
    for at in times:
        frame = paint(at / 1000)
        frame.pts, frame.time_base = at, Fraction(1, 1000)
        packets += (TimedPacket(one.pts - times[0], one.is_keyframe, bytes(one)) for one in encoder.encode(frame))
    packets += (TimedPacket(one.pts - times[0], one.is_keyframe, bytes(one)) for one in encoder.encode(None))
    return packets


def _opus(start: int, end: int, wave: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> list[TimedPacket]:
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = OPUS_RATE, "stereo", "s16"
    encoder.bit_rate = 64_000
    packets: list[TimedPacket] = []
    for number, at in enumerate(_times(start, end, 20)):
        samples = wave(at / 1000 + np.arange(OPUS_FRAME) / OPUS_RATE)
        both = np.repeat((samples * 32_000).astype(np.int16), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = OPUS_RATE, number * OPUS_FRAME, Fraction(1, OPUS_RATE)
        packets += (TimedPacket(20 * number, True, bytes(one)) for one in encoder.encode(frame))
    return packets
