"""The composed file: MP4 with H264 and AAC, or WebM with VP9 and opus.

A thread encodes, while the next picture is decoded and painted.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from hubbub_contracts.recording import CompositionOptions

from .audio_source import RATE, Samples

FRAME_RATE = 30
KEY_FRAME_INTERVAL = 3 * FRAME_RATE
"""Frames between the places at which a player starts after a seek."""
MAX_AHEAD = 4
"""Pictures that wait for the encoder."""
THREADS = 4
BITS_PER_PIXEL = 0.08
"""At most: 2.2 Mbit/s for 1280x720."""
AUDIO_BITRATE = 128_000
_VIDEO: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "mp4": ("libx264", {"preset": "veryfast", "crf": "23", "profile": "high"}),
    "webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "33", "lag-in-frames": "0"}),
}
"""Format -> encoder and its options."""
_AUDIO: Final = {"mp4": "aac", "webm": "libopus"}
_OPTIONS: Final[dict[str, dict[str, str]]] = {
    "mp4": {"movflags": "+faststart"},  # the index comes first, so that playing begins before all is loaded
    "webm": {"cues_to_front": "1"},
}


class Output:
    """The open file. Each picture comes with its sound, so that neither waits for the other in the muxer."""

    def __init__(self, path: Path, options: CompositionOptions) -> None:
        """Creates the file. Raises OSError, and av's errors."""
        self._path = path
        self._file: Any = av.open(path, "w", format=options.format, options=_OPTIONS[options.format])
        self._video: Any = None if options.audio_only else self._video_stream(options)
        audio: Any = self._file.add_stream(_AUDIO[options.format], rate=RATE, layout="stereo")
        audio.bit_rate = AUDIO_BITRATE
        self._audio = audio
        self._frames = 0
        self._samples = 0
        self._thread = ThreadPoolExecutor(1, "encode")
        self._waiting: deque[Future[None]] = deque()
        self._has_failed = False

    def add(self, block: Samples, picture: Any) -> None:
        """Appends samples, and a picture unless there is only sound. Raises OSError, also of what was added before."""
        while len(self._waiting) >= MAX_AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._encode, block, picture))

    def finish(self) -> None:
        """Writes what is pending, and the index. Raises OSError."""
        while self._waiting:
            self._waiting.popleft().result()
        self._thread.shutdown()
        for stream in (self._video, self._audio):
            if stream is not None:
                self._file.mux(stream.encode(None))
        self._file.close()

    def abandon(self) -> None:
        """Closes the file, which is of no use."""
        self._thread.shutdown(cancel_futures=True)
        self._file.close()

    def _encode(self, block: Samples, picture: Any) -> None:
        if self._has_failed:
            return  # a muxer that could not write its header crashes at the next packet
        try:
            self._add_sound(block)
            if picture is not None:
                self._add_picture(picture)
        except BaseException:
            self._has_failed = True
            raise

    def _add_picture(self, frame: Any) -> None:
        frame.pts, frame.time_base = self._frames, Fraction(1, FRAME_RATE)
        self._frames += 1
        self._file.mux(self._video.encode(frame))

    def _add_sound(self, block: Samples) -> None:
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._samples, Fraction(1, RATE)
        self._samples += block.shape[1]
        self._file.mux(self._audio.encode(frame))

    def _video_stream(self, options: CompositionOptions) -> Any:
        encoder, encoder_options = _VIDEO[options.format]
        most = round(options.width * options.height * FRAME_RATE * BITS_PER_PIXEL)
        if options.format == "mp4":
            encoder_options = {**encoder_options, "maxrate": str(most), "bufsize": str(2 * most)}
        stream: Any = self._file.add_stream(encoder, rate=FRAME_RATE, options=encoder_options)
        stream.width, stream.height, stream.pix_fmt = options.width, options.height, "yuv420p"
        context = stream.codec_context
        context.gop_size = KEY_FRAME_INTERVAL
        context.thread_count = THREADS
        context.bit_rate = most if options.format == "webm" else 0  # for VP9 with crf: the largest one
        context.colorspace, context.color_range = 6, 1  # SMPTE 170M, limited: as the frames
        return stream
