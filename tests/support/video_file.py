"""A video file for Chromium's fake camera, of which every frame is different."""

from __future__ import annotations

import random
from pathlib import Path

FRAMES = 20
AMPLITUDE = 6
"""Of the noise, in units of luma: encoders spend all that they may use on it, and still have the means to save."""


def write_noise(path: Path, width: int, height: int, frame_rate: int) -> Path:
    """Writes a YUV4MPEG2 file of noise, which the camera repeats. Returns its path."""
    source = random.Random(1)
    # Maps random bytes to luma around grey.
    luma = bytes(128 - AMPLITUDE + value * 2 * AMPLITUDE // 256 for value in range(256))
    chroma = bytes([128]) * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{frame_rate}:1 Ip A1:1 C420\n".encode())
        for _ in range(FRAMES):
            file.write(b"FRAME\n" + source.randbytes(width * height).translate(luma) + chroma)
    return path
