"""How long composing takes: four moving cameras and four microphones, as a grid of 1280x720.

It prints the seconds and the CPU time for one second of the recording, and the largest memory.

Usage: bench_composition.py [SECONDS] [FORMAT ...]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import av
import numpy as np

from hubbub_contracts.recording import CompositionFormat, CompositionOptions
from hubbub_recorder.adapters.composing.compose import compose
from hubbub_recorder.adapters.composing.job import Job

sys.path.insert(0, str(Path(__file__).parents[3] / "tests"))
from support.recorded_tracks import Tracks

SIZE = (1280, 720)
PEERS = ("ann", "bob", "eve", "joe")
NOISE = np.random.default_rng(1).integers(0, 12, (SIZE[1] * 3 // 2, 2 * SIZE[0]), np.uint8)
"""Of a camera's sensor."""


def camera(peer: int, at: float) -> av.VideoFrame:
    """A gradient that moves, with noise."""
    width, height = SIZE
    x, y = np.arange(width), np.arange(height * 3 // 2)[:, None]
    shift = int(at * 120) + 90 * peer
    picture = 60 + (x + shift) // 8 % 100 + (y + shift // 2) // 16 % 60
    start = int(at * 1_000) * 37 % width
    picture[height:] = 128
    return av.VideoFrame.from_ndarray((picture + NOISE[:, start : start + width]).astype(np.uint8), format="yuv420p")


def measure(directory: Path, tracks: Tracks, seconds: float, file_format: CompositionFormat) -> None:
    """Composes, and prints the result."""
    options = CompositionOptions(format=file_format)
    job = Job(
        directory=directory,
        started_at=0,
        is_finished=True,
        tracks=tracks.tracks,
        options=options,
        output="out",
        poster="poster",
    )
    started, used = time.monotonic(), time.process_time()
    compose(job, lambda _progress: None)
    taken, used = time.monotonic() - started, time.process_time() - used
    size = (directory / "out").stat().st_size
    print(
        f"{file_format}: {taken / seconds:.2f} s and {used / seconds:.2f} s of CPU per second of the recording, "
        f"{size * 8 / seconds / 1e6:.2f} Mbit/s"
    )


def main() -> None:
    """Reads the arguments."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    formats: list[CompositionFormat] = ["mp4", "webm"]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        tracks = Tracks(directory)
        for number, peer in enumerate(PEERS):
            end = int(seconds * 1_000)
            tracks.frames(peer, 0, end, partial(camera, number), size=SIZE)
            tracks.sound(peer, 0, end, 220.0 * (number + 1))
        for file_format in formats:
            if len(sys.argv) < 3 or file_format in sys.argv[2:]:
                measure(directory, tracks, seconds, file_format)
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
